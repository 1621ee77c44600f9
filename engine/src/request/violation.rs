//! Why a request cannot be read: everything that two parsers could understand differently.

use crate::form;
use crate::json::Fault;
use crate::reason::{Reason, Refusal};

/// A reason to refuse a request unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// Not JSON by RFC 8259, or cut off.
    Syntax,
    /// A byte-order mark, a UTF-16 body, invalid UTF-8 or a lone surrogate.
    Encoding,
    /// A NUL in a key or in the model's name, where C strings end.
    Nul,
    /// Something stands behind the JSON value.
    TrailingData,
    /// Nested deeper than the policy's limit.
    TooDeep,
    /// A key that matters stands twice at the top level.
    DuplicateKey(&'static str),
    /// A key that differs from one that matters only in case, white space or the forms of its letters: some server folds,
    /// trims or normalises it.
    KeyCase(&'static str),
    /// A value of the wrong type for its key.
    WrongType(&'static str),
    /// The model's name is too long or holds control characters.
    ModelName,
    /// A key that names other models than `model` does, or another server.
    ModelList(&'static str),
    /// The path names the model, and the body another one, or one where none belongs.
    TwoModels,
    /// The request is signed as AWS's are.
    Signed,
    /// The query names a model.
    QueryModel,
    /// A content-length that is no number.
    ContentLength,
    /// The body is larger than the policy allows.
    Oversize,
    /// The content type is not JSON.
    ContentType,
    /// The content type is neither a form nor JSON.
    FormType,
    /// Not exactly one boundary by RFC 2046.
    Boundary,
    /// Not a form that every server reads alike: what is wrong with it.
    Form(&'static str),
    /// A part of a form that matters, and that some servers would take for a file, or for something else than text.
    PartType(&'static str),
    /// A charset that is not UTF-8.
    Charset,
    /// The body is compressed.
    ContentEncoding,
    /// No body where the API needs one.
    NoBody,
    /// A body where the method promises none.
    UnexpectedBody,
    /// The path spells an API in a way that servers read differently.
    PathSpelling,
}

impl From<Fault> for Violation {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Syntax => Violation::Syntax,
            Fault::Encoding => Violation::Encoding,
            Fault::TrailingData => Violation::TrailingData,
            Fault::TooDeep => Violation::TooDeep,
        }
    }
}

impl From<form::Fault> for Violation {
    fn from(fault: form::Fault) -> Self {
        match fault {
            form::Fault::Form(what) => Violation::Form(what),
            form::Fault::Encoding => Violation::Encoding,
        }
    }
}

impl Violation {
    /// What it is in the table of reasons.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Violation::Syntax => Reason::Syntax,
            Violation::Encoding => Reason::Encoding,
            Violation::Nul => Reason::Nul,
            Violation::TrailingData => Reason::TrailingData,
            Violation::TooDeep => Reason::TooDeep,
            Violation::DuplicateKey(_) => Reason::DuplicateKey,
            Violation::KeyCase(_) => Reason::KeyCase,
            Violation::WrongType(_) => Reason::WrongType,
            Violation::ModelName => Reason::ModelName,
            Violation::ModelList(_) => Reason::ModelList,
            Violation::TwoModels => Reason::TwoModels,
            Violation::Signed => Reason::Signed,
            Violation::QueryModel => Reason::QueryModel,
            Violation::ContentLength => Reason::ContentLength,
            Violation::Oversize => Reason::Oversize,
            Violation::ContentType => Reason::ContentType,
            Violation::FormType => Reason::FormType,
            Violation::Boundary => Reason::Boundary,
            Violation::Form(_) => Reason::Form,
            Violation::PartType(_) => Reason::PartType,
            Violation::Charset => Reason::Charset,
            Violation::ContentEncoding => Reason::ContentEncoding,
            Violation::NoBody => Reason::NoBody,
            Violation::UnexpectedBody => Reason::UnexpectedBody,
            Violation::PathSpelling => Reason::PathSpelling,
        }
    }

    /// The key of ours that it is about, or what is wrong with a form.
    fn about(self) -> Option<&'static str> {
        match self {
            Violation::DuplicateKey(key)
            | Violation::KeyCase(key)
            | Violation::WrongType(key)
            | Violation::PartType(key)
            | Violation::Form(key)
            | Violation::ModelList(key) => Some(key),
            _ => None,
        }
    }

    /// The refusal that it ends in.
    #[must_use]
    pub fn refuse(self) -> Refusal {
        self.reason().refuse_for(self.about().unwrap_or_default())
    }
}
