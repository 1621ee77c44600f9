//! Which earlier rules may take all requests of a rule: few out of thousands are looked at closely.
//!
//! Rules are filed by a condition that narrows them down, as the proxy's own index does it: who takes all requests of a rule
//! takes one certain request of it, and is found by that. What is found under one key is told apart by outlines, a few numbers
//! each that lie side by side.

use super::cover::{OTHERS, TENANTS, both_ways, rule_covers, shape, shape_of};
use crate::policy::condition::{Conditions, Range};
use crate::policy::header::{HeaderSlot, ValueTest};
use crate::policy::pattern::Pattern;
use crate::policy::rule::Rule;
use crate::policy::tenant::TenantId;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most earlier rules that one is held against under a key. Beyond that nothing is found, and nobody waits.
const MOST: usize = 20_000;

/// By what a rule is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    /// The beginning of a name that clients ask for.
    Name(&'a str),
    Tenant(TenantId),
    /// The beginning of a header's value.
    Header(u16, &'a str),
    /// Nothing narrows it down.
    General,
}

/// Rules that act, filed in their order.
#[derive(Debug, Default)]
pub(super) struct Takers<'p> {
    filed: BTreeMap<Key<'p>, Vec<Outline>>,
    rules: Vec<&'p Rule>,
}

/// What can be held against another rule at once.
#[derive(Clone, Copy, Debug)]
struct Outline {
    nth: usize,
    /// What it has to find in another's `shows`.
    shape: u64,
    /// Its conditions, and those that may come with them.
    shows: u64,
    /// What its `not` is about, whatever that asks of it.
    not: u64,
    /// Whether it excludes anything itself.
    excludes: bool,
    /// Whether it has keywords and tenants that are part of others, so that its own do not tell rules apart.
    has_inner: bool,
    ranges: [Range; 3],
    /// The same of all that may come with them.
    shown_ranges: [Range; 3],
    /// One bit for each of the keywords, hashed.
    keywords: u64,
    tenants: u64,
    /// Of values that a header must have.
    values: u64,
    shown_values: u64,
}

const ANY: Range = Range { min: 0, max: u64::MAX };

impl Outline {
    fn of(nth: usize, rule: &Rule, tenants: &[TenantId]) -> Self {
        let Conditions { keywords, any, not, .. } = &rule.conditions;
        let own = if tenants.is_empty() { shape(rule) & !TENANTS } else { shape(rule) | TENANTS };
        let parts = rule.conditions.required();
        let needs = any.iter().map(shape_of).reduce(|both, shape| both & shape).unwrap_or_default();
        Self {
            nth,
            shape: (own | needs) & !OTHERS,
            shows: parts.iter().fold(own, |shows, part| shows | shape_of(part)),
            not: not
                .as_deref()
                .map_or(0, |not| both_ways(not.required().into_iter().fold(0, |all, it| all | shape_of(it)))),
            excludes: parts.iter().any(|part| part.not.is_some()),
            has_inner: parts.iter().skip(1).any(|part| !part.keywords.is_empty() || !part.tenants.is_empty()),
            ranges: ranges(&rule.conditions),
            shown_ranges: parts.iter().map(|part| ranges(part)).fold([ANY; 3], narrowest),
            keywords: bits(keywords.iter()),
            tenants: bits(tenants.iter()),
            values: bits(values(&rule.conditions)),
            shown_values: bits(parts.iter().flat_map(|part| values(part))),
        }
    }

    /// Whether this one may take all that the other matches.
    fn may_cover(&self, other: &Self) -> bool {
        let mut ranges = self.ranges.iter().zip(&other.shown_ranges);
        let is_among = |all: u64, some: u64| all == 0 || some & !all == 0;
        // What a `not` of the wide one is about, the other excludes as well or says otherwise.
        self.shape & !other.shows == 0
            && (self.not == 0 || other.excludes || self.not & other.shows != 0)
            && ranges.all(|(wide, narrow)| wide.min <= narrow.min && narrow.max <= wide.max)
            && self.values & !other.shown_values == 0
            && (other.has_inner || is_among(self.keywords, other.keywords) && is_among(self.tenants, other.tenants))
    }
}

fn ranges(conditions: &Conditions) -> [Range; 3] {
    let Conditions { input_tokens, max_output_tokens, messages, .. } = conditions;
    [input_tokens, max_output_tokens, messages].map(|range| range.unwrap_or(ANY))
}

/// What is in both ranges, each.
fn narrowest(one: [Range; 3], other: [Range; 3]) -> [Range; 3] {
    let [a, b, c] = one;
    let [x, y, z] = other;
    [(a, x), (b, y), (c, z)].map(|(one, other)| Range { min: one.min.max(other.min), max: one.max.min(other.max) })
}

fn values(conditions: &Conditions) -> impl Iterator<Item = (HeaderSlot, &str)> {
    conditions.headers.iter().filter_map(|header| match &header.test {
        ValueTest::Exact(value) => Some((header.slot, value.as_str())),
        ValueTest::Prefix(_) | ValueTest::Regex(_) => None,
    })
}

fn bits<T: Hash>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |bits, item| {
        let mut hasher = DefaultHasher::new();
        item.hash(&mut hasher);
        bits | 1 << (hasher.finish() % 64)
    })
}

impl<'p> Takers<'p> {
    /// Adds the next rule. One that never acts takes nothing that another does not take.
    pub(super) fn add(&mut self, rule: &'p Rule, acts: bool) {
        let nth = self.rules.len();
        self.rules.push(rule);
        if acts {
            let outline = Outline::of(nth, rule, &rule.conditions.tenants);
            for key in own_keys(&rule.conditions) {
                self.filed.entry(key).or_default().push(outline);
            }
        }
    }

    /// An earlier rule that applies to all that this one applies to, when these callers ask (empty: all).
    pub(super) fn of(&self, nth: usize, rule: &Rule, tenants: &[TenantId]) -> Option<(usize, &'p Rule)> {
        let outline = Outline::of(nth, rule, tenants);
        let parts = one_way(&rule.conditions);
        let samples: Vec<String> = parts.iter().filter_map(|part| part.models.first()).map(Pattern::sample).collect();
        let first = shown(&parts, &samples, tenants).filter_map(|key| {
            let near = self.filed.get(&key)?.iter().take(MOST).take_while(|taker| taker.nth < nth);
            near.filter(|taker| taker.may_cover(&outline)).find_map(|taker| {
                let earlier = *self.rules.get(taker.nth)?;
                rule_covers(earlier, rule, tenants).then_some((taker.nth, earlier))
            })
        });
        first.min_by_key(|(nth, _)| *nth)
    }
}

/// What a rule is filed by: all that it matches shows one of these.
fn own_keys(conditions: &Conditions) -> Vec<Key<'_>> {
    let names: Vec<Key<'_>> = conditions.models.iter().map(|pattern| Key::Name(pattern.prefix())).collect();
    if !names.is_empty() && names.iter().all(|key| *key != Key::Name("")) {
        return names;
    }
    let by_header = conditions.headers.iter().find_map(|header| match &header.test {
        ValueTest::Exact(value) | ValueTest::Prefix(value) => Some(Key::Header(header.slot.0, value)),
        ValueTest::Regex(_) => None,
    });
    match (by_header, conditions.tenants.as_slice()) {
        (Some(key), _) => vec![key],
        (None, []) => vec![Key::General],
        (None, tenants) => tenants.iter().copied().map(Key::Tenant).collect(),
    }
}

/// Conditions that come together: these, and of each `any` the first.
fn one_way(conditions: &Conditions) -> Vec<&Conditions> {
    let mut parts = vec![conditions];
    while let Some(inner) = parts.last().and_then(|last| last.any.first()) {
        parts.push(inner);
    }
    parts
}

/// What one request that the rule matches shows, with every beginning of it.
fn shown<'a>(
    parts: &'a [&'a Conditions],
    samples: &'a [String],
    tenants: &[TenantId],
) -> impl Iterator<Item = Key<'a>> {
    let beginnings = |text: &'a str| (0..=text.len()).filter_map(move |length| text.get(..length));
    let headers = parts.iter().flat_map(|part| &part.headers);
    let values = headers.filter_map(|header| match &header.test {
        ValueTest::Exact(value) | ValueTest::Prefix(value) => Some((header.slot.0, value.as_str())),
        ValueTest::Regex(_) => None,
    });
    let names = samples.iter().map(String::as_str).flat_map(beginnings).map(Key::Name);
    let values = values.flat_map(move |(slot, value)| beginnings(value).map(move |begins| Key::Header(slot, begins)));
    let inner = parts.iter().skip(1).filter_map(|part| part.tenants.first());
    let tenants = tenants.first().into_iter().chain(inner).copied().map(Key::Tenant).collect::<Vec<_>>();
    [Key::General].into_iter().chain(tenants).chain(names).chain(values)
}
