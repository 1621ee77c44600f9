//! Lists that operators write.

use crate::read::{Read, wrong_type};
use crate::{Definitions, Document, DocumentErrorKind, Path, Report};
use serde_json::{Value, json};

fn read_items<T: Read>(document: &Document, at: &Path<'_>, report: &mut Report) -> Vec<T> {
    match document {
        Document::Array(items) => {
            items.iter().enumerate().map(|(nth, item)| T::read(item, &at.index(nth), report)).collect()
        }
        other => wrong_type("a list", other, at, report),
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        read_items(document, at, report)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(definitions) })
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// A list that has at least one item.
#[derive(Clone, Debug)]
pub struct Some1<T>(pub Vec<T>);

impl<T> Default for Some1<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Some1<T> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        if matches!(document, Document::Array(items) if items.is_empty()) {
            return report.lose(at, DocumentErrorKind::EmptyList);
        }
        Self(read_items(document, at, report))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(definitions), "minItems": 1 })
    }
}
