//! The decision record: what was decided and why, as a value that is written as one line of versioned JSON.
//!
//! The filter writes it to filter state, `pointsman explain` shows it. It never holds text of the prompt, and nothing in it
//! depends on how the body was cut into chunks.

mod ending;
mod facts;
#[cfg(any(test, feature = "replay"))]
mod schema;

pub use ending::{Ending, Outcome};
pub use facts::{Facts, Hash, HeaderFact, Pairs};
#[cfg(any(test, feature = "replay"))]
pub use schema::schema;

use crate::api::Api;
use crate::budget::Key;
use crate::json;
use crate::live::{Balance, Live};
use crate::policy::{Policy, TenantId};
use crate::reason::{Reason, Refusal};
use crate::reply::Usable;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of the record's shape.
const VERSION: u32 = 1;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Disposition {
    /// Sent to a model.
    Route,
    /// Refused.
    Deny,
    /// Let through unread, because the policy says so.
    Pass,
    /// Answered with the list of models.
    Models,
}

impl Disposition {
    /// As the record spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Deny => "deny",
            Self::Pass => "pass",
            Self::Models => "models",
        }
    }
}

/// A model that was considered and could not serve the request, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The model's name in the catalog.
    pub model: Arc<str>,
    /// Why.
    pub reason: Reason,
}

/// What was used of a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedBudget {
    /// The budget's name.
    pub budget: Arc<str>,
    /// The model whose account it is, where each has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// What counted and what was set aside, in requests, tokens or millionths of the currency.
    pub used: u64,
}

/// The record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The version of this shape.
    #[serde(default)]
    pub v: u32,
    /// The policy's version. An instance without a policy has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Arc<str>>,
    /// What became of the request.
    pub action: Disposition,
    /// The API called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// The tenant calling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Arc<str>>,
    /// All tenants that the caller is, when there is more than one. The first is `tenant`.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub tenants: Box<[Arc<str>]>,
    /// The model asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Box<str>>,
    /// The rule that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Arc<str>>,
    /// Why.
    pub reason: Reason,
    /// What the rule calls the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Arc<str>>,
    /// The model chosen: the first one to try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// Its name in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_model: Option<Arc<str>>,
    /// The cluster that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Arc<str>>,
    /// The models to try, in order, when there is more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Arc<str>>,
    /// The fields of the body that are not sent to that model as the client wrote them: dropped, renamed, capped, put in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Box<str>>,
    /// The models that the body names besides the one asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Arc<str>>,
    /// The cluster that keeps what the request goes on from, where the id says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_by: Option<Arc<str>>,
    /// The model that gets a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Arc<str>>,
    /// Models that were considered and could not serve the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Excluded>,
    /// Conditions that rules had and that could not be judged: the body says something that is no such value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Box<str>>,
    /// The models that were demoted at that moment, if that could change the decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demoted: Vec<Arc<str>>,
    /// What was used of the caller's budgets at that moment, if that could change the decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<UsedBudget>,
    /// When the request came, in seconds since 1970, if that could change the decision: some rule has a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// What the decision was made of, where the policy wants it written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<Facts>>,
    /// The status of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The sentence of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<str>>,
    /// What the caller could have asked for, for the log. Not in what is written: the policy has it.
    #[serde(skip)]
    pub(crate) usable: Option<Usable>,
    /// How many attempts were made. This and what follows is known once there is an answer, of a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// The model whose answer the client gets; none when the proxy itself answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<Arc<str>>,
    /// The cluster that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_from: Option<Arc<str>>,
    /// How the request ended, where the policy wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Box<Ending>>,
}

impl Record {
    /// A record with nothing but what every record has.
    pub(crate) fn new(action: Disposition, reason: Reason) -> Self {
        Self {
            v: VERSION,
            policy: None,
            action,
            api: None,
            tenant: None,
            tenants: Box::default(),
            asked: None,
            rule: None,
            reason,
            variant: None,
            model: None,
            upstream_model: None,
            cluster: None,
            chain: Vec::new(),
            changed: Vec::new(),
            also: Vec::new(),
            kept_by: None,
            mirror: None,
            excluded: Vec::new(),
            unreadable: Vec::new(),
            demoted: Vec::new(),
            budgets: Vec::new(),
            at: None,
            facts: None,
            status: None,
            message: None,
            usable: None,
            attempt: None,
            answered_by: None,
            answered_from: None,
            answer: None,
        }
    }

    /// A record of a request under a policy.
    pub(crate) fn under(
        policy: &Policy,
        tenants: impl IntoIterator<Item = TenantId>,
        action: Disposition,
        reason: Reason,
    ) -> Self {
        let mut names = tenants.into_iter().filter_map(|tenant| policy.tenant_name(Some(tenant)).cloned());
        let tenant = names.next();
        let others: Vec<_> = names.collect();
        let tenants = if others.is_empty() { Box::default() } else { tenant.iter().cloned().chain(others).collect() };
        Self { policy: Some(policy.shared_version()), tenant, tenants, ..Self::new(action, reason) }
    }

    /// The record of a refusal.
    pub(crate) fn refusing(self, refusal: &Refusal) -> Self {
        Self {
            action: Disposition::Deny,
            reason: refusal.reason,
            status: Some(refusal.status),
            message: Some(refusal.message.as_ref().into()),
            ..self
        }
    }

    /// What was known of models and budgets and could change this decision: enough to take it again.
    #[must_use]
    pub fn live(&self) -> Live {
        let balances = self.budgets.iter().map(|used| Balance {
            budget: Arc::clone(&used.budget),
            of: used.model.as_ref().map(|model| Key::of(model.as_bytes())),
            used: used.used,
            until: 0,
        });
        Live::demoting(self.demoted.iter().map(|model| model.as_ref().to_owned()).collect())
            .spending(balances.collect(), self.at.map_or(0, |at| at.saturating_mul(1_000)))
    }

    /// Whether it says that a model was left out for that.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn excludes(&self, model: &str, reason: Reason) -> bool {
        self.excluded.iter().any(|excluded| &*excluded.model == model && excluded.reason == reason)
    }

    /// The tenants that the caller is.
    pub(crate) fn all_tenants(&self) -> impl Iterator<Item = &Arc<str>> {
        self.tenant.iter().chain(self.tenants.iter().skip(1))
    }

    /// The model that has answered, or else the one that is to: who pays.
    #[must_use]
    pub fn answering(&self) -> Option<&Arc<str>> {
        self.answered_by.as_ref().or(self.model.as_ref())
    }

    /// The record as it is written: one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Only strings and numbers: there is nothing in it that could fail to be written.
        json::written(self).unwrap_or_default()
    }

    /// Reads a record that was written; `None` when it is not one, or says what this version does not know.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut record = Record::new(Disposition::Route, Reason::Rule);
        assert_eq!(record.to_json(), r#"{"v":1,"action":"route","reason":"rule"}"#);
        for action in [Disposition::Route, Disposition::Deny, Disposition::Pass, Disposition::Models] {
            assert_eq!(serde_json::to_value(action).expect("a word"), action.name());
        }
        record.api = Some(Api::Messages);
        record.asked = Some("a \"quoted\" \u{e9}".into());
        record.chain = vec!["a".into(), "b".into()];
        record.excluded = vec![Excluded { model: "c".into(), reason: Reason::ContextWindow }];
        (record.attempt, record.answered_by, record.answered_from) = (Some(2), Some("b".into()), Some("there".into()));
        let written = record.to_json();
        assert!(written.ends_with(r#""attempt":2,"answeredBy":"b","answeredFrom":"there"}"#), "{written}");
        assert_eq!(Record::from_json(&written), Some(record));
    }

    #[test]
    fn what_is_no_record_is_none() {
        for wrong in ["", "{}", "null", r#"{"action":"fly","reason":"rule"}"#, r#"{"action":"route","reason":"whim"}"#]
        {
            assert_eq!(Record::from_json(wrong), None, "{wrong}");
        }
    }
}
