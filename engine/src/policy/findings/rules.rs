//! Rules that never apply: an earlier one takes all of their requests, or their conditions contradict each other.

use super::contradiction::{self, Judged, never_with, values_exclude};
use super::cover::{Part, names, routable};
use super::paths;
use super::takers::Takers;
use super::{Kind, Search};
use crate::policy::condition::Conditions;
use crate::policy::path_match::PathMatch;
use crate::policy::rule::{Rule, RuleAction};
use crate::policy::{DefaultAction, Policy};

/// Which rules never apply, by their places.
pub(super) type Dead = Vec<bool>;

pub(super) fn check<'p>(search: &mut Search<'p>) -> (Takers<'p>, Dead) {
    let policy = search.policy;
    let (mut takers, mut dead) = (Takers::default(), Dead::with_capacity(policy.rules.len()));
    for (nth, rule) in policy.rules.iter().enumerate() {
        let at = format!("rules[{nth}]");
        let taker = takers.of(nth, rule, &rule.conditions.tenants);
        let contradiction = if taker.is_none() { contradiction(policy, rule) } else { None };
        let is_dead = taker.is_some() || contradiction.is_some();
        if let Some((first, other)) = taker {
            let message = format!("never applies: every request that it matches is taken by the rule `{}`", other.name);
            search.find_beside(Kind::ShadowedRule, &at, message, format!("rules[{first}]"));
        }
        if let Some((field, why)) = contradiction {
            search.find(Kind::DeadRule, format!("{at}.match.{field}"), why);
        }
        if !is_dead {
            idle(search, &at, rule);
        }
        takers.add(rule, !is_dead);
        dead.push(is_dead);
    }
    (takers, dead)
}

/// What can be relied on of a rule's conditions: what cannot be judged holds where it refuses.
pub(super) fn judged(rule: &Rule) -> Judged {
    if matches!(rule.action, RuleAction::Deny(_)) { Judged::Always } else { Judged::OrNot }
}

/// Parts of conditions that change nothing.
fn idle(search: &mut Search<'_>, at: &str, rule: &Rule) {
    for field in contradiction::idle(&rule.conditions, judged(rule)) {
        let message = if field == "not" {
            "excludes nothing: what it names never comes with the conditions beside it"
        } else {
            "never holds: it contradicts the conditions beside `any`, so that the others decide alone"
        };
        search.find(Kind::IdlePart, format!("{at}.match.{field}"), message);
    }
}

/// How many rules behind one are looked at: where more follow, nothing is said.
const MOST_BEHIND: usize = 1_000;

/// Rules that pass on what they cannot serve, where no rule follows that would take it, and nothing else would either.
pub(super) fn passing_on(search: &mut Search<'_>, dead: &Dead) {
    let policy = search.policy;
    let places = policy.rules.iter().enumerate().zip(dead);
    for ((nth, rule), _) in places.filter(|((_, rule), dead)| !**dead && rule.action.passes_on()) {
        let part = [Part::of(&rule.conditions)];
        let may_take = |later: &Rule| !never_with(&later.conditions, &part, judged(later));
        let behind = policy.rules.iter().zip(dead).skip(nth + 1);
        if behind.len() > MOST_BEHIND || behind.filter(|(_, dead)| !**dead).any(|(later, _)| may_take(later)) {
            continue;
        }
        let refuses = policy.default_action() == DefaultAction::Deny;
        if refuses || is_about_nobodys_models(policy, &rule.conditions) {
            let message = format!(
                "no rule behind this one takes such requests, and {}: `otherwise: deny` says so",
                if refuses { "the default refuses them" } else { "nothing else gives these names a model" }
            );
            search.find(Kind::PassesOnToNone, format!("rules[{nth}].route.otherwise"), message);
        }
    }
}

/// Whether conditions ask for names that only rules give a model.
fn is_about_nobodys_models(policy: &Policy, conditions: &Conditions) -> bool {
    let is_nobodys = |name: &str| policy.find_alias(name).is_some_and(|alias| alias.model.is_none());
    let has_stand_in = policy.on_failure().no_candidate.is_some();
    !has_stand_in
        && !conditions.models.is_empty()
        && conditions.models.iter().all(|pattern| pattern.exact().is_some_and(is_nobodys))
}

/// The field of a condition that no request meets, and why.
fn contradiction(policy: &Policy, rule: &Rule) -> Option<(String, String)> {
    let conditions = &rule.conditions;
    let leads = |path: &PathMatch| routable().any(|api| names(conditions.apis, api) && paths::leads(policy, path, api));
    if !conditions.paths.is_empty() && !conditions.paths.iter().any(leads) {
        let apis = if conditions.apis.is_some() { "of these APIs" } else { "of an API" };
        let why =
            format!("no request meets this: none is a path {apis}, with one of the policy's `pathPrefixes` or without");
        return Some(("paths".to_owned(), why));
    }
    if let Some(field) = contradiction::impossible(conditions, judged(rule)) {
        let why = match field {
            "not" => "no request meets this rule: whatever meets its other conditions is what this excludes",
            _ => "no request meets any of these together with the conditions beside them",
        };
        return Some((field.to_owned(), why.to_owned()));
    }
    // A header that stands more than once may be read in several ways, and then a rule that refuses holds.
    if matches!(rule.action, RuleAction::Deny(_)) {
        return None;
    }
    let headers = conditions.headers.iter().enumerate();
    let against = headers.clone().find_map(|(nth, header)| {
        let mut earlier = conditions.headers.iter().take(nth);
        earlier.any(|other| other.slot == header.slot && values_exclude(&other.test, &header.test)).then_some(nth)
    })?;
    Some((
        format!("headers[{against}]"),
        "no request meets this and another condition on the same header: all must match".to_owned(),
    ))
}
