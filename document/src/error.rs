//! What can be wrong with a document, and where.

use crate::visible::Visible;
use std::borrow::Cow;
use std::fmt;

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    pub(crate) path: String,
    pub(crate) kind: DocumentErrorKind,
}

impl DocumentError {
    /// The field, as `rules[2].route.targets[0].model`; empty when it is the whole document.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it, as a sentence without its field.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What is wrong with it, as a value.
    pub fn kind(&self) -> &DocumentErrorKind {
        &self.kind
    }

    /// Whether it is the field that is wrong, whatever its value.
    pub fn is_about_key(&self) -> bool {
        use DocumentErrorKind::{DuplicateField, NotHere, UnknownField};
        matches!(self.kind, UnknownField { .. } | DuplicateField | NotHere { .. })
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", Visible(&self.path))?;
        }
        // What the document says stands in it, too.
        write!(f, "{}", Visible(&self.kind.to_string()))
    }
}

impl std::error::Error for DocumentError {}

/// The ways in which a field can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentErrorKind {
    /// The text is not JSON.
    Syntax(String),
    /// A string where a list is needed, and so on.
    WrongType {
        /// What is needed.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A required field is not there.
    Missing,
    /// A field that does not exist.
    UnknownField {
        /// A field that does.
        suggestion: Option<String>,
    },
    /// A field that is given twice.
    DuplicateField,
    /// Not one of the values that the field can have.
    UnknownValue {
        /// What is there.
        value: String,
        /// The values that exist.
        choices: Vec<&'static str>,
        /// The nearest of them.
        suggestion: Option<String>,
    },
    /// A list without items.
    EmptyList,
    /// A number that is too small or too large.
    OutOfRange {
        /// The least that is allowed.
        min: i64,
        /// The most that is allowed.
        max: i64,
    },
    /// Text that its field cannot hold.
    Invalid {
        /// What is there.
        value: String,
        /// What the field holds.
        expected: &'static str,
    },
    /// A name that is taken.
    Taken {
        /// The name.
        name: String,
        /// The field that has it already.
        by: String,
    },
    /// Not exactly one of several fields.
    NotExactlyOne(&'static [&'static str]),
    /// None of several fields.
    NoneOf(&'static [&'static str]),
    /// A range that ends before it begins.
    EmptyRange,
    /// More items than the engine counts.
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// A field that has no meaning here.
    NotHere {
        /// Why.
        why: &'static str,
    },
    /// What only the reader of this document can know, as a sentence.
    Meaning(Cow<'static, str>),
}

impl From<&'static str> for DocumentErrorKind {
    fn from(sentence: &'static str) -> Self {
        Self::Meaning(sentence.into())
    }
}

impl From<String> for DocumentErrorKind {
    fn from(sentence: String) -> Self {
        Self::Meaning(sentence.into())
    }
}

impl fmt::Display for DocumentErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use DocumentErrorKind as Kind;
        match self {
            Kind::Syntax(reason) => write!(f, "not valid JSON: {reason}"),
            Kind::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
            Kind::Missing => f.write_str("is required"),
            Kind::UnknownField { suggestion } => write!(f, "unknown field{}", did_you_mean(suggestion)),
            Kind::DuplicateField => f.write_str("duplicate field"),
            Kind::UnknownValue { value, choices, suggestion } => match suggestion {
                Some(_) => write!(f, "unknown value `{value}`{}", did_you_mean(suggestion)),
                None => write!(f, "unknown value `{value}`, expected one of {}", list(choices)),
            },
            Kind::EmptyList => f.write_str("needs at least one item"),
            Kind::OutOfRange { min, max } => write!(f, "must be from {min} to {max}"),
            Kind::Invalid { value, expected } if value.is_empty() => write!(f, "is empty, expected {expected}"),
            Kind::Invalid { value, expected } => write!(f, "`{value}` is not {expected}"),
            Kind::Taken { name, by } => write!(f, "`{name}` is taken by {by}"),
            Kind::NotExactlyOne(fields) => write!(f, "needs exactly one of {}", list(fields)),
            Kind::NoneOf(fields) => write!(f, "needs at least one of {}", list(fields)),
            Kind::EmptyRange => f.write_str("`min` is greater than `max`"),
            Kind::TooMany { max } => write!(f, "has more than {max} items"),
            Kind::NotHere { why } => f.write_str(why),
            Kind::Meaning(sentence) => f.write_str(sentence),
        }
    }
}

/// The end of a sentence about a name that does not exist.
pub fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Everything wrong with a document. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentErrors(pub(crate) Vec<DocumentError>);

impl DocumentErrors {
    /// The errors, those of the document's shape before those of its meaning.
    pub fn iter(&self) -> std::slice::Iter<'_, DocumentError> {
        self.0.iter()
    }

    /// The one error of a document that could not be read at all.
    pub fn whole(kind: DocumentErrorKind) -> Self {
        Self(vec![DocumentError { path: String::new(), kind }])
    }
}

impl fmt::Display for DocumentErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.0.iter().enumerate() {
            if nth > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for DocumentErrors {}

impl IntoIterator for DocumentErrors {
    type Item = DocumentError;
    type IntoIter = std::vec::IntoIter<DocumentError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a DocumentErrors {
    type Item = &'a DocumentError;
    type IntoIter = std::slice::Iter<'a, DocumentError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
