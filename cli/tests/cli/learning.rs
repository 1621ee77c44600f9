//! `train`, `eval` and `fit`, on data small enough to train with in a moment.

use crate::program::{folder, pointsman};
use serde_json::Value;
use std::fmt::Write;

const SUBJECTS: [&str; 6] = ["acid", "metal", "salt", "king", "war", "treaty"];
const PHRASES: [&str; 10] = [
    "what do you know about the",
    "tell me of the first",
    "is there a famous",
    "how would one describe a",
    "why is it called a",
    "who wrote about the",
    "explain in short the",
    "name an example of a",
    "where can i read about a",
    "what comes after the",
];

/// Sixty questions of two topics; the strong model is better at history only.
fn questions() -> String {
    let mut csv = "question,topic,weak_ok,strong_ok,score__small,score__large\n".to_owned();
    for phrase in PHRASES {
        for (at, subject) in SUBJECTS.iter().enumerate() {
            let (topic, weak, small) = if at < 3 { ("chemistry", 1, 0.9) } else { ("history", 0, 0.2) };
            writeln!(csv, "\"{phrase} {subject}, please\",{topic},{weak},1,{small},0.8").unwrap();
        }
    }
    csv
}

fn json(arguments: &[&str]) -> Value {
    let outcome = pointsman(arguments);
    assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn a_model_is_trained_judged_and_put_to_use() {
    let folder = folder("learning", &[("questions.csv", &questions()), ("policy.yaml", POLICY)]);
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (data, model) = (file("questions.csv"), file("topic.model"));
    let train = ["train", &data, "--text", "question", "--label", "topic", "--to", &model, "--licence", "CC0"];
    let found = json(&[&train[..], &["--bits", "10", "--output", "json"]].concat());
    assert!(found["folds"]["accuracy"].as_f64().unwrap() > 0.9, "{found}");
    let bytes = std::fs::read(&model).unwrap();
    json(&[&train[..], &["--bits", "10", "--output", "json"]].concat());
    assert_eq!(bytes, std::fs::read(&model).unwrap(), "the same data and options give the same bytes");

    let found = json(&["eval", &model, &data, "--text", "question", "--label", "topic", "--output", "json"]);
    assert_eq!(found["accuracy"], 1.0);
    let text = pointsman(&["eval", &model, &data, "--text", "question", "--label", "topic"]).stdout;
    assert!(text.starts_with("60 examples: accuracy 100.0%"), "{text}");

    // The large model costs ten times as much, and is worth it for history alone.
    let (policy, rules) = (file("policy.yaml"), file("rules.yaml"));
    let fit = ["fit", &model, &data, "--text", "question", "--policy", &policy, "--quality", "0.97", "--to", &rules];
    assert_eq!(pointsman(&fit).code, Some(0));
    let written = std::fs::read_to_string(&rules).unwrap();
    assert!(
        written.contains("classifier: \"topic\"") && written.contains("targets: [{ model: \"large\" }]"),
        "{written}"
    );
    let found = json(&["eval", &model, &data, "--text", "question", "--rules", &rules, "--output", "json"]);
    assert_eq!(found["table"], serde_json::json!({"chemistry": "small", "history": "large"}));
    let mean = found["mean_quality"]["this_model_and_its_table"].as_f64().unwrap();
    assert!((mean - 0.85).abs() < 1e-9, "{mean}");
}

#[test]
fn a_model_of_outcomes_recovers_what_the_strong_model_is_better_by() {
    let folder = folder("difficulty", &[("questions.csv", &questions())]);
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (data, model, curve) = (file("questions.csv"), file("hard.model"), file("curve.svg"));
    let pair = ["--text", "question", "--weak", "weak_ok", "--strong", "strong_ok"];
    let train = [&["train", &data, "--to", &model, "--output", "json", "--folds", "0"][..], &pair].concat();
    json(&train);
    let eval = ["eval", &model, &data, "--label", "topic", "--svg", &curve, "--output", "json"];
    let found = json(&[&eval[..], &pair].concat());
    let apgr = |router: &str| found["routers"][router]["apgr"].as_f64().unwrap();
    assert!(apgr("this_model") > 0.7, "{found}");
    assert_eq!((apgr("random"), apgr("oracle")), (0.5, 0.75));
    assert!(std::fs::read_to_string(&curve).unwrap().contains("this model: APGR"));
}

#[test]
fn what_is_wrong_is_a_sentence() {
    let folder = folder("wrong-learning", &[("one.csv", "text,label\na,x\nb,x\n"), ("not.model", "nothing")]);
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (data, model, to) = (file("one.csv"), file("not.model"), file("to.model"));
    for (arguments, why) in [
        (&["train", &data, "--to", &to][..], "column `label`: 1 labels, and a model tells 2 to 1024 apart"),
        (&["train", &data, "--to", &to, "--label", "lable"], "--label: no column `lable`; there are `text`, `label`"),
        (&["train", &data, "--to", &to, "--where", "label=y"], "--where `label=y` leaves no row"),
        (&["eval", &model, &data], "not a model: it begins with other bytes"),
    ] {
        let outcome = pointsman(arguments);
        assert_eq!(outcome.code, Some(1), "{arguments:?}");
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
        assert!(!folder.join("to.model").exists());
    }
}

const POLICY: &str = "models:
- { name: small, cluster: small, cost: { inputPerMillion: 1, outputPerMillion: 1 } }
- { name: large, cluster: large, cost: { inputPerMillion: 10, outputPerMillion: 10 } }
";
