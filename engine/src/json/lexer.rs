//! RFC 8259 as a machine that can stop after any byte and go on with the next chunk.
//!
//! It builds nothing: it tells a [`Sink`] what passes, checks everything, and keeps one bit per open
//! container. Text is handed on decoded, and only where the sink asks for it, so that a prompt that
//! nobody looks at costs one pass of [`skim::skim`] and no copy.

mod gather;

use super::escape::{self, Behind, Escape, Step};
use super::nesting::Nesting;
use super::number::Number;
use super::partial::Partial;
use super::skim::{self, Stop};
use super::{Container, Fault, Literal, Sink, Want};

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the top-level value, which must be an object.
    Start,
    /// A value must follow.
    Value,
    /// Behind `[`.
    ValueOrEnd,
    /// Behind `{`.
    KeyOrEnd,
    /// Behind a comma in an object.
    Key,
    Colon,
    /// A comma or the end of the container must follow.
    Next,
    Text {
        key: bool,
        want: Want,
    },
    Escape {
        key: bool,
        want: Want,
        escape: Escape,
    },
    Number {
        number: Number,
        start: u64,
    },
    Word {
        word: &'static [u8],
        seen: usize,
        literal: Literal,
    },
    Done,
}

/// The machine. Its size does not depend on the document.
#[derive(Debug)]
pub(crate) struct Lexer {
    state: State,
    /// Bytes in the chunks before this one.
    base: u64,
    nesting: Nesting,
    partial: Partial,
}

impl Lexer {
    pub(crate) fn new(max_depth: usize) -> Self {
        Self { state: State::Start, base: 0, nesting: Nesting::new(max_depth), partial: Partial::default() }
    }

    /// How many bytes have been read, without the beginning of a character that is not complete.
    pub(crate) fn offset(&self) -> u64 {
        self.base - self.partial.len() as u64
    }

    /// How many bytes have been read.
    pub(crate) fn position(&self) -> u64 {
        self.base
    }

    /// There is no more: whether the object is complete.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        if matches!(self.state, State::Done) { Ok(()) } else { Err(Fault::Syntax) }
    }

    /// Reads the next chunk. After an error the machine must not be fed again.
    pub(crate) fn feed<S: Sink>(&mut self, chunk: &[u8], sink: &mut S) -> Result<(), S::Refusal> {
        let mut rest = chunk;
        let result = self.read(chunk, &mut rest, sink);
        // After an error, the offset of the byte that caused it.
        self.base += (chunk.len() - rest.len()) as u64;
        result
    }

    fn read<'c, S: Sink>(&mut self, chunk: &'c [u8], rest: &mut &'c [u8], sink: &mut S) -> Result<(), S::Refusal> {
        while let Some((&byte, tail)) = rest.split_first() {
            match self.state {
                State::Text { key, want } => {
                    self.text(rest, chunk.len(), key, want, sink)?;
                    continue;
                }
                State::Number { number, start } => {
                    self.number(rest, chunk.len(), (number, start), sink)?;
                    continue;
                }
                State::Escape { key, want, escape } => {
                    if !self.escape(byte, key, want, escape, sink)? {
                        continue;
                    }
                }
                State::Word { word, seen, literal } => {
                    let end = self.base + (chunk.len() - tail.len()) as u64;
                    self.word(byte, word, (seen, end), literal, sink)?;
                }
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => {}
                _ => self.token(byte, self.base + (chunk.len() - rest.len()) as u64, sink)?,
            }
            *rest = tail;
        }
        Ok(())
    }

    /// A byte outside of strings, numbers and words.
    fn token<S: Sink>(&mut self, byte: u8, at: u64, sink: &mut S) -> Result<(), S::Refusal> {
        match self.state {
            State::Start => match byte {
                b'{' => self.open(Container::Object, at, sink),
                0xEF | 0xFE | 0xFF | 0 => Err(Fault::Encoding.into()),
                _ => Err(Fault::Syntax.into()),
            },
            State::Value => self.value(byte, at, sink),
            State::ValueOrEnd if byte == b']' => self.close(at, sink),
            State::ValueOrEnd => self.value(byte, at, sink),
            State::KeyOrEnd if byte == b'}' => self.close(at, sink),
            State::KeyOrEnd | State::Key if byte == b'"' => {
                self.state = State::Text { key: true, want: sink.begin_key(at) };
                Ok(())
            }
            State::Colon if byte == b':' => {
                self.state = State::Value;
                Ok(())
            }
            State::Next => match (byte, self.nesting.in_object()) {
                (b',', true) => {
                    self.state = State::Key;
                    Ok(())
                }
                (b',', false) => {
                    self.state = State::Value;
                    Ok(())
                }
                (b'}', true) | (b']', false) => self.close(at, sink),
                _ => Err(Fault::Syntax.into()),
            },
            State::Done => Err(Fault::TrailingData.into()),
            _ => Err(Fault::Syntax.into()),
        }
    }

    fn value<S: Sink>(&mut self, byte: u8, at: u64, sink: &mut S) -> Result<(), S::Refusal> {
        self.state = match byte {
            b'"' => State::Text { key: false, want: sink.begin_string(at)? },
            b'{' => return self.open(Container::Object, at, sink),
            b'[' => return self.open(Container::Array, at, sink),
            b't' => State::Word { word: b"true", seen: 1, literal: Literal::True },
            b'f' => State::Word { word: b"false", seen: 1, literal: Literal::False },
            b'n' => State::Word { word: b"null", seen: 1, literal: Literal::Null },
            _ => State::Number { number: Number::begin(byte).ok_or(Fault::Syntax)?, start: at },
        };
        Ok(())
    }

    fn open<S: Sink>(&mut self, container: Container, at: u64, sink: &mut S) -> Result<(), S::Refusal> {
        self.nesting.open(container)?;
        self.state = match container {
            Container::Object => State::KeyOrEnd,
            Container::Array => State::ValueOrEnd,
        };
        sink.begin(container, at + 1)
    }

    fn close<S: Sink>(&mut self, at: u64, sink: &mut S) -> Result<(), S::Refusal> {
        self.nesting.close();
        self.state = if self.nesting.is_closed() { State::Done } else { State::Next };
        sink.end(at + 1)
    }

    /// Bytes inside a string up to an escape, the closing quote or the end of the chunk.
    fn text<S: Sink>(
        &mut self,
        rest: &mut &[u8],
        chunk: usize,
        key: bool,
        want: Want,
        sink: &mut S,
    ) -> Result<(), S::Refusal> {
        if self.partial.len() > 0 {
            return Ok(self.complete(rest, want, sink)?);
        }
        let stretch = if want == Want::Text { skim::plain(rest) } else { skim::skim(rest) };
        if want == Want::Text && rest.len() >= gather::WORTH && gather::begins(rest, stretch) {
            gather::text(rest, stretch, sink);
            return Ok(());
        }
        let (passed, behind) = rest.split_at_checked(stretch.len).ok_or(Fault::Syntax)?;
        if !passed.is_empty() {
            emit(passed, want, sink);
        }
        *rest = behind;
        let tail = behind.get(1..).unwrap_or_default();
        match stretch.stop {
            Stop::End => Ok(()),
            Stop::Cut => {
                self.partial = Partial::of(behind);
                *rest = &[];
                Ok(())
            }
            Stop::Quote => {
                *rest = tail;
                self.close_string(key, self.base + (chunk - tail.len()) as u64, sink)
            }
            Stop::Escape => {
                *rest = tail;
                // The common escapes are settled here, without a turn through the machine.
                if let Some((&letter, tail)) = tail.split_first()
                    && let Some(decoded) = escape::simple(letter)
                {
                    emit(&[decoded], want, sink);
                    *rest = tail;
                } else {
                    self.state = State::Escape { key, want, escape: Escape::BEGIN };
                }
                Ok(())
            }
            Stop::Control => Err(Fault::Syntax.into()),
            Stop::Invalid => Err(Fault::Encoding.into()),
        }
    }

    fn close_string<S: Sink>(&mut self, key: bool, end: u64, sink: &mut S) -> Result<(), S::Refusal> {
        if key {
            self.state = State::Colon;
            sink.end_key(end)
        } else {
            self.state = State::Next;
            sink.end_string(end)
        }
    }

    /// Adds a byte to the character that the last chunk cut.
    fn complete<S: Sink>(&mut self, rest: &mut &[u8], want: Want, sink: &mut S) -> Result<(), Fault> {
        let Some((&byte, tail)) = rest.split_first() else { return Ok(()) };
        if let Some(character) = self.partial.push(byte)? {
            emit(character, want, sink);
            self.partial.clear();
        }
        *rest = tail;
        Ok(())
    }

    /// Whether the byte belongs to the escape sequence; if not, it is read again.
    fn escape<S: Sink>(
        &mut self,
        byte: u8,
        key: bool,
        want: Want,
        escape: Escape,
        sink: &mut S,
    ) -> Result<bool, S::Refusal> {
        let behind = match escape.step(byte)? {
            Step::More(escape) => Behind::Escape(escape),
            Step::Decoded(character) => Behind::Decoded(character),
            Step::Lone(behind) => {
                sink.lone_surrogate(key)?;
                emit("\u{fffd}".as_bytes(), want, sink);
                behind
            }
        };
        self.state = State::Text { key, want };
        match behind {
            Behind::Nothing | Behind::Byte => {}
            Behind::Decoded(character) => emit(character.encode_utf8(&mut [0; 4]).as_bytes(), want, sink),
            Behind::Escape(escape) => self.state = State::Escape { key, want, escape },
        }
        Ok(!matches!(behind, Behind::Byte))
    }

    /// Digits and signs up to the first byte that does not belong to the number.
    fn number<S: Sink>(
        &mut self,
        rest: &mut &[u8],
        chunk: usize,
        (mut number, start): (Number, u64),
        sink: &mut S,
    ) -> Result<(), S::Refusal> {
        while let Some((&byte, tail)) = rest.split_first() {
            let Some(next) = number.step(byte) else {
                if !number.is_complete() {
                    return Err(Fault::Syntax.into());
                }
                self.state = State::Next;
                return sink.number(number.value(), start, self.base + (chunk - rest.len()) as u64);
            };
            number = next;
            *rest = tail;
        }
        self.state = State::Number { number, start };
        Ok(())
    }

    fn word<S: Sink>(
        &mut self,
        byte: u8,
        word: &'static [u8],
        (seen, end): (usize, u64),
        literal: Literal,
        sink: &mut S,
    ) -> Result<(), S::Refusal> {
        if word.get(seen) != Some(&byte) {
            return Err(Fault::Syntax.into());
        }
        if seen + 1 < word.len() {
            self.state = State::Word { word, seen: seen + 1, literal };
            return Ok(());
        }
        self.state = State::Next;
        sink.literal(literal, end)
    }
}

/// Hands on text, if somebody wants it.
fn emit<S: Sink>(text: &[u8], want: Want, sink: &mut S) {
    if want == Want::Text {
        sink.text(text);
    }
}
