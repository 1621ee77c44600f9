//! What records hold besides decisions: which facts are written, and how.

use super::Policy;
use super::header::{HeaderMatch, HeaderText, KnownHeader, ValueTest};
use crate::decide::attributes::Attributes;
use crate::record::{Facts as Recorded, Hash, HeaderFact};
use crate::request::facts::Facts;
use crate::request::flag::Flag;
use crate::request::limit::Limit;
use crate::request::session::{FieldPath, FieldSlot};
use pointsman_document::names;
use std::borrow::Cow;
use xxhash_rust::xxh64::xxh64;

/// However a policy and a request are, the facts of a record have a bound: what is more than that is not in it, and so not
/// known to who reads it.
const MAX_PATH: usize = 256;
const MAX_HEADERS: usize = 32;
const MAX_TESTS: usize = 16;
const MAX_KEYWORDS: usize = 64;
const MAX_BESIDES: usize = 16;

names! {
    /// What decision records hold. `facts`: also what the decision was made of, so that `pointsman replay` can take it again.
    pub(crate) enum RecordKind {
        /// The decision.
        Decision => "decision",
        /// And the facts.
        Facts => "facts",
    }
}

/// What is written of requests' headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct FactPlan {
    headers: Vec<HeaderPlan>,
}

/// What is written of one header.
#[derive(Clone, Debug)]
struct HeaderPlan {
    name: Box<str>,
    slot: usize,
    exact: Vec<Box<str>>,
    patterns: Vec<(Box<str>, ValueTest)>,
}

impl FactPlan {
    /// The plan for the headers that a policy looks at, and its tests of them. A header that says whose account a request is for
    /// is none of them, and nor is it hashed.
    pub(super) fn new(headers: &[KnownHeader], tests: &[HeaderMatch], is_key: impl Fn(&str) -> bool) -> Self {
        let plan = |(slot, header): (usize, &KnownHeader)| {
            let own = tests.iter().filter(|test| usize::from(test.slot.0) == slot).map(|test| &test.test);
            let exact = own.clone().filter_map(|test| match test {
                ValueTest::Exact(value) => Some(value.as_str().into()),
                _ => None,
            });
            let mut patterns: Vec<(Box<str>, ValueTest)> =
                own.clone().filter_map(|test| Some((test.label()?, test.clone()))).collect();
            pointsman_document::order::sort_by(&mut patterns, |a, b| a.0.cmp(&b.0));
            patterns.dedup_by(|a, b| a.0 == b.0);
            patterns.truncate(MAX_TESTS);
            HeaderPlan { name: header.name.as_str().into(), slot, exact: exact.collect(), patterns }
        };
        let named = headers.iter().enumerate().filter(|(_, header)| !is_key(&header.name));
        Self { headers: named.take(MAX_HEADERS).map(plan).collect() }
    }

    /// The facts of a request; `None` of one that has not been read to its end.
    pub(crate) fn facts(&self, policy: &Policy, attributes: &Attributes, facts: &Facts) -> Option<Box<Recorded>> {
        let (Some(limit), true) = (facts.max_output_tokens(), facts.is_complete()) else { return None };
        let flags = Flag::ALL.iter().copied().filter(|flag| !facts.is_unreadable(*flag));
        let unreadable = Flag::ALL.iter().filter(|flag| facts.is_unreadable(**flag)).map(|flag| flag.condition());
        let unlimited = (limit == Limit::Unreadable).then_some("maxOutputTokens");
        let keywords = policy.keyword_hashes().iter().enumerate().take(MAX_KEYWORDS);
        let session = policy.sought().session;
        let fields = (0..u8::MAX).map(FieldSlot).zip(session.iter().flat_map(|paths| paths.iter()));
        let hash = |hash: u64| Hash(hash);
        let path = std::str::from_utf8(attributes.bare_path()).ok().filter(|path| path.len() <= MAX_PATH);
        Some(Box::new(Recorded {
            path: path.map(Into::into),
            bytes: facts.position(),
            nobody: policy.has_tenants() && attributes.tenants.main().is_none(),
            headers: self.headers.iter().filter_map(|plan| plan.fact(attributes)).collect(),
            input_tokens: facts.input_tokens().low,
            messages: facts.messages().low,
            max_output_tokens: match limit {
                Limit::Tokens(tokens) => Some(tokens),
                Limit::Open | Limit::Unreadable => None,
            },
            flags: flags.filter_map(|flag| Some((Cow::Borrowed(flag.condition()), facts.flag(flag)?))).collect(),
            unreadable: unreadable.chain(unlimited).map(Cow::Borrowed).collect(),
            keywords: keywords.filter_map(|(nth, hash)| Some((Hash(*hash), facts.keyword(nth)?))).collect(),
            besides: besides(facts),
            conversation: facts.identity().map(hash),
            client_session: attributes.session.map(|key| Hash(key.0)),
            session_fields: fields
                .filter_map(|(slot, path)| Some((field_name(path), facts.session(slot)?.map(hash))))
                .collect(),
        }))
    }
}

/// One more than the most says that these are not all.
fn besides(facts: &Facts) -> Vec<Box<str>> {
    let named = facts.named_besides().unwrap_or_default().iter().take(MAX_BESIDES + 1);
    named.map(|named| named.name.as_str().into()).collect()
}

/// How a field is called in a record.
pub(crate) fn field_name(path: &FieldPath) -> Box<str> {
    match &path.inner {
        Some(inner) => format!("{}.{inner}", path.key).into(),
        None => path.key.as_str().into(),
    }
}

/// The hash of a value.
pub(crate) fn hash_of(value: &[u8]) -> u64 {
    xxh64(value, 0)
}

impl HeaderPlan {
    /// Nothing of one that stands more than once: servers may read it differently.
    fn fact(&self, attributes: &Attributes) -> Option<(Box<str>, HeaderFact)> {
        let Some(text) = attributes.header_at(self.slot) else {
            return Some((self.name.clone(), HeaderFact::default()));
        };
        if text.is_many() {
            return None;
        }
        let known = self.exact.iter().find(|exact| exact.as_bytes() == text.as_bytes());
        let fact = match known {
            Some(value) => HeaderFact { value: Some(value.clone()), ..HeaderFact::default() },
            None => self.hashed(text),
        };
        Some((self.name.clone(), fact))
    }

    fn hashed(&self, text: &HeaderText) -> HeaderFact {
        let judged = |wanted: bool| {
            let such = self.patterns.iter().filter(move |(_, test)| test.judge(text) == Some(wanted));
            such.map(|(label, _)| label.clone()).collect()
        };
        HeaderFact {
            value: None,
            hash: Some(Hash(hash_of(text.as_bytes()))),
            holds: judged(true),
            fails: judged(false),
        }
    }
}
