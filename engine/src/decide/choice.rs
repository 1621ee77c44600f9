//! From a rule, or from none, to the models that may and can serve the request.

use super::attributes::Attributes;
use super::budget;
use super::eligibility;
use super::kept::Kept;
use super::sticky::{self, StickyKey};
use super::unread::Unread;
use super::{Decision, Need, Verdict};
use crate::budget::Tokens;
use crate::policy::{
    DefaultAction, ModelId, OnUnsigned, Otherwise, Policy, Prefer, RolloutBy, Route, RuleAction, RuleId, preference,
};
use crate::reason::{Reason, Refusal};
use crate::request::facts::Facts;
use crate::request::flag::Flag;
use pointsman_document::order;
use std::cell::Cell;
use std::sync::Arc;

/// One decision in the making.
pub(super) struct Choice<'a> {
    policy: &'a Policy,
    attributes: &'a Attributes,
    facts: &'a Facts,
    asked: Option<&'a str>,
    pub(super) rule: Option<RuleId>,
    excluded: Vec<(ModelId, Reason)>,
    variant: Option<Arc<str>>,
    mirror: Option<ModelId>,
    /// A demotion was asked for, and there was one.
    heeds: Cell<bool>,
    /// Who has reached a limit and is tried last all the same.
    last: Option<ModelId>,
    /// The request refers to what one provider keeps, and it matters to whom it goes.
    is_held: bool,
    /// The models that the body names besides the one asked for.
    besides: Vec<ModelId>,
    /// Who keeps what the request refers to, where its id says so.
    kept: Option<Kept>,
}

/// A model that can be the first choice.
#[derive(Clone, Copy)]
struct WeightedModel<'a> {
    model: ModelId,
    weight: u32,
    variant: Option<&'a Arc<str>>,
    /// Of whose weight it has a part.
    group: Option<&'a str>,
}

/// What becomes of models whose providers have said that a limit is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Demoted {
    /// They are left out, `first` with them, which would have been the first choice.
    LeftOut { first: Option<ModelId> },
    /// They are all there is.
    Taken,
}

impl<'a> Choice<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        attributes: &'a Attributes,
        facts: &'a Facts,
        asked: Option<&'a str>,
    ) -> Self {
        Self {
            policy,
            attributes,
            facts,
            asked,
            rule: None,
            excluded: Vec::new(),
            variant: None,
            mirror: None,
            heeds: Cell::new(false),
            last: None,
            is_held: false,
            besides: Vec::new(),
            kept: None,
        }
    }

    /// Takes what the id of the response says that the request goes on from; the refusal of one that is not this caller's.
    pub(super) fn take_reference(&mut self) -> Result<Option<Refusal>, Need> {
        let Some(on_unsigned) = self.policy.provider_state().unsigned() else { return Ok(None) };
        let Some(reference) = self.facts.reference().ok_or(Need::Reference)? else { return Ok(None) };
        match Kept::read(self.policy, self.attributes.tenants.main(), &reference.id) {
            Ok(None) if on_unsigned == OnUnsigned::Deny => return Ok(Some(Reason::UnsignedId.refuse())),
            Ok(kept) => {
                self.is_held = kept.is_some();
                self.kept = kept;
            }
            Err(reason) => return Ok(Some(reason.refuse())),
        }
        Ok(None)
    }

    /// Takes the models that the body names besides the one asked for. Each is held to what the policy would refuse, were it
    /// the one; the refusal of the first that it would.
    pub(super) fn take_besides(&mut self, unread: &mut Unread) -> Result<Option<Refusal>, Need> {
        if !self.policy.wanted().names_besides {
            return Ok(None);
        }
        for named in self.facts.named_besides().ok_or(Need::End)? {
            let name = named.name.as_str();
            let rule = self.rule_for(name, unread)?;
            self.attributes.witness.turns_aside(false);
            match rule.and_then(|rule| self.policy.rule(rule)).map(|rule| &rule.action) {
                Some(RuleAction::Deny(deny)) => {
                    self.rule = rule;
                    return Ok(Some(deny.clone()));
                }
                None if self.policy.default_action() == DefaultAction::Deny => {
                    return Ok(Some(Reason::DefaultDeny.refuse()));
                }
                _ => {}
            }
            let Some(model) = self.policy.find_model(name).or_else(|| self.policy.find_alias(name)?.model) else {
                return Ok(Some(Reason::NamedBesides.refuse_for(name)));
            };
            if self.policy.exclusion(&self.attributes.tenants, model).is_some() {
                return Ok(Some(Reason::NamedBesides.refuse_for(name)));
            }
            self.besides.push(model);
        }
        Ok(None)
    }

    /// The first rule that would act on a request for a model by this name.
    fn rule_for(&self, name: &str, unread: &mut Unread) -> Result<Option<RuleId>, Need> {
        self.attributes.witness.turns_aside(true);
        let mut from = RuleId(0);
        loop {
            let id = super::first_rule(self.policy, self.attributes, self.facts, Some(name), &mut from, unread)?;
            let Some(rule) = id.and_then(|id| self.policy.rule(id)) else { return Ok(id) };
            let serves = |model| {
                let excluded = eligibility::exclusion(self.policy, model, self.attributes, self.facts, &[]);
                excluded.map(|excluded| excluded.is_none())
            };
            let Some(route) = rule.action.route().filter(|_| rule.action.passes_on()) else { return Ok(id) };
            for model in route.all(self.policy.catalog()) {
                if serves(model)? {
                    return Ok(id);
                }
            }
            from = id.map_or(RuleId(u32::MAX), RuleId::next);
        }
    }

    /// What a rule makes of the request; the choice is given back when the next rule is to be asked.
    pub(super) fn route(mut self, salt: &str, route: &Route) -> Result<Result<Decision, Self>, Need> {
        self.is_held = self.holds(route.all(self.policy.catalog()))?;
        let mut targets = Vec::with_capacity(route.targets.len());
        for target in route.targets.iter().filter(|target| target.weight > 0) {
            if self.admit(target.model)? {
                let (variant, group) = (target.variant.as_ref(), target.group.as_deref());
                targets.push(WeightedModel { model: target.model, weight: target.weight, variant, group });
            }
        }
        let order = self.order(route, &mut targets)?;
        if let Some(model) = self.rolled_out(salt, route)? {
            let variant = route.rollout.as_ref().and_then(|rollout| rollout.variant.as_ref());
            targets = vec![WeightedModel { model, weight: 1, variant, group: None }];
        }
        let Some(first) = targets.first().map(|target| target.model).or_else(|| route.choices().next()) else {
            return self.otherwise(route);
        };
        let fresh: Vec<_> = targets.iter().filter(|target| !self.is_demoted(target.model)).copied().collect();
        let after = |head| match &order {
            Some(order) => order.as_slice(),
            None => route.fallback_after(head, self.policy.catalog()),
        };
        let chain = match self.pick(&fresh, salt, route)? {
            Some(picked) => {
                self.note_demoted(targets.iter().map(|target| target.model));
                self.name_variant(route, picked);
                let fallback = after(picked.model);
                self.chain(Some(picked.model), fallback, Demoted::LeftOut { first: None })?
            }
            None => {
                // No target is left, or all are demoted: then what comes after the one that it would have been.
                let picked = self.pick(&targets, salt, route)?;
                let head = picked.map_or(first, |target| target.model);
                let fallback = after(head);
                let picked_model = picked.map(|target| target.model);
                let others = self.chain(None, fallback, Demoted::LeftOut { first: picked_model })?;
                if others.is_empty() {
                    // Every model that could serve is demoted, or there is none. Better to ask than to give up.
                    if let Some(picked) = picked {
                        self.name_variant(route, picked);
                    }
                    self.chain(picked_model, fallback, Demoted::Taken)?
                } else {
                    self.note_demoted(targets.iter().map(|target| target.model));
                    others
                }
            }
        };
        if chain.is_empty() {
            return self.otherwise(route);
        }
        self.mirror = self.mirrored(salt, route)?.filter(|mirror| !chain.contains(mirror));
        if let Some(mirror) = self.mirror.filter(|mirror| self.is_held_by_others(&chain, *mirror)) {
            self.note(mirror, Reason::Held);
            self.mirror = None;
        }
        Ok(Ok(self.decided(Verdict::Send(chain), Reason::Rule)))
    }

    /// None of a rule's models may and can serve the request.
    fn otherwise(self, route: &Route) -> Result<Result<Decision, Self>, Need> {
        match route.otherwise {
            None => self.no_candidate().map(Ok),
            Some(Otherwise::Deny) => {
                let refusal = self.without_candidate();
                Ok(Ok(self.refuse(refusal)))
            }
            Some(Otherwise::Next) => {
                let is_held = self.kept.is_some();
                Ok(Err(Self { rule: None, variant: None, mirror: None, last: None, is_held, ..self }))
            }
        }
    }

    /// No rule matched: a known, allowed model goes to its own cluster.
    pub(super) fn by_default(self) -> Result<Decision, Need> {
        if self.policy.default_action() == DefaultAction::Deny {
            return Ok(self.refuse(Reason::DefaultDeny.refuse()));
        }
        let on_failure = self.policy.on_failure();
        let Some(asked) = self.asked else {
            return self.instead(on_failure.missing_model, Reason::MissingModel.refuse());
        };
        let (model, reason) = match self.policy.find_model(asked) {
            Some(model) => (model, Reason::Default),
            None => match self.policy.find_alias(asked).map(|alias| alias.model) {
                Some(Some(model)) => (model, Reason::Alias),
                Some(None) => return self.instead(on_failure.no_candidate, Reason::AliasWithoutModel.refuse()),
                None => return self.instead(on_failure.unknown_model, Reason::UnknownModel.refuse()),
            },
        };
        self.one(model, reason)?.or_else(Self::no_candidate)
    }

    /// One model and its fallback; the choice is given back when none of them can serve.
    fn one(mut self, model: ModelId, reason: Reason) -> Result<Result<Decision, Self>, Need> {
        let fallback = self.policy.model(model).map_or(&[][..], |model| &model.fallback);
        self.is_held = self.holds(std::iter::once(model).chain(fallback.iter().copied()))?;
        let admitted = self.admit(model)?;
        let first = Some(model).filter(|_| admitted);
        let fresh = first.filter(|model| !self.is_demoted(*model));
        let left_out = first.filter(|_| fresh.is_none());
        let mut chain = self.chain(fresh, fallback, Demoted::LeftOut { first: left_out })?;
        if chain.is_empty() {
            chain = self.chain(first, fallback, Demoted::Taken)?;
        } else {
            self.note_demoted(first.into_iter());
        }
        Ok(if chain.is_empty() { Err(self) } else { Ok(self.decided(Verdict::Send(chain), reason)) })
    }

    /// The first choice and those of its fallback that can serve the request.
    fn chain(&mut self, first: Option<ModelId>, fallback: &[ModelId], demoted: Demoted) -> Result<Vec<ModelId>, Need> {
        let mut chain: Vec<ModelId> = first.into_iter().collect();
        let mut left_out = Vec::new();
        for model in fallback {
            if chain.contains(model) || !self.admit(*model)? {
                continue;
            }
            if self.is_held_by_others(&chain, *model) {
                self.note(*model, Reason::Held);
                continue;
            }
            if demoted == Demoted::Taken || !self.is_demoted(*model) {
                chain.push(*model);
            } else {
                left_out.push(*model);
            }
        }
        // A chain without anyone is not used: then nobody is left out for what a provider said.
        if !chain.is_empty() {
            self.note_demoted(left_out.iter().copied());
        }
        // Where nobody else would be left for a second attempt, who has reached a limit is better than nobody. One is enough:
        // a place for each in every order would make chains that no proxy can hold a cluster for.
        if let ([only], Demoted::LeftOut { first }) = (chain.as_slice(), demoted)
            && let Some(last) = first.or(left_out.first().copied()).filter(|last| last != only)
        {
            chain.push(last);
            self.last = Some(last);
        }
        Ok(chain)
    }

    /// Whether the model can serve the request; if not, it is noted with the reason.
    fn admit(&mut self, model: ModelId) -> Result<bool, Need> {
        let excluded = eligibility::exclusion(self.policy, model, self.attributes, self.facts, &self.besides)?;
        let is_elsewhere = self.kept.as_ref().is_some_and(|kept| kept.is_elsewhere(self.policy, model));
        let excluded = excluded.or(is_elsewhere.then_some(Reason::Held));
        match excluded {
            Some(reason) => self.note(model, reason),
            None => self.attributes.witness.considers(self.rule, model, None),
        }
        Ok(excluded.is_none())
    }

    fn note(&mut self, model: ModelId, reason: Reason) {
        self.attributes.witness.considers(self.rule, model, Some(reason));
        if !self.excluded.contains(&(model, reason)) {
            self.excluded.push((model, reason));
        }
    }

    /// Whether the request must stay with one provider, if any of these models is another provider's.
    fn holds(&self, models: impl Iterator<Item = ModelId>) -> Result<bool, Need> {
        if self.kept.is_some() {
            return Ok(true);
        }
        let matters = self.policy.provider_state().are_apart(models);
        if matters { self.facts.flag(Flag::Held).ok_or(Need::Flag(Flag::Held)) } else { Ok(false) }
    }

    /// Whether the request refers to what the first of the chain keeps, and this model does not know.
    fn is_held_by_others(&self, chain: &[ModelId], model: ModelId) -> bool {
        let keeper = chain.first().filter(|_| self.is_held);
        keeper.is_some_and(|keeper| !self.policy.provider_state().is_shared(*keeper, model))
    }

    /// Whether the model is left out for what its provider said. Who keeps what a request refers to never is.
    fn is_demoted(&self, model: ModelId) -> bool {
        if self.is_held {
            return false;
        }
        let demoted = self.attributes.demoted.contains(&model);
        self.heeds.set(self.heeds.get() || demoted);
        demoted
    }

    /// Notes which of these models have been left out for what their providers said.
    fn note_demoted(&mut self, models: impl Iterator<Item = ModelId>) {
        for model in models {
            if self.is_demoted(model) {
                self.note(model, Reason::RateLimited);
            }
        }
    }

    /// Puts the targets into the order in which the rule prefers them, if it does. Gives that order where they are tried in it
    /// one after the other.
    fn order(&self, route: &Route, targets: &mut Vec<WeightedModel<'_>>) -> Result<Option<Vec<ModelId>>, Need> {
        let Some(prefer) = route.prefer else { return Ok(None) };
        let catalog = self.policy.catalog();
        if prefer == Prefer::Cheapest {
            // Whose prices say it for every request need not be kept waiting for this one's length.
            let models = targets.iter().map(|target| target.model);
            let tokens = if preference::depends_on_length(catalog, models) {
                budget::compared(self.policy, self.attributes, self.facts)?
            } else {
                Tokens::default()
            };
            preference::sort(catalog, targets, |target| target.model, &tokens);
        }
        Ok(route.fallback.is_none().then(|| targets.iter().map(|target| target.model).collect()))
    }

    /// Draws one of several models, or takes the first where they have an order.
    ///
    /// A group draws as one, and then the models in it: whoever of them is left out, nobody changes to another target or comes
    /// from one.
    fn pick<'t>(
        &self,
        targets: &[WeightedModel<'t>],
        salt: &str,
        route: &Route,
    ) -> Result<Option<WeightedModel<'t>>, Need> {
        let (first, rest) = match targets.split_first() {
            None => return Ok(None),
            Some((first, [])) => return Ok(Some(*first)),
            Some(_) if route.prefer.is_some() => return Ok(targets.first().copied()),
            Some((first, rest)) => (first, rest),
        };
        let key = sticky::key(self.attributes, self.facts, &route.sticky)?;
        let name = |target: &WeightedModel<'t>| self.policy.model(target.model).map(|model| model.name());
        // Those of a group stand side by side, and the first draws for it.
        let is_head =
            |pair: &(&WeightedModel<'t>, &WeightedModel<'t>)| pair.1.group.is_none() || pair.0.group != pair.1.group;
        let heads = targets.iter().zip(rest).filter(is_head).map(|(_, target)| target);
        let heads = std::iter::once(first).chain(heads);
        let drawn = heads.filter_map(|target| Some((target.group.or_else(|| name(target))?, target.weight, *target)));
        let Some(head) = sticky::pick(key, salt, drawn) else { return Ok(None) };
        if head.group.is_none() {
            return Ok(Some(head));
        }
        let members = targets.iter().filter(|target| target.group == head.group);
        Ok(sticky::pick(key, salt, members.filter_map(|target| Some((name(target)?, 1, *target)))))
    }

    /// The model that is rolled out, if this request is part of it and the model can serve it.
    fn rolled_out(&mut self, salt: &str, route: &Route) -> Result<Option<ModelId>, Need> {
        let Some(rollout) = route.rollout.as_ref().filter(|rollout| !rollout.share.is_none()) else { return Ok(None) };
        let is_part = match rollout.by {
            // A caller without a tenant is nobody who could be counted.
            RolloutBy::Tenant => self.policy.tenant_name(self.attributes.tenants.main()).is_some_and(|tenant| {
                rollout.share.contains(StickyKey::of_header(tenant.as_bytes()).hash(salt, "rollout"))
            }),
            RolloutBy::Session if rollout.share.is_all() => true,
            RolloutBy::Session => {
                rollout.share.contains(sticky::key(self.attributes, self.facts, &route.sticky)?.hash(salt, "rollout"))
            }
        };
        if !is_part || !self.admit(rollout.model)? {
            return Ok(None);
        }
        self.note_demoted(std::iter::once(rollout.model));
        Ok(Some(rollout.model).filter(|model| !self.is_demoted(*model)))
    }

    /// The model that gets a copy, if this request is part of its share and the model can serve it.
    fn mirrored(&mut self, salt: &str, route: &Route) -> Result<Option<ModelId>, Need> {
        let Some(mirror) = route.mirror.filter(|mirror| !mirror.share.is_none()) else { return Ok(None) };
        if !mirror.share.is_all()
            && !mirror.share.contains(sticky::key(self.attributes, self.facts, &route.sticky)?.hash(salt, "mirror"))
        {
            return Ok(None);
        }
        if self.is_demoted(mirror.model) {
            self.note(mirror.model, Reason::RateLimited);
            return Ok(None);
        }
        Ok(if self.admit(mirror.model)? { Some(mirror.model) } else { None })
    }

    fn name_variant(&mut self, route: &Route, picked: WeightedModel<'_>) {
        if route.has_variants() {
            let name = picked.variant.or_else(|| self.policy.model(picked.model).map(|model| &model.name));
            self.variant = name.cloned();
        }
    }

    fn no_candidate(self) -> Result<Decision, Need> {
        let refusal = self.without_candidate();
        let instead = self.policy.on_failure().no_candidate;
        self.instead(instead, refusal)
    }

    fn without_candidate(&self) -> Refusal {
        // Who may not use a model learns that; who asks of it what it cannot do learns that.
        let forbidden = self.excluded.iter().all(|(_, reason)| reason.is_about_rights());
        if forbidden {
            Reason::NoCandidateForTenant.refuse()
        } else if self.excluded.iter().any(|(_, reason)| *reason == Reason::Budget) {
            Reason::BudgetExceeded.refuse()
        } else {
            let mut reasons: Vec<&str> = self.excluded.iter().map(|(_, reason)| reason.code()).collect();
            order::sort_by(&mut reasons, Ord::cmp);
            reasons.dedup();
            Reason::NoCandidate.refuse_for(&reasons.join(", "))
        }
    }

    /// The failure policy of one cause: another model, drawn from the same candidate set, or a refusal.
    fn instead(self, model: Option<ModelId>, refusal: Refusal) -> Result<Decision, Need> {
        match model {
            Some(model) => self.one(model, Reason::OnFailure)?.or_else(|choice| Ok(choice.refuse(refusal))),
            None => Ok(self.refuse(refusal)),
        }
    }

    pub(super) fn refuse(self, refusal: Refusal) -> Decision {
        let reason = refusal.reason;
        self.decided(Verdict::Refuse(refusal), reason)
    }

    fn decided(self, verdict: Verdict, reason: Reason) -> Decision {
        let Self { rule, variant, mirror, besides, mut excluded, heeds, last, kept, .. } = self;
        if let Verdict::Send(chain) = &verdict {
            // Where all were demoted, some were taken all the same.
            let is_last = |model| last.is_some_and(|last| last == model);
            excluded.retain(|(model, why)| *why != Reason::RateLimited || !chain.contains(model) || is_last(*model));
        }
        let (unread, heeds) = (Unread::NONE, heeds.into_inner());
        Decision { verdict, rule, reason, variant, mirror, besides, kept, excluded, over: None, unread, heeds }
    }
}
