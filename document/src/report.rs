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
    /// Errors beyond those that are kept.
    more: usize,
}

/// Errors that are kept. Nobody reads more, and each is looked for in the file by who reports it.
const KEPT: usize = 200;

/// Names that "did you mean" is asked for, at most: a document full of wrong names must not hold up the proxy.
const SUGGESTIONS: usize = 100;

impl Report {
    /// Notes an error about a value that was understood.
    pub fn add(&mut self, at: &Path<'_>, kind: DocumentErrorKind) {
        if self.errors.len() >= KEPT {
            self.more += 1;
        } else if !self.is_lost(at) {
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

    /// Whether these fields of the object at `at` can be held against each other: none is a stand-in, or may be given
    /// under a name that was mistyped.
    pub fn is_sound(&self, at: &Path<'_>, fields: &[&str]) -> bool {
        fields.iter().all(|field| !self.is_lost(&at.key(field)) && !self.is_mistyped(at, field))
    }

    fn is_mistyped(&self, at: &Path<'_>, field: &str) -> bool {
        // Less the mistyped name itself, the path is that of the object.
        let parent = at.key("").to_string();
        let is_here = |path: &str| path.strip_prefix(&parent).is_some_and(|name| !name.contains(['.', '[']));
        self.errors.iter().any(|error| match &error.kind {
            DocumentErrorKind::UnknownField { suggestion: Some(meant) } => meant == field && is_here(&error.path),
            _ => false,
        })
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
    pub fn finish<T>(mut self, value: T) -> Result<T, DocumentErrors> {
        if self.errors.is_empty() {
            return Ok(value);
        }
        if self.more > 0 {
            let kind = DocumentErrorKind::Meaning(format!("and {} errors more", self.more).into());
            self.errors.push(DocumentError { path: String::new(), kind });
        }
        Err(DocumentErrors(self.errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        let (root, servers) = (Path::Root, Path::Root.key("servers"));
        report.add(&root.key("prot"), DocumentErrorKind::UnknownField { suggestion: Some("port".into()) });
        report.add(&servers.index(1).key("prot"), DocumentErrorKind::UnknownField { suggestion: Some("port".into()) });
        let _: u16 = report.lose(&servers.index(2).key("port"), DocumentErrorKind::Missing);
        report
    }

    #[test]
    fn what_is_lost_is_not_spoken_of_again() {
        let mut report = report();
        let servers = Path::Root.key("servers");
        let count = report.errors.len();
        report.add(&servers.index(2).key("port"), "must not be 0".into());
        report.add(&servers.index(2).key("port").key("below"), "must not be 0".into());
        assert_eq!(report.errors.len(), count);
        report.add(&servers.index(1).key("port"), "must not be 0".into());
        assert_eq!(report.errors.len(), count + 1);
    }

    #[test]
    fn of_too_many_errors_the_rest_is_counted() {
        let mut report = Report::default();
        for number in 0..KEPT + 5 {
            report.add(&Path::Root.index(number), "must not be 0".into());
        }
        let errors = report.finish(()).expect_err("errors");
        let errors: Vec<String> = errors.into_iter().map(|error| error.to_string()).collect();
        assert_eq!((errors.len(), errors.last().map(String::as_str)), (KEPT + 1, Some("and 5 errors more")));
    }

    #[test]
    fn a_field_is_sound_unless_it_is_lost_or_mistyped() {
        let report = report();
        let servers = Path::Root.key("servers");
        let is_sound = |nth| report.is_sound(&servers.index(nth), &["port", "address"]);
        assert_eq!([0, 1, 2, 3].map(is_sound), [true, false, false, true]);
        assert!(!report.is_sound(&Path::Root, &["port"]) && report.is_sound(&Path::Root, &["address"]));
    }
}
