//! The body of one LLM call: until it is decided, and behind the decision.

#[cfg(any(test, feature = "trace"))]
mod seen;
mod used_up;

use super::answer::{self, Expectation};
use crate::api::{Api, Family};
use crate::budget::Bill;
use crate::decide::attributes::Attributes;
use crate::decide::kept::Kept;
use crate::decide::{self, Decision, Need, Unknown, Verdict, budget};
use crate::percent;
use crate::policy::{Model, ModelId, OnUnread, Policy};
use crate::reason::{Reason, Refusal};
use crate::record::{Disposition, Excluded, Record};
use crate::reply::{self, Reply};
use crate::request::Violation;
use crate::request::endpoint::{Called, Stored};
use crate::request::envelope::{Envelope, HeaderList};
use crate::request::facts::Facts;
use crate::request::limit;
use crate::request::members::{Members, Watch};
use crate::request::named::Named;
use crate::request::reader::{Sought, Wanted};
use crate::rewrite::{self, Destination, Edits, OutputCap};
use std::fmt;
use std::sync::Arc;

/// What the host does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Undecided: hold headers and body.
    Hold,
    /// Decided just now: apply these edits and let the request flow.
    Route(Box<Edits>),
    /// Decided earlier: this chunk may pass.
    Flow,
    /// Refused, possibly after the decision was streamed: answer the client and reset the upstream.
    Reply(Box<Reply>),
}

/// One LLM request whose body is being read.
pub struct Reading {
    policy: Arc<Policy>,
    attributes: Attributes,
    facts: Facts,
    envelope: Envelope,
    /// Whether what a provider says of its limits is nothing for others: the client has said whose account it is, by
    /// something that may be passed on, or nobody listens.
    is_private: bool,
    /// Whether the client wants to go on with another protocol in place of a body's end.
    is_upgrade: bool,
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
    /// Given a model. Somebody may want to know who answers.
    Sent(Option<Box<Expectation>>),
    /// It has no body: the edits, until they have been made.
    Recalled(Option<Box<Edits>>, Option<Box<Expectation>>),
    /// Let through unread, as the policy says.
    Passed,
    /// Refused: nothing more is looked at.
    Refused,
}

impl Reading {
    pub(super) fn new(
        policy: &Arc<Policy>,
        attributes: Attributes,
        named: Option<&Named>,
        envelope: Envelope,
        headers: &HeaderList<'_>,
        path: &[u8],
    ) -> Self {
        let facts = Facts::new(
            attributes.api,
            policy.wanted(),
            policy.sought(),
            policy.max_depth(),
            envelope.content_length.unwrap_or(policy.max_body_bytes()),
        )
        .parted_by(envelope.boundary)
        .named(named)
        .watching(watch(policy, &attributes).filter(|_| envelope.boundary.is_none()));
        Self {
            policy: Arc::clone(policy),
            attributes,
            facts,
            envelope,
            is_private: !policy.takes_feedback() || policy.accounts().are_in(headers, path),
            is_upgrade: headers.iter().any(|(name, _)| *name == b"upgrade"),
            state: State::Undecided(Unknown::START),
        }
    }

    /// What a request for a stored response becomes, which only its path names.
    pub(super) fn recalling(
        policy: &Arc<Policy>,
        attributes: Attributes,
        model: &Model,
        kept: &Kept,
        stored: &Stored<'_>,
    ) -> Self {
        let record = Record {
            model: Some(Arc::clone(&model.name)),
            cluster: Some(Arc::clone(&model.cluster)),
            kept_by: Some(Arc::clone(&kept.by)),
            ..attributes.record(policy, Disposition::Route, Reason::Kept)
        };
        let path = stored.with(&kept.id);
        let called = Called::new(&path, policy.path_prefixes());
        let destination = Destination::new(policy, model, &called);
        let edits = rewrite::recalling(&destination, &|slot| attributes.header(slot), record);
        // What a provider says of its limits there is not about models.
        let expectation = Expectation::of(policy, &edits.record, true, Vec::new()).map(Box::new);
        Self {
            policy: Arc::clone(policy),
            facts: Facts::new(attributes.api, Wanted::default(), Sought::default(), policy.max_depth(), 0),
            attributes,
            envelope: Envelope { content_length: None, has_digest: false, boundary: None },
            is_private: true,
            is_upgrade: false,
            state: State::Recalled(Some(Box::new(edits)), expectation),
        }
    }

    /// Takes the next bytes of the body, in any split.
    pub fn push(&mut self, chunk: &[u8]) -> Step {
        self.advance(|facts| facts.push(chunk))
    }

    /// The body is complete.
    pub fn finish(&mut self) -> Step {
        self.advance(Facts::finish)
    }

    /// The length that the client has announced.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.envelope.content_length
    }

    /// What there is to do when the answer comes, if anything is.
    #[must_use]
    pub fn expectation(&self) -> Option<&Expectation> {
        match &self.state {
            State::Sent(expectation) | State::Recalled(_, expectation) => expectation.as_deref(),
            _ => None,
        }
    }

    /// How many bytes of what the client has sent this request keeps besides its body, which is never kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.attributes.kept() + self.facts.kept()
    }

    /// Whether the client wants to go on with another protocol: then its body has no end.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.is_upgrade
    }

    /// Whose errors the client understands.
    #[must_use]
    pub fn family(&self) -> Family {
        self.attributes.family
    }

    /// Refuses the request because too much is kept for others already.
    #[must_use]
    pub fn overloaded(&mut self) -> Box<Reply> {
        let refusal = Reason::Overloaded.refuse();
        self.refusal(self.unread(Disposition::Deny, &refusal), &refusal)
    }

    fn advance(&mut self, read: impl FnOnce(&mut Facts) -> Result<(), Violation>) -> Step {
        match &mut self.state {
            State::Recalled(edits, _) => return edits.take().map_or(Step::Flow, Step::Route),
            State::Passed => return Step::Flow,
            State::Refused => return Step::Hold,
            State::Undecided(_) | State::Sent(_) => {}
        }
        match (read(&mut self.facts), &self.state) {
            (Ok(()), State::Undecided(unknown)) => self.ask(*unknown),
            (Ok(()), _) => Step::Flow,
            (Err(violation), _) => self.violated(violation),
        }
    }

    /// Asks the policy, if it could have an answer now.
    fn ask(&mut self, unknown: Unknown) -> Step {
        if !unknown.need.is_met(&self.facts) {
            return Step::Hold;
        }
        match decide::decide(&self.policy, &self.attributes, &self.facts, unknown) {
            Err(unknown) => {
                self.state = State::Undecided(unknown);
                Step::Hold
            }
            // What changes in the body besides the model depends on all of it.
            Ok(decision) if !self.facts.is_complete() && self.awaits_end(&decision) => {
                self.state = State::Undecided(Unknown { need: Need::End, ..unknown });
                Step::Hold
            }
            Ok(decision) => self.decided(decision),
        }
    }

    /// Whether what is sent depends on all of the body.
    fn awaits_end(&self, decision: &Decision) -> bool {
        let may_ask = matches!(decision.verdict, Verdict::Send(_)) && self.asks_for_usage();
        may_ask || self.policy.fact_plan().is_some() || self.changes_fields(decision)
    }

    /// Whether providers may be asked for what a stream takes.
    fn asks_for_usage(&self) -> bool {
        self.envelope.boundary.is_none() && self.policy.asks_for_usage(self.attributes.api)
    }

    /// The models whose providers are asked for what the stream takes, because the client does not ask.
    fn asking(&self, destinations: &[Destination<'_>]) -> Vec<Arc<str>> {
        let Some(members) = self.facts.members().filter(|_| self.asks_for_usage()) else { return Vec::new() };
        let api = self.attributes.api;
        let models = destinations.iter().map(|destination| destination.model);
        let asked = models.filter(|model| rewrite::asking::is_asked(members, &model.parameters_of(api)));
        asked.map(|model| Arc::clone(&model.name)).collect()
    }

    /// Whether fields of the body besides the model may change on its way to one of these models.
    fn changes_fields(&self, decision: &Decision) -> bool {
        let Verdict::Send(chain) = &decision.verdict else { return false };
        if self.envelope.boundary.is_some() {
            return false;
        }
        let api = self.attributes.api;
        let changes = |id: &ModelId| self.policy.model(*id).is_some_and(|model| !model.parameters_of(api).is_empty());
        output_cap(&self.policy, &self.attributes).is_some() || chain.iter().chain(&decision.mirror).any(changes)
    }

    fn decided(&mut self, decision: Decision) -> Step {
        let step = match &decision.verdict {
            Verdict::Refuse(refusal) => {
                let mut reply = self.refusal(self.record(&decision), refusal);
                let over = decision.over.and_then(|over| self.attributes.standings.get(over));
                reply.headers.extend(over.map(|over| self.rest(over, over.used)).unwrap_or_default());
                Step::Reply(reply)
            }
            Verdict::Send(chain) => match self.unchangeable(&decision) {
                Some(refusal) => self.refuse(self.record(&decision), &refusal),
                None => self.send(chain, &decision),
            },
        };
        self.facts.settle();
        self.attributes.forget();
        step
    }

    /// The refusal of a request whose fields must change and cannot: two servers could read them differently, or it names no
    /// limit of its output, where the tenant has one and only the model's own API says how it is spelled.
    fn unchangeable(&self, decision: &Decision) -> Option<Refusal> {
        if !self.changes_fields(decision) {
            return None;
        }
        if let Some(fault) = self.facts.members().and_then(Members::fault) {
            return Some(fault.refuse());
        }
        // Where an API has no limit, as that of compaction, none is missing.
        let depends_on_model = self.attributes.api == Api::Bedrock;
        let cap = output_cap(&self.policy, &self.attributes).filter(|cap| depends_on_model && cap.own.is_empty())?;
        let is_limited = self.facts.members().is_some_and(rewrite::is_limited);
        (!is_limited).then(|| Reason::OutputLimit.refuse_for(&cap.tokens.to_string()))
    }

    fn send(&mut self, chain: &[ModelId], decision: &Decision) -> Step {
        // Bytes that no path may have are spelled as a path may, so that nothing is lost.
        let path = percent::encode(self.attributes.path(), |byte| byte.is_ascii_graphic());
        let called = Called::new(&path, self.policy.path_prefixes());
        let to = |id: &ModelId| Some(Destination::new(&self.policy, self.policy.model(*id)?, &called));
        let destinations: Vec<_> = chain.iter().filter_map(to).collect();
        let mirror = decision.mirror.as_ref().and_then(to);
        let Some(Destination { model: first, .. }) = destinations.first() else { return Step::Hold };
        let mut record = self.record(decision);
        record.variant.clone_from(&decision.variant);
        record.model = Some(Arc::clone(&first.name));
        record.upstream_model = Some(Arc::clone(&first.upstream_model));
        record.cluster = Some(Arc::clone(&first.cluster));
        if destinations.len() > 1 {
            record.chain = destinations.iter().map(|destination| Arc::clone(&destination.model.name)).collect();
        }
        let besides: Vec<_> = decision.besides.iter().filter_map(|model| self.policy.model(*model)).collect();
        record.also = besides.iter().map(|model| Arc::clone(&model.name)).collect();
        record.mirror = mirror.as_ref().map(|mirror| Arc::clone(&mirror.model.name));
        let cap = output_cap(&self.policy, &self.attributes);
        let asking = self.asking(&destinations);
        let sent = rewrite::Sent {
            facts: &self.facts,
            envelope: self.envelope,
            is_private: self.is_private,
            path: &path,
            header: &|slot| self.attributes.header(slot),
            api: self.attributes.api,
            cap: cap.as_ref(),
            owner: self.policy.owner(),
            chain: &destinations,
            mirror: mirror.as_ref(),
            timeout: decision.rule.and_then(|rule| self.policy.rule(rule)?.action.route()?.timeout),
            besides: &besides,
            kept: decision.kept.as_ref(),
            asks: !asking.is_empty(),
            reads_answer: !asking.is_empty()
                || answer::are_amended(&self.policy, self.attributes.api)
                || self.policy.wants_plain_answers(),
        };
        let mut edits = sent.edits(record);
        edits.bill = budget::bill(&self.policy, &self.attributes, &self.facts, chain);
        edits.state.extend(edits.bill.as_ref().map(|bill| self.refusal_elsewhere(bill)).unwrap_or_default());
        let warning = edits.bill.as_ref().and_then(Bill::warning);
        let expectation = Expectation::of(&self.policy, &edits.record, self.is_private, asking);
        self.state = State::Sent(expectation.map(|expectation| Box::new(expectation.warning(warning))));
        Step::Route(Box::new(edits))
    }

    /// The body turned out to be unreadable.
    ///
    /// What had been read up to here may already have sufficed. Asking once more makes the outcome the
    /// same for every split of the body into chunks. Only a request that is still undecided can be let
    /// through unread: once it has been given a model, another reading of its body must not reach it.
    fn violated(&mut self, violation: Violation) -> Step {
        let mut is_decided = matches!(self.state, State::Sent(_));
        if let State::Undecided(unknown) = self.state
            && let Ok(decision) = decide::decide(&self.policy, &self.attributes, &self.facts, unknown)
        {
            if let Verdict::Refuse(_) = decision.verdict {
                return self.decided(decision);
            }
            is_decided = true;
        }
        let refusal = violation.refuse();
        self.attributes.witness.retracts();
        if !is_decided && self.policy.on_failure().on(violation) == OnUnread::Pass {
            self.state = State::Passed;
            self.attributes.forget();
            return Step::Route(Box::new(Edits::none(Arc::new(self.unread(Disposition::Pass, &refusal)))));
        }
        self.refuse(self.unread(Disposition::Deny, &refusal), &refusal)
    }

    /// The record of a body that could not be read. Whether it was decided by then depends on what is known of models and
    /// budgets.
    fn unread(&self, action: Disposition, refusal: &Refusal) -> Record {
        let demoted = self.attributes.demoted_names(&self.policy);
        let budgets = self.attributes.used_budgets(&self.policy);
        Record { demoted, budgets, ..self.attributes.record(&self.policy, action, refusal.reason) }
    }

    fn refuse(&mut self, record: Record, refusal: &Refusal) -> Step {
        Step::Reply(self.refusal(record, refusal))
    }

    fn refusal(&mut self, record: Record, refusal: &Refusal) -> Box<Reply> {
        self.state = State::Refused;
        self.attributes.forget();
        Box::new(reply::refuse(&self.policy, self.family(), record, refusal))
    }

    fn record(&self, decision: &Decision) -> Record {
        let named = |(model, reason): &(ModelId, _)| {
            Some(Excluded { model: Arc::clone(&self.policy.model(*model)?.name), reason: *reason })
        };
        let facts = self.policy.fact_plan().and_then(|plan| plan.facts(&self.policy, &self.attributes, &self.facts));
        // Whatever is known goes with the facts: another policy may ask for it.
        let tells = facts.is_some();
        Record {
            facts,
            asked: self.facts.asked().flatten().map(Into::into),
            rule: decision.rule.and_then(|rule| self.policy.rule(rule)).map(|rule| Arc::clone(&rule.name)),
            excluded: decision.excluded.iter().filter_map(named).collect(),
            unreadable: decision.unread.names().into_iter().map(Into::into).collect(),
            kept_by: decision.kept.as_ref().map(|kept| Arc::clone(&kept.by)),
            budgets: if tells || decision.heeds_budgets() {
                self.attributes.used_budgets(&self.policy)
            } else {
                Vec::new()
            },
            demoted: if tells || decision.heeds { self.attributes.demoted_names(&self.policy) } else { Vec::new() },
            ..self.attributes.record(&self.policy, Disposition::Route, decision.reason)
        }
    }
}

/// The most that the answer may have, if the caller's tenant has such a limit and anything is generated.
fn output_cap(policy: &Policy, attributes: &Attributes) -> Option<OutputCap> {
    let tokens = policy.max_output_tokens(&attributes.tenants).filter(|_| attributes.generates())?;
    Some(OutputCap { tokens, own: limit::own(attributes.api, attributes.bare_path()) })
}

/// What is to be known of the body's members; nothing where none of them can change.
fn watch(policy: &Policy, attributes: &Attributes) -> Option<Watch> {
    let limits = output_cap(policy, attributes).is_some();
    let fields = policy.changes_fields_of(attributes.api) || policy.asks_for_usage(attributes.api);
    (limits || fields).then(|| Watch { fields: Arc::clone(policy.watched_in(attributes.api)), limits })
}
