//! How far a JSON string goes on without anything to decide: the inner loop of the scanner.
//!
//! Prompts are long strings, so nearly every byte of a body passes through here. 64 bytes are examined
//! at once and give one mask of the bytes to look at; UTF-8 is checked only around bytes that are not ASCII.

mod lanes;

use super::escape;
use crate::lanes::BLOCK;

/// Where a stretch of string bytes ends, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Bytes of it, all valid.
    pub(super) len: usize,
    /// What stands behind it.
    pub(super) stop: Stop,
}

/// What stands behind a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The end of the chunk.
    End,
    /// The beginning of a character that goes on in the next chunk.
    Cut,
    /// The quote that closes the string.
    Quote,
    /// A backslash.
    Escape,
    /// A control character, which a string must not hold.
    Control,
    /// What is not UTF-8.
    Invalid,
}

/// A stretch up to the next backslash, for strings whose text is wanted.
pub(super) fn plain(bytes: &[u8]) -> Stretch {
    scan::<false>(bytes)
}

/// A stretch over one-letter escapes as well (`\n`, `\"`), for strings that only have to be passed.
pub(super) fn skim(bytes: &[u8]) -> Stretch {
    scan::<true>(bytes)
}

fn scan<const OVER_ESCAPES: bool>(bytes: &[u8]) -> Stretch {
    let text = Text { bytes };
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let mut start = 0;
    // Bytes at the head of the next block that belong to what began before it.
    let (mut taken, mut within) = (0_u64, 0_u64);
    for block in blocks {
        let (special, high) = lanes::examine(block);
        let (mut special, mut high) = (special & !taken, high & !within);
        (taken, within) = (0, 0);
        let mut stop = None;
        while special != 0 {
            let bit = special.trailing_zeros();
            let at = start + bit as usize;
            if !(OVER_ESCAPES && text.is_simple_escape(at)) {
                stop = Some(at);
                high &= (1 << bit) - 1;
                break;
            }
            special &= !(0b11 << bit);
            taken = u64::from(bit == 63);
        }
        while high != 0 {
            let bit = high.trailing_zeros();
            let at = start + bit as usize;
            match text.character(at) {
                Ok(len) => {
                    let all = (1 << len) - 1;
                    high &= !(all << bit);
                    within = all >> (64 - bit).min(63);
                }
                Err(stop) => return Stretch { len: at, stop },
            }
        }
        if let Some(at) = stop {
            return Stretch { len: at, stop: text.look(at) };
        }
        start += BLOCK;
    }
    let mut at = start + (taken.count_ones() + within.count_ones()) as usize;
    loop {
        match text.look(at) {
            Stop::End if at >= bytes.len() => return Stretch { len: at, stop: Stop::End },
            Stop::End => match text.character(at) {
                Ok(len) => at += len as usize,
                Err(stop) => return Stretch { len: at, stop },
            },
            Stop::Escape if OVER_ESCAPES && text.is_simple_escape(at) => {
                at += 2;
            }
            stop => return Stretch { len: at, stop },
        }
    }
}

struct Text<'b> {
    bytes: &'b [u8],
}

impl Text<'_> {
    /// What the byte at this place means; `End` for one that means itself, and behind the last.
    fn look(&self, at: usize) -> Stop {
        match self.bytes.get(at) {
            Some(b'"') => Stop::Quote,
            Some(b'\\') => Stop::Escape,
            Some(..0x20) => Stop::Control,
            _ => Stop::End,
        }
    }

    /// Whether the escape at this place is one letter long and all there.
    fn is_simple_escape(&self, at: usize) -> bool {
        self.look(at) == Stop::Escape && self.bytes.get(at + 1).is_some_and(|letter| escape::simple(*letter).is_some())
    }

    /// How many bytes the character at this place has, by the table of well-formed UTF-8 (Unicode, table 3-7).
    #[inline]
    fn character(&self, at: usize) -> Result<u32, Stop> {
        let (len, second) = match self.bytes.get(at) {
            Some(..0x80) => return Ok(1),
            Some(0xC2..=0xDF) => (2, 0x80..=0xBF),
            Some(0xE0) => (3, 0xA0..=0xBF),
            Some(0xED) => (3, 0x80..=0x9F),
            Some(0xE1..=0xEF) => (3, 0x80..=0xBF),
            Some(0xF0) => (4, 0x90..=0xBF),
            Some(0xF1..=0xF3) => (4, 0x80..=0xBF),
            Some(0xF4) => (4, 0x80..=0x8F),
            _ => return Err(Stop::Invalid),
        };
        for place in 1..len {
            let allowed = if place == 1 { second.clone() } else { 0x80..=0xBF };
            match self.bytes.get(at + place) {
                None => return Err(Stop::Cut),
                Some(byte) if allowed.contains(byte) => {}
                Some(_) => return Err(Stop::Invalid),
            }
        }
        Ok(len as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &[u8], expected: Stretch) {
        assert_eq!(plain(text), expected, "{:?}", String::from_utf8_lossy(text));
    }

    #[test]
    fn stops_at_what_must_be_looked_at() {
        let stretch = |len, stop| Stretch { len, stop };
        check(b"", stretch(0, Stop::End));
        check(b"abc", stretch(3, Stop::End));
        check(b"abc\"def", stretch(3, Stop::Quote));
        check(b"abc\\n", stretch(3, Stop::Escape));
        check(b"abc\x1f", stretch(3, Stop::Control));
        check(b"abc\x7f", stretch(4, Stop::End));
        check("caf\u{e9}\"".as_bytes(), stretch(5, Stop::Quote));
        check(b"caf\xc3", stretch(3, Stop::Cut));
        check(b"caf\xc3\"", stretch(3, Stop::Invalid));
        check(b"caf\xff", stretch(3, Stop::Invalid));
    }

    #[test]
    fn escapes_are_passed() {
        let stretch = |len, stop| Stretch { len, stop };
        assert_eq!(skim(br#"a\nb\"c\\" "#), stretch(9, Stop::Quote));
        assert_eq!(skim(br"a\n\u0041"), stretch(3, Stop::Escape));
        assert_eq!(skim(br"a\"), stretch(1, Stop::Escape));
        assert_eq!(skim(b"a\\n\xff\\n"), stretch(3, Stop::Invalid));
    }

    /// The same, by the standard library and one byte after the other.
    fn slowly(bytes: &[u8]) -> Stretch {
        let text = Text { bytes };
        let (valid, broken) = match std::str::from_utf8(bytes) {
            Ok(_) => (bytes.len(), Stop::End),
            Err(error) if error.error_len().is_some() => (error.valid_up_to(), Stop::Invalid),
            Err(error) => (error.valid_up_to(), Stop::Cut),
        };
        let mut at = 0;
        while at < valid {
            at += match text.look(at) {
                Stop::End => 1,
                _ if text.is_simple_escape(at) => 2,
                stop => return Stretch { len: at, stop },
            };
        }
        Stretch { len: at, stop: broken }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        #[test]
        fn blocks_see_what_single_bytes_see(
            pieces in prop::collection::vec("[a-z]{0,70}|\u{e9}{0,40}|\u{6587}{0,25}|\u{1f600}{0,20}|(\\\\[n\"\\\\]){0,40}", 0..6),
            damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut bytes = pieces.concat().into_bytes();
            if let (Some((at, byte)), false) = (damage, bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            prop_assert_eq!(skim(&bytes), slowly(&bytes));
        }
    }
}
