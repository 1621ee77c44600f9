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
    /// The model chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<&'a str>,
    /// Its name in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upstream_model: Option<&'a str>,
    /// The cluster that serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<&'a str>,
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
            model: None,
            upstream_model: None,
            cluster: None,
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
