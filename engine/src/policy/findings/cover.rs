//! Whether one thing holds wherever another does: condition by condition, and "no" wherever that cannot be told.

use super::contradiction::{self, Judged};
use crate::api::{Api, ApiSet};
use crate::policy::claim::{ClaimTest, Scalar};
use crate::policy::condition::{Conditions, Range};
use crate::policy::header::{HeaderMatch, ValueTest};
use crate::policy::path_match::PathMatch;
use crate::policy::pattern::Pattern;
use crate::policy::rule::{Rule, RuleAction};
use crate::policy::share::Share;
use crate::policy::tenant::{Credentials, TenantId, TenantMatch};

/// The bit of `tenants` in a shape.
pub(super) const TENANTS: u64 = 1 << 2;

/// The bits of `any` and `not`, whose conditions others may have in other places.
pub(super) const OTHERS: u64 = 3 << 10;

/// What bits of flags stand behind those of all other conditions.
const FLAGS: u32 = 15;

/// A shape with both values of its flags.
pub(super) fn both_ways(shape: u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let flags = shape >> FLAGS;
    shape | ((flags & EVEN) << 1 | (flags >> 1 & EVEN)) << FLAGS
}

/// Which conditions a rule has, one bit for each; of flags one for each value that is asked for.
///
/// A rule takes nothing from one that lacks a condition of its own, and most pairs of rules are told apart by that alone.
pub(super) fn shape(rule: &Rule) -> u64 {
    shape_of(&rule.conditions)
}

/// The same of conditions alone.
pub(super) fn shape_of(conditions: &Conditions) -> u64 {
    let Conditions {
        apis,
        models,
        tenants,
        claims,
        headers,
        paths,
        input_tokens,
        max_output_tokens,
        messages,
        flags,
        keywords,
        percent,
        schedule,
        when,
        any,
        not,
    } = conditions;
    let has: [bool; FLAGS as usize] = [
        apis.is_some(),
        !models.is_empty(),
        !tenants.is_empty(),
        !headers.is_empty(),
        !paths.is_empty(),
        input_tokens.is_some(),
        max_output_tokens.is_some(),
        messages.is_some(),
        !keywords.is_empty(),
        when.is_some(),
        !any.is_empty(),
        not.is_some(),
        !claims.is_empty(),
        percent.is_some_and(|share| !share.is_all()),
        schedule.is_some(),
    ];
    let bits = has.iter().enumerate().map(|(bit, has)| u64::from(*has) << bit);
    let flags = flags.iter().map(|(flag, expected)| 1 << (FLAGS as usize + 2 * flag as usize + usize::from(expected)));
    bits.chain(flags).fold(0, |shape, bit| shape | bit)
}

/// Conditions that hold together with others, and the tenants that are looked at of them; empty: all callers.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) conditions: &'a Conditions,
    pub(super) tenants: &'a [TenantId],
}

impl<'a> Part<'a> {
    pub(super) fn of(conditions: &'a Conditions) -> Self {
        Self { conditions, tenants: &conditions.tenants }
    }
}

/// How often conditions are taken apart by their `any`, and into how many: that multiplies the work. Beyond that, "no".
const MOST_SPLITS: usize = 2;
pub(super) const MOST_ITEMS: usize = 32;

/// Whether `wide` applies to every request that `narrow` applies to, also where some condition cannot be judged.
///
/// `tenants` are those that are looked at of the narrow rule; empty: all callers.
pub(super) fn rule_covers(wide: &Rule, narrow: &Rule, tenants: &[TenantId]) -> bool {
    // One that passes on what it cannot serve need not take anything.
    !wide.action.passes_on()
        && judged_alike(wide, narrow)
        && conditions_cover(&wide.conditions, &[Part { conditions: &narrow.conditions, tenants }])
}

/// Whether conditions hold wherever all parts do.
pub(super) fn conditions_cover(wide: &Conditions, parts: &[Part<'_>]) -> bool {
    covers(wide, parts, 0)
}

/// The parts before `split` have been taken apart by their `any`.
fn covers(wide: &Conditions, parts: &[Part<'_>], split: usize) -> bool {
    let each = |(nth, part): (usize, &Part<'_>)| {
        let items = &part.conditions.any;
        (1..=MOST_ITEMS).contains(&items.len())
            && items.iter().all(|item| {
                let with_item: Vec<_> = parts.iter().copied().chain([Part::of(item)]).collect();
                covers(wide, &with_item, nth + 1)
            })
    };
    covers_directly(wide, parts) || split < MOST_SPLITS && parts.iter().enumerate().skip(split).any(each)
}

fn covers_directly(wide: &Conditions, parts: &[Part<'_>]) -> bool {
    // All of them by name: a new condition has to be thought of here.
    let Conditions {
        apis,
        models,
        tenants,
        claims,
        headers,
        paths,
        input_tokens,
        max_output_tokens,
        messages,
        flags,
        keywords,
        percent,
        schedule,
        when,
        any,
        not,
    } = wide;
    let some = |holds: &dyn Fn(&Conditions) -> bool| parts.iter().any(|part| holds(part.conditions));
    some(&|part| apis.is_none_or(|wide| routable().all(|api| !names(part.apis, api) || wide.contains(api))))
        && some(&|part| any_covers(models, &part.models, Pattern::covers))
        && parts.iter().any(|part| any_covers(tenants, part.tenants, |wide, narrow| wide == narrow))
        && some(&|part| any_covers(paths, &part.paths, path_covers))
        && all_cover(headers, parts.iter().flat_map(|part| &part.conditions.headers))
        && claims.iter().all(|wide| {
            let mut shown = parts.iter().flat_map(|part| &part.conditions.claims);
            shown.any(|narrow| wide.slot == narrow.slot && claim_covers(&wide.test, &narrow.test))
        })
        && some(&|part| range_covers(*input_tokens, part.input_tokens))
        && some(&|part| range_covers(*max_output_tokens, part.max_output_tokens))
        && some(&|part| range_covers(*messages, part.messages))
        && flags.iter().all(|test| some(&|part| part.flags.iter().any(|other| test == other)))
        && some(&|part| any_covers(keywords, &part.keywords, |wide, narrow| wide == narrow))
        // Each rule draws sessions of its own.
        && percent.is_none_or(Share::is_all)
        && schedule.as_ref().is_none_or(|wide| some(&|part| part.schedule.as_ref() == Some(wide)))
        // An expression is only compared with itself.
        && when.as_ref().is_none_or(|wide| some(&|part| part.when.as_ref().is_some_and(|it| it.text() == wide.text())))
        && (any.is_empty() || any.iter().any(|wide| covers_directly(wide, parts)))
        // Whoever is not among more is not among fewer, and who must be something else is not among them either.
        && not.as_deref().is_none_or(|wide| {
            let is_less = |part: &Conditions| {
                part.not.as_deref().is_some_and(|narrow| conditions_cover(narrow, &[Part::of(wide)]))
            };
            some(&is_less) || contradiction::never_with(wide, parts, Judged::OrNot)
        })
}

/// Whether every caller that is `narrow` matches `wide`, or is somebody whose tenant cannot be told.
pub(super) fn tenant_covers(wide: &TenantMatch, narrow: &TenantMatch) -> bool {
    let no_more = [Credentials::default()];
    let ways = if narrow.any.is_empty() { &no_more[..] } else { &narrow.any };
    ways.iter().all(|way| {
        let shown = [&narrow.all, way];
        credentials_cover(&wide.all, shown)
            && (wide.any.is_empty() || wide.any.iter().any(|wide| credentials_cover(wide, shown)))
    })
}

/// Whether whoever shows all of this shows the wide one.
fn credentials_cover(wide: &Credentials, shown: [&Credentials; 2]) -> bool {
    let by_principal = |narrow: &&Credentials| any_covers(&wide.principals, &narrow.principals, Pattern::covers);
    let mut claims = wide.claims.iter();
    shown.iter().any(by_principal)
        && all_cover(&wide.headers, shown.iter().flat_map(|narrow| &narrow.headers))
        && claims.all(|wide| {
            let mut shown = shown.iter().flat_map(|narrow| &narrow.claims);
            shown.any(|narrow| wide.path == narrow.path && claim_covers(&wide.test, &narrow.test))
        })
}

/// What cannot be judged holds for a rule that refuses, and for no other. So a rule that routes does not stand for one that
/// refuses where something may not be judged. And who only counts is refused for no length.
fn judged_alike(wide: &Rule, narrow: &Rule) -> bool {
    let (wide_denies, narrow_denies) = (denies(wide), denies(narrow));
    let conditions = &wide.conditions;
    let is_always_judged = contradiction::is_always_judged(conditions);
    let asks_for_length = |rule: &Rule| rule.conditions.all().iter().any(|it| it.ask_length());
    let by_length = |rule: &Rule| denies(rule) && rule.conditions.ask_length();
    (wide_denies || !narrow_denies || is_always_judged) && (!wide_denies || !asks_for_length(wide) || by_length(narrow))
}

fn denies(rule: &Rule) -> bool {
    matches!(rule.action, RuleAction::Deny(_))
}

pub(super) fn routable() -> impl Iterator<Item = Api> {
    Api::ALL.iter().copied().filter(|api| api.is_routable())
}

/// Whether a rule with these APIs looks at requests of that one.
pub(super) fn names(apis: Option<ApiSet>, api: Api) -> bool {
    apis.is_none_or(|apis| apis.contains(api))
}

/// Of lists of which one item must match, and an empty one holds always.
fn any_covers<T>(wide: &[T], narrow: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(|narrow| wide.iter().any(|wide| covers(wide, narrow)))
}

/// Of headers, all of which must match.
fn all_cover<'h>(wide: &[HeaderMatch], narrow: impl Iterator<Item = &'h HeaderMatch> + Clone) -> bool {
    let is_said = |wide: &HeaderMatch| {
        narrow.clone().any(|narrow| narrow.slot == wide.slot && value_covers(&wide.test, &narrow.test))
    };
    wide.iter().all(is_said)
}

/// An expression is only compared with itself: it does not see every value.
pub(super) fn value_covers(wide: &ValueTest, narrow: &ValueTest) -> bool {
    match (wide, narrow) {
        (ValueTest::Exact(wide), ValueTest::Exact(narrow)) => wide == narrow,
        (ValueTest::Prefix(wide), ValueTest::Exact(narrow) | ValueTest::Prefix(narrow)) => narrow.starts_with(wide),
        (ValueTest::Regex(wide), ValueTest::Regex(narrow)) => wide.as_str() == narrow.as_str(),
        _ => false,
    }
}

fn path_covers(wide: &PathMatch, narrow: &PathMatch) -> bool {
    match (wide, narrow) {
        (_, PathMatch::Exact(path)) => wide.matches(path),
        (PathMatch::Prefix(_), PathMatch::Prefix(prefix)) => wide.matches(prefix),
        (PathMatch::Exact(_), PathMatch::Prefix(_)) => false,
    }
}

fn range_covers(wide: Option<Range>, narrow: Option<Range>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => wide.min <= narrow.min && narrow.max <= wide.max,
        (Some(_), None) => false,
    }
}

/// Of tests of one claim.
fn claim_covers(wide: &ClaimTest, narrow: &ClaimTest) -> bool {
    match (wide, narrow) {
        (ClaimTest::AnyOf(wide), ClaimTest::AnyOf(narrow)) => {
            any_covers(wide, narrow, |wide, narrow| scalar_covers(wide, narrow, Pattern::covers))
        }
        (ClaimTest::Contains(wide), ClaimTest::Contains(narrow)) => {
            scalar_covers(wide, narrow, |wide, narrow| wide == narrow)
        }
        (ClaimTest::Contains(Scalar::Text(word)), ClaimTest::AnyOf(narrow)) => narrow.iter().all(|value| match value {
            Scalar::Text(text) => text.exact().is_some_and(|text| text.split(' ').any(|found| found == word)),
            Scalar::Number(_) | Scalar::Boolean(_) => false,
        }),
        (ClaimTest::Contains(_), ClaimTest::AnyOf(_)) | (ClaimTest::AnyOf(_), ClaimTest::Contains(_)) => false,
    }
}

fn scalar_covers<T>(wide: &Scalar<T>, narrow: &Scalar<T>, text: impl Fn(&T, &T) -> bool) -> bool {
    match (wide, narrow) {
        (Scalar::Text(wide), Scalar::Text(narrow)) => text(wide, narrow),
        (Scalar::Number(wide), Scalar::Number(narrow)) => wide == narrow,
        (Scalar::Boolean(wide), Scalar::Boolean(narrow)) => wide == narrow,
        _ => false,
    }
}
