//! Conditions on request headers, and the numbering of the headers that a policy looks at.

#[cfg(any(test, feature = "replay"))]
mod told;

use super::error::{PolicyErrorKind, PolicyFault, Report};
use super::recording::{FactPlan, hash_of};
use super::text::HeaderValue;
use crate::{names, steering};
use pointsman_document::{Definitions, Document, Path, Read, names, object, wrong_type};
use pointsman_expression::pattern::{self, MOST_BYTES};
use regex_lite::{Regex, RegexBuilder};
use serde_json::{Value, json};

/// Longer values are not searched by a regular expression, so that its cost stays bounded.
const LONGEST_SEARCHED: usize = 4096;

/// What all expressions on one header may cost together: characters of the expressions, what their counts repeat included,
/// times bytes of the value. A regular expression takes a few nanoseconds for each of these.
const REGEX_WORK: u64 = 4 << 20;

/// However many expressions there are, values of so many bytes are searched: more expressions than that are a mistake.
const SHORTEST_SEARCHED: u64 = 64;

/// Different headers that a policy can look at: each is copied for every request.
const MAX_HEADERS: usize = 256;

object! {
    /// A condition on a request header. Clients choose their headers freely: for a tenant, only match on a
    /// header that the proxy sets itself, such as one that authentication writes.
    pub(crate) struct HeaderSpec {
        /// The header's name, in any case. `host` is the host that the client addressed.
        "name" => name: HeaderName,
        /// How the value is compared.
        "type" => kind: MatchType = "Exact",
        /// The value, its beginning, or a regular expression for all of it.
        "value" => value: HeaderValue,
    }
}

names! {
    /// How a value is compared.
    pub(crate) enum MatchType {
        /// The same value.
        Exact => "Exact",
        /// A value that begins so.
        Prefix => "Prefix",
        /// A value that the regular expression matches as a whole.
        RegularExpression => "RegularExpression",
    }
}

/// A header name in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderName(pub(crate) String);

impl Read for HeaderName {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let Document::String(name) = document else { return wrong_type("a string", document, at, report) };
        let lower = name.to_ascii_lowercase();
        if names::is_reserved(lower.as_bytes()) || steering::is_steering(lower.as_bytes()) {
            return report.lose(at, PolicyFault::ReservedHeader.into());
        }
        let is_token = !lower.is_empty()
            && lower.len() <= 256
            && lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if !is_token {
            let value = name.chars().take(60).collect();
            return report.lose(at, PolicyErrorKind::Invalid { value, expected: "a header name" });
        }
        Self(if lower == "host" { ":authority".to_owned() } else { lower })
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({
            "type": "string",
            "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
            "not": { "pattern": "^[xX]-[pP][oO][iI][nN][tT][sS][mM][aA][nN]-" },
            "maxLength": 256,
        })
    }
}

/// The place of a header among those that the policy looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HeaderSlot(pub(crate) u16);

/// Gives each header that the policy looks at a slot.
#[derive(Debug, Default)]
pub(super) struct HeaderSlots(Vec<KnownHeader>, Option<Vec<HeaderMatch>>);

/// A header that the policy looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownHeader {
    /// In lower case (`:authority` for `host`).
    pub(crate) name: String,
    /// The size of all regular expressions on it.
    regexes: u64,
}

impl KnownHeader {
    /// The longest value that they are tried on: all of them together take no longer than a body does.
    pub(crate) fn longest_searched(&self) -> usize {
        let affordable = usize::try_from(REGEX_WORK / self.regexes.max(1)).unwrap_or(usize::MAX);
        affordable.min(LONGEST_SEARCHED)
    }
}

impl HeaderSlots {
    /// Every header that has a slot, in their order.
    pub(super) fn all(self) -> Vec<KnownHeader> {
        self.0
    }

    /// Has the tests of headers kept from here on, for those who write down what they said.
    pub(super) fn keep_tests(&mut self, keeps: bool) {
        self.1 = keeps.then(Vec::new);
    }

    /// What is written of headers. `is_key` says of which nothing is.
    pub(super) fn fact_plan(&self, is_key: impl Fn(&str) -> bool) -> FactPlan {
        FactPlan::new(&self.0, self.1.as_deref().unwrap_or_default(), is_key)
    }

    /// Notes a regular expression on a header.
    fn weigh(&mut self, HeaderSlot(slot): HeaderSlot, pattern: &str, at: &Path<'_>, report: &mut Report) {
        let Some(header) = self.0.get_mut(usize::from(slot)) else { return };
        let most = REGEX_WORK / SHORTEST_SEARCHED;
        let before = header.regexes;
        header.regexes += pattern::size(pattern);
        if before <= most && header.regexes > most {
            report.add(at, PolicyFault::TooManyRegexes { header: header.name.clone() }.into());
        }
    }

    pub(super) fn slot(&mut self, name: HeaderName, at: &Path<'_>, report: &mut Report) -> HeaderSlot {
        let known = self.0.iter().position(|known| known.name == name.0);
        let place = known.unwrap_or(self.0.len());
        if known.is_none() && place < MAX_HEADERS {
            self.0.push(KnownHeader { name: name.0, regexes: 0 });
        } else if known.is_none() {
            report.add(at, PolicyFault::TooManyHeaders { max: MAX_HEADERS }.into());
        }
        HeaderSlot(u16::try_from(place).unwrap_or(u16::MAX))
    }
}

/// A condition on a header.
#[derive(Clone, Debug)]
pub(crate) struct HeaderMatch {
    pub(crate) slot: HeaderSlot,
    pub(crate) test: ValueTest,
}

/// What a value must be.
#[derive(Clone, Debug)]
pub(crate) enum ValueTest {
    Exact(String),
    Prefix(String),
    Regex(Regex),
}

impl ValueTest {
    /// Whether the header is such, or `None` where that cannot be said: an expression was not tried on a value that is too
    /// long or no text, or a server that takes the first, the last or all of several values would disagree with others.
    pub(crate) fn judge(&self, header: &HeaderText) -> Option<bool> {
        #[cfg(any(test, feature = "replay"))]
        if let Some(told) = &header.told {
            return told.judge(self);
        }
        if matches!(self, ValueTest::Regex(_)) && header.joined.len() > header.longest_searched {
            return None;
        }
        let whole = self.matches(&header.joined)?;
        header.lines().all(|line| self.matches(line) == Some(whole)).then_some(whole)
    }

    /// How a record names a test that is no plain value.
    pub(crate) fn label(&self) -> Option<Box<str>> {
        match self {
            ValueTest::Exact(_) => None,
            ValueTest::Prefix(prefix) => Some(format!("^{prefix}").into()),
            ValueTest::Regex(regex) => Some(format!("~{}", written(regex)).into()),
        }
    }

    fn matches(&self, value: &[u8]) -> Option<bool> {
        match self {
            ValueTest::Exact(exact) => Some(value == exact.as_bytes()),
            ValueTest::Prefix(prefix) => Some(value.starts_with(prefix.as_bytes())),
            ValueTest::Regex(regex) => Some(regex.is_match(std::str::from_utf8(value).ok()?)),
        }
    }
}

/// What a request says in a header.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderText {
    /// Several values read as HTTP joins them.
    joined: Vec<u8>,
    /// Where each of several values ends; empty for one.
    ends: Vec<usize>,
    /// Longer values are not searched.
    longest_searched: usize,
    /// What a record tells of it, in place of a value.
    #[cfg(any(test, feature = "replay"))]
    told: Option<Box<told::ToldHeader>>,
}

impl HeaderText {
    /// The values of one header, `None` if there is none.
    pub(crate) fn of<'v>(longest_searched: usize, mut values: impl Iterator<Item = &'v [u8]>) -> Option<Self> {
        let mut text = Self { joined: values.next()?.to_vec(), longest_searched, ..Self::default() };
        for value in values {
            if text.ends.is_empty() {
                text.ends.push(text.joined.len());
            }
            text.joined.push(b',');
            text.joined.extend_from_slice(value);
            text.ends.push(text.joined.len());
        }
        Some(text)
    }

    /// All of it.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        #[cfg(any(test, feature = "replay"))]
        if let Some(told) = &self.told {
            told.fail();
        }
        &self.joined
    }

    /// A hash of all of it.
    pub(crate) fn hash(&self) -> u64 {
        #[cfg(any(test, feature = "replay"))]
        if let Some(told) = &self.told {
            return told.hash();
        }
        hash_of(&self.joined)
    }

    /// Whether there is a value to look at: a record may tell less of it.
    pub(crate) fn has_value(&self) -> bool {
        #[cfg(any(test, feature = "replay"))]
        if self.told.is_some() {
            return false;
        }
        true
    }

    /// Whether it stands more than once.
    pub(crate) fn is_many(&self) -> bool {
        !self.ends.is_empty()
    }

    /// How many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.joined.len() + size_of_val(self.ends.as_slice())
    }

    /// Each of several values.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let line = self.joined.get(start..*end).unwrap_or_default();
            start = end + 1;
            line
        })
    }
}

impl HeaderSpec {
    pub(super) fn compile(self, slots: &mut HeaderSlots, at: &Path<'_>, report: &mut Report) -> HeaderMatch {
        let slot = slots.slot(self.name, at, report);
        let test = match self.kind {
            MatchType::Exact => ValueTest::Exact(self.value.0),
            MatchType::Prefix => ValueTest::Prefix(self.value.0),
            MatchType::RegularExpression => match full_match(&self.value.0) {
                Ok(regex) => {
                    slots.weigh(slot, &self.value.0, &at.key("value"), report);
                    ValueTest::Regex(regex)
                }
                Err(err) => {
                    report.add(&at.key("value"), PolicyFault::Regex { reason: err.to_string() }.into());
                    ValueTest::Exact(self.value.0)
                }
            },
        };
        let compiled = HeaderMatch { slot, test };
        slots.1.iter_mut().for_each(|tests| tests.push(compiled.clone()));
        compiled
    }
}

/// The expression as it was written.
fn written(regex: &Regex) -> &str {
    let whole = regex.as_str();
    whole.strip_prefix("^(?:").and_then(|inner| inner.strip_suffix(")$")).unwrap_or(whole)
}

/// Compiles a regular expression that matches whole values only.
fn full_match(pattern: &str) -> Result<Regex, regex_lite::Error> {
    let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(MOST_BYTES).build();
    // By itself first: `a)|(b` would close the group around it.
    compile(pattern)?;
    compile(&format!("^(?:{pattern})$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, value: &[u8], expected: impl Into<Option<bool>>) {
        let test = ValueTest::Regex(full_match(pattern).expect("a regular expression"));
        assert_eq!(test.matches(value), expected.into(), "{pattern:?} on {:?}", String::from_utf8_lossy(value));
    }

    #[test]
    fn several_values_are_judged_where_all_readings_agree() {
        let judge = |test: ValueTest, values: &[&str]| {
            test.judge(
                &HeaderText::of(LONGEST_SEARCHED, values.iter().map(|value| value.as_bytes())).expect("a header"),
            )
        };
        let exact = || ValueTest::Exact("a".to_owned());
        assert_eq!(judge(exact(), &["a"]), Some(true));
        assert_eq!(judge(exact(), &["a,b"]), Some(false));
        assert_eq!(judge(exact(), &["a", "b"]), None);
        assert_eq!(judge(exact(), &["b", "a"]), None);
        assert_eq!(judge(exact(), &["a", "a"]), None);
        assert_eq!(judge(exact(), &["b", "", "c"]), Some(false));
        assert_eq!(judge(ValueTest::Prefix("a".to_owned()), &["a1", "a2"]), Some(true));
        assert_eq!(judge(ValueTest::Prefix("a".to_owned()), &["a1", "b"]), None);
        let regex = || ValueTest::Regex(full_match(".*a.*").expect("a regular expression"));
        assert_eq!(judge(regex(), &["xa", "ay"]), Some(true));
        assert_eq!(judge(regex(), &["x", "ay"]), None);
        assert_eq!(judge(regex(), &["x", ""]), Some(false));
        assert!(HeaderText::of(LONGEST_SEARCHED, std::iter::empty()).is_none());
    }

    #[test]
    fn all_expressions_on_a_header_have_a_bound_together() {
        let longest = |regexes| KnownHeader { name: "user-agent".to_owned(), regexes }.longest_searched();
        assert_eq!([longest(0), longest(1000), longest(4096)], [LONGEST_SEARCHED, LONGEST_SEARCHED, 1024]);
        assert_eq!(
            [pattern::size("abc"), pattern::size("(a{10}){2,10}"), pattern::size("a{999}{999}{999}")],
            [3, 1300, 65536]
        );
        let value = vec![b'x'; 2000];
        let test = ValueTest::Regex(full_match(".*").expect("a regular expression"));
        let judge = |longest| test.judge(&HeaderText::of(longest, [&value[..]].into_iter()).expect("a header"));
        assert_eq!((judge(2000), judge(1999)), (Some(true), None));
    }

    #[test]
    fn more_expressions_than_that_are_a_mistake() {
        let pattern = "(bot|crawler|spider)".repeat(50);
        let rules: Vec<String> = (0..70)
            .map(|nth| {
                let header =
                    format!(r#"{{"name": "user-agent", "type": "RegularExpression", "value": "{pattern}{nth}"}}"#);
                format!(r#"{{"name": "r{nth}", "match": {{"headers": [{header}]}}, "deny": {{}}}}"#)
            })
            .collect();
        crate::policy::testing::check(
            &format!(r#""rules": [{}]"#, rules.join(",")),
            &[
                "rules[65].match.headers[0].value: the regular expressions on the header `user-agent` are too many to try",
            ],
        );
    }

    #[test]
    fn a_regular_expression_matches_whole_values() {
        check("a|ab", b"ab", true);
        check("a|b", b"ab", false);
        check("team-[0-9]+", b"team-42", true);
        check("team-[0-9]+", b"team-42\n", false);
        check(".*", b"\xff", None);
        check("x*", "x".repeat(LONGEST_SEARCHED).as_bytes(), true);
    }

    #[test]
    fn unbalanced_and_huge_ones_are_refused() {
        assert!(full_match("a)|(b").is_err());
        assert!(full_match("(").is_err());
        assert!(full_match("((a{100}){100}){100}").is_err());
    }
}
