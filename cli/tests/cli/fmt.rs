use crate::program::{folder, pointsman, without};

const UNTIDY: &str = "models:\n    - {name: a,cluster: 'c'}   # ours\nrules: []\n";
const TIDY: &str = "models:\n- { name: a, cluster: \"c\" }   # ours\nrules: []\n";

#[test]
fn a_file_is_formatted_once() {
    let folder = folder("fmt", &[("policy.yaml", UNTIDY)]);
    let file = folder.join("policy.yaml");
    let run = |more: &[&str]| {
        let outcome = pointsman(&[&["fmt", file.to_str().unwrap()], more].concat());
        (outcome.code, without(&folder, &(outcome.stdout + &outcome.stderr)))
    };
    let (code, said) = run(&["--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        "--- policy.yaml\n+++ policy.yaml (formatted)\n@@ -1,4 +1,4 @@\n models:\n-    - {name: a,cluster: 'c'}   # ours\n+- { name: a, cluster: \"c\" }   # ours\n rules: []\n \n"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), UNTIDY);
    assert_eq!(run(&[]), (Some(0), "policy.yaml: formatted\n".to_owned()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), TIDY);
    assert_eq!(run(&[]), (Some(0), String::new()));
    assert_eq!(run(&["--check"]), (Some(0), String::new()));
}

#[test]
fn what_cannot_be_formatted_stays_as_it_is() {
    let files = [("a.yaml", "a: [\n"), ("b.json", "{}"), ("c.yaml", "a:   1\n"), ("d.yaml", "a: |2\n   b\n")];
    let folder = folder("fmt-refused", &files);
    let paths: Vec<String> = ["a.yaml", "b.json", "c.yaml", "d.yaml", "e.yaml"]
        .iter()
        .map(|name| folder.join(name).to_str().unwrap().to_owned())
        .collect();
    let arguments: Vec<&str> = ["fmt"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let outcome = pointsman(&arguments);
    assert_eq!((outcome.code, without(&folder, &outcome.stdout).as_str()), (Some(1), "c.yaml: formatted\n"));
    let said = without(&folder, &outcome.stderr);
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("a.yaml:2:1:") && lines[1].starts_with("b.json: is JSON"), "{said}");
    assert!(lines[2].starts_with("d.yaml:1:1: is written in a way that cannot be formatted"), "{said}");
    assert!(lines[3].starts_with("e.yaml: no such file"), "{said}");
    for (name, text) in files {
        let now = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(now, if name == "c.yaml" { "a: 1\n" } else { text });
    }
}
