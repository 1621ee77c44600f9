//! The keywords of all rules, numbered, so that one pass over the text looks for all of them.

use super::text::Keyword;
use std::collections::BTreeMap;

/// The place of a keyword in `Policy::keywords`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeywordId(pub(crate) u32);

/// Gives each keyword a number.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    pub(super) all: Vec<String>,
    numbers: BTreeMap<String, KeywordId>,
}

impl Keywords {
    /// Keywords that differ only in case or spacing have one number.
    pub(super) fn number(&mut self, keyword: &Keyword) -> KeywordId {
        let keyword = keyword.0.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        // A document with 2^32 keywords cannot be read in the first place.
        let next = KeywordId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        *self.numbers.entry(keyword).or_insert_with_key(|keyword| {
            self.all.push(keyword.clone());
            next
        })
    }
}
