//! Everything that a policy was made of, so that whoever follows it notices a change in any of its files, and new ones.

use super::folder;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Files with what stood in them, and patterns with the names that they meant. What could not be read is nothing: it may be
/// there later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookedAt {
    files: BTreeMap<PathBuf, Option<Vec<u8>>>,
    patterns: BTreeMap<(PathBuf, String), Vec<OsString>>,
}

impl LookedAt {
    pub(super) fn file(&mut self, name: &Path, content: Option<&[u8]>) {
        self.files.insert(name.to_path_buf(), content.map(<[u8]>::to_vec));
    }

    pub(super) fn pattern(&mut self, folder: PathBuf, pattern: &str, found: Option<&Vec<OsString>>) {
        self.patterns.insert((folder, pattern.to_owned()), found.cloned().unwrap_or_default());
    }

    /// The same files and patterns as they are now.
    pub fn again(&self) -> Self {
        let files = self.files.keys().map(|name| (name.clone(), std::fs::read(name).ok()));
        let found = |(folder, pattern): &(PathBuf, String)| folder::matching(folder, pattern).unwrap_or_default();
        let patterns = self.patterns.keys().map(|key| (key.clone(), found(key)));
        Self { files: files.collect(), patterns: patterns.collect() }
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }

    /// Whether this file is there.
    pub fn has(&self, name: &Path) -> bool {
        self.files.get(name).is_some_and(Option::is_some)
    }
}
