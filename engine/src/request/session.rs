//! The fields of a body in which clients say which conversation it belongs to.
//!
//! Only what the policy names is looked at, at the top level and one object below it.

use crate::json::Name;
use std::sync::Arc;
use xxhash_rust::xxh64::Xxh64;

/// The most fields that one policy can name: a set of them is one number.
pub(crate) const MOST: usize = u32::BITS as usize;

/// The place of a field among those that the policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldSlot(pub(crate) u8);

/// Where a field stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldPath {
    /// The top-level key.
    pub(crate) key: String,
    /// The key inside of it, if its value is an object.
    pub(crate) inner: Option<String>,
}

/// The fields as they pass.
pub(super) struct SessionFields {
    paths: Arc<[FieldPath]>,
    /// The hashes of the texts that have been found.
    found: Vec<Option<u64>>,
    /// The fields that the top-level member in progress belongs to.
    under: u32,
    /// The fields whose value would stand here.
    here: u32,
    hash: Xxh64,
    is_empty: bool,
}

impl SessionFields {
    pub(super) fn new(paths: Arc<[FieldPath]>) -> Self {
        Self { found: vec![None; paths.len()], paths, under: 0, here: 0, hash: Xxh64::new(0), is_empty: true }
    }

    /// A key of the top level.
    pub(super) fn top_key(&mut self, key: &Name) {
        self.under = self.those(|path| path.key.as_bytes() == key.as_bytes());
        self.here = self.under & self.those(|path| path.inner.is_none());
    }

    /// A key of the object that the member in progress is.
    pub(super) fn inner_key(&mut self, key: &Name) {
        let named = |path: &FieldPath| path.inner.as_ref().is_some_and(|inner| inner.as_bytes() == key.as_bytes());
        self.here = self.under & self.those(named);
    }

    /// Whether the object that is the value of the top-level member holds a field.
    pub(super) fn are_inside(&self) -> bool {
        self.under & self.those(|path| path.inner.is_some()) != 0
    }

    /// A text begins. Whether it is the value of a field.
    pub(super) fn begin_string(&mut self) -> bool {
        self.hash.reset(0);
        self.is_empty = true;
        self.here != 0
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.hash.update(text);
        self.is_empty &= text.is_empty();
    }

    /// An empty text says nothing. Of two values of one field, the first counts.
    pub(super) fn end_string(&mut self) {
        let digest = self.hash.digest();
        for (slot, found) in self.found.iter_mut().enumerate() {
            if self.here >> slot & 1 == 1 && !self.is_empty {
                found.get_or_insert(digest);
            }
        }
        self.here = 0;
    }

    pub(super) fn found(&self, FieldSlot(slot): FieldSlot) -> Option<u64> {
        self.found.get(usize::from(slot)).copied().flatten()
    }

    fn those(&self, are: impl Fn(&FieldPath) -> bool) -> u32 {
        self.paths.iter().take(MOST).enumerate().fold(0, |set, (slot, path)| set | u32::from(are(path)) << slot)
    }
}
