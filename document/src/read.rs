//! From document to value: how each type is read, and what its JSON Schema is.

use crate::schema::{self, Definitions};
use crate::{Document, DocumentErrorKind, Path, Report};
use serde_json::{Value, json};

/// A type that operators write. Its default is the stand-in for a value that could not be read.
pub trait Read: Default {
    /// Reads the value; whatever is wrong with it goes to `report`.
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self;

    /// Its JSON Schema.
    fn schema(definitions: &mut Definitions) -> Value;

    /// What a field of this type is when it is not given; `None` if it must be.
    fn absent() -> Option<Self> {
        None
    }
}

/// The JSON Schema of a document that is a `T`.
pub fn schema_of<T: Read>(title: &str) -> Value {
    let mut definitions = Definitions::new();
    let root = T::schema(&mut definitions);
    schema::whole(title, &root, &definitions)
}

/// A field of that type, for the schema of its object.
pub fn field<'a, T: Read>(
    key: &'static str,
    doc: &'a str,
    default: Option<fn() -> Document>,
    definitions: &mut Definitions,
) -> schema::Field<'a> {
    let is_required = default.is_none() && T::absent().is_none();
    schema::Field { key, doc, default: default.map(|make| make()), is_required, value: T::schema(definitions) }
}

/// The error of a value of the wrong type.
pub fn wrong_type<T: Default>(expected: &'static str, document: &Document, at: &Path<'_>, report: &mut Report) -> T {
    report.lose(at, DocumentErrorKind::WrongType { expected, found: document.kind() })
}

impl Read for bool {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::Bool(value) => *value,
            other => wrong_type("true or false", other, at, report),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "boolean" })
    }
}

impl<T: Read> Read for Option<T> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        Some(T::read(document, at, report))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// The value of a name.
pub fn choose<T: Copy + Default>(
    document: &Document,
    choices: &[(&'static str, T)],
    at: &Path<'_>,
    report: &mut Report,
) -> T {
    let Document::String(name) = document else { return wrong_type("a string", document, at, report) };
    match choices.iter().find(|(spelling, _)| spelling == name) {
        Some((_, value)) => *value,
        None => {
            let choices: Vec<_> = choices.iter().map(|(spelling, _)| *spelling).collect();
            let suggestion = report.suggest(name, choices.iter().copied());
            report.lose(at, DocumentErrorKind::UnknownValue { value: name.clone(), choices, suggestion })
        }
    }
}
