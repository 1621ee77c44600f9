//! Why a request cannot be read: everything that two parsers could understand differently.

use crate::json::Fault;

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
    /// A key that differs from one that matters only in case: Go servers would accept it.
    KeyCase(&'static str),
    /// A value of the wrong type for its key.
    WrongType(&'static str),
    /// The model's name is empty, too long or holds control characters.
    ModelName,
    /// A key that names other models than `model` does, or another server.
    ModelList(&'static str),
    /// The query names a model.
    QueryModel,
    /// A content-length that is no number.
    ContentLength,
    /// The body is larger than the policy allows.
    Oversize,
    /// The content type is not JSON.
    ContentType,
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

impl Violation {
    /// The reason code of the decision record.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Violation::Syntax => "syntax",
            Violation::Encoding => "encoding",
            Violation::Nul => "nul",
            Violation::TrailingData => "trailingData",
            Violation::TooDeep => "tooDeep",
            Violation::DuplicateKey(_) => "duplicateKey",
            Violation::KeyCase(_) => "keyCase",
            Violation::WrongType(_) => "wrongType",
            Violation::ModelName => "modelName",
            Violation::ModelList(_) => "modelList",
            Violation::QueryModel => "queryModel",
            Violation::ContentLength => "contentLength",
            Violation::Oversize => "oversize",
            Violation::ContentType => "contentType",
            Violation::Charset => "charset",
            Violation::ContentEncoding => "contentEncoding",
            Violation::NoBody => "noBody",
            Violation::UnexpectedBody => "unexpectedBody",
            Violation::PathSpelling => "pathSpelling",
        }
    }

    /// The HTTP status that says it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Violation::Oversize => 413,
            Violation::ContentType | Violation::Charset | Violation::ContentEncoding => 415,
            Violation::PathSpelling => 404,
            _ => 400,
        }
    }

    /// A sentence for the client. It never quotes what the client sent.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Violation::Syntax => "the request body is not valid JSON".into(),
            Violation::Encoding => {
                "the request body is not plain UTF-8 (byte-order marks, invalid bytes and lone surrogates are refused)"
                    .into()
            }
            Violation::Nul => "a key or the model's name holds a NUL character".into(),
            Violation::TrailingData => "the request body goes on behind the JSON value".into(),
            Violation::TooDeep => "the request body is nested too deeply".into(),
            Violation::DuplicateKey(key) => format!("the key `{key}` stands more than once in the request body"),
            Violation::KeyCase(key) => {
                format!("the request body has a key that differs from `{key}` only in case")
            }
            Violation::WrongType(key) => format!("the value of `{key}` has the wrong type"),
            Violation::ModelName => "the model's name is empty, too long or holds control characters".into(),
            Violation::ModelList(key) => {
                format!("the key `{key}` names other models or servers, which only the policy may do")
            }
            Violation::QueryModel => "a model in the query is refused; name it in the body".into(),
            Violation::ContentLength => "the content-length is not a number".into(),
            Violation::Oversize => "the request body is larger than the policy allows".into(),
            Violation::ContentType => "the content-type must be application/json".into(),
            Violation::Charset => "the charset must be utf-8".into(),
            Violation::ContentEncoding => "a compressed request body cannot be read; send it uncompressed".into(),
            Violation::NoBody => "the request has no body".into(),
            Violation::UnexpectedBody => "a request body is not allowed with this method".into(),
            Violation::PathSpelling => "this spelling of the path is not served; use the plain path of the API".into(),
        }
    }
}
