use crate::program::pointsman;

#[test]
fn the_schema_is_json() {
    let outcome = pointsman(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(outcome.code, Some(0));
    assert!(schema.get("$schema").is_some());
}
