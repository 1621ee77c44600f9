//! The one way a request takes through the engine: headers -> facts -> decision -> edits.
//!
//! The filter and the CLI walk the same corridor, which is why `explain` tells the truth about the proxy.

use crate::api::{Api, Family};
use crate::attempt::Tried;
use crate::decide::attributes::Attributes;
use crate::decide::{self, Decision, Outcome, Unknown};
use crate::models;
use crate::names;
use crate::policy::{Model, ModelId, OnUnknownTenant, OnUnread, Policy};
use crate::record::{self, Action, Excluded, Record};
use crate::reply::{self, Reply};
use crate::request::Violation;
use crate::request::endpoint::{self, Endpoint};
use crate::request::envelope::{self, Envelope};
use crate::request::facts::Facts;
use crate::rewrite::{self, Destination, Edits};
use std::fmt;
use std::rc::Rc;

pub use crate::request::envelope::HeaderList;

/// Who is calling, as the proxy itself has proved it. Asked only when the policy's tenants need it.
pub trait Caller {
    /// The URI SAN of the verified client certificate (the SPIFFE ID), if any.
    fn principal(&self) -> Option<Vec<u8>>;
    /// The names of models whose providers have said that a rate limit is used up, and not yet long enough ago. Asked only
    /// when it can matter.
    fn demoted(&self) -> Vec<String> {
        Vec::new()
    }

    /// A claim of the verified JWT, as Envoy's `jwt_authn` left it in dynamic metadata.
    fn claim(&self, path: &[String]) -> Option<Vec<u8>>;
}

/// What the headers alone settle.
#[derive(Debug)]
pub enum Received {
    /// Leave the request untouched; the record says why if it is an LLM call.
    Pass(Option<String>),
    /// Answered or refused without an upstream.
    Reply(Reply),
    /// An LLM call: feed its body to it.
    Read(Box<Reading>),
}

/// What the host does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Undecided: hold headers and body.
    Hold,
    /// Decided just now: apply these edits and let the request flow.
    Route(Edits),
    /// Decided earlier: this chunk may pass.
    Flow,
    /// Refused, possibly after the decision was streamed: answer the client and reset the upstream.
    Reply(Reply),
}

/// Where clients put their keys.
const KEY_HEADERS: [&[u8]; 4] = [b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"];

/// What there is to do when the answer comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Response headers to set.
    pub headers: Vec<(&'static str, String)>,
    /// The whole record, where the decision alone did not say who would answer.
    pub record: Option<String>,
}

/// Looks at the request headers.
#[must_use]
pub fn receive(policy: &Rc<Policy>, headers: &HeaderList<'_>, caller: &dyn Caller, end_of_stream: bool) -> Received {
    let header = |wanted: &[u8]| headers.iter().find(|(name, _)| *name == wanted).map_or(&[][..], |(_, value)| *value);
    let (method, path) = (header(b":method"), header(b":path"));
    let door = Door { policy, headers, caller, path };
    match endpoint::recognise(path, policy.path_prefixes()) {
        Endpoint::Other => Received::Pass(None),
        Endpoint::Models if method == b"GET" => door.models(None),
        Endpoint::Model(name) if method == b"GET" => door.models(Some(&name)),
        Endpoint::Models | Endpoint::Model(_) => Received::Pass(None),
        // A preflight never reaches a model.
        _ if method == b"OPTIONS" && end_of_stream => Received::Pass(None),
        Endpoint::Ambiguous(api) => door.call(api, Err(Violation::PathSpelling)),
        // Reading back what an earlier call left (a batch, say) names no model; a socket does.
        Endpoint::Api(api) if method != b"POST" && end_of_stream && api != Api::Realtime => Received::Pass(None),
        Endpoint::Api(api) if !api.is_routable() => door.call(api, Ok(Body::Unread)),
        Endpoint::Api(api) if method != b"POST" => door.call(api, Err(Violation::UnexpectedBody)),
        Endpoint::Api(api) if end_of_stream => door.call(api, Err(Violation::NoBody)),
        Endpoint::Api(api) if endpoint::query_names_model(path) => door.call(api, Err(Violation::QueryModel)),
        Endpoint::Api(api) => door.call(api, Ok(Body::Json)),
    }
}

/// What the body of a call is to Pointsman.
enum Body {
    Json,
    /// Of an API that is recognised and not routed.
    Unread,
}

/// The headers of one request, at the door.
struct Door<'a> {
    policy: &'a Rc<Policy>,
    headers: &'a HeaderList<'a>,
    caller: &'a dyn Caller,
    path: &'a [u8],
}

impl Door<'_> {
    /// An LLM call. Who is calling comes first: what is let through unread is for known callers only.
    fn call(&self, api: Api, body: Result<Body, Violation>) -> Received {
        let attributes = self.attributes(api);
        if let Some(refusal) = self.unknown_tenant(&attributes) {
            return refusal;
        }
        match body {
            Ok(Body::Json) => self.read(attributes),
            Ok(Body::Unread) => self.unsupported(&attributes),
            Err(violation) => self.unread(&attributes, violation),
        }
    }

    fn read(&self, attributes: Attributes) -> Received {
        let envelope = match envelope::read(self.headers) {
            Ok(envelope) => envelope,
            Err(violation) => return self.unread(&attributes, violation),
        };
        let limit = self.policy.max_body_bytes();
        if envelope.content_length.is_some_and(|length| length > limit) {
            return self.unread(&attributes, Violation::Oversize);
        }
        let facts = Facts::new(
            attributes.api,
            self.policy.wanted(),
            self.policy.keyword_search(),
            self.policy.max_depth(),
            envelope.content_length.unwrap_or(limit),
        );
        Received::Read(Box::new(Reading {
            policy: Rc::clone(self.policy),
            attributes,
            facts,
            envelope,
            brings_key: self.headers.iter().any(|(name, _)| KEY_HEADERS.contains(name)),
            path: lossless(self.path),
            record: String::new(),
            state: State::Undecided(Unknown::START),
        }))
    }

    fn attributes(&self, api: Api) -> Attributes {
        Attributes::new(self.policy, api, self.path, self.headers, self.caller)
    }

    fn record(&self, attributes: &Attributes, action: Action, reason: &'static str) -> Record<'_> {
        record_of(self.policy, attributes, action, reason)
    }

    /// The refusal of a caller that is nobody's, if the policy refuses such callers.
    fn unknown_tenant(&self, attributes: &Attributes) -> Option<Received> {
        let unknown = self.policy.has_tenants() && attributes.tenant.is_none();
        if !unknown || self.policy.on_failure().unknown_tenant == OnUnknownTenant::Allow {
            return None;
        }
        let record = self.record(attributes, Action::Deny, "unknownTenant");
        let message = "the caller belongs to no tenant of the policy";
        Some(Received::Reply(refuse(self.policy, attributes.api.family(), record, 403, message)))
    }

    /// A request that cannot be read.
    fn unread(&self, attributes: &Attributes, violation: Violation) -> Received {
        if self.policy.on_failure().on(violation) == OnUnread::Pass {
            return Received::Pass(Some(self.record(attributes, Action::Pass, violation.code()).to_json()));
        }
        let record = self.record(attributes, Action::Deny, violation.code());
        let (status, message) = (violation.status(), violation.message());
        Received::Reply(refuse(self.policy, attributes.api.family(), record, status, &message))
    }

    /// A call of an API that is recognised and not routed.
    fn unsupported(&self, attributes: &Attributes) -> Received {
        const REASON: &str = "unsupportedApi";
        if self.policy.on_failure().unsupported_api == OnUnread::Pass {
            return Received::Pass(Some(self.record(attributes, Action::Pass, REASON).to_json()));
        }
        let message = format!("the API `{}` is not routed by this gateway", attributes.api);
        let record = self.record(attributes, Action::Deny, REASON);
        Received::Reply(refuse(self.policy, attributes.api.family(), record, 400, &message))
    }

    fn models(&self, name: Option<&str>) -> Received {
        let anthropic = self.headers.iter().any(|(name, _)| *name == b"anthropic-version");
        let api = if anthropic { Api::Messages } else { Api::ChatCompletions };
        let attributes = self.attributes(api);
        if let Some(refusal) = self.unknown_tenant(&attributes) {
            return refusal;
        }
        let mut record = Record::new(self.policy.version(), Action::Models, "models");
        record.tenant = self.policy.tenant_name(attributes.tenant);
        let body = match name {
            None => Some(models::list(self.policy, attributes.tenant, api.family())),
            Some(name) => models::one(self.policy, attributes.tenant, name, api.family()),
        };
        let Some(body) = body else {
            record.action = Action::Deny;
            record.reason = "unknownModel";
            let message = "the model does not exist or this tenant may not use it";
            return Received::Reply(refuse(self.policy, api.family(), record, 404, message));
        };
        let headers = vec![(names::POLICY_HEADER, self.policy.version().to_owned())];
        Received::Reply(Reply { status: 200, headers, body, record: record.to_json() })
    }
}

/// One LLM request whose body is being read.
pub struct Reading {
    policy: Rc<Policy>,
    attributes: Attributes,
    facts: Facts,
    envelope: Envelope,
    /// Whether the client has sent a key, which may be passed on.
    brings_key: bool,
    /// The path that the client called, query included.
    path: String,
    /// The record of a decision whose outcome is still to come.
    record: String,
    state: State,
}

/// Shows no facts: they come from the prompt.
impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("api", &self.attributes.api).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum State {
    Undecided(Unknown),
    Decided(Decision),
    /// Let through unread, as the policy says.
    Passed,
    /// Refused: nothing more is looked at.
    Refused,
}

impl Reading {
    /// Takes the next bytes of the body, in any split.
    pub fn push(&mut self, chunk: &[u8]) -> Step {
        match self.state {
            State::Passed => return Step::Flow,
            State::Refused => return Step::Hold,
            State::Undecided(_) | State::Decided(_) => {}
        }
        match self.facts.push(chunk) {
            Ok(()) => self.step(),
            Err(violation) => self.violated(violation),
        }
    }

    /// The length that the client has announced.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.envelope.content_length
    }

    /// The body is complete.
    pub fn finish(&mut self) -> Step {
        match self.state {
            State::Passed => return Step::Flow,
            State::Refused => return Step::Hold,
            State::Undecided(_) | State::Decided(_) => {}
        }
        match self.facts.finish() {
            Ok(()) => self.step(),
            Err(violation) => self.violated(violation),
        }
    }

    /// Whether [`Self::answered`] can have anything to say.
    #[must_use]
    pub fn wants_answer(&self) -> bool {
        let State::Decided(Decision { outcome: Outcome::Route(chain), .. }) = &self.state else { return false };
        self.policy.tells_clients() || self.policy.takes_feedback() || chain.len() > 1
    }

    /// The model that the request went to, if there was only one, and what its provider says of its limits can be about
    /// everybody's requests: not when the client has brought a key of its own.
    #[must_use]
    pub fn only_model(&self) -> Option<&str> {
        match &self.state {
            State::Decided(Decision { outcome: Outcome::Route(chain), .. }) => match chain.as_slice() {
                [only] if !self.brings_key => self.policy.model(*only).map(Model::name),
                _ => None,
            },
            _ => None,
        }
    }

    /// There is an answer: of a provider, or of the proxy itself because no provider gave one. `tried` is what the latest
    /// attempt of a chain has left.
    #[must_use]
    pub fn answered(&self, by_provider: bool, tried: Option<&Tried>) -> Answer {
        let State::Decided(decision) = &self.state else { return Answer::default() };
        let Outcome::Route(chain) = &decision.outcome else { return Answer::default() };
        let first = chain.first().and_then(|id| self.policy.model(*id));
        let mut answer = Answer::default();
        let mut model = first;
        if chain.len() > 1 {
            model = tried.and_then(|tried| self.policy.model_named(&tried.model));
            let outcome = record::Outcome {
                attempt: tried.map_or(0, |tried| tried.number),
                answered_by: model.filter(|_| by_provider).map(Model::name),
                answered_from: model.filter(|_| by_provider).map(Model::cluster),
            };
            answer.record = Some(outcome.complete(&self.record));
        }
        if self.policy.tells_clients() {
            let model = model.filter(|_| by_provider || chain.len() == 1);
            let mut tell = |name: &'static str, value: &str| answer.headers.push((name, value.to_owned()));
            if let Some(model) = model {
                tell(names::MODEL_HEADER, model.name());
            }
            if let Some(rule) = self.rule_name(decision) {
                tell(names::RULE_HEADER, rule);
            }
            tell(names::REASON_HEADER, decision.reason);
            if let (Some(tried), Some(model)) = (tried, model) {
                tell(names::ATTEMPT_HEADER, &tried.number.to_string());
                tell(names::CLUSTER_HEADER, model.cluster());
            }
        }
        answer
    }

    fn step(&mut self) -> Step {
        let unknown = match self.state {
            State::Undecided(unknown) => unknown,
            State::Decided(_) | State::Passed => return Step::Flow,
            State::Refused => return Step::Hold,
        };
        if !unknown.need.is_met(&self.facts) {
            return Step::Hold;
        }
        match decide::decide(&self.policy, &self.attributes, &self.facts, unknown.from) {
            Err(unknown) => {
                self.state = State::Undecided(unknown);
                Step::Hold
            }
            Ok(decision) => self.decided(decision),
        }
    }

    fn decided(&mut self, decision: Decision) -> Step {
        let excluded = self.excluded(&decision);
        let mut record = self.record(&decision, &excluded);
        let mut kept = String::new();
        let step = match &decision.outcome {
            Outcome::Deny { status, message } => {
                record.action = Action::Deny;
                Step::Reply(refuse(&self.policy, self.attributes.api.family(), record, *status, message))
            }
            Outcome::Route(chain) => {
                let to = |id: &ModelId| {
                    let model = self.policy.model(*id)?;
                    Some(Destination::new(model, &self.path, self.policy.path_prefixes()))
                };
                let chain: Vec<_> = chain.iter().filter_map(to).collect();
                let Some(Destination { model: first, .. }) = chain.first() else { return Step::Hold };
                let mirror = decision.mirror.as_ref().and_then(to);
                let models: Vec<&str> = chain.iter().map(|destination| destination.model.name()).collect();
                record.variant = decision.variant.as_deref();
                record.model = Some(first.name());
                record.upstream_model = Some(first.upstream_model());
                record.cluster = Some(first.cluster());
                record.chain = if models.len() > 1 { &models } else { &[] };
                record.mirror = mirror.as_ref().map(|mirror| mirror.model.name());
                let mut edits =
                    rewrite::edits(&self.facts, self.envelope, self.brings_key, &self.path, &chain, mirror.as_ref());
                edits.record = record.to_json();
                kept = if chain.len() > 1 { edits.record.clone() } else { String::new() };
                Step::Route(edits)
            }
        };
        self.record = kept;
        self.state = match &step {
            Step::Reply(_) => State::Refused,
            _ => State::Decided(decision),
        };
        self.facts.settle();
        step
    }

    /// The body turned out to be unreadable.
    ///
    /// What had been read up to here may already have sufficed. Asking once more makes the outcome the
    /// same for every split of the body into chunks. Only a request that is still undecided can be let
    /// through unread: once it has been given a model, another reading of its body must not reach it.
    fn violated(&mut self, violation: Violation) -> Step {
        let mut is_decided = matches!(self.state, State::Decided(_));
        if let State::Undecided(unknown) = self.state
            && let Ok(decision) = decide::decide(&self.policy, &self.attributes, &self.facts, unknown.from)
        {
            if let Outcome::Deny { .. } = decision.outcome {
                return self.decided(decision);
            }
            is_decided = true;
        }
        let mut record = record_of(&self.policy, &self.attributes, Action::Deny, violation.code());
        if !is_decided && self.policy.on_failure().on(violation) == OnUnread::Pass {
            record.action = Action::Pass;
            let record = record.to_json();
            self.state = State::Passed;
            return Step::Route(Edits { record, ..Edits::default() });
        }
        let reply =
            refuse(&self.policy, self.attributes.api.family(), record, violation.status(), &violation.message());
        self.state = State::Refused;
        Step::Reply(reply)
    }

    fn rule_name(&self, decision: &Decision) -> Option<&str> {
        decision.rule.and_then(|rule| self.policy.rule(rule)).map(|rule| rule.name.as_str())
    }

    fn excluded(&self, decision: &Decision) -> Vec<Excluded<'_>> {
        let named = decision
            .excluded
            .iter()
            .filter_map(|(model, reason)| Some(Excluded { model: self.policy.model(*model)?.name(), reason }));
        named.collect()
    }

    fn record<'a>(&'a self, decision: &'a Decision, excluded: &'a [Excluded<'a>]) -> Record<'a> {
        let mut record = record_of(&self.policy, &self.attributes, Action::Route, decision.reason);
        record.asked = self.facts.asked().flatten();
        record.rule = self.rule_name(decision);
        record.excluded = excluded;
        record
    }
}

/// What every record of an LLM call holds.
fn record_of<'a>(policy: &'a Policy, attributes: &Attributes, action: Action, reason: &'static str) -> Record<'a> {
    let mut record = Record::new(policy.version(), action, reason);
    record.api = Some(attributes.api.name());
    record.tenant = policy.tenant_name(attributes.tenant);
    record
}

/// A refusal in the shape of the client's API.
fn refuse<'a>(policy: &Policy, family: Family, mut record: Record<'a>, status: u16, message: &'a str) -> Reply {
    record.status = Some(status);
    record.message = Some(message);
    let code = match record.reason {
        // The codes that OpenAI's own servers use.
        "unknownModel" => "model_not_found",
        "missingModel" => "model_required",
        reason => reason,
    };
    let headers = match policy.tells_clients() {
        true => {
            let rule = record.rule.map(|rule| (names::RULE_HEADER, rule.to_owned()));
            rule.into_iter().chain([(names::REASON_HEADER, record.reason.to_owned())]).collect()
        }
        false => Vec::new(),
    };
    Reply { status, headers, body: reply::error_body(family, status, code, message), record: record.to_json() }
}

/// A path as text. Bytes that no path may have are spelled as a path may, so that nothing is lost.
fn lossless(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'!'..=b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}
