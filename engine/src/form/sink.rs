//! What passes, told to whoever listens.

/// Why bytes are not a form that every server reads alike. A machine that has found a fault is not fed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What is wrong with it, as the end of a sentence.
    Form(&'static str),
    /// Text that is not UTF-8.
    Encoding,
}

/// What the headers of a part say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    /// Whether it has a file's name, be it an empty one.
    pub(crate) is_file: bool,
    /// Whether every server takes it for a text in UTF-8.
    pub(crate) is_plain: bool,
}

/// What a sink wants to know of a part's content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reads {
    #[default]
    Nothing,
    /// Its bytes, in any split.
    Bytes,
    /// Its text, which must be UTF-8: whole characters, in any split between them.
    Text,
}

/// What the machine reports to. Offsets count bytes from the start of the body.
///
/// A sink may refuse what it hears: its refusal stops the machine as a fault does.
pub(crate) trait Sink {
    /// Why the reading ends early.
    type Refusal: From<Fault>;

    /// A part begins; `at` is the offset of its content.
    fn begin_part(&mut self, part: &Part<'_>, at: u64) -> Result<Reads, Self::Refusal>;
    /// What it was asked for of the content.
    fn content(&mut self, content: &[u8]);
    /// The part is complete; `end` is the offset behind its content.
    fn end_part(&mut self, end: u64) -> Result<(), Self::Refusal>;
}
