//! Rules that never apply: an earlier one takes all of their requests, or their conditions contradict each other.

use super::cover::{TENANTS, names, routable, rule_covers, shape, value_covers};
use super::paths;
use super::{Kind, Search};
use crate::policy::Policy;
use crate::policy::header::{HeaderMatch, HeaderSlot, HeaderText, ValueTest};
use crate::policy::path_match::PathMatch;
use crate::policy::pattern::Pattern;
use crate::policy::rule::{Rule, RuleAction, RuleId};
use crate::policy::tenant::TenantId;

/// Which rules never apply, by their places.
pub(super) type Dead = Vec<bool>;

pub(super) fn check(search: &mut Search<'_>, shapes: &[u64]) -> Dead {
    let policy = search.policy;
    let mut dead = Dead::with_capacity(policy.rules.len());
    for (nth, rule) in policy.rules.iter().enumerate() {
        let at = format!("rules[{nth}]");
        let taker = taken_by(policy, shapes, nth, rule, &rule.conditions.tenants);
        if let Some((first, other)) = taker {
            let message = format!("never applies: every request that it matches is taken by the rule `{}`", other.name);
            search.find_beside(Kind::ShadowedRule, &at, message, format!("rules[{first}]"));
        } else if let Some((field, why)) = contradiction(policy, rule) {
            search.find(Kind::DeadRule, format!("{at}.match.{field}"), why);
        } else {
            dead.push(false);
            continue;
        }
        dead.push(true);
    }
    dead
}

/// An earlier rule that applies to all that this one applies to, when these callers ask.
///
/// The proxy's own index says which rules can apply to one request that this one matches, and nobody else has to be looked
/// at: whoever takes all requests takes that one.
pub(super) fn taken_by<'p>(
    policy: &'p Policy,
    shapes: &[u64],
    nth: usize,
    rule: &Rule,
    tenants: &[TenantId],
) -> Option<(usize, &'p Rule)> {
    let conditions = &rule.conditions;
    let asked = conditions.models.first().map(Pattern::sample).unwrap_or_default();
    let path = conditions.paths.first().map_or("", |path| match path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) => path,
    });
    let values = values(&conditions.headers);
    let value = |slot: HeaderSlot| values.iter().find(|(known, _)| *known == slot).map(|(_, text)| text);
    let possible = policy.rules_to_try(&asked, tenants.first().copied(), path.as_bytes(), &value);
    let place = |RuleId(id): RuleId| usize::try_from(id).unwrap_or(usize::MAX);
    let own = if tenants.is_empty() { shape(rule) } else { shape(rule) | TENANTS };
    possible.map(place).take_while(|id| *id < nth).find_map(|id| {
        let earlier = policy.rules.get(id).filter(|_| shapes.get(id).is_some_and(|shape| shape & !own == 0))?;
        rule_covers(earlier, rule, tenants).then_some((id, earlier))
    })
}

/// A value of each header that such conditions match; an expression has none, and no rule is filed by it.
fn values(headers: &[HeaderMatch]) -> Vec<(HeaderSlot, HeaderText)> {
    let mut known: Vec<(HeaderSlot, &str)> = Vec::new();
    for header in headers {
        let (ValueTest::Exact(value) | ValueTest::Prefix(value)) = &header.test else { continue };
        match known.iter_mut().find(|(slot, _)| *slot == header.slot) {
            // The whole value, or the longest beginning of it.
            Some((_, longest)) if value.len() > longest.len() => *longest = value,
            Some(_) => {}
            None => known.push((header.slot, value)),
        }
    }
    let text = |(slot, value): (HeaderSlot, &str)| Some((slot, HeaderText::of(0, std::iter::once(value.as_bytes()))?));
    known.into_iter().filter_map(text).collect()
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
