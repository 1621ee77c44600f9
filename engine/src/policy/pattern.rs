//! Patterns in which `*` stands for any characters, also none. Matching takes linear time.

/// A pattern such as `gpt-4*`, cut at its stars once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// What the text begins with; all of it, if there is no star.
    prefix: String,
    /// What follows the first star: pieces that come one after the other, and the end.
    rest: Option<(Vec<String>, String)>,
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Self {
        let Some((prefix, rest)) = pattern.split_once('*') else {
            return Self { prefix: pattern.to_owned(), rest: None };
        };
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        let pieces = middle.split('*').filter(|piece| !piece.is_empty()).map(str::to_owned).collect();
        Self { prefix: prefix.to_owned(), rest: Some((pieces, end.to_owned())) }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((pieces, end)) = &self.rest else { return text == self.prefix };
        // Taking each piece where it first occurs leaves the most room for those that follow.
        let Some(mut text) = text.strip_prefix(self.prefix.as_str()).and_then(|text| text.strip_suffix(end.as_str()))
        else {
            return false;
        };
        for piece in pieces {
            match text.split_once(piece.as_str()) {
                Some((_, behind)) => text = behind,
                None => return false,
            }
        }
        true
    }

    /// The same for bytes; what is not UTF-8 matches nothing.
    pub(crate) fn matches_bytes(&self, bytes: &[u8]) -> bool {
        std::str::from_utf8(bytes).is_ok_and(|text| self.matches(text))
    }

    /// The one text that matches, if there is no star.
    pub(crate) fn exact(&self) -> Option<&str> {
        self.rest.is_none().then_some(self.prefix.as_str())
    }

    /// Whether it matches every text that `narrow` matches.
    ///
    /// A sign that stands in no pattern is put where the other has its stars: what takes it in takes anything in.
    #[cfg(any(test, feature = "findings"))]
    pub(crate) fn covers(&self, narrow: &Self) -> bool {
        const ANYTHING: &str = "\0";
        let text = match &narrow.rest {
            None => narrow.prefix.clone(),
            Some((pieces, end)) => {
                let pieces = pieces.iter().map(|piece| format!("{ANYTHING}{piece}")).collect::<String>();
                format!("{}{pieces}{ANYTHING}{end}", narrow.prefix)
            }
        };
        self.matches(&text)
    }

    /// As it is written, but for stars that stand side by side.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn written(&self) -> String {
        let Some((pieces, end)) = &self.rest else { return self.prefix.clone() };
        let pieces = pieces.iter().map(|piece| format!("*{piece}")).collect::<String>();
        format!("{}{pieces}*{end}", self.prefix)
    }

    /// The shortest text that matches.
    #[cfg(any(test, feature = "findings"))]
    pub(crate) fn sample(&self) -> String {
        let (pieces, end) = self.rest.as_ref().map_or((&[][..], ""), |(pieces, end)| (pieces, end));
        format!("{}{}{end}", self.prefix, pieces.concat())
    }

    /// What every text that matches begins with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Pattern::new(pattern).matches(text), expected, "{pattern:?} and {text:?}");
    }

    #[test]
    fn without_a_star_the_whole_text_is_compared() {
        check("gpt-4o", "gpt-4o", true);
        check("gpt-4o", "gpt-4o-mini", false);
        check("gpt-4o", "GPT-4o", false);
    }

    #[test]
    fn a_star_stands_for_anything() {
        check("*", "", true);
        check("**", "x", true);
        check("gpt-*", "gpt-", true);
        check("*-mini", "gpt-4o-mini", true);
        check("*-mini", "gpt-4o-minis", false);
        check("a*b*c", "a-b-b-c", true);
        check("a*bc*c", "abc", false);
    }

    #[test]
    fn pieces_do_not_overlap() {
        check("ab*ba", "aba", false);
        check("a*aa*a", "aaa", false);
        check("a*aa*a", "aaaa", true);
    }

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        let covers = |wide: &str, narrow: &str| Pattern::new(wide).covers(&Pattern::new(narrow));
        assert!(covers("*", "*") && covers("gpt-*", "gpt-4*") && covers("gpt-*", "gpt-4o") && covers("a*c", "ab*bc"));
        assert!(
            !covers("gpt-4*", "gpt-*") && !covers("gpt-4o", "gpt-*") && !covers("a*b", "a*c") && !covers("**a", "*")
        );
    }

    #[test]
    fn bytes_that_are_not_text_match_nothing() {
        assert!(!Pattern::new("*").matches_bytes(b"\xff"));
    }

    /// The definition, in exponential time.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                naive(rest, text) || text.split_first().is_some_and(|(_, text)| naive(pattern, text))
            }
            (Some((p, pattern)), Some((t, text))) => p == t && naive(pattern, text),
            (None, None) => true,
            _ => false,
        }
    }

    proptest! {
        /// What is said to be covered has no text that only the narrow one matches.
        #[test]
        fn a_pattern_covers_what_it_matches(wide in "[ab*]{0,5}", narrow in "[ab*]{0,5}", texts in prop::collection::vec("[ab]{0,7}", 1..20)) {
            let (wide, narrow) = (Pattern::new(&wide), Pattern::new(&narrow));
            if wide.covers(&narrow) {
                prop_assert!(texts.iter().all(|text| !narrow.matches(text) || wide.matches(text)));
            }
            prop_assert!(wide.covers(&wide) && wide.matches(&wide.sample()));
        }

        #[test]
        fn agrees_with_the_definition(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(Pattern::new(&pattern).matches(&text), naive(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
