//! RFC 8259 as a machine that can stop after any byte and go on with the next chunk.
//!
//! It builds nothing: it tells a [`Sink`] what passes, checks everything, and keeps one bit per open
//! container. Text is handed on decoded, and only where the sink asks for it, so that a prompt that
//! nobody looks at costs one pass of [`skim::skim`] and no copy.

use super::skim::{self, Stop, simple_escape};
use super::violation::Violation;

/// The deepest nesting a policy can allow.
pub(crate) const MAX_DEPTH: usize = 512;

/// What the lexer reports to. Offsets count bytes from the start of the body.
pub(super) trait Sink {
    /// A container opens; `inside` is the offset behind its bracket.
    fn begin(&mut self, container: Container, inside: u64) -> Result<(), Violation>;
    /// The innermost container closes.
    fn end(&mut self) -> Result<(), Violation>;
    /// A key begins.
    fn begin_key(&mut self) -> Want;
    /// The key is complete.
    fn end_key(&mut self) -> Result<(), Violation>;
    /// A string value begins at its opening quote.
    fn begin_string(&mut self, at: u64) -> Result<Want, Violation>;
    /// Decoded text of the key or value in progress: whole characters, in any split between them.
    fn text(&mut self, text: &[u8]);
    /// So many bytes of decoded text passed.
    fn length(&mut self, bytes: usize);
    /// The string value is complete; `end` is the offset behind its closing quote.
    fn end_string(&mut self, end: u64) -> Result<(), Violation>;
    /// A number passed. `None` unless it is a plain non-negative integer.
    fn number(&mut self, value: Option<u64>) -> Result<(), Violation>;
    /// `true`, `false` or `null` passed.
    fn literal(&mut self, literal: Literal) -> Result<(), Violation>;
}

/// What a sink wants to know of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Nothing,
    /// How long its text is.
    Length,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Object,
    Array,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    True,
    False,
    Null,
}

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
    Number(Number),
    Word {
        word: &'static [u8],
        seen: usize,
        literal: Literal,
    },
    Done,
}

/// Inside an escape sequence. `high` is the first half of a surrogate pair, else 0.
#[derive(Clone, Copy, Debug)]
enum Escape {
    Backslash { high: u16 },
    Letter { high: u16 },
    Hex { high: u16, digits: u8, value: u16 },
}

#[derive(Clone, Copy, Debug)]
struct Number {
    part: Part,
    /// The value while it is a plain non-negative integer that fits.
    value: Option<u64>,
}

/// Which part of the number grammar the last byte belonged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Minus,
    Zero,
    Integer,
    Dot,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

/// The beginning of a character whose rest is in the next chunk.
#[derive(Clone, Copy, Debug, Default)]
struct Partial {
    bytes: [u8; 4],
    len: usize,
}

impl Partial {
    fn of(cut: &[u8]) -> Self {
        let mut partial = Self::default();
        for (slot, byte) in partial.bytes.iter_mut().zip(cut) {
            *slot = *byte;
        }
        partial.len = cut.len();
        partial
    }
}

/// The machine. Its size does not depend on the body.
#[derive(Debug)]
pub(super) struct Lexer {
    state: State,
    /// Bytes in the chunks before this one.
    base: u64,
    depth: usize,
    max_depth: usize,
    /// One bit per open container: set for objects.
    objects: [u64; MAX_DEPTH / 64],
    partial: Partial,
}

impl Lexer {
    pub(super) fn new(max_depth: usize) -> Self {
        Self {
            state: State::Start,
            base: 0,
            depth: 0,
            max_depth: max_depth.min(MAX_DEPTH),
            objects: [0; MAX_DEPTH / 64],
            partial: Partial::default(),
        }
    }

    /// How many bytes have been read, without the beginning of a character that is not complete.
    pub(super) fn offset(&self) -> u64 {
        self.base - self.partial.len as u64
    }

    /// How many bytes have been read.
    pub(super) fn position(&self) -> u64 {
        self.base
    }

    /// Whether the top-level value is closed.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Reads the next chunk. After an error the machine must not be fed again.
    pub(super) fn feed<S: Sink>(&mut self, chunk: &[u8], sink: &mut S) -> Result<(), Violation> {
        let mut rest = chunk;
        let result = self.read(chunk, &mut rest, sink);
        // After an error, the offset of the byte that caused it.
        self.base += (chunk.len() - rest.len()) as u64;
        result
    }

    fn read<'c, S: Sink>(&mut self, chunk: &'c [u8], rest: &mut &'c [u8], sink: &mut S) -> Result<(), Violation> {
        while let Some((&byte, tail)) = rest.split_first() {
            match self.state {
                State::Text { key, want } => {
                    self.text(rest, chunk.len(), key, want, sink)?;
                    continue;
                }
                State::Number(number) => {
                    self.number(rest, number, sink)?;
                    continue;
                }
                State::Escape { key, want, escape } => self.escape(byte, key, want, escape, sink)?,
                State::Word { word, seen, literal } => self.word(byte, word, seen, literal, sink)?,
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => {}
                _ => self.token(byte, self.base + (chunk.len() - rest.len()) as u64, sink)?,
            }
            *rest = tail;
        }
        Ok(())
    }

    /// A byte outside of strings, numbers and words.
    fn token<S: Sink>(&mut self, byte: u8, at: u64, sink: &mut S) -> Result<(), Violation> {
        match self.state {
            State::Start => match byte {
                b'{' => self.open(Container::Object, at, sink),
                0xEF | 0xFE | 0xFF | 0 => Err(Violation::Encoding),
                _ => Err(Violation::Syntax),
            },
            State::Value => self.value(byte, at, sink),
            State::ValueOrEnd if byte == b']' => self.close(sink),
            State::ValueOrEnd => self.value(byte, at, sink),
            State::KeyOrEnd if byte == b'}' => self.close(sink),
            State::KeyOrEnd | State::Key if byte == b'"' => {
                self.state = State::Text { key: true, want: sink.begin_key() };
                Ok(())
            }
            State::Colon if byte == b':' => {
                self.state = State::Value;
                Ok(())
            }
            State::Next => match (byte, self.in_object()) {
                (b',', true) => {
                    self.state = State::Key;
                    Ok(())
                }
                (b',', false) => {
                    self.state = State::Value;
                    Ok(())
                }
                (b'}', true) | (b']', false) => self.close(sink),
                _ => Err(Violation::Syntax),
            },
            State::Done => Err(Violation::TrailingData),
            _ => Err(Violation::Syntax),
        }
    }

    fn value<S: Sink>(&mut self, byte: u8, at: u64, sink: &mut S) -> Result<(), Violation> {
        self.state = match byte {
            b'"' => State::Text { key: false, want: sink.begin_string(at)? },
            b'{' => return self.open(Container::Object, at, sink),
            b'[' => return self.open(Container::Array, at, sink),
            b'-' => State::Number(Number { part: Part::Minus, value: None }),
            b'0' => State::Number(Number { part: Part::Zero, value: Some(0) }),
            b'1'..=b'9' => State::Number(Number { part: Part::Integer, value: Some(u64::from(byte - b'0')) }),
            b't' => State::Word { word: b"true", seen: 1, literal: Literal::True },
            b'f' => State::Word { word: b"false", seen: 1, literal: Literal::False },
            b'n' => State::Word { word: b"null", seen: 1, literal: Literal::Null },
            _ => return Err(Violation::Syntax),
        };
        Ok(())
    }

    fn open<S: Sink>(&mut self, container: Container, at: u64, sink: &mut S) -> Result<(), Violation> {
        if self.depth >= self.max_depth {
            return Err(Violation::TooDeep);
        }
        let Some(word) = self.objects.get_mut(self.depth / 64) else { return Err(Violation::TooDeep) };
        let bit = 1 << (self.depth % 64);
        self.state = match container {
            Container::Object => {
                *word |= bit;
                State::KeyOrEnd
            }
            Container::Array => {
                *word &= !bit;
                State::ValueOrEnd
            }
        };
        self.depth += 1;
        sink.begin(container, at + 1)
    }

    fn close<S: Sink>(&mut self, sink: &mut S) -> Result<(), Violation> {
        self.depth -= 1;
        self.state = if self.depth == 0 { State::Done } else { State::Next };
        sink.end()
    }

    fn in_object(&self) -> bool {
        let innermost = self.depth.saturating_sub(1);
        self.objects.get(innermost / 64).is_some_and(|word| word >> (innermost % 64) & 1 == 1)
    }

    /// Bytes inside a string up to an escape, the closing quote or the end of the chunk.
    fn text<S: Sink>(
        &mut self,
        rest: &mut &[u8],
        chunk: usize,
        key: bool,
        want: Want,
        sink: &mut S,
    ) -> Result<(), Violation> {
        if self.partial.len > 0 {
            return self.complete(rest, want, sink);
        }
        let stretch = if want == Want::Text { skim::plain(rest) } else { skim::skim(rest) };
        let (passed, behind) = rest.split_at_checked(stretch.len).ok_or(Violation::Syntax)?;
        match want {
            Want::Nothing => {}
            Want::Length => sink.length(stretch.decoded),
            Want::Text if passed.is_empty() => {}
            Want::Text => sink.text(passed),
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
                    && let Some(decoded) = simple_escape(letter)
                {
                    emit(&[decoded], want, sink);
                    *rest = tail;
                } else {
                    self.state = State::Escape { key, want, escape: Escape::Letter { high: 0 } };
                }
                Ok(())
            }
            Stop::Control => Err(Violation::Syntax),
            Stop::Invalid => Err(Violation::Encoding),
        }
    }

    fn close_string<S: Sink>(&mut self, key: bool, end: u64, sink: &mut S) -> Result<(), Violation> {
        if key {
            self.state = State::Colon;
            sink.end_key()
        } else {
            self.state = State::Next;
            sink.end_string(end)
        }
    }

    /// Adds a byte to the character that the last chunk cut.
    fn complete<S: Sink>(&mut self, rest: &mut &[u8], want: Want, sink: &mut S) -> Result<(), Violation> {
        let Some((&byte, tail)) = rest.split_first() else { return Ok(()) };
        let slot = self.partial.bytes.get_mut(self.partial.len).ok_or(Violation::Encoding)?;
        *slot = byte;
        let seen = self.partial.bytes.get(..=self.partial.len).ok_or(Violation::Encoding)?;
        match std::str::from_utf8(seen) {
            Ok(_) => {
                emit(seen, want, sink);
                self.partial.len = 0;
            }
            Err(error) if error.error_len().is_some() => return Err(Violation::Encoding),
            Err(_) => self.partial.len += 1,
        }
        *rest = tail;
        Ok(())
    }

    fn escape<S: Sink>(
        &mut self,
        byte: u8,
        key: bool,
        want: Want,
        escape: Escape,
        sink: &mut S,
    ) -> Result<(), Violation> {
        let next = match escape {
            // The second half of a pair must follow the first at once.
            Escape::Backslash { high } if byte == b'\\' => Escape::Letter { high },
            Escape::Backslash { .. } => return Err(Violation::Encoding),
            Escape::Letter { high } if byte == b'u' => Escape::Hex { high, digits: 0, value: 0 },
            Escape::Letter { high: 0 } => {
                let decoded = simple_escape(byte).ok_or(Violation::Syntax)?;
                emit(&[decoded], want, sink);
                self.state = State::Text { key, want };
                return Ok(());
            }
            Escape::Letter { .. } => return Err(Violation::Encoding),
            Escape::Hex { high, digits, value } => {
                let digit = (byte as char).to_digit(16).ok_or(Violation::Syntax)?;
                let value = value << 4 | digit as u16;
                if digits < 3 {
                    Escape::Hex { high, digits: digits + 1, value }
                } else if let Some(character) = utf16(high, value)? {
                    emit(character.encode_utf8(&mut [0; 4]).as_bytes(), want, sink);
                    self.state = State::Text { key, want };
                    return Ok(());
                } else {
                    Escape::Backslash { high: value }
                }
            }
        };
        self.state = State::Escape { key, want, escape: next };
        Ok(())
    }

    /// Digits and signs up to the first byte that does not belong to the number.
    fn number<S: Sink>(&mut self, rest: &mut &[u8], mut number: Number, sink: &mut S) -> Result<(), Violation> {
        while let Some((&byte, tail)) = rest.split_first() {
            let Some(next) = number.step(byte) else {
                if !number.is_complete() {
                    return Err(Violation::Syntax);
                }
                self.state = State::Next;
                return sink.number(number.value);
            };
            number = next;
            *rest = tail;
        }
        self.state = State::Number(number);
        Ok(())
    }

    fn word<S: Sink>(
        &mut self,
        byte: u8,
        word: &'static [u8],
        seen: usize,
        literal: Literal,
        sink: &mut S,
    ) -> Result<(), Violation> {
        if word.get(seen) != Some(&byte) {
            return Err(Violation::Syntax);
        }
        if seen + 1 < word.len() {
            self.state = State::Word { word, seen: seen + 1, literal };
            return Ok(());
        }
        self.state = State::Next;
        sink.literal(literal)
    }
}

impl Number {
    /// The number with `byte` behind it, or `None` where the number ends.
    fn step(self, byte: u8) -> Option<Self> {
        use Part::{Dot, Exponent, ExponentDigits, ExponentSign, Fraction, Integer, Minus, Zero};
        let part = match (self.part, byte) {
            (Minus, b'0') => Zero,
            (Minus | Integer, b'1'..=b'9') | (Integer, b'0') => Integer,
            (Zero | Integer, b'.') => Dot,
            (Dot | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Integer | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => ExponentSign,
            (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => ExponentDigits,
            _ => return None,
        };
        let value = match (self.part, part) {
            (Integer, Integer) => {
                self.value.and_then(|value| value.checked_mul(10)?.checked_add(u64::from(byte.wrapping_sub(b'0'))))
            }
            _ => None,
        };
        Some(Self { part, value })
    }

    fn is_complete(self) -> bool {
        matches!(self.part, Part::Zero | Part::Integer | Part::Fraction | Part::ExponentDigits)
    }
}

/// Hands on what an escape stood for, or a character that was cut.
fn emit<S: Sink>(text: &[u8], want: Want, sink: &mut S) {
    match want {
        Want::Nothing => {}
        Want::Length => sink.length(text.len()),
        Want::Text => sink.text(text),
    }
}

/// One UTF-16 unit, with the high surrogate before it if there was one. `None`: a low one must follow.
fn utf16(high: u16, unit: u16) -> Result<Option<char>, Violation> {
    let code = match (high, unit) {
        (0, 0xD800..=0xDBFF) => return Ok(None),
        (0, _) => u32::from(unit),
        (_, 0xDC00..=0xDFFF) => 0x10000 + ((u32::from(high) & 0x3FF) << 10 | u32::from(unit) & 0x3FF),
        _ => return Err(Violation::Encoding),
    };
    char::from_u32(code).map(Some).ok_or(Violation::Encoding)
}
