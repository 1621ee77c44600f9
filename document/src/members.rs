//! Objects with the keys that their declaration says.

use crate::read::{Read, wrong_type};
use crate::{Document, DocumentErrorKind, Path, Report};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The members of an object whose keys are known.
#[derive(Debug)]
pub struct Members<'a> {
    members: &'a [(String, Document)],
    at: &'a Path<'a>,
}

impl<'a> Members<'a> {
    /// Opens an object; unknown and repeated keys are reported.
    pub fn open(document: &'a Document, at: &'a Path<'a>, keys: &[&'static str], report: &mut Report) -> Option<Self> {
        let Document::Object(members) = document else {
            let () = wrong_type("an object", document, at, report);
            return None;
        };
        report_duplicates(members, at, report);
        for (key, _) in members {
            if !keys.contains(&key.as_str()) {
                let suggestion = report.suggest(key, keys.iter().copied());
                report.add(&at.key(key), DocumentErrorKind::UnknownField { suggestion });
            }
        }
        Some(Self { members, at })
    }

    /// Reads a field, or its default where it is not given.
    ///
    /// There is one of these per type in the module, so what does not depend on the type is elsewhere.
    pub fn field<T: Read>(&self, key: &'static str, default: Option<fn() -> Document>, report: &mut Report) -> T {
        let at = self.at.key(key);
        match self.given(key, default) {
            Some(value) => T::read(&value, &at, report),
            None => T::absent().unwrap_or_else(|| report.lose(&at, DocumentErrorKind::Missing)),
        }
    }

    fn given(&self, key: &str, default: Option<fn() -> Document>) -> Option<Cow<'a, Document>> {
        self.get(key).map(Cow::Borrowed).or_else(|| Some(Cow::Owned(default?())))
    }

    /// Demands that each of `fields` is given, also where its type has a value for a field that is not.
    pub fn required(&self, fields: &[&'static str], report: &mut Report) {
        for field in fields.iter().filter(|field| self.get(field).is_none()) {
            let () = report.lose(&self.at.key(field), DocumentErrorKind::Missing);
        }
    }

    /// Demands that exactly one of `fields` is given.
    pub fn exactly_one_of(&self, fields: &'static [&'static str], report: &mut Report) {
        if self.count(fields) != 1 {
            report.add(self.at, DocumentErrorKind::NotExactlyOne(fields));
        }
    }

    /// Demands that at least one of `fields` is given.
    pub fn at_least_one_of(&self, fields: &'static [&'static str], report: &mut Report) {
        if self.count(fields) == 0 {
            report.add(self.at, DocumentErrorKind::NoneOf(fields));
        }
    }

    fn count(&self, fields: &[&str]) -> usize {
        fields.iter().filter(|field| self.get(field).is_some()).count()
    }

    fn get(&self, key: &str) -> Option<&'a Document> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

pub(crate) fn report_duplicates(members: &[(String, Document)], at: &Path<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (key, _) in members {
        if !seen.insert(key) {
            report.add(&at.key(key), DocumentErrorKind::DuplicateField);
        }
    }
}
