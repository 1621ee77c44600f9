//! What a decision went by: the rules in order with what did not hold, the models considered, what is changed on the way.
//!
//! It is told by the code that decides, while it decides (`decide/witness.rs`): nothing here reads the policy a second
//! time to guess what that has done. Names and words are those of the record; all of it is written as JSON, for people who look
//! at it in a terminal or a browser. Unlike a record it is not for logs: it holds headers and parts of the body.

mod attempts;
mod candidates;
mod conditions;
mod facts;
mod rules;
mod tenants;
#[cfg(any(test, feature = "replay"))]
mod told;
mod wording;

pub use attempts::{Attempt, BodyChange, HeaderChange};
pub use candidates::{Candidate, CandidateOutcome, Cost};
pub use conditions::Failed;
pub use facts::{Facts, Session};
pub use rules::{Rule, RuleOutcome};
pub use tenants::{Tenant, TenantOutcome};

use crate::api::Api;
use crate::decide::attributes::Attributes;
use crate::decide::witness::Notes;
use crate::explain::{Exchange, Walked, walk};
use crate::policy::Policy;
use crate::record::Record;
use crate::request::facts::Facts as Known;
use crate::rewrite::Edits;
use serde::Serialize;
use std::sync::Arc;

/// What a decision went by, and the decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// The decision, as the access log gets it.
    pub record: Record,
    /// What the request says. None of one whose body was not read, or could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// The tenants in the order in which they are tried.
    pub tenants: Vec<Tenant>,
    /// The rules in their order. Empty where no rule was asked.
    pub rules: Vec<Rule>,
    /// The models that were considered, in the order in which they were.
    pub candidates: Vec<Candidate>,
    /// What is sent: the first attempt, and those that would come after it if each failed.
    pub attempts: Vec<Attempt>,
    /// The copy that is sent besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Attempt>,
    /// The currency of the costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// What was seen of one request.
struct Seen<'a> {
    policy: &'a Policy,
    record: &'a Record,
    attributes: &'a Attributes,
    /// What can be known of the request; `None` where its body was not read.
    facts: Option<&'a Known>,
    /// The bytes of its body.
    bytes: u64,
    /// Who is calling, as far as it is known.
    caller: &'a Exchange,
    notes: Notes,
}

/// The decision for a whole request with what it went by; `None` for what is no LLM call.
///
/// ```
/// use pointsman_engine::{Exchange, Policy, trace};
/// use std::sync::Arc;
///
/// let policy = Policy::from_json(br#"{
///     "models": [{"name": "small", "cluster": "llama"}],
///     "rules": [{"name": "long", "match": {"inputTokens": {"min": 400}}, "deny": {}}]
/// }"#)?;
/// let exchange = Exchange {
///     method: "POST".into(),
///     path: "/v1/chat/completions".into(),
///     headers: vec![("content-type".into(), b"application/json".to_vec())],
///     body: br#"{"model": "small", "messages": []}"#.to_vec(),
///     ..Exchange::default()
/// };
/// let trace = trace(&Arc::new(policy), &exchange).expect("an LLM call");
/// assert_eq!(trace.record.model.as_deref(), Some("small"));
/// let failed = trace.rules[0].failed.as_ref().expect("a condition");
/// assert_eq!((&*failed.at, failed.wanted.as_deref()), ("match.inputTokens", Some("at least 400")));
/// # Ok::<(), pointsman_engine::policy::PolicyErrors>(())
/// ```
#[must_use]
pub fn trace(policy: &Arc<Policy>, exchange: &Exchange) -> Option<Trace> {
    match walk(policy, exchange, |reading| reading.watch(exchange)) {
        Walked::Passed => None,
        Walked::Settled(record) => Some(at_the_door(policy, exchange, *record)),
        Walked::Read { reading, record, edits } => {
            let facts = reading.known(&exchange.body);
            let attributes = reading.attributes();
            let notes = attributes.witness.take();
            let bytes = exchange.body.len() as u64;
            let seen =
                Seen { policy, record: &record, attributes, facts: Some(&facts), bytes, caller: exchange, notes };
            let trace = seen.trace();
            Some(edits.map_or(trace.clone(), |edits| trace.sending(policy, exchange, &edits)))
        }
    }
}

/// What the headers have settled: no rule was asked.
fn at_the_door(policy: &Policy, exchange: &Exchange, record: Record) -> Trace {
    let api = record.api.unwrap_or(Api::ChatCompletions);
    let mut attributes = Attributes::new(policy, api, exchange.path.as_bytes(), &exchange.header_list(), exchange);
    attributes.watch(policy, exchange);
    let notes = attributes.witness.take();
    Seen { policy, record: &record, attributes: &attributes, facts: None, bytes: 0, caller: exchange, notes }.trace()
}

impl Seen<'_> {
    fn trace(&self) -> Trace {
        Trace {
            record: self.record.clone(),
            facts: self.facts.filter(|facts| facts.is_complete()).map(|facts| self.found(facts)),
            tenants: self.tenants(),
            rules: self.rules(),
            candidates: self.candidates(),
            attempts: Vec::new(),
            mirror: None,
            currency: self.policy.currency().map(str::to_owned),
        }
    }
}

impl Trace {
    /// A decision of which nothing else is known.
    #[cfg(any(test, feature = "replay"))]
    fn of(record: Record) -> Self {
        Self {
            record,
            facts: None,
            tenants: Vec::new(),
            rules: Vec::new(),
            candidates: Vec::new(),
            attempts: Vec::new(),
            mirror: None,
            currency: None,
        }
    }

    /// The same, with what the decision changes in the request.
    fn sending(self, policy: &Policy, exchange: &Exchange, edits: &Edits) -> Self {
        let (attempts, mirror) = attempts::all(policy, exchange, edits);
        Self { attempts, mirror, ..self }
    }
}
