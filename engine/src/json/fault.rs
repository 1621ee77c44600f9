//! What keeps bytes from being one JSON object in plain UTF-8.

/// Why bytes are not what they should be. A lexer that has found a fault is not fed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON by RFC 8259, not an object, or cut off.
    Syntax,
    /// A byte-order mark, UTF-16, invalid UTF-8 or a lone surrogate.
    Encoding,
    /// Something stands behind the object.
    TrailingData,
    /// Nested deeper than the lexer was told to follow.
    TooDeep,
}
