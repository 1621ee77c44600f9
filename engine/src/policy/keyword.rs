//! The keywords of all rules, numbered, so that one pass over the text looks for all of them.

use super::error::{PolicyFault, Report};
use super::recording::hash_of;
use super::text::Keyword;
use crate::request::text::keywords::KeywordSearch;
use pointsman_document::Path;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of a keyword in the policy's `KeywordSearch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeywordId(pub(crate) u32);

/// Gives each keyword a number.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    all: Vec<String>,
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

    /// A hash of each, by its number: records name them so.
    pub(super) fn hashes(&self) -> Arc<[u64]> {
        self.all.iter().map(|keyword| hash_of(keyword.as_bytes())).collect()
    }

    /// They themselves, by their numbers.
    #[cfg(any(test, feature = "trace"))]
    pub(super) fn texts(&self) -> Arc<[String]> {
        self.all.iter().cloned().collect()
    }

    /// What looks for all of them.
    #[inline(never)]
    pub(super) fn search(&self, at: &Path<'_>, report: &mut Report) -> Option<Arc<KeywordSearch>> {
        let search = KeywordSearch::new(&self.all).map(Arc::new);
        if search.is_none() && !self.all.is_empty() {
            report.add(at, PolicyFault::TooManyKeywords.into());
        }
        search
    }
}
