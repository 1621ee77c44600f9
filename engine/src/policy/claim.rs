//! Conditions on JWT claims.

use super::pattern::Pattern;
use super::text::{ClaimName, Plain, PlainPattern};
use pointsman_document::{Some1, object};

object! {
    /// A condition on a claim of the verified JWT: text, or a list of texts. Numbers and booleans lose their type on the way
    /// through Envoy and cannot be matched.
    pub(crate) struct ClaimSpec {
        /// The claim. Dots lead into nested claims (`realm_access.roles`); `\.` is a dot of the name itself.
        "name" => name: ClaimName,
        /// What the claim is; `*` stands for any characters.
        "value" => value: Option<PlainPattern>,
        /// What the claim is: one of these; `*` stands for any characters.
        "values" => values: Option<Some1<PlainPattern>>,
        /// What the claim contains: an item of a list, or a word of a text such as `scope`.
        "contains" => contains: Option<Plain>,
    }
    exactly_one_of("value", "values", "contains");
}

/// A condition on a claim.
#[derive(Clone, Debug)]
pub(crate) struct ClaimMatch {
    /// The names that lead to the claim, outermost first.
    pub(crate) path: Vec<String>,
    pub(crate) test: ClaimTest,
}

/// What a claim must be.
#[derive(Clone, Debug)]
pub(crate) enum ClaimTest {
    /// Text that one of the patterns matches.
    AnyOf(Vec<Pattern>),
    /// A list with this item, or text with this word.
    Contains(String),
}

impl ClaimTest {
    /// Tests a claim as `Caller::claim` gives it: text as it is, and a list as its items with a NUL behind
    /// each one, which no item can contain once it has passed through a JWT's text.
    pub(crate) fn matches(&self, claim: &[u8]) -> bool {
        match self {
            ClaimTest::AnyOf(patterns) => patterns.iter().any(|pattern| pattern.matches_bytes(claim)),
            ClaimTest::Contains(item) => {
                let separator = if claim.contains(&0) { 0 } else { b' ' };
                claim.split(|byte| *byte == separator).any(|part| part == item.as_bytes())
            }
        }
    }
}

impl ClaimSpec {
    pub(super) fn compile(self) -> ClaimMatch {
        let patterns = self.value.into_iter().chain(self.values.unwrap_or_default().0);
        let test = match self.contains {
            Some(item) => ClaimTest::Contains(item.0),
            None => ClaimTest::AnyOf(patterns.map(|value| value.pattern()).collect()),
        };
        ClaimMatch { path: segments(&self.name.0), test }
    }
}

/// Cuts a claim's name at its dots; a backslash takes the next character as it is.
pub(super) fn segments(name: &str) -> Vec<String> {
    let (mut segments, mut segment) = (Vec::new(), String::new());
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        match character {
            '.' => segments.push(std::mem::take(&mut segment)),
            '\\' => segment.extend(characters.next()),
            other => segment.push(other),
        }
    }
    segments.push(segment);
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(test: &ClaimTest, claim: &[u8], expected: bool) {
        assert_eq!(test.matches(claim), expected, "{test:?} on {:?}", String::from_utf8_lossy(claim));
    }

    #[test]
    fn a_value_is_the_whole_claim() {
        let test = ClaimTest::AnyOf(vec![Pattern::new("acme"), Pattern::new("acme-*")]);
        check(&test, b"acme", true);
        check(&test, b"acme-eu", true);
        check(&test, b"not acme", false);
        check(&test, b"acme\0", false);
    }

    #[test]
    fn contains_looks_at_items_and_words() {
        let test = ClaimTest::Contains("admin".to_owned());
        check(&test, b"admin", true);
        check(&test, b"openid admin", true);
        check(&test, b"user\0admin\0", true);
        check(&test, b"not admin\0", false);
        check(&test, b"administrator", false);
    }

    #[test]
    fn dots_nest_and_a_backslash_keeps_them() {
        assert_eq!(segments("realm_access.roles"), ["realm_access", "roles"]);
        assert_eq!(segments(r"https://acme\.com/org"), ["https://acme.com/org"]);
    }
}
