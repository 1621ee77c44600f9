use crate::program::pointsman;

fn titled(arguments: &[&str], title: &str) {
    let outcome = pointsman(arguments);
    let schema: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(outcome.code, Some(0));
    assert!(schema.get("$schema").is_some());
    assert_eq!(schema["title"], title);
}

#[test]
fn the_schema_is_json() {
    titled(&["schema"], "Pointsman policy");
    titled(&["schema", "policy"], "Pointsman policy");
    titled(&["schema", "deployment"], "Pointsman deployment");
    titled(&["schema", "policy-file"], "Pointsman policy file");
    titled(&["schema", "cases"], "Pointsman cases");
    titled(&["schema", "record"], "Pointsman decision record");
}

#[test]
fn another_file_has_none() {
    let outcome = pointsman(&["schema", "requests"]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("possible values: policy, deployment, policy-file, cases, record"),
        "{}",
        outcome.stderr
    );
}
