//! Values of ours as JSON, in one line, as `serde_json` writes them: records and plans, once or more for each request.
//!
//! `serde_json` copies each key, each quote and each stretch between escapes on its own, and a copy of a few bytes whose length is
//! not known beforehand is a call out of V8's compiled code: a record took a tenth of what plain Envoy takes for a request. Here
//! short texts are checked and copied by words of eight bytes.

mod serializer;

use serde::{Serialize, ser};
use std::fmt;

/// A value as JSON; `None` for what a record or a plan cannot hold: fractions, bytes, keys that are no text.
pub(crate) fn written(value: &impl Serialize) -> Option<String> {
    let mut text = Text::default();
    value.serialize(&mut text).ok()?;
    text.finish()
}

/// Most records and plans fit, and need not be moved while they are written.
const USUAL: usize = 1024;

/// A word, and how a text gets longer where that is cheaper than a call.
const WORD: usize = 8;
const LONG: usize = 8 * WORD;

/// The text so far: `bytes[..end]`. What is behind it is room.
#[derive(Debug)]
struct Text {
    bytes: Vec<u8>,
    end: usize,
    /// Whether the innermost container is still empty.
    is_empty: bool,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: vec![0; USUAL], end: 0, is_empty: true }
    }
}

/// A value that has no place in what is written here.
#[derive(Debug)]
struct Foreign;

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value of a record or a plan")
    }
}

impl std::error::Error for Foreign {}

impl ser::Error for Foreign {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Text {
    fn finish(mut self) -> Option<String> {
        self.bytes.truncate(self.end);
        String::from_utf8(self.bytes).ok()
    }

    /// Makes room for so many bytes more.
    #[inline]
    fn reserve(&mut self, more: usize) {
        let wanted = self.end.saturating_add(more);
        if wanted > self.bytes.len() {
            self.bytes.resize(wanted.saturating_mul(2), 0);
        }
    }

    #[inline(never)]
    fn byte(&mut self, byte: u8) {
        self.reserve(1);
        if let Some(slot) = self.bytes.get_mut(self.end) {
            *slot = byte;
            self.end += 1;
        }
    }

    /// Bytes as they are.
    #[inline(never)]
    fn plain(&mut self, text: &[u8]) {
        self.reserve(text.len());
        let Some(room) = self.bytes.get_mut(self.end..self.end + text.len()) else { return };
        copy(text, room);
        self.end += text.len();
    }

    /// A string, with its quotes.
    #[inline(never)]
    fn string(&mut self, text: &[u8]) {
        self.byte(b'"');
        let mut rest = text;
        loop {
            let clean = clean(rest);
            self.plain(rest.get(..clean).unwrap_or_default());
            let Some((byte, behind)) = rest.get(clean..).and_then(<[u8]>::split_first) else { break };
            self.escape(*byte);
            rest = behind;
        }
        self.byte(b'"');
    }

    fn escape(&mut self, byte: u8) {
        let letter = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            _ => {
                self.plain(b"\\u00");
                for digit in [byte >> 4, byte & 15] {
                    self.byte(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
                }
                return;
            }
        };
        self.plain(&[b'\\', letter]);
    }

    #[inline(never)]
    fn number(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut first = digits.len();
        for digit in digits.iter_mut().rev() {
            // A remainder of ten.
            *digit = b'0' + (number % 10) as u8;
            (number, first) = (number / 10, first - 1);
            if number == 0 {
                break;
            }
        }
        self.plain(digits.get(first..).unwrap_or_default());
    }

    fn begin(&mut self, bracket: u8) -> &mut Self {
        self.byte(bracket);
        self.is_empty = true;
        self
    }

    fn end(&mut self, bracket: u8) {
        self.byte(bracket);
        // It stands in a container, and that has something in it now.
        self.is_empty = false;
    }

    fn comma(&mut self) {
        if !self.is_empty {
            self.byte(b',');
        }
        self.is_empty = false;
    }

    /// A key that needs no escapes: the name of a field of ours.
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Foreign> {
        self.comma();
        self.byte(b'"');
        self.plain(key.as_bytes());
        self.plain(b"\":");
        value.serialize(self)
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Foreign> {
        self.comma();
        value.serialize(self)
    }
}

/// Copies a text into a place of its length.
fn copy(text: &[u8], room: &mut [u8]) {
    if text.len() > LONG {
        room.copy_from_slice(text);
        return;
    }
    let ((words, tail), (slots, end)) = (text.as_chunks::<WORD>(), room.as_chunks_mut::<WORD>());
    words.iter().zip(slots).for_each(|(word, slot)| *slot = *word);
    tail.iter().zip(end).for_each(|(byte, slot)| *slot = *byte);
}

/// How many of the first bytes stand in a JSON string as they are.
fn clean(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((word, behind)) = rest.split_first_chunk::<WORD>() {
        if has_special(u64::from_le_bytes(*word)) {
            break;
        }
        rest = behind;
    }
    let looked_at = text.len() - rest.len();
    looked_at + rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')).unwrap_or(rest.len())
}

/// Whether one of eight bytes is a quote, a backslash or a control character.
fn has_special(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | is(b'"') | is(b'\\')) & (ONES << 7) != 0
}

#[cfg(test)]
mod tests;
