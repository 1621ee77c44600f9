//! A decision as one line of the log: what was decided, and by which rule. Nothing that stands in a request is in it.

use serde_json::Value;
use std::fmt::Write;

/// The fields of a record that the log shows, with their names there.
const FIELDS: [(&str, &str); 10] = [
    ("action", "action"),
    ("reason", "reason"),
    ("rule", "rule"),
    ("model", "model"),
    ("cluster", "cluster"),
    ("mirror", "mirror"),
    ("status", "status"),
    ("attempt", "attempt"),
    ("answeredBy", "answered by"),
    ("policy", "policy"),
];

/// The line for a record. Only made when somebody wants to see it.
#[must_use]
pub fn of(record: &str) -> String {
    let record: Value = serde_json::from_slice(record.as_bytes()).unwrap_or_default();
    let mut line = "decision:".to_owned();
    for (field, name) in FIELDS {
        let _ = match record.get(field) {
            None => Ok(()),
            Some(Value::String(text)) => write!(line, " {name} `{text}`"),
            Some(value) => write!(line, " {name} {value}"),
        };
    }
    line
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_client_has_written_is_not_in_it() {
        let record = r#"{"v":1,"policy":"0a","action":"route","tenant":"t","asked":"a secret","rule":"r","reason":"rule",
            "model":"m","cluster":"c","attempt":2,"message":"a secret"}"#;
        let expected = "decision: action `route` reason `rule` rule `r` model `m` cluster `c` attempt 2 policy `0a`";
        assert_eq!(super::of(record), expected);
        assert_eq!(super::of(""), "decision:");
    }
}
