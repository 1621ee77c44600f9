//! How far a JSON string goes on without anything to decide: the inner loop of the scanner.
//!
//! Prompts are long strings, so nearly every byte of a body passes through here. 64 bytes are examined
//! at once and give one mask of the bytes to look at; UTF-8 is checked only around bytes that are not ASCII.

/// Where a stretch of string bytes ends, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Bytes of it, all valid.
    pub(super) len: usize,
    /// Bytes of it once its escapes are decoded.
    pub(super) decoded: usize,
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

/// What a one-letter escape stands for.
pub(super) fn simple_escape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'n' => b'\n',
        b'"' => b'"',
        b'\\' => b'\\',
        b'/' => b'/',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        _ => return None,
    })
}

const BLOCK: usize = 64;

fn scan<const OVER_ESCAPES: bool>(bytes: &[u8]) -> Stretch {
    let mut text = Text { bytes, escapes: 0, unchecked: None };
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    // Whether the first byte of the next block is the letter of an escape that has been taken.
    let mut taken = 0;
    let mut start = 0;
    for block in blocks {
        let (mask, high) = lanes::examine(block);
        if let Err(at) = text.note(start, high) {
            return text.end(at, Stop::Invalid);
        }
        let mut mask = mask & !taken;
        taken = 0;
        while mask != 0 {
            let bit = mask.trailing_zeros() as usize;
            match text.look(start + bit) {
                Stop::Escape if OVER_ESCAPES && text.takes_escape(start + bit) => {
                    let pair = 0b11_u64 << bit;
                    mask &= !pair;
                    taken = u64::from(bit == BLOCK - 1);
                }
                stop => return text.end(start + bit, stop),
            }
        }
        start += BLOCK;
    }
    let mut at = start + taken as usize;
    if let Err(at) = text.note(start, tail.iter().any(|byte| *byte >= 0x80)) {
        return text.end(at, Stop::Invalid);
    }
    while at < bytes.len() {
        match text.look(at) {
            Stop::End => at += 1,
            Stop::Escape if OVER_ESCAPES && text.takes_escape(at) => at += 2,
            stop => return text.end(at, stop),
        }
    }
    text.end(bytes.len(), Stop::End)
}

struct Text<'b> {
    bytes: &'b [u8],
    escapes: usize,
    /// Where blocks that hold more than ASCII begin, as long as they go on.
    unchecked: Option<usize>,
}

impl Text<'_> {
    /// What the byte at this place means; `End` for one that means itself.
    fn look(&self, at: usize) -> Stop {
        match self.bytes.get(at) {
            Some(b'"') => Stop::Quote,
            Some(b'\\') => Stop::Escape,
            Some(..0x20) => Stop::Control,
            _ => Stop::End,
        }
    }

    /// Takes the escape at this place if it is one letter long and all there.
    fn takes_escape(&mut self, at: usize) -> bool {
        let is_simple = self.bytes.get(at + 1).is_some_and(|letter| simple_escape(*letter).is_some());
        self.escapes += usize::from(is_simple);
        is_simple
    }

    /// Notes whether the block that begins here holds more than ASCII; checks those before it if it does not.
    fn note(&mut self, start: usize, high: bool) -> Result<(), usize> {
        match (self.unchecked, high) {
            (None, true) => self.unchecked = Some(start),
            (Some(from), false) => {
                self.unchecked = None;
                let (valid, whole) = self.check(from, start);
                if !whole {
                    return Err(valid);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How far the bytes from `from` to `to` are UTF-8, and whether that is all of them.
    fn check(&self, from: usize, to: usize) -> (usize, bool) {
        match std::str::from_utf8(self.bytes.get(from..to).unwrap_or_default()) {
            Ok(_) => (to, true),
            Err(error) => (from + error.valid_up_to(), false),
        }
    }

    fn end(&self, at: usize, stop: Stop) -> Stretch {
        let (len, stop) = match self.unchecked {
            Some(from) if stop != Stop::Invalid => match self.check(from, at) {
                (_, true) => (at, stop),
                (valid, false) => (valid, self.cut(valid, at, stop)),
            },
            _ => (at, stop),
        };
        // Escapes behind what turned out to be invalid do not count.
        let escapes = if stop == Stop::Invalid { self.escapes_before(len) } else { self.escapes };
        Stretch { len, decoded: len - escapes, stop }
    }

    /// A character may go on in the next chunk, nowhere else.
    fn cut(&self, valid: usize, at: usize, stop: Stop) -> Stop {
        let rest = std::str::from_utf8(self.bytes.get(valid..at).unwrap_or_default());
        let goes_on = rest.is_err_and(|error| error.error_len().is_none());
        if stop == Stop::End && goes_on { Stop::Cut } else { Stop::Invalid }
    }

    fn escapes_before(&self, end: usize) -> usize {
        let (mut at, mut escapes) = (0, 0);
        while at < end {
            let is_escape = self.bytes.get(at) == Some(&b'\\');
            escapes += usize::from(is_escape);
            at += 1 + usize::from(is_escape);
        }
        escapes
    }
}

/// 128-bit lanes of WebAssembly. V8 has them in every Envoy that Pointsman supports.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use core::arch::wasm32::{u8x16, u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128, v128_any_true, v128_or};

    /// One bit per byte to look at, and whether any byte is not ASCII.
    #[inline(always)]
    pub(super) fn examine(block: &[u8; super::BLOCK]) -> (u64, bool) {
        let (quarters, _) = block.as_chunks::<16>();
        let [a, b, c, d] = quarters else { return (u64::MAX, true) };
        let (a, b, c, d) = (load(a), load(b), load(c), load(d));
        let high = u8x16_bitmask(v128_or(v128_or(a, b), v128_or(c, d))) != 0;
        let (a, b, c, d) = (special(a), special(b), special(c), special(d));
        if !v128_any_true(v128_or(v128_or(a, b), v128_or(c, d))) {
            return (0, high);
        }
        let bits = |lane| u64::from(u8x16_bitmask(lane));
        (bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48, high)
    }

    /// One unaligned load: the compiler folds the sixteen lanes into it.
    #[inline(always)]
    fn load(bytes: &[u8; 16]) -> v128 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    }

    #[inline(always)]
    fn special(lane: v128) -> v128 {
        let quote = u8x16_eq(lane, u8x16_splat(b'"'));
        let backslash = u8x16_eq(lane, u8x16_splat(b'\\'));
        v128_or(v128_or(quote, backslash), u8x16_lt(lane, u8x16_splat(0x20)))
    }
}

/// Eight bytes at a time in a 64-bit word, for every other target.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    const ONES: u64 = u64::MAX / 0xFF;
    const LOW_SEVEN: u64 = ONES * 0x7F;

    /// One bit per byte to look at, and whether any byte is not ASCII.
    pub(super) fn examine(block: &[u8; super::BLOCK]) -> (u64, bool) {
        let (words, _) = block.as_chunks::<8>();
        let (mut mask, mut high) = (0, 0);
        for (nth, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let special = zeros(word ^ ONES * 0x22) | zeros(word ^ ONES * 0x5C) | zeros(word & ONES * 0xE0);
            // Gathers the top bit of each byte in the last byte.
            mask |= ((special >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * nth);
            high |= word;
        }
        (mask, high & !LOW_SEVEN != 0)
    }

    /// The top bit of every byte that is zero, exactly.
    fn zeros(word: u64) -> u64 {
        !(((word & LOW_SEVEN) + LOW_SEVEN) | word | LOW_SEVEN)
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
        let stretch = |len, stop| Stretch { len, decoded: len, stop };
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
    fn escapes_are_passed_and_counted() {
        let stretch = |len, decoded, stop| Stretch { len, decoded, stop };
        assert_eq!(skim(br#"a\nb\"c\\" "#), stretch(9, 6, Stop::Quote));
        assert_eq!(skim(br"a\n\u0041"), stretch(3, 2, Stop::Escape));
        assert_eq!(skim(br"a\"), stretch(1, 1, Stop::Escape));
        assert_eq!(skim(b"a\\n\xff\\n"), stretch(3, 2, Stop::Invalid));
    }

    /// The same, one byte after the other.
    fn slowly(bytes: &[u8]) -> Stretch {
        let mut text = Text { bytes, escapes: 0, unchecked: Some(0) };
        let mut at = 0;
        loop {
            match text.look(at) {
                Stop::End if at < bytes.len() => at += 1,
                Stop::Escape if text.takes_escape(at) => at += 2,
                stop => return text.end(at, stop),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        #[test]
        fn blocks_see_what_single_bytes_see(
            pieces in prop::collection::vec("[a-z]{0,70}|\u{e9}{0,40}|(\\\\[n\"\\\\]){0,40}", 0..6),
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
