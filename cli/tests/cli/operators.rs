//! What `check` finds in files of operators, `corpus/operators/`, and that it finds nothing in what the project shows.

use crate::program::{folder, pointsman, project};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Everything found in a file or folder, as `line:column code field`, allowed findings left out.
fn found(path: &Path) -> Vec<String> {
    let outcome = pointsman(&["check", path.to_str().unwrap(), "--output", "json"]);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{path:?}: {outcome:?}"));
    let open = report["findings"].as_array().unwrap().iter().filter(|finding| finding["allowed"] == false);
    let line = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{}:{} {} {}", finding["line"], finding["column"], text("code"), text("field"))
    };
    open.map(line).collect()
}

#[test]
fn every_mistake_is_found_where_it_is() {
    let corpus = project().join("corpus/operators");
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(corpus.join("mistakes")).unwrap().map(|entry| entry.unwrap().path()) {
        all.insert(entry.file_name().unwrap().to_string_lossy().into_owned(), found(&entry));
    }
    let file = corpus.join("findings.json");
    if std::env::var_os("UPDATE_FINDINGS").is_some() {
        fs::write(&file, format!("{:#}\n", json!(all))).unwrap();
    }
    let expected: BTreeMap<String, Vec<String>> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for (name, found) in &all {
        assert_eq!(Some(found), expected.get(name), "{name}");
    }
    assert_eq!(all.len(), expected.len());
}

/// What is right in spite of its looks.
const RIGHT: [&str; 6] = ["anchors.yaml", "bom.yaml", "boundary.yaml", "crlf.yaml", "ctx.yaml", "merge.yaml"];

#[test]
fn every_mistake_is_one_and_every_code_has_one() {
    let corpus = project().join("corpus/operators");
    let expected: BTreeMap<String, Vec<String>> =
        serde_json::from_slice(&fs::read(corpus.join("findings.json")).unwrap()).unwrap();
    for (name, found) in &expected {
        assert_eq!(found.is_empty(), RIGHT.contains(&name.as_str()), "{name}: {found:?}");
    }
    let page = fs::read_to_string(project().join("docs/findings.md")).unwrap();
    let codes = page.lines().filter_map(|line| line.strip_prefix("| `P")?.get(..4));
    // Comments have a test of their own, and so has what a deployment brings along.
    let of_policies = codes.filter(|code| *code != "0002" && !("0040".."0050").contains(code));
    for code in of_policies {
        let mark = format!(" P{code} ");
        assert!(expected.values().flatten().any(|found| found.contains(&mark)), "no mistake shows P{code}");
    }
}

#[test]
fn nothing_is_found_in_the_examples() {
    for example in fs::read_dir(project().join("examples")).unwrap().map(|entry| entry.unwrap().path()) {
        if example.join("deployment.yaml").exists() {
            assert_eq!(found(&example), Vec::<String>::new(), "{example:?}");
        }
        let files = fs::read_dir(&example).unwrap().map(|entry| entry.unwrap().path());
        for policy in files.filter(|file| file.to_string_lossy().ends_with("policy.yaml")) {
            assert_eq!(found(&policy), Vec::<String>::new(), "{policy:?}");
        }
    }
}

/// The blocks of a page that begin with this, in their order.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let text = fs::read_to_string(project().join(page)).unwrap();
    let begin = format!("\n```{kind}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

/// The sections of a policy as they are written, comments included.
fn sections(policy: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in policy.lines() {
        match (line.split_once(':'), line.starts_with(|first: char| first.is_ascii_alphabetic())) {
            (Some((name, _)), true) => sections.push((name.to_owned(), format!("{line}\n"))),
            _ => sections.last_mut().unwrap().1.push_str(&format!("{line}\n")),
        }
    }
    sections
}

#[test]
fn nothing_is_found_in_what_the_pages_show() {
    let front = folder("findings-front", &[("policy.yaml", &blocks("README.md", "yaml file=policy.yaml")[0])]);
    assert_eq!(found(&front.join("policy.yaml")), Vec::<String>::new());
    // The parts of a page fit together; each is laid over what stands before it.
    let whole = blocks("docs/policy.md", "yaml policy");
    let parts = blocks("docs/policy.md", "yaml policy-part");
    assert!(whole.len() == 1 && parts.len() > 8);
    let mut policy: BTreeMap<String, String> = sections(&whole[0]).into_iter().collect();
    // Without rules, nothing would give the first part's alias a model.
    policy.extend(parts.iter().flat_map(|part| sections(part)).filter(|(name, _)| name == "rules"));
    for (nth, part) in parts.iter().enumerate() {
        policy.extend(sections(part));
        let text: String = policy.values().map(String::as_str).collect();
        let folder = folder("findings-pages", &[("policy.yaml", &text)]);
        assert_eq!(found(&folder.join("policy.yaml")), Vec::<String>::new(), "part {nth}:\n{text}");
    }
}
