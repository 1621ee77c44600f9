//! Decisions taken again from records: what another policy would have made of the same requests.
//!
//! It is the decision of the proxy, with a record in place of headers and body. What a record does not tell is not known, as
//! if it had not arrived yet: a decision that asks for it is none, and says for what. Never is anything guessed.

mod decided;
mod estimate;

use crate::api::Api;
use crate::decide::attributes::Attributes;
use crate::decide::{self, Need, Unknown, Verdict};
use crate::policy::{Membership, OnUnknownTenant, OnUnread, Policy};
use crate::reason::Reason;
use crate::record::{Disposition, Facts as Recorded, Record};
use crate::request::Violation;
use crate::request::facts::Facts;
use crate::request::facts::told::Told;
use crate::request::limit;
use crate::request::reader::{Sought, Wanted};
use std::borrow::Cow;
use std::sync::Arc;

/// A policy that decides by what records tell.
#[derive(Clone, Debug)]
pub struct Replay {
    policy: Arc<Policy>,
    /// Whether some decision depends on the path, besides the API.
    reads_paths: bool,
}

/// What becomes of the request of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// This, without what is only known once the request is written: what is changed in it, and how it ended.
    Decided(Box<Record>),
    /// It depends on something that the record does not tell: what that is.
    Unknown(Cow<'static, str>),
    /// No rule was asked: it was refused or let through for what it was, or named no model at all.
    Unasked,
}

impl Replay {
    /// Takes decisions by this policy.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        let reads_paths = policy.reads_paths();
        Self { policy, reads_paths }
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Takes the decision of a record again. The caller is the tenant that the record names, and what is known of models and
    /// budgets is what it tells.
    #[must_use]
    pub fn decide(&self, record: &Record) -> Replayed {
        match self.outcome(record, |_| (), |_, _| ()) {
            Ok(decided) => Replayed::Decided(Box::new(decided)),
            Err(replayed) => replayed,
        }
    }

    /// The decision of a record, taken through what has to come before it and looked at behind it.
    pub(crate) fn outcome(
        &self,
        record: &Record,
        prepare: impl FnOnce(&mut Attributes),
        look: impl FnOnce(Attributes, Facts),
    ) -> Result<Record, Replayed> {
        let policy = &self.policy;
        let api = record.api.filter(|_| is_asked(record)).ok_or(Replayed::Unasked)?;
        let facts = record.facts.as_deref();
        self.is_tellable(record, facts)?;
        let mut attributes = Attributes::told(policy, record, api, facts);
        prepare(&mut attributes);
        let refused = |reason: Reason| attributes.record(policy, Disposition::Deny, reason).refusing(&reason.refuse());
        if policy.has_tenants()
            && attributes.tenants.main().is_none()
            && policy.on_failure().unknown_tenant == OnUnknownTenant::Deny
        {
            return Ok(refused(Reason::UnknownTenant));
        }
        if facts.is_some_and(|facts| facts.bytes > policy.max_body_bytes()) {
            return Ok(match policy.on_failure().on(Violation::Oversize) {
                OnUnread::Pass => attributes.record(policy, Disposition::Pass, Reason::Oversize),
                OnUnread::Deny => refused(Reason::Oversize),
            });
        }
        let told = Told::of(policy, record, record.reason != Reason::UnknownTenant);
        let told = Facts::new(api, Wanted::default(), Sought::default(), policy.max_depth(), 0).told(told);
        let decided = self.decided(record, &attributes, &told);
        look(attributes, told);
        decided
    }

    fn decided(&self, record: &Record, attributes: &Attributes, told: &Facts) -> Result<Record, Replayed> {
        let (policy, facts) = (&self.policy, record.facts.as_deref());
        let decision = decide::decide(policy, attributes, told, Unknown::START);
        // A header of which too little is known has given answers that count for nothing.
        if let Some(slot) = attributes.untold_header() {
            let name = policy.headers().get(slot).map_or("", |header| header.name.as_str());
            return Err(Replayed::Unknown(format!("header {name}").into()));
        }
        let decision = decision.map_err(|unknown| Replayed::Unknown(name(unknown.need, facts).into()))?;
        // Who is refused early is not read to the end, and what is sent is.
        let is_unread = facts.is_none() && record.action == Disposition::Deny;
        if is_unread && matches!(decision.verdict, Verdict::Send(_)) {
            return Err(Replayed::Unknown("facts".into()));
        }
        Ok(decided::record(policy, attributes, record, &decision))
    }

    /// Whether the record tells what is asked for before any rule is.
    fn is_tellable(&self, record: &Record, facts: Option<&Recorded>) -> Result<(), Replayed> {
        let policy = &self.policy;
        let unknown = |what: &'static str| Err(Replayed::Unknown(what.into()));
        let is_same = record.policy.as_deref() == Some(policy.version());
        let tenant = record.tenant.as_deref();
        if policy.has_tenants() && record.all_tenants().any(|name| policy.tenant_named(name).is_none()) {
            return unknown("tenant");
        }
        // Records hold no claims: what they say of a person is not for the log.
        if !policy.claims().is_empty() || !policy.claims_in_rules().is_empty() {
            return unknown("claims");
        }
        if policy.asks_of_callers().principal {
            return unknown("principal");
        }
        if policy.tells_time() && record.at.is_none() {
            return unknown("time");
        }
        let is_nobody = record.reason == Reason::UnknownTenant || facts.is_some_and(|facts| facts.nobody);
        if policy.has_tenants() && tenant.is_none() && !is_nobody && !is_same {
            return unknown("tenant");
        }
        if self.reads_paths && facts.is_none_or(|facts| facts.path.is_none()) {
            return unknown("path");
        }
        // What may name other models differs from policy to policy, and a record does not say where these were named.
        if facts.is_some_and(|facts| !facts.besides.is_empty()) && !is_same {
            return unknown("besides");
        }
        let tenants = Membership::told(record.all_tenants().filter_map(|name| policy.tenant_named(name)));
        let path = facts.and_then(|facts| facts.path.as_deref()).unwrap_or_default();
        let is_open = record.api == Some(Api::Bedrock) && limit::own(Api::Bedrock, path.as_bytes()).is_empty();
        if is_open && policy.max_output_tokens(&tenants).is_some() {
            return unknown("maxOutputTokens");
        }
        Ok(())
    }
}

/// Whether the policy was asked: what is refused for how it is written, or is not routed at all, is so under any policy that
/// reads alike.
fn is_asked(record: &Record) -> bool {
    const DECIDED: [&str; 11] = [
        "rule",
        "default",
        "alias",
        "onFailure",
        "namedBesides",
        "denied",
        "defaultDeny",
        "unknownTenant",
        "missingModel",
        "unknownModel",
        "noCandidate",
    ];
    let code = record.reason.code();
    matches!(record.action, Disposition::Route | Disposition::Deny)
        && (DECIDED.contains(&code) || record.reason == Reason::BudgetExceeded)
}

/// What a record would have to tell.
fn name(need: Need, facts: Option<&Recorded>) -> &'static str {
    need.name().unwrap_or(if facts.is_none() { "facts" } else { "conversation" })
}
