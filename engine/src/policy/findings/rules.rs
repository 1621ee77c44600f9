//! Rules that never apply: an earlier one takes all of their requests, or their conditions contradict each other.

use super::cover::{names, routable, value_covers};
use super::paths;
use super::takers::Takers;
use super::{Kind, Search};
use crate::policy::Policy;
use crate::policy::header::ValueTest;
use crate::policy::path_match::PathMatch;
use crate::policy::rule::{Rule, RuleAction};

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
        takers.add(rule, !is_dead);
        dead.push(is_dead);
    }
    (takers, dead)
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
    // A header that stands more than once may be read in several ways, and then a rule that refuses holds.
    if matches!(rule.action, RuleAction::Deny(_)) {
        return None;
    }
    let headers = conditions.headers.iter().enumerate();
    let against = headers.clone().find_map(|(nth, header)| {
        let mut earlier = conditions.headers.iter().take(nth);
        earlier.any(|other| other.slot == header.slot && excludes(&other.test, &header.test)).then_some(nth)
    })?;
    Some((
        format!("headers[{against}]"),
        "no request meets this and another condition on the same header: all must match".to_owned(),
    ))
}

/// Whether no value is both.
fn excludes(one: &ValueTest, other: &ValueTest) -> bool {
    match (one, other) {
        (ValueTest::Regex(_), _) | (_, ValueTest::Regex(_)) => false,
        _ => !value_covers(one, other) && !value_covers(other, one),
    }
}
