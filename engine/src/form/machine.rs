//! RFC 7578 as a machine that can stop after any byte and go on with the next chunk.
//!
//! It builds nothing: it tells a [`Sink`] what passes. Of a file it keeps no byte, of a header no more than its line.

use super::headers::Headers;
use super::search::{Found, Search};
use super::{Boundary, Fault, Reads, Sink};
use crate::json::Partial;

/// The longest line among the headers of a part, in bytes.
const LONGEST_LINE: usize = 2048;

/// The most parts. Servers have bounds of their own, and some leave out what is beyond.
const MOST_PARTS: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the first boundary, of which so many bytes have been seen.
    Start(usize),
    /// Behind a boundary, and perhaps behind the first of the two signs that say what follows.
    Boundary(Option<u8>),
    /// In a line of headers.
    Line,
    Content,
    /// Behind the last boundary, of whose end of line so many bytes have been seen.
    Behind(usize),
}

/// The machine. Its size does not depend on the form.
pub(crate) struct Form {
    state: State,
    search: Search,
    /// How many bytes have been read.
    position: u64,
    /// The line in progress.
    line: Vec<u8>,
    headers: Headers,
    parts: usize,
    content: Content,
}

/// The content of the part in progress.
#[derive(Debug, Default)]
struct Content {
    /// Whether there is a part.
    is_open: bool,
    reads: Reads,
    start: u64,
    /// How far it is sure to be content.
    sure: u64,
    partial: Partial,
}

impl Form {
    /// The most bytes that it keeps.
    pub(crate) const KEPT: usize = size_of::<Self>() + LONGEST_LINE;

    pub(crate) fn new(boundary: &Boundary) -> Self {
        Self {
            state: State::Start(0),
            search: Search::new(boundary),
            position: 0,
            line: Vec::new(),
            headers: Headers::default(),
            parts: 0,
            content: Content::default(),
        }
    }

    /// How many bytes have been read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// How many of them have been understood: without what may be a boundary, and the beginning of a character.
    pub(crate) fn offset(&self) -> u64 {
        match self.state {
            State::Content => self.content.sure - self.content.partial.len() as u64,
            _ => self.position,
        }
    }

    /// There is no more: whether the form is complete.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        match self.state {
            State::Behind(0 | 2..) => Ok(()),
            _ => Err(Fault::Form("no boundary at its end")),
        }
    }

    /// Reads the next chunk. After an error the machine must not be fed again.
    pub(crate) fn feed<S: Sink>(&mut self, chunk: &[u8], sink: &mut S) -> Result<(), S::Refusal> {
        let mut rest = chunk;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = match self.state {
                State::Content => self.content(rest, sink)?,
                State::Line => self.line(rest, sink)?,
                state => {
                    self.sign(state, byte, sink)?;
                    tail
                }
            };
        }
        Ok(())
    }

    /// A byte around a boundary.
    fn sign<S: Sink>(&mut self, state: State, byte: u8, sink: &mut S) -> Result<(), S::Refusal> {
        self.position += 1;
        self.state = match (state, byte) {
            (State::Start(seen), byte) => {
                if self.search.boundary().get(seen) != Some(&byte) {
                    return Err(Fault::Form("something in front of the first boundary").into());
                }
                let is_whole = seen + 1 == self.search.boundary().len();
                if is_whole { State::Boundary(None) } else { State::Start(seen + 1) }
            }
            (State::Boundary(None), b'\r' | b'-') => State::Boundary(Some(byte)),
            (State::Boundary(Some(b'\r')), b'\n') => {
                self.end_part(sink)?;
                self.parts += 1;
                if self.parts > MOST_PARTS {
                    return Err(Fault::Form("too many parts").into());
                }
                State::Line
            }
            (State::Boundary(Some(b'-')), b'-') => {
                self.end_part(sink)?;
                State::Behind(0)
            }
            (State::Behind(0), b'\r') => State::Behind(1),
            (State::Behind(1), b'\n') => State::Behind(2),
            (State::Behind(seen @ 2..), b' ' | b'\t' | b'\r' | b'\n') => State::Behind(seen),
            (State::Behind(_), _) => return Err(Fault::Form("something behind the last boundary").into()),
            _ => return Err(Fault::Form("a boundary whose line goes on").into()),
        };
        Ok(())
    }

    /// Bytes of headers, up to the end of a line or of the chunk. What is left.
    fn line<'c, S: Sink>(&mut self, bytes: &'c [u8], sink: &mut S) -> Result<&'c [u8], S::Refusal> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let room = LONGEST_LINE - self.line.len();
        let length = end.map_or(bytes.len(), |end| end + 1);
        let (line, rest) = bytes.split_at_checked(length.min(room)).unwrap_or((bytes, &[]));
        self.position += line.len() as u64;
        if length > room {
            return Err(Fault::Form("a header that is too long").into());
        }
        self.line.extend_from_slice(line);
        if end.is_some() {
            let line = std::mem::take(&mut self.line);
            let Some(line) = line.strip_suffix(b"\r\n") else {
                return Err(Fault::Form("a line that does not end with CR LF").into());
            };
            if line.is_empty() {
                self.begin_part(sink)?;
            } else if self.search.is_in(line) {
                return Err(Fault::Form("a boundary among a part's headers").into());
            } else {
                self.headers.line(line)?;
            }
        }
        Ok(rest)
    }

    fn begin_part<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Refusal> {
        let (start, partial) = (self.position, Partial::default());
        let reads = sink.begin_part(&self.headers.part()?, start)?;
        self.content = Content { is_open: true, reads, start, sure: start, partial };
        self.state = State::Content;
        Ok(())
    }

    /// Content up to a boundary or the end of the chunk. What is left.
    fn content<'c, S: Sink>(&mut self, bytes: &'c [u8], sink: &mut S) -> Result<&'c [u8], S::Refusal> {
        let Self { search, content, .. } = self;
        let found = search.feed(bytes, &mut |sure| content.pass(sure, sink))?;
        let Some(Found { used, is_line }) = found else {
            self.position += bytes.len() as u64;
            return Ok(&[]);
        };
        if content.partial.len() > 0 {
            return Err(Fault::Encoding.into());
        }
        if !is_line {
            return Err(Fault::Form(
                "a boundary that is not at the beginning of a line, or behind a line end that is not CR LF",
            )
            .into());
        }
        self.position += used as u64;
        self.state = State::Boundary(None);
        Ok(bytes.get(used..).unwrap_or_default())
    }

    /// The boundary behind a part is whole.
    fn end_part<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Refusal> {
        if std::mem::take(&mut self.content.is_open) {
            self.headers.check(self.content.sure - self.content.start)?;
            sink.end_part(self.content.sure)?;
        }
        self.headers = Headers::default();
        Ok(())
    }
}

impl Content {
    /// Hands on what is content.
    fn pass<S: Sink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), Fault> {
        let length = bytes.len() as u64;
        match self.reads {
            Reads::Nothing => {}
            Reads::Bytes => sink.content(bytes),
            Reads::Text => {
                // After an error, `sure` is the offset of the character that is none.
                while self.partial.len() > 0
                    && let Some((byte, rest)) = bytes.split_first()
                {
                    let begun = self.partial.len() as u64;
                    match self.partial.push(*byte) {
                        Ok(Some(character)) => {
                            sink.content(character);
                            self.partial.clear();
                        }
                        Ok(None) => {}
                        Err(_) => {
                            self.partial.clear();
                            self.sure = self.sure - begun + (length - bytes.len() as u64);
                            return Err(Fault::Encoding);
                        }
                    }
                    bytes = rest;
                }
                let valid = match std::str::from_utf8(bytes) {
                    Ok(_) => bytes.len(),
                    Err(error) => error.valid_up_to(),
                };
                let (text, cut) = bytes.split_at_checked(valid).unwrap_or_default();
                if !text.is_empty() {
                    sink.content(text);
                }
                if std::str::from_utf8(cut).is_err_and(|error| error.error_len().is_some()) {
                    self.sure += length - cut.len() as u64;
                    return Err(Fault::Encoding);
                }
                if !cut.is_empty() {
                    self.partial = Partial::of(cut);
                }
            }
        }
        self.sure += length;
        Ok(())
    }
}
