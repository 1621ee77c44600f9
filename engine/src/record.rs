//! The decision record: what was decided and why, as one line of versioned JSON.
//!
//! The filter writes it to filter state, `pointsman explain` prints it; both get it from here. It never
//! holds text of the prompt, and nothing in it depends on how the body was cut into chunks.

use serde::Serialize;

/// The version of the record's shape.
const VERSION: u32 = 1;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action {
    /// Sent to a model.
    Route,
    /// Refused.
    Deny,
    /// Let through unread, because the policy says so.
    Pass,
    /// Answered with the list of models.
    Models,
}

/// A model that could not serve the request, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Excluded<'a> {
    /// The model's name in the catalog.
    pub(crate) model: &'a str,
    /// The reason code.
    pub(crate) reason: &'static str,
}

/// The record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'a> {
    v: u32,
    /// The policy's version.
    pub(crate) policy: &'a str,
    /// What became of the request.
    pub(crate) action: Action,
    /// The API called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<&'static str>,
    /// The tenant calling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<&'a str>,
    /// The model asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<&'a str>,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<&'a str>,
    /// The reason code.
    pub(crate) reason: &'a str,
    /// What the rule calls the choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) variant: Option<&'a str>,
    /// The model chosen: the first one to try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<&'a str>,
    /// Its name in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upstream_model: Option<&'a str>,
    /// The cluster that serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<&'a str>,
    /// The models to try, in order, when there is more than one.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) chain: &'a [&'a str],
    /// The model that gets a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mirror: Option<&'a str>,
    /// Models that were considered and could not serve the request.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) excluded: &'a [Excluded<'a>],
    /// The status of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The message of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
}

impl<'a> Record<'a> {
    /// A record with nothing but what every record has.
    pub(crate) fn new(policy: &'a str, action: Action, reason: &'a str) -> Self {
        Self {
            v: VERSION,
            policy,
            action,
            api: None,
            tenant: None,
            asked: None,
            rule: None,
            reason,
            variant: None,
            model: None,
            upstream_model: None,
            cluster: None,
            chain: &[],
            mirror: None,
            excluded: &[],
            status: None,
            message: None,
        }
    }

    /// The record as JSON.
    #[must_use]
    pub(crate) fn to_json(&self) -> String {
        // Only strings and numbers: there is nothing in it that could fail to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What became of the attempts, once there is an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome<'a> {
    /// How many attempts were made.
    pub(crate) attempt: u64,
    /// The model whose answer the client gets; none when the proxy itself answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answered_by: Option<&'a str>,
    /// The cluster that serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answered_from: Option<&'a str>,
}

impl Outcome<'_> {
    /// A record with this at its end. The decision is not serialised anew: what it says cannot change any more.
    pub(crate) fn complete(&self, record: &str) -> String {
        let outcome = serde_json::to_string(self).unwrap_or_default();
        match (record.strip_suffix('}'), outcome.strip_prefix('{')) {
            (Some(record), Some(outcome)) => format!("{record},{outcome}"),
            _ => record.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_completes_the_record() {
        let record = Record::new("00", Action::Route, "rule").to_json();
        let outcome = Outcome { attempt: 2, answered_by: Some("b \"x\""), answered_from: Some("c") };
        let whole: serde_json::Value = serde_json::from_str(&outcome.complete(&record)).expect("JSON");
        let expected = serde_json::json!({ "v": 1, "policy": "00", "action": "route", "reason": "rule",
            "attempt": 2, "answeredBy": "b \"x\"", "answeredFrom": "c" });
        assert_eq!(whole, expected);
    }
}
