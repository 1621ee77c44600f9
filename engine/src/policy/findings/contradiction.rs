//! Conditions that cannot hold together, by what they mean; "they can" wherever that cannot be told.

use super::cover::{MOST_ITEMS, Part, conditions_cover, names, routable, value_covers};
use crate::policy::claim::{ClaimTest, Scalar};
use crate::policy::condition::{Conditions, Range};
use crate::policy::header::ValueTest;
use crate::policy::path_match::PathMatch;
use crate::policy::pattern::Pattern;

/// Which conditions count. What cannot be judged holds for a rule that refuses, so that two of those can hold at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Only those that can be judged of every request.
    Always,
    /// All of them.
    OrNot,
}

/// How many alternatives of `any` are taken apart in each other.
const DEEPEST: usize = 3;

/// Whether `one` never holds where all parts do.
pub(super) fn never_with(one: &Conditions, parts: &[Part<'_>], judged: Judged) -> bool {
    parts.iter().any(|part| clash(one, part.conditions, judged))
        || (!one.any.is_empty() && one.any.iter().all(|item| never_with(item, parts, judged)))
}

/// The field of conditions that makes all of them together impossible.
pub(super) fn impossible(conditions: &Conditions, judged: Judged) -> Option<&'static str> {
    why(&[Part::of(conditions)], judged, 0)
}

fn why(parts: &[Part<'_>], judged: Judged, depth: usize) -> Option<&'static str> {
    let last = parts.last()?.conditions;
    if last.not.as_deref().is_some_and(|not| excludes_all(not, parts, judged)) {
        return Some("not");
    }
    let is_impossible = |item: &Conditions| {
        never_with(item, parts, judged) || {
            let with_item: Vec<_> = parts.iter().copied().chain([Part::of(item)]).collect();
            depth < DEEPEST && why(&with_item, judged, depth + 1).is_some()
        }
    };
    ((1..=MOST_ITEMS).contains(&last.any.len()) && last.any.iter().all(is_impossible)).then_some("any")
}

/// Alternatives of `any`, and a `not`, that change nothing: what they ask for never comes with what stands beside them.
pub(super) fn idle(conditions: &Conditions, judged: Judged) -> Vec<String> {
    let beside = [Part::of(conditions)];
    let items = conditions.any.iter().enumerate();
    let idle = items.filter(|(_, item)| never_with(item, &beside, judged)).map(|(nth, _)| format!("any[{nth}]"));
    let not = conditions.not.iter().filter(|not| never_with(not, &beside, judged)).map(|_| "not".to_owned());
    idle.chain(not).collect()
}

/// Whether what is not to hold holds wherever the parts do.
fn excludes_all(not: &Conditions, parts: &[Part<'_>], judged: Judged) -> bool {
    (judged == Judged::OrNot || is_always_judged(not)) && conditions_cover(not, parts)
}

/// Whether there is nothing in them that a request can say so that nobody knows.
pub(super) fn is_always_judged(conditions: &Conditions) -> bool {
    conditions.headers.is_empty()
        && conditions.claims.is_empty()
        && conditions.flags.iter().next().is_none()
        && conditions.max_output_tokens.is_none()
        && conditions.schedule.is_none()
        && conditions.when.is_none()
        && conditions.any.iter().all(is_always_judged)
        && conditions.not.as_deref().is_none_or(is_always_judged)
}

/// Whether some condition of one excludes one of the other.
fn clash(one: &Conditions, other: &Conditions, judged: Judged) -> bool {
    let always = !meet(&one.models, &other.models, patterns_meet)
        || !meet(&one.paths, &other.paths, paths_meet)
        || !ranges_meet(one.input_tokens, other.input_tokens)
        || !ranges_meet(one.messages, other.messages)
        || !routable().any(|api| names(one.apis, api) && names(other.apis, api));
    always || (judged == Judged::OrNot && clash_of_the_unsure(one, other))
}

/// The same of conditions that cannot be judged of every request.
fn clash_of_the_unsure(one: &Conditions, other: &Conditions) -> bool {
    let opposite = |(flag, expected)| other.flags.iter().any(|(named, wanted)| named == flag && wanted != expected);
    let headers = || one.headers.iter().flat_map(|one| other.headers.iter().map(move |other| (one, other)));
    let claims = || one.claims.iter().flat_map(|one| other.claims.iter().map(move |other| (one, other)));
    !ranges_meet(one.max_output_tokens, other.max_output_tokens)
        || one.flags.iter().any(opposite)
        || headers().any(|(one, other)| one.slot == other.slot && values_exclude(&one.test, &other.test))
        || claims().any(|(one, other)| one.slot == other.slot && claims_exclude(&one.test, &other.test))
}

/// Of lists of which one item must match, and an empty one matches always.
fn meet<T>(one: &[T], other: &[T], meet: impl Fn(&T, &T) -> bool) -> bool {
    one.is_empty() || other.is_empty() || one.iter().any(|one| other.iter().any(|other| meet(one, other)))
}

/// Whether some text may match both; yes wherever that cannot be told.
pub(super) fn patterns_meet(one: &Pattern, other: &Pattern) -> bool {
    match (one.exact(), other.exact()) {
        (Some(text), _) => other.matches(text),
        (_, Some(text)) => one.matches(text),
        (None, None) => one.prefix().starts_with(other.prefix()) || other.prefix().starts_with(one.prefix()),
    }
}

fn paths_meet(one: &PathMatch, other: &PathMatch) -> bool {
    match (one, other) {
        (PathMatch::Exact(path), other) | (other, PathMatch::Exact(path)) => other.matches(path),
        (PathMatch::Prefix(one_prefix), PathMatch::Prefix(prefix)) => one.matches(prefix) || other.matches(one_prefix),
    }
}

fn ranges_meet(one: Option<Range>, other: Option<Range>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one.min <= other.max && other.min <= one.max)
}

/// Whether no value of a header is both.
pub(super) fn values_exclude(one: &ValueTest, other: &ValueTest) -> bool {
    match (one, other) {
        (ValueTest::Regex(_), _) | (_, ValueTest::Regex(_)) => false,
        _ => !value_covers(one, other) && !value_covers(other, one),
    }
}

/// Whether no value of a claim is both: `contains` may well hold for several words at once.
fn claims_exclude(one: &ClaimTest, other: &ClaimTest) -> bool {
    let same = |one: &Scalar<Pattern>, other: &Scalar<Pattern>| match (one, other) {
        (Scalar::Text(one), Scalar::Text(other)) => patterns_meet(one, other),
        (Scalar::Number(one), Scalar::Number(other)) => one == other,
        (Scalar::Boolean(one), Scalar::Boolean(other)) => one == other,
        _ => false,
    };
    match (one, other) {
        (ClaimTest::AnyOf(one), ClaimTest::AnyOf(other)) => !meet(one, other, same),
        _ => false,
    }
}
