//! A decision as one line of the log: what was decided, and by which rule. Nothing that stands in a request is in it.

use crate::record::Record;
use std::fmt;

/// The line for a record; only written when somebody wants to see it.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a>(pub &'a Record);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        write!(f, "decision: action `{}` reason `{}`", record.action.name(), record.reason)?;
        let texts = [
            ("rule", &record.rule),
            ("model", &record.model),
            ("cluster", &record.cluster),
            ("mirror", &record.mirror),
            ("answered by", &record.answered_by),
            ("policy", &record.policy),
        ];
        for (name, text) in texts.iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
            write!(f, " {name} `{text}`")?;
        }
        let numbers = [("status", record.status.map(u64::from)), ("attempt", record.attempt)];
        for (name, number) in numbers.iter().filter_map(|(name, number)| Some((name, (*number)?))) {
            write!(f, " {name} {number}")?;
        }
        match &record.usable {
            Some(usable) => write!(f, ": {}", usable.sentence(record.tenant.as_deref())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_has_written_is_not_in_it() {
        let record = r#"{"v":1,"policy":"0a","action":"route","tenant":"t","asked":"a secret","rule":"r","reason":"rule",
            "model":"m","cluster":"c","attempt":2,"message":"a secret"}"#;
        let record = Record::from_json(record).expect("a record");
        let expected = "decision: action `route` reason `rule` rule `r` model `m` cluster `c` policy `0a` attempt 2";
        assert_eq!(Summary(&record).to_string(), expected);
    }
}
