//! Facts and policy in, a decision out.
//!
//! Every question has three answers while the body is arriving: yes, no, and not known yet. The first
//! question that cannot be answered stops the evaluation, and nothing behind it is looked at. So a
//! decision taken early is the one that the whole body would have given.

pub(crate) mod attributes;
pub(crate) mod budget;
mod choice;
mod conditions;
mod eligibility;
mod identity;
pub(crate) mod kept;
mod session;
mod sticky;
pub(crate) mod unread;
mod when;
pub(crate) mod witness;

use crate::policy::{ModelId, Policy, Range, RuleAction, RuleId, Window};
use crate::reason::{Reason, Refusal};
use crate::request::facts::Facts;
use crate::request::flag::Flag;
use crate::request::session::FieldSlot;
use attributes::Attributes;
use choice::Choice;
use kept::Kept;
use std::sync::Arc;
use unread::Unread;
use when::Needs;

/// Where an evaluation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// The fact that is not known yet.
    pub(crate) need: Need,
    /// The rule that asked for it. Those before it do not apply, and facts only get surer: they need not be
    /// asked again, however small the pieces are in which a body arrives.
    pub(crate) from: RuleId,
    /// What they asked for and could not be read.
    pub(crate) unread: Unread,
}

impl Unknown {
    /// Before anything has been asked.
    pub(crate) const START: Self = Self { need: Need::Model, from: RuleId(0), unread: Unread::NONE };
}

/// Which fact a decision is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Model,
    Flag(Flag),
    Keyword(usize),
    /// Whether the estimate is in this range.
    InputTokens(Range),
    /// Whether input and output fit into this.
    Fit(Window),
    /// Whether the number of messages is in this range.
    Messages(Range),
    /// What a field says of the conversation.
    Session(FieldSlot),
    /// Which response it goes on from.
    Reference,
    /// Any of what an expression waits for.
    Any(Needs),
    /// What only the end of the body tells.
    End,
}

impl Need {
    /// What is waited for, as conditions and fields call it; `None` where it is no single thing.
    #[cfg(any(test, feature = "replay", feature = "trace"))]
    pub(crate) const fn name(self) -> Option<&'static str> {
        Some(match self {
            Need::Model => "model",
            Need::Flag(flag) => flag.condition(),
            Need::Keyword(_) => "keywords",
            Need::InputTokens(_) | Need::Fit(_) => "inputTokens",
            Need::Messages(_) => "messages",
            Need::Session(_) => "session",
            Need::Reference => "previous_response_id",
            Need::Any(_) | Need::End => return None,
        })
    }

    /// Whether the question can be answered now.
    pub(crate) fn is_met(self, facts: &Facts) -> bool {
        match self {
            Need::Model => facts.asked().is_some(),
            Need::Flag(flag) => facts.flag(flag).is_some() || facts.is_unreadable(flag),
            Need::Keyword(keyword) => facts.keyword(keyword).is_some(),
            Need::InputTokens(range) => facts.input_tokens().within(range).is_some(),
            Need::Fit(window) => facts.fit(window).is_some(),
            Need::Messages(range) => facts.messages().within(range).is_some(),
            Need::Session(field) => facts.session(field).is_some(),
            Need::Reference => facts.reference().is_some(),
            Need::Any(needs) => needs.is_one_met(facts),
            Need::End => facts.is_complete(),
        }
    }
}

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    pub(crate) rule: Option<RuleId>,
    pub(crate) reason: Reason,
    /// What the choice is called, where the rule left one.
    pub(crate) variant: Option<Arc<str>>,
    /// The model that gets a copy.
    pub(crate) mirror: Option<ModelId>,
    /// The models that the body names besides the one asked for, in its order.
    pub(crate) besides: Vec<ModelId>,
    /// What the id of the response that it goes on from says of itself.
    pub(crate) kept: Option<Kept>,
    /// Models that were considered and could not serve the request.
    pub(crate) excluded: Vec<(ModelId, Reason)>,
    /// The account that has no room for the request, where it is refused for that.
    pub(crate) over: Option<usize>,
    /// What rules asked for and could not be read.
    pub(crate) unread: Unread,
    /// Whether it looked at a model that is demoted right now: without what is known of models it could be another.
    pub(crate) heeds: bool,
}

impl Decision {
    /// Whether a budget was used up that it asked for: with an unused one it could be another.
    pub(crate) fn heeds_budgets(&self) -> bool {
        self.over.is_some() || self.excluded.iter().any(|(_, reason)| *reason == Reason::Budget)
    }
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The models to try, in this order. Never empty.
    Send(Vec<ModelId>),
    Refuse(Refusal),
}

/// Decides, if the facts read so far suffice. Goes on where an evaluation stopped.
pub(crate) fn decide(
    policy: &Policy,
    attributes: &Attributes,
    facts: &Facts,
    stopped: Unknown,
) -> Result<Decision, Unknown> {
    let Unknown { from: mut at, mut unread, .. } = stopped;
    let decision = try_rules(policy, attributes, facts, &mut at, &mut unread);
    let decision = decision.and_then(|decision| budget::hold(policy, attributes, facts, decision));
    decision.map(|decision| Decision { unread, ..decision }).map_err(|need| Unknown { need, from: at, unread })
}

/// Leaves in `at` the rule that it came to.
fn try_rules(
    policy: &Policy,
    attributes: &Attributes,
    facts: &Facts,
    at: &mut RuleId,
    unread: &mut Unread,
) -> Result<Decision, Need> {
    attributes.witness.starts(*at);
    let asked = facts.asked().ok_or(Need::Model)?;
    let mut choice = Choice::new(policy, attributes, facts, asked);
    choice.rule = first_rule(policy, attributes, facts, asked, at, unread)?;
    if let Some(RuleAction::Deny(deny)) = choice.rule.and_then(|rule| policy.rule(rule)).map(|rule| &rule.action) {
        return Ok(choice.refuse(deny.clone()));
    }
    if let Some(refusal) = choice.take_besides(unread)? {
        return Ok(choice.refuse(refusal));
    }
    if let Some(refusal) = choice.take_reference()? {
        return Ok(choice.refuse(refusal));
    }
    loop {
        let Some(id) = choice.rule else { return choice.by_default() };
        match policy.rule(id).map(|rule| (rule, &rule.action)) {
            Some((rule, RuleAction::Route(route))) => match choice.route(&rule.name, route)? {
                Ok(decision) => return Ok(decision),
                Err(passed_on) => choice = passed_on,
            },
            Some((_, RuleAction::Deny(deny))) => return Ok(choice.refuse(deny.clone())),
            None => return choice.by_default(),
        }
        // `at` stays where it is: what this rule has left out stands in the record, whenever the rules behind it can be answered.
        let mut next = id.next();
        choice.rule = first_rule(policy, attributes, facts, asked, &mut next, unread)?;
    }
}

/// The first rule that applies to a request for that model. Leaves in `at` the rule that it came to.
fn first_rule(
    policy: &Policy,
    attributes: &Attributes,
    facts: &Facts,
    asked: Option<&str>,
    at: &mut RuleId,
    unread: &mut Unread,
) -> Result<Option<RuleId>, Need> {
    let (path, header) = (attributes.bare_path(), |slot| attributes.header(slot));
    let claim = |slot| attributes.claim(slot);
    let rules = policy.rules_to_try(asked.unwrap_or_default(), &attributes.tenants, path, &header, &claim);
    let start = *at;
    for id in rules.skip_while(|id| *id < start) {
        *at = id;
        let Some(rule) = policy.rule(id) else { continue };
        if conditions::hold(id, rule, attributes, facts, asked, unread)? {
            return Ok(Some(id));
        }
    }
    *at = RuleId(u32::MAX);
    attributes.witness.finds_none();
    Ok(None)
}

/// What comes of a rule that was not asked.
#[cfg(any(test, feature = "trace"))]
pub(crate) fn judged(policy: &Policy, id: RuleId, attributes: &Attributes, facts: &Facts) -> Option<witness::Verdict> {
    let asked = facts.asked()?;
    let _ = conditions::hold(id, policy.rule(id)?, attributes, facts, asked, &mut Unread::NONE.clone());
    attributes.witness.take().rules.pop().map(|(_, verdict)| verdict)
}

/// The tokens that models are compared by for a request.
#[cfg(any(test, feature = "trace"))]
pub(crate) fn compared(policy: &Policy, attributes: &Attributes, facts: &Facts) -> Option<crate::budget::Tokens> {
    budget::compared(policy, attributes, facts).ok()
}

/// Where among all sessions a rule sees this one, in percent.
#[cfg(any(test, feature = "trace"))]
pub(crate) fn drawn(rule: &crate::policy::Rule, attributes: &Attributes, facts: &Facts) -> Option<f64> {
    let key = sticky::key(attributes, facts, rule.sessions.as_deref()?).ok()?;
    Some((key.hash(&rule.name, "percent") >> 32) as f64 / f64::from(u32::MAX) * 100.0)
}
