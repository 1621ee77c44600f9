//! Rules that route to models which cannot have the requests: none of them, or none for some tenant, or not this one.

use super::callers::{self, Callers, Group};
use super::cover::{names, routable, rule_covers};
use super::rules::Dead;
use super::takers::Takers;
use super::{Kind, Search, listed};
use crate::policy::error::Report;
use crate::policy::group::{Members, ModelsSpec};
use crate::policy::rule::{Route, Rule};
use crate::policy::tenant::TenantId;
use crate::policy::{ModelId, Policy};
use crate::request::flag::Flag;
use pointsman_document::{Document, Path, Read};
use std::collections::BTreeSet;

pub(super) fn check(search: &mut Search<'_>, takers: &Takers<'_>, dead: &Dead) {
    let policy = search.policy;
    let callers = Callers::of(policy);
    for (nth, rule) in policy.rules.iter().enumerate() {
        let Some(route) = rule.action.route() else { continue };
        if dead.get(nth).is_some_and(|dead| *dead) {
            continue;
        }
        let asking = callers.asking(rule);
        let servers = servers(policy, route);
        let able: Vec<ModelId> = servers.iter().copied().filter(|id| inability(policy, rule, *id).is_none()).collect();
        let (served, refused): (Vec<_>, Vec<_>) =
            asking.iter().partition(|group| able.iter().any(|id| group.may_use(*id)));
        if served.is_empty() {
            unservable(search, nth, rule, &asking, &servers);
            continue;
        }
        left_out(search, nth, rule, route, &asking);
        // Who says what becomes of them knows of them.
        if route.otherwise.is_none() && !is_about_its_models(policy, rule, &servers) {
            tenants_refused(search, takers, nth, rule, &refused);
        }
    }
}

/// The models that can serve what the rule routes, each once.
fn servers(policy: &Policy, route: &Route) -> Vec<ModelId> {
    let mut seen = BTreeSet::new();
    let with_fallback =
        |choice| std::iter::once(choice).chain(route.fallback_after(choice, policy.catalog()).iter().copied());
    route.choices().flat_map(with_fallback).filter(|id| seen.insert(*id)).collect()
}

/// Why the model can serve no request that the rule matches, whoever asks.
fn inability(policy: &Policy, rule: &Rule, id: ModelId) -> Option<String> {
    let model = policy.model(id)?;
    let conditions = &rule.conditions;
    let apis = || routable().filter(|api| names(conditions.apis, *api));
    if !apis().any(|api| model.apis.contains(api)) {
        return Some(if model.apis.is_empty() { "serves no API" } else { "serves none of these APIs" }.to_owned());
    }
    let asked = conditions.flags.iter().filter(|(_, expected)| *expected).map(|(flag, _)| flag);
    let lacks = |flag: &Flag| flag.need().is_some_and(|(capability, _)| !model.can(capability));
    if let Some(flag) = asked.filter(lacks).map(Flag::condition).next() {
        return Some(format!("has no capability for `{flag}`"));
    }
    // Who only counts is left out for no length, and such requests are not what a rule is written for. How much output a client
    // wants says nothing here: no limit (-1) is beyond any `min`, and takes nothing of a window.
    let window = model.context_window?.tokens;
    let least = conditions.input_tokens.map_or(0, |range| range.min);
    let generates = apis().any(|api| model.apis.contains(api) && !api.only_counts());
    (least > window && generates).then(|| format!("takes {window} tokens, and these requests have {least} or more"))
}

fn unservable(search: &mut Search<'_>, nth: usize, rule: &Rule, asking: &[&Group], servers: &[ModelId]) {
    let policy = search.policy;
    let why = |id: &ModelId| {
        let name = policy.model(*id).map_or("", |model| model.name());
        let why =
            inability(policy, rule, *id).unwrap_or_else(|| "may be used by nobody whom the rule is for".to_owned());
        format!("`{name}` {why}")
    };
    let mut reasons: Vec<String> = servers.iter().take(4).map(why).collect();
    if servers.len() > reasons.len() {
        reasons.push(format!("{} more", servers.len() - reasons.len()));
    }
    let refuses = if rule.action.passes_on() { "passes on" } else { "refuses" };
    let message = if asking.is_empty() {
        "refuses all that it matches: nobody gets as far, as callers without a tenant are refused".to_owned()
    } else {
        format!("{refuses} all that it matches, as none of its models can serve it: {}", reasons.join(", "))
    };
    search.find(Kind::UnservableRule, format!("rules[{nth}].route"), message);
}

/// Parts of a route that no request gets to, where others do.
fn left_out(search: &mut Search<'_>, nth: usize, rule: &Rule, route: &Route, asking: &[&Group]) {
    let policy = search.policy;
    let at = format!("rules[{nth}].route");
    let only = only_choice(route);
    for (field, models, comes_after) in parts(search, nth, rule, route) {
        let why = |id: &ModelId| {
            if let Some(why) = inability(policy, rule, *id) {
                Some(format!("it {why}"))
            } else if !asking.iter().any(|group| group.may_use(*id)) {
                let members = asking.iter().flat_map(|group| group.members(rule));
                let names = listed(members.map(|caller| callers::name(policy, caller)));
                Some(format!("{names} may not use it"))
            } else {
                (comes_after && only == Some(*id)).then(|| "it is the target itself".to_owned())
            }
        };
        // A group that serves anybody is one that is meant.
        let Some(whys) = models.iter().map(why).collect::<Option<Vec<String>>>() else { continue };
        if let Some((id, why)) = models.first().zip(whys.first()) {
            let name = policy.model(*id).map_or("", |model| model.name());
            let others = if models.len() > 1 { ", and so are all others of its group" } else { "" };
            let message = format!("`{name}` is left out for every request: {why}{others}");
            search.find(Kind::AlwaysLeftOut, format!("{at}.{field}"), message);
        }
    }
}

/// The parts of a route, each with its models and whether it comes after a choice.
fn parts(search: &Search<'_>, nth: usize, rule: &Rule, route: &Route) -> Vec<(String, Vec<ModelId>, bool)> {
    let mut parts: Vec<(String, Vec<ModelId>, bool)> = Vec::new();
    for target in route.targets.iter().filter(|target| target.weight > 0) {
        let field = match &target.group {
            None => format!("targets[{}].model", target.place),
            Some(_) => format!("targets[{}]", target.place),
        };
        match parts.last_mut().filter(|(last, ..)| *last == field) {
            Some((_, models, _)) => models.push(target.model),
            None => parts.push((field, vec![target.model], false)),
        }
    }
    let written = search.document.get("rules").and_then(|rules| rules.items().get(nth)?.get("route")?.get("fallback"));
    parts.extend(fallbacks(search.policy, written).into_iter().map(|(field, models)| (field, models, true)));
    let rollout = route.rollout.iter().filter(|rollout| !rollout.share.is_none());
    parts.extend(rollout.map(|rollout| ("rollout.model".to_owned(), vec![rollout.model], false)));
    parts.extend(rule.action.mirror().map(|mirror| ("mirror.model".to_owned(), vec![mirror.model], true)));
    parts
}

/// Fallbacks of models themselves that are no help to anybody who may use the model.
pub(super) fn own_fallbacks(search: &mut Search<'_>) {
    let policy = search.policy;
    let callers = Callers::of(policy);
    for (id, model) in policy.models().filter(|(_, model)| !model.fallback.is_empty()) {
        let written = search.document.get("models").and_then(|all| all.items().get(usize::from(id.0))?.get("fallback"));
        for (field, others) in fallbacks(policy, written) {
            let why = |other: &ModelId| {
                let to = policy.model(*other)?;
                if !routable().any(|api| model.apis.contains(api) && to.apis.contains(api)) {
                    return Some("it serves none of its APIs");
                }
                // Who may use neither is told elsewhere.
                let is_of_use = callers.may_use(id) && callers.may_use(*other);
                (is_of_use && !callers.share(id, *other)).then_some("whoever may use the one may not use the other")
            };
            let Some(whys) = others.iter().map(why).collect::<Option<Vec<_>>>() else { continue };
            if let Some((other, why)) = others.first().zip(whys.first()) {
                let name = policy.model(*other).map_or("", |model| model.name());
                let message = format!("`{name}` never stands in where `{}` fails: {why}", model.name());
                search.find(Kind::AlwaysLeftOut, format!("models[{}].{field}", id.0), message);
            }
        }
    }
}

/// The items of a `fallback` as it is written, each with its models.
fn fallbacks(policy: &Policy, written: Option<&Document>) -> Vec<(String, Vec<ModelId>)> {
    let items = written.map(Document::items).unwrap_or_default().iter().enumerate();
    let models = |(nth, item): (usize, &Document)| {
        let mut nobody = Report::default();
        let item = ModelsSpec::read(item, &Path::Root, &mut nobody);
        let models = match item.members(policy.catalog(), &Path::Root, &mut nobody)? {
            Members::One(model) => vec![model],
            Members::Group(models) => models,
        };
        Some((format!("fallback[{nth}]"), models))
    };
    items.filter_map(models).collect()
}

/// The model that is the first choice of every request, also once a rollout that is switched off is on.
fn only_choice(route: &Route) -> Option<ModelId> {
    let mut choices = route.choices().chain(route.rollout.iter().map(|rollout| rollout.model));
    let first = choices.next()?;
    choices.all(|other| other == first).then_some(first)
}

/// Whether the rule is only for those who ask for one of its models by its name: who may not use that is rightly refused.
fn is_about_its_models(policy: &Policy, rule: &Rule, servers: &[ModelId]) -> bool {
    let patterns = &rule.conditions.models;
    let named = |name: &str| policy.find_model(name).or_else(|| policy.find_alias(name).and_then(|alias| alias.model));
    !patterns.is_empty()
        && patterns.iter().all(|pattern| pattern.exact().and_then(named).is_some_and(|id| servers.contains(&id)))
}

/// How many rules behind one, and tenants of one, are looked at: thousands of each must not hold anybody up.
const MOST: usize = 16;

/// Tenants who get to the rule and may use none of its models, while a rule behind it would serve them.
fn tenants_refused(search: &mut Search<'_>, takers: &Takers<'_>, nth: usize, rule: &Rule, refused: &[&Group]) {
    let policy = search.policy;
    let mut instead: Option<(usize, Vec<TenantId>)> = None;
    for tenant in refused.iter().flat_map(|group| group.members(rule)).flatten().take(MOST) {
        if instead.as_ref().is_some_and(|(place, _)| would_serve(policy, *place, rule, tenant)) {
            instead.as_mut().into_iter().for_each(|(_, tenants)| tenants.push(tenant));
        } else if instead.is_none()
            && takers.of(nth, rule, &[tenant]).is_none()
            && let Some(place) =
                (nth + 1..policy.rules.len()).take(MOST).find(|it| would_serve(policy, *it, rule, tenant))
        {
            instead = Some((place, vec![tenant]));
        }
    }
    let Some((place, mut tenants)) = instead else { return };
    tenants.retain(|tenant| takers.of(nth, rule, &[*tenant]).is_none());
    let names = listed(tenants.iter().map(|tenant| callers::name(policy, Some(*tenant))));
    let other = policy.rules.get(place).map_or("", |rule| &rule.name);
    let message = format!(
        "{names} may use none of its models: such requests are refused here, and the rule `{other}`, which would serve them, is not asked; `otherwise` says which of the two is meant"
    );
    search.find_beside(Kind::TenantRefused, format!("rules[{nth}].route"), message, format!("rules[{place}]"));
}

/// Whether the rule in that place would take all that another one matches for this tenant, and have a model for it.
fn would_serve(policy: &Policy, place: usize, rule: &Rule, tenant: TenantId) -> bool {
    let Some(other) = policy.rules.get(place) else { return false };
    let may_use = |id: ModelId| policy.exclusion(Some(tenant), id).is_none();
    let can_serve = |id: ModelId| inability(policy, rule, id).is_none() && may_use(id);
    let has_model = |route: &Route| servers(policy, route).into_iter().any(can_serve);
    rule_covers(other, rule, &[tenant]) && other.action.route().is_some_and(has_model)
}
