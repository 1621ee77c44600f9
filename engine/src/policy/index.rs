//! Which rules can apply to a request at all, so that thousands of rules cost what a few do.

use super::condition::Conditions;
use super::header::{HeaderSlot, HeaderText, ValueTest};
use super::path_match::PathMatch;
use super::rule::{Rule, RuleAction, RuleId};
use super::tenant::TenantId;
use pointsman_document::order;
use std::collections::BTreeMap;

/// Lengths at which literal beginnings (`gpt-` of `gpt-*`) are filed; longer ones under the next below.
const PREFIX_LENGTHS: [usize; 12] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32];

/// Headers that rules are filed by. A policy that would need more files the rest elsewhere.
const HEADERS: usize = 8;

/// One list each for: no key, no single value, the whole name, its beginnings, the tenant, the path, the headers and their
/// beginnings.
const LISTS: usize = 5 + PREFIX_LENGTHS.len() + HEADERS * (1 + PREFIX_LENGTHS.len());

/// What a rule can be filed by. A rule applies only to requests that have one of its keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Model(Box<[u8]>),
    ModelPrefix(Box<[u8]>),
    Tenant(TenantId),
    Header(HeaderSlot, Box<[u8]>),
    HeaderPrefix(HeaderSlot, Box<[u8]>),
    /// The first segment of a path.
    Path(Box<[u8]>),
}

/// Rules by the bytes of a name or value.
type ByText = BTreeMap<Box<[u8]>, Vec<RuleId>>;

/// The rules, filed by the condition that the fewest others share.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleIndex {
    models: ByText,
    prefixes: ByText,
    tenants: BTreeMap<TenantId, Vec<RuleId>>,
    headers: Vec<HeaderIndex>,
    paths: ByText,
    /// Rules that none of their conditions narrows down.
    general: Vec<RuleId>,
    /// Rules that refuse, filed by a header. One that stands more than once has no single value to find them by.
    refusing: Vec<RuleId>,
}

/// Rules by the value of one header, and by its beginning.
#[derive(Clone, Debug)]
struct HeaderIndex {
    slot: HeaderSlot,
    values: ByText,
    prefixes: ByText,
}

impl RuleIndex {
    #[inline(never)]
    pub(super) fn new(rules: &[Rule]) -> Self {
        let slots = busiest_headers(rules);
        let mut sharers: BTreeMap<Key, usize> = BTreeMap::new();
        for key in rules.iter().flat_map(|rule| alternatives(&rule.conditions, &slots, &|_| 0)).flatten() {
            *sharers.entry(key).or_default() += 1;
        }
        let header = |slot: &HeaderSlot| HeaderIndex { slot: *slot, values: ByText::new(), prefixes: ByText::new() };
        let mut index = Self { headers: slots.iter().map(header).collect(), ..Self::default() };
        for (rule, id) in rules.iter().zip((0..).map(RuleId)) {
            let crowd = |keys: &Vec<Key>| keys.iter().map(|key| sharers.get(key).copied().unwrap_or(0)).sum::<usize>();
            match alternatives(&rule.conditions, &slots, &crowd).into_iter().min_by_key(crowd) {
                Some(keys) => {
                    let by_header = keys.iter().any(|key| matches!(key, Key::Header(..) | Key::HeaderPrefix(..)));
                    if by_header && matches!(rule.action, RuleAction::Deny(_)) {
                        index.refusing.push(id);
                    }
                    keys.into_iter().for_each(|key| index.file(id, key));
                }
                None => index.general.push(id),
            }
        }
        index
    }

    fn file(&mut self, id: RuleId, key: Key) {
        let list = match key {
            Key::Model(name) => self.models.entry(name).or_default(),
            Key::ModelPrefix(prefix) => self.prefixes.entry(prefix).or_default(),
            Key::Tenant(tenant) => self.tenants.entry(tenant).or_default(),
            Key::Path(segment) => self.paths.entry(segment).or_default(),
            Key::Header(slot, value) => match self.headers.iter_mut().find(|header| header.slot == slot) {
                Some(header) => header.values.entry(value).or_default(),
                None => &mut self.general,
            },
            Key::HeaderPrefix(slot, prefix) => match self.headers.iter_mut().find(|header| header.slot == slot) {
                Some(header) => header.prefixes.entry(prefix).or_default(),
                None => &mut self.general,
            },
        };
        // Two patterns of one rule can share a key.
        if list.last() != Some(&id) {
            list.push(id);
        }
    }

    /// Every rule that can apply to such a request (and some that cannot), each once, in order.
    pub(crate) fn possible_rules<'p, 'v>(
        &'p self,
        asked: &str,
        tenant: Option<TenantId>,
        path: &[u8],
        header_value: &dyn Fn(HeaderSlot) -> Option<&'v HeaderText>,
    ) -> PossibleRules<'p> {
        let mut rules = PossibleRules { lists: [&[]; LISTS], used: 0 };
        rules.add(Some(&self.general));
        let asked = asked.as_bytes();
        rules.add(self.models.get(asked));
        rules.add_prefixes(&self.prefixes, asked);
        rules.add(tenant.and_then(|tenant| self.tenants.get(&tenant)));
        rules.add(first_segment(path).and_then(|segment| self.paths.get(segment)));
        let mut several = false;
        for header in &self.headers {
            if let Some(text) = header_value(header.slot) {
                several |= text.is_many();
                let value = text.as_bytes();
                rules.add(header.values.get(value));
                rules.add_prefixes(&header.prefixes, value);
            }
        }
        if several {
            rules.add(Some(&self.refusing));
        }
        rules
    }
}

/// The sets of keys that a rule of these conditions can be filed by. What is behind a `not` narrows nothing down.
fn alternatives(conditions: &Conditions, slots: &[HeaderSlot], crowd: &dyn Fn(&Vec<Key>) -> usize) -> Vec<Vec<Key>> {
    let mut alternatives = Vec::new();
    let models: Option<Vec<Key>> = conditions
        .models
        .iter()
        .map(|pattern| match pattern.exact() {
            Some(name) => Some(Key::Model(name.as_bytes().into())),
            None => Some(Key::ModelPrefix(filed(pattern.prefix())?)),
        })
        .collect();
    alternatives.extend(models.filter(|keys| !keys.is_empty()));
    if !conditions.tenants.is_empty() {
        alternatives.push(conditions.tenants.iter().copied().map(Key::Tenant).collect());
    }
    let segments: Option<Vec<Key>> = conditions
        .paths
        .iter()
        .map(|path| match path {
            PathMatch::Exact(path) | PathMatch::Prefix(path) => Some(Key::Path(first_segment(path.as_bytes())?.into())),
        })
        .collect();
    alternatives.extend(segments.filter(|keys| !keys.is_empty()));
    for header in conditions.headers.iter().filter(|header| slots.contains(&header.slot)) {
        match &header.test {
            ValueTest::Exact(value) => {
                alternatives.push(vec![Key::Header(header.slot, value.as_bytes().into())]);
            }
            ValueTest::Prefix(prefix) => {
                alternatives.extend(filed(prefix).map(|filed| vec![Key::HeaderPrefix(header.slot, filed)]));
            }
            ValueTest::Regex(_) => {}
        }
    }
    // One of `any` holds: a request that has a key of each of them has one of these.
    let best = |other: &Conditions| alternatives_of(other, slots, crowd);
    let others: Option<Vec<Vec<Key>>> = conditions.any.iter().map(best).collect();
    alternatives.extend(others.map(|keys| keys.concat()).filter(|keys| !keys.is_empty()));
    alternatives
}

/// The set of keys that the fewest others share.
fn alternatives_of(
    conditions: &Conditions,
    slots: &[HeaderSlot],
    crowd: &dyn Fn(&Vec<Key>) -> usize,
) -> Option<Vec<Key>> {
    alternatives(conditions, slots, crowd).into_iter().min_by_key(|keys| crowd(keys))
}

/// The beginning of a prefix under which it is filed.
fn filed(prefix: &str) -> Option<Box<[u8]>> {
    PREFIX_LENGTHS.iter().rev().find_map(|length| prefix.as_bytes().get(..*length)).map(Into::into)
}

/// `/team` of `/team/v1/messages`. Whatever matches a path from its first segment on has that segment.
fn first_segment(path: &[u8]) -> Option<&[u8]> {
    let rest = path.strip_prefix(b"/").filter(|rest| !rest.is_empty())?;
    let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    path.get(..=end)
}

/// The headers that most rules compare with a value or its beginning.
fn busiest_headers(rules: &[Rule]) -> Vec<HeaderSlot> {
    let mut uses: BTreeMap<HeaderSlot, usize> = BTreeMap::new();
    let conditions = rules.iter().flat_map(|rule| rule.conditions.required());
    for header in conditions.flat_map(|conditions| &conditions.headers) {
        if matches!(header.test, ValueTest::Exact(_) | ValueTest::Prefix(_)) {
            *uses.entry(header.slot).or_default() += 1;
        }
    }
    let mut slots: Vec<_> = uses.into_iter().collect();
    order::sort_by(&mut slots, |a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    slots.into_iter().take(HEADERS).map(|(slot, _)| slot).collect()
}

/// Merges sorted lists of rules.
#[derive(Clone, Debug)]
pub(crate) struct PossibleRules<'p> {
    lists: [&'p [RuleId]; LISTS],
    used: usize,
}

impl<'p> PossibleRules<'p> {
    fn add(&mut self, list: Option<&'p Vec<RuleId>>) {
        if let Some(list) = list.filter(|list| !list.is_empty())
            && let Some(free) = self.lists.get_mut(self.used)
        {
            *free = list;
            self.used += 1;
        }
    }

    fn add_prefixes(&mut self, filed: &'p ByText, text: &[u8]) {
        if !filed.is_empty() {
            for prefix in PREFIX_LENGTHS.iter().map_while(|length| text.get(..*length)) {
                self.add(filed.get(prefix));
            }
        }
    }
}

impl Iterator for PossibleRules<'_> {
    type Item = RuleId;

    fn next(&mut self) -> Option<RuleId> {
        let lists = self.lists.get_mut(..self.used)?;
        let next = lists.iter().filter_map(|list| list.first()).min().copied()?;
        for list in lists {
            if let Some((first, rest)) = list.split_first()
                && *first == next
            {
                *list = rest;
            }
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::testing::valid;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    const HEADER_NAMES: [&str; 10] = ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9"];
    const VALUES: [&str; 3] = ["a", "b", "abc"];
    const PATHS: [&str; 5] = ["/a/v1/x", "/a", "/b/v1/x", "/", "/ab"];
    const ASKED: [&str; 6] = ["gpt-4o", "llama-small", "auto", "gpt-4o-mini-2024-07-18", "g", ""];
    const PATTERNS: [&str; 9] =
        ["gpt-4o", "llama-small", "auto", "gpt-*", "gpt-4o-mini-2024-*", "g*", "*small", "gpt-4o*", "*"];

    /// The conditions of a rule that the index looks at, some of them in others.
    fn conditions() -> impl Strategy<Value = String> {
        let nested = flat().prop_recursive(2, 8, 3, |inner| {
            let some = proptest::collection::vec(inner.clone(), 1..4);
            (flat(), proptest::option::of(some), proptest::option::of(inner)).prop_map(|(mut conditions, any, not)| {
                let is_empty = |inner: &serde_json::Value| *inner == serde_json::json!({});
                if let Some(any) = any.filter(|any| !any.iter().any(is_empty)) {
                    conditions["any"] = serde_json::json!(any);
                }
                if let Some(not) = not.filter(|not| !is_empty(not)) {
                    conditions["not"] = not;
                }
                conditions
            })
        });
        nested.prop_map(|conditions| conditions.to_string())
    }

    fn flat() -> impl Strategy<Value = serde_json::Value> {
        let models = subsequence(&PATTERNS[..], 0..3);
        let tenants = subsequence(&["t0", "t1", "t2"][..], 0..3);
        let headers = proptest::collection::vec(
            (select(&HEADER_NAMES[..]), select(&["Exact", "Prefix"][..]), select(&VALUES[..])),
            0..3,
        );
        let paths = proptest::collection::vec(
            (select(&["Exact", "Prefix"][..]), select(&PATHS[..]))
                .prop_map(|(kind, path)| serde_json::json!({"type": kind, "value": path})),
            0..2,
        );
        (models, tenants, headers, paths).prop_map(|(models, tenants, headers, paths)| {
            let headers = headers
                .iter()
                .map(|(name, kind, value)| serde_json::json!({"name": name, "type": kind, "value": value}));
            let mut conditions = serde_json::Map::new();
            for (key, list) in [
                ("models", serde_json::json!(models)),
                ("tenants", serde_json::json!(tenants)),
                ("headers", headers.collect()),
                ("paths", serde_json::json!(paths)),
            ] {
                if list != serde_json::json!([]) {
                    conditions.insert(key.to_owned(), list);
                }
            }
            serde_json::Value::Object(conditions)
        })
    }

    fn policy(rules: &[String]) -> Policy {
        let rules = rules
            .iter()
            .enumerate()
            .map(|(nth, conditions)| format!(r#"{{"name": "r{nth}", "match": {conditions}, "deny": {{}}}}"#));
        let tenants = (0..3).map(|nth| format!(r#"{{"name": "t{nth}", "match": {{"principals": ["x"]}}}}"#));
        valid(&format!(
            r#""tenants": [{}], "rules": [{}]"#,
            tenants.collect::<Vec<_>>().join(","),
            rules.collect::<Vec<_>>().join(",")
        ))
    }

    /// A request as far as the index is concerned.
    #[derive(Clone, Debug)]
    struct Request {
        asked: &'static str,
        tenant: Option<TenantId>,
        path: &'static str,
        headers: Vec<Option<HeaderText>>,
    }

    impl Request {
        fn header(&self, policy: &Policy, HeaderSlot(slot): HeaderSlot) -> Option<&HeaderText> {
            let name = &policy.headers().get(usize::from(slot))?.name;
            let nth = HEADER_NAMES.iter().position(|known| known == name)?;
            self.headers.get(nth)?.as_ref()
        }

        fn possible_rules(&self, policy: &Policy) -> Vec<RuleId> {
            let path = self.path.as_bytes();
            policy.rules_to_try(self.asked, self.tenant, path, &|slot| self.header(policy, slot)).collect()
        }

        fn matches(&self, policy: &Policy, rule: &Rule) -> bool {
            self.meets(policy, &rule.conditions, matches!(rule.action, RuleAction::Deny(_)))
        }

        fn meets(&self, policy: &Policy, conditions: &Conditions, unjudged: bool) -> bool {
            (conditions.any.is_empty() || conditions.any.iter().any(|other| self.meets(policy, other, unjudged)))
                && !conditions.not.as_ref().is_some_and(|other| self.meets(policy, other, !unjudged))
                && (conditions.models.is_empty() || conditions.models.iter().any(|model| model.matches(self.asked)))
                && (conditions.tenants.is_empty()
                    || self.tenant.is_some_and(|tenant| conditions.tenants.contains(&tenant)))
                && (conditions.paths.is_empty()
                    || conditions.paths.iter().any(|path| path.matches(self.path.as_bytes())))
                && conditions.headers.iter().all(|header| {
                    self.header(policy, header.slot).is_some_and(|text| header.test.judge(text).unwrap_or(unjudged))
                })
        }
    }

    fn request() -> impl Strategy<Value = Request> {
        let values = proptest::collection::vec(select(&VALUES[..]), 0..3);
        let text = values.prop_map(|values| HeaderText::of(4096, values.into_iter().map(str::as_bytes)));
        let headers = proptest::collection::vec(text, HEADER_NAMES.len());
        (select(&ASKED[..]), proptest::option::of((0..3u16).prop_map(TenantId)), select(&PATHS[..]), headers)
            .prop_map(|(asked, tenant, path, headers)| Request { asked, tenant, path, headers })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_rule_that_applies_is_possible_in_order(
            rules in proptest::collection::vec(conditions(), 0..40),
            requests in proptest::collection::vec(request(), 8),
        ) {
            let policy = policy(&rules);
            for request in requests {
                let possible = request.possible_rules(&policy);
                prop_assert!(possible.is_sorted_by(|a, b| a < b), "{possible:?}");
                for (nth, _) in rules.iter().enumerate() {
                    let id = RuleId(nth as u32);
                    let rule = policy.rule(id).expect("a rule");
                    prop_assert!(!request.matches(&policy, rule) || possible.contains(&id), "{request:?} {rule:?}");
                }
            }
        }
    }

    /// How many of 1,000 rules are possible for a request of tenant `t1` that asks for `auto`.
    fn count(conditions: impl Fn(usize) -> String) -> usize {
        let rules: Vec<_> = (0..1000).map(conditions).collect();
        let headers = vec![HeaderText::of(4096, [&b"a"[..]].into_iter()); HEADER_NAMES.len()];
        Request { asked: "auto", tenant: Some(TenantId(1)), path: "/a", headers }.possible_rules(&policy(&rules)).len()
    }

    #[test]
    fn rules_that_cannot_apply_are_not_looked_at() {
        assert_eq!(count(|nth| format!(r#"{{"models": ["m{nth}*"]}}"#)), 0);
        assert_eq!(count(|nth| format!(r#"{{"headers": [{{"name": "h1", "value": "v{nth}"}}]}}"#)), 0);
        assert_eq!(
            count(|nth| format!(r#"{{"headers": [{{"name": "h1", "type": "Prefix", "value": "v{nth}"}}]}}"#)),
            0
        );
        assert_eq!(count(|nth| format!(r#"{{"paths": [{{"type": "Prefix", "value": "/t{nth}/"}}]}}"#)), 0);
        // All share the model, so they are told apart by the header.
        assert_eq!(
            count(|nth| format!(r#"{{"models": ["auto"], "headers": [{{"name": "h1", "value": "v{nth}"}}]}}"#)),
            0
        );
        assert_eq!(count(|nth| format!(r#"{{"models": ["auto"], "tenants": ["t{}"]}}"#, nth % 3)), 333);
        assert_eq!(count(|_| r#"{"stream": true}"#.to_owned()), 1000);
        // A request can only meet one of several conditions if it has a key of one.
        assert_eq!(
            count(|nth| format!(
                r#"{{"any": [{{"models": ["m{nth}*"]}}, {{"any": [{{"headers": [{{"name": "h1", "value": "v{nth}"}}]}}, {{"tenants": ["t0"], "tools": true}}]}}]}}"#
            )),
            0
        );
        assert_eq!(count(|nth| format!(r#"{{"any": [{{"models": ["m{nth}*"]}}, {{"tools": true}}]}}"#)), 1000);
        assert_eq!(count(|nth| format!(r#"{{"models": ["m{nth}*"], "not": {{"tools": true}}}}"#)), 0);
        assert_eq!(count(|nth| format!(r#"{{"not": {{"models": ["m{nth}*"]}}}}"#)), 1000);
    }
}
