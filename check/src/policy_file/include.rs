//! `include`: which files a policy is made of besides the one that says so, and which of them speak of some tenants only.

use pointsman_document::{Definitions, Document, Path, Read, Report, Some1, Value, object};
use pointsman_source::{Finding, Source};
use serde_json::json;

/// The key of the section.
pub(super) const SECTION: &str = "include";

object! {
    /// Files of those who may say something of these tenants, and of nobody else: only rules and budgets.
    pub struct DelegationSpec {
        /// A file, or a pattern such as `teams/*.yaml`, from the file that says this.
        "files" => files: String,
        /// The names of the tenants.
        "tenants" => tenants: Some1<String>,
    }
}

/// A file or a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// Which may say anything.
    Own(String),
    /// Which may speak of these tenants.
    Delegated(DelegationSpec),
}

impl Default for Entry {
    fn default() -> Self {
        Self::Own(String::new())
    }
}

impl Read for Entry {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::Object(_) => Self::Delegated(DelegationSpec::read(document, at, report)),
            _ => Self::Own(String::read(document, at, report)),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "anyOf": [{ "type": "string" }, DelegationSpec::schema(definitions)] })
    }
}

impl Entry {
    /// The file or the pattern, and the field that says it.
    pub(super) fn files(&self) -> (&str, &'static str) {
        match self {
            Self::Own(files) => (files, ""),
            Self::Delegated(spec) => (&spec.files, ".files"),
        }
    }
}

/// What a file includes. With an error in it, nothing.
pub(super) fn of(source: &Source) -> Result<Vec<Entry>, Vec<Finding>> {
    let Some(section) = source.document.get(SECTION) else { return Ok(Vec::new()) };
    let mut report = Report::default();
    let entries = Vec::<Entry>::read(section, &Path::Root.key(SECTION), &mut report);
    report.finish(entries).map_err(|errors| source.findings(&errors))
}
