//! `text!`: kinds of text that operators write. Each knows what it may hold, in Rust and in JSON Schema.

use crate::read::{Read, wrong_type};
use crate::{Definitions, Document, DocumentErrorKind, Path, Report};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Declares a kind of text: what it is, for the error; its schema pattern; and the check itself.
#[macro_export]
macro_rules! text {
    ($($(#[doc = $doc:literal])+ $vis:vis $name:ident: $expected:literal, $pattern:literal, $max:expr, $check:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        $vis struct $name($vis String);

        impl $crate::Read for $name {
            fn read(
                document: &$crate::Document,
                at: &$crate::Path<'_>,
                report: &mut $crate::Report,
            ) -> Self {
                Self($crate::text::text(document, $expected, $max, $check, at, report))
            }

            fn schema(_: &mut $crate::Definitions) -> $crate::Value {
                $crate::schema::text($pattern, $max)
            }
        }
    )+};
}

/// Reads a text that passes `check` and is not longer than `longest`.
pub fn text(
    document: &Document,
    expected: &'static str,
    longest: usize,
    check: fn(&str) -> bool,
    at: &Path<'_>,
    report: &mut Report,
) -> String {
    let Document::String(text) = document else { return wrong_type("a string", document, at, report) };
    if text.chars().count() <= longest && check(text) {
        return text.clone();
    }
    let value = text.chars().take(60).collect();
    report.lose(at, DocumentErrorKind::Invalid { value, expected })
}

impl Read for String {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::String(text) => text.clone(),
            other => wrong_type("a string", other, at, report),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string" })
    }
}

/// The path of a file.
impl Read for PathBuf {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        String::read(document, at, report).into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        String::schema(definitions)
    }
}
