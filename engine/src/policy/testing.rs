//! What the tests of the policy's parts share: a small policy to try a part of a policy in.

use super::error::PolicyErrors;
use super::{Document, Policy};

/// Two models and an alias.
const BASE: &str = r#"{
    "models": [
        {"name": "gpt-4o", "cluster": "openai", "labels": {"region": "us"}},
        {"name": "llama-small", "cluster": "llama", "labels": {"region": "eu"}}
    ],
    "aliases": [{"name": "auto"}]
}"#;

/// The base with the members of `part`, which is the inside of a JSON object, in place of its own.
pub(super) fn read(part: &str) -> Result<Policy, PolicyErrors> {
    let object = |json: &str| match serde_json::from_str(json) {
        Ok(Document::Object(members)) => members,
        other => panic!("{json}: {other:?}"),
    };
    let mut members = object(&format!("{{{part}}}"));
    for (key, value) in object(BASE) {
        if members.iter().all(|(own, _)| *own != key) {
            members.push((key, value));
        }
    }
    Policy::from_document(&Document::Object(members))
}

/// The same, where nothing is wrong.
pub(super) fn valid(part: &str) -> Policy {
    read(part).unwrap_or_else(|errors| panic!("{part}\n{errors}"))
}

/// Checks that exactly these errors are found.
pub(super) fn check(part: &str, expected: &[&str]) {
    let errors = read(part).err().into_iter().flatten().map(|error| error.to_string()).collect::<Vec<_>>();
    assert_eq!(errors, expected, "{part}");
}
