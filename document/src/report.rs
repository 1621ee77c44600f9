//! Every error of a document, gathered while it is read.

use crate::error::{DocumentError, DocumentErrorKind, DocumentErrors};
use crate::path::Path;
use crate::suggest::nearest;
use std::collections::BTreeSet;

/// Collects errors while a document is read.
///
/// A field that could not be read is replaced by a stand-in, so that reading can go on. Whatever is found
/// wrong with the stand-in would be noise, so nothing is reported at or below such a field again.
#[derive(Debug, Default)]
pub struct Report {
    errors: Vec<DocumentError>,
    lost: BTreeSet<String>,
    suggested: usize,
}

/// Names that "did you mean" is asked for, at most: a document full of wrong names must not hold up the proxy.
const SUGGESTIONS: usize = 100;

impl Report {
    /// Notes an error about a value that was understood.
    pub fn add(&mut self, at: &Path<'_>, kind: DocumentErrorKind) {
        if !self.is_lost(at) {
            self.errors.push(DocumentError { path: at.to_string(), kind });
        }
    }

    /// Notes an error about a value that a stand-in replaces.
    pub fn lose<T: Default>(&mut self, at: &Path<'_>, kind: DocumentErrorKind) -> T {
        self.add(at, kind);
        self.lost.insert(at.to_string());
        T::default()
    }

    /// Whether the value at `at` is a stand-in.
    pub fn is_lost(&self, at: &Path<'_>) -> bool {
        if self.lost.is_empty() {
            return false;
        }
        self.lost.contains(&at.to_string())
            || match at {
                Path::Root => false,
                Path::Key(parent, _) | Path::Index(parent, _) => self.is_lost(parent),
            }
    }

    /// The name among `known` that was probably meant.
    pub fn suggest<'a>(&mut self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
        self.suggested += 1;
        if self.suggested > SUGGESTIONS { None } else { nearest(name, known).map(str::to_owned) }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The value, if nothing is wrong.
    pub fn finish<T>(self, value: T) -> Result<T, DocumentErrors> {
        if self.errors.is_empty() { Ok(value) } else { Err(DocumentErrors(self.errors)) }
    }
}
