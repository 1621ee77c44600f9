//! What passes, told to whoever listens.

use super::{Fault, Numeral};

/// What the lexer reports to. Offsets count bytes from the start of the document.
///
/// A sink may refuse what it hears: its refusal stops the lexer as a fault does.
pub(crate) trait Sink {
    /// Why the reading ends early.
    type Refusal: From<Fault>;

    /// A container opens; `inside` is the offset behind its bracket.
    fn begin(&mut self, container: Container, inside: u64) -> Result<(), Self::Refusal>;
    /// The innermost container closes; `end` is the offset behind its bracket.
    fn end(&mut self, end: u64) -> Result<(), Self::Refusal>;
    /// A key begins at its opening quote.
    fn begin_key(&mut self, at: u64) -> Want;
    /// The key is complete; `end` is the offset behind its closing quote.
    fn end_key(&mut self, end: u64) -> Result<(), Self::Refusal>;
    /// A string value begins at its opening quote.
    fn begin_string(&mut self, at: u64) -> Result<Want, Self::Refusal>;
    /// Decoded text of the key or value in progress: whole characters, in any split between them.
    fn text(&mut self, text: &[u8]);
    /// Half a character stands here, which no UTF-8 can spell. Unless it is refused, U+FFFD takes its place in the text.
    fn lone_surrogate(&mut self, is_key: bool) -> Result<(), Self::Refusal>;
    /// The string value is complete; `end` is the offset behind its closing quote.
    fn end_string(&mut self, end: u64) -> Result<(), Self::Refusal>;
    /// A number passed, and stands from `start` to `end`.
    fn number(&mut self, value: Numeral, start: u64, end: u64) -> Result<(), Self::Refusal>;
    /// `true`, `false` or `null` passed; `end` is the offset behind it.
    fn literal(&mut self, literal: Literal, end: u64) -> Result<(), Self::Refusal>;
}

/// What a sink wants to know of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Nothing,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Object,
    Array,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    True,
    False,
    Null,
}
