//! Facts and policy in, a decision out.
//!
//! Every question has three answers while the body is arriving: yes, no, and not known yet. The first
//! question that cannot be answered stops the evaluation, and nothing behind it is looked at. So a
//! decision taken early is the one that the whole body would have given.

pub(crate) mod attributes;
mod conditions;
mod eligibility;
mod sticky;

use crate::policy::{Action, DefaultAction, HeaderSlot, ModelId, Policy, Range, RuleId, Target};
use crate::request::facts::Facts;
use attributes::Attributes;
use sticky::StickyKey;

/// Where an evaluation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// The fact that is not known yet.
    pub(crate) need: Need,
    /// The rule that asked for it. Those before it do not apply, and facts only get surer: they need not be
    /// asked again, however small the pieces are in which a body arrives.
    pub(crate) from: RuleId,
}

impl Unknown {
    /// Before anything has been asked.
    pub(crate) const START: Self = Self { need: Need::Model, from: RuleId(0) };
}

/// Which fact a decision is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Model,
    Stream,
    Tools,
    Images,
    Audio,
    StructuredOutput,
    Reasoning,
    Keyword(usize),
    /// Whether the estimate is in this range.
    InputTokens(Range),
    /// Whether the number of messages is in this range.
    Messages(Range),
    /// What only the end of the body tells.
    End,
}

impl Need {
    /// Whether the question can be answered now.
    pub(crate) fn is_met(self, facts: &Facts) -> bool {
        match self {
            Need::Model => facts.asked().is_some(),
            Need::Stream => facts.stream().is_some(),
            Need::Tools => facts.tools().is_some(),
            Need::Images => facts.images().is_some(),
            Need::Audio => facts.audio().is_some(),
            Need::StructuredOutput => facts.structured_output().is_some(),
            Need::Reasoning => facts.reasoning().is_some(),
            Need::Keyword(keyword) => facts.keyword(keyword).is_some(),
            Need::InputTokens(range) => facts.input_tokens().within(range).is_some(),
            Need::Messages(range) => facts.messages().within(range).is_some(),
            Need::End => facts.is_complete(),
        }
    }
}

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) outcome: Outcome,
    pub(crate) rule: Option<RuleId>,
    pub(crate) reason: &'static str,
    /// Models that were considered and could not serve the request.
    pub(crate) excluded: Vec<(ModelId, &'static str)>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Route(ModelId),
    Deny { status: u16, message: String },
}

/// Decides, if the facts read so far suffice. No rule before `from` applies.
pub(crate) fn decide(
    policy: &Policy,
    attributes: &Attributes,
    facts: &Facts,
    from: RuleId,
) -> Result<Decision, Unknown> {
    let mut at = from;
    let outcome = try_rules(policy, attributes, facts, &mut at);
    outcome.map_err(|need| Unknown { need, from: at })
}

/// Leaves in `at` the rule that it came to.
fn try_rules(policy: &Policy, attributes: &Attributes, facts: &Facts, at: &mut RuleId) -> Result<Decision, Need> {
    let asked = facts.asked().ok_or(Need::Model)?;
    let mut choice = Choice { policy, attributes, facts, asked, rule: None, excluded: Vec::new() };
    let (path, header) = (attributes.path.as_bytes(), |slot| attributes.header(slot));
    let candidates = policy.candidate_rules(asked.unwrap_or_default(), attributes.tenant, path, &header);
    let start = *at;
    for id in candidates.skip_while(|id| *id < start) {
        *at = id;
        let Some(rule) = policy.rule(id) else { continue };
        if conditions::hold(&rule.conditions, attributes, facts, asked)? {
            choice.rule = Some(id);
            return match &rule.action {
                Action::Deny(deny) => Ok(choice.deny("denied", deny.status, deny.message.clone())),
                Action::Route(route) => choice.route(&rule.name, &route.targets, route.sticky),
            };
        }
    }
    *at = RuleId(u32::MAX);
    choice.by_default()
}

/// One decision in the making.
struct Choice<'a> {
    policy: &'a Policy,
    attributes: &'a Attributes,
    facts: &'a Facts,
    asked: Option<&'a str>,
    rule: Option<RuleId>,
    excluded: Vec<(ModelId, &'static str)>,
}

impl Choice<'_> {
    /// Draws one of the rule's targets from those that can serve the request.
    fn route(mut self, salt: &str, targets: &[Target], sticky: Option<HeaderSlot>) -> Result<Decision, Need> {
        let mut eligible = Vec::with_capacity(targets.len());
        for target in targets.iter().filter(|target| target.weight > 0) {
            if self.admit(target.model)? {
                eligible.push(*target);
            }
        }
        let picked = match eligible.as_slice() {
            [] => return self.no_candidate(),
            [only] => only.model,
            several => {
                let key = self.sticky_key(sticky)?;
                let named = several
                    .iter()
                    .filter_map(|target| Some((self.policy.model(target.model)?.name(), target.weight, target.model)));
                match sticky::pick(key, salt, named) {
                    Some(model) => model,
                    None => return self.no_candidate(),
                }
            }
        };
        Ok(self.decided(Outcome::Route(picked), "rule"))
    }

    /// No rule matched: a known, allowed model goes to its own cluster.
    fn by_default(mut self) -> Result<Decision, Need> {
        if self.policy.default_action() == DefaultAction::Deny {
            return Ok(self.deny("defaultDeny", 403, "no rule of the policy allows this request".to_owned()));
        }
        let Some(asked) = self.asked else {
            let fallback = self.policy.on_failure().missing_model;
            return self.fall_back(fallback, "missingModel", 400, "the request names no model");
        };
        let (model, reason) = match self.policy.find_model(asked) {
            Some(model) => (model, "default"),
            None => match self.policy.find_alias(asked).map(|alias| alias.model) {
                Some(Some(model)) => (model, "alias"),
                Some(None) => {
                    let fallback = self.policy.on_failure().no_candidate;
                    return self.fall_back(
                        fallback,
                        "noCandidate",
                        404,
                        "no rule of the policy gives this alias a model",
                    );
                }
                None => {
                    let fallback = self.policy.on_failure().unknown_model;
                    return self.fall_back(fallback, "unknownModel", 404, "the policy knows no model of that name");
                }
            },
        };
        if self.admit(model)? { Ok(self.decided(Outcome::Route(model), reason)) } else { self.no_candidate() }
    }

    /// Whether the model can serve the request; if not, it is noted with the reason.
    fn admit(&mut self, model: ModelId) -> Result<bool, Need> {
        let excluded = eligibility::exclusion(self.policy, model, self.attributes, self.facts)?;
        if let Some(reason) = excluded
            && !self.excluded.contains(&(model, reason))
        {
            self.excluded.push((model, reason));
        }
        Ok(excluded.is_none())
    }

    fn no_candidate(self) -> Result<Decision, Need> {
        // Who may not use a model learns that; who asks of it what it cannot do learns that.
        let forbidden = self.excluded.iter().all(|(_, reason)| matches!(*reason, "tenant" | "label"));
        let (status, message) = if forbidden {
            (403, "this tenant may not use any model that could serve the request".to_owned())
        } else {
            let mut reasons: Vec<&str> = self.excluded.iter().map(|(_, reason)| *reason).collect();
            reasons.sort_unstable();
            reasons.dedup();
            (400, format!("no model can serve the request; excluded by {}", reasons.join(", ")))
        };
        let fallback = self.policy.on_failure().no_candidate;
        self.fall_back(fallback, "noCandidate", status, &message)
    }

    /// The failure policy of one cause: another model, drawn from the same candidate set, or a refusal.
    fn fall_back(
        mut self,
        model: Option<ModelId>,
        reason: &'static str,
        status: u16,
        message: &str,
    ) -> Result<Decision, Need> {
        if let Some(model) = model
            && self.admit(model)?
        {
            return Ok(self.decided(Outcome::Route(model), "onFailure"));
        }
        Ok(self.deny(reason, status, message.to_owned()))
    }

    fn sticky_key(&self, header: Option<HeaderSlot>) -> Result<StickyKey, Need> {
        match header.and_then(|slot| self.attributes.header(slot)) {
            Some(value) => Ok(StickyKey::of_header(value)),
            None => self.facts.identity().map(StickyKey).ok_or(Need::End),
        }
    }

    fn deny(self, reason: &'static str, status: u16, message: String) -> Decision {
        self.decided(Outcome::Deny { status, message }, reason)
    }

    fn decided(self, outcome: Outcome, reason: &'static str) -> Decision {
        Decision { outcome, rule: self.rule, reason, excluded: self.excluded }
    }
}
