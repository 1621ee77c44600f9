//! How far a JSON string goes on without anything to look at: the inner loop of the scanner.
//!
//! Prompts are long strings, so nearly every byte of a body passes through here. Blocks of 64 bytes
//! are tested at once; the block that holds something is searched byte by byte.

/// A stretch of string bytes that need no decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Bytes before the first quote, backslash or control character (or the end of the chunk).
    pub(super) len: usize,
    /// Whether a byte among them is not ASCII, so that the stretch must be checked as UTF-8.
    pub(super) high: bool,
}

/// Measures the stretch at the head of `bytes`.
pub(super) fn plain(bytes: &[u8]) -> Run {
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    let mut high = lanes::none();
    let mut len = 0;
    for block in blocks {
        let (stop, seen) = lanes::examine(block);
        if stop {
            let rest = bytewise(block);
            return Run { len: len + rest.len, high: lanes::any(high) || rest.high };
        }
        high = lanes::or(high, seen);
        len += BLOCK;
    }
    let rest = bytewise(tail);
    Run { len: len + rest.len, high: lanes::any(high) || rest.high }
}

const BLOCK: usize = 64;

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn bytewise(bytes: &[u8]) -> Run {
    let mut high = false;
    let mut len = 0;
    for &byte in bytes {
        if is_special(byte) {
            break;
        }
        high |= byte >= 0x80;
        len += 1;
    }
    Run { len, high }
}

/// 128-bit lanes of WebAssembly. V8 has them in every Envoy that Pointsman supports.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use core::arch::wasm32::{u8x16, u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128, v128_any_true, v128_or};

    pub(super) fn none() -> v128 {
        u8x16_splat(0)
    }

    pub(super) fn or(a: v128, b: v128) -> v128 {
        v128_or(a, b)
    }

    pub(super) fn any(high: v128) -> bool {
        u8x16_bitmask(high) != 0
    }

    /// One unaligned load: the compiler folds the sixteen lanes into it.
    fn load(bytes: &[u8; 16]) -> v128 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    }

    fn special(lane: v128) -> v128 {
        let quote = u8x16_eq(lane, u8x16_splat(b'"'));
        let backslash = u8x16_eq(lane, u8x16_splat(b'\\'));
        v128_or(v128_or(quote, backslash), u8x16_lt(lane, u8x16_splat(0x20)))
    }

    pub(super) fn examine(block: &[u8; super::BLOCK]) -> (bool, v128) {
        let (quarters, _) = block.as_chunks::<16>();
        let [a, b, c, d] = quarters else { return (true, none()) };
        let (a, b, c, d) = (load(a), load(b), load(c), load(d));
        let stop = v128_or(v128_or(special(a), special(b)), v128_or(special(c), special(d)));
        (v128_any_true(stop), v128_or(v128_or(a, b), v128_or(c, d)))
    }
}

/// Plain loops in a shape that the compiler turns into vector instructions.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    pub(super) fn none() -> u8 {
        0
    }

    pub(super) fn or(a: u8, b: u8) -> u8 {
        a | b
    }

    pub(super) fn any(high: u8) -> bool {
        high >= 0x80
    }

    pub(super) fn examine(block: &[u8; super::BLOCK]) -> (bool, u8) {
        let mut stop = false;
        let mut high = 0;
        for &byte in block {
            stop |= super::is_special(byte);
            high |= byte;
        }
        (stop, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, len: usize, high: bool) {
        assert_eq!(plain(text.as_bytes()), Run { len, high }, "{text:?}");
    }

    #[test]
    fn stops_at_what_must_be_looked_at() {
        check("", 0, false);
        check("abc", 3, false);
        check("abc\"def", 3, false);
        check("abc\\n", 3, false);
        check("abc\u{1f}", 3, false);
        check("abc\u{7f}", 4, false);
        check("caf\u{e9}\"", 5, true);
    }

    #[test]
    fn every_position_in_and_around_a_block_is_seen() {
        for at in 0..200 {
            for special in ['"', '\\', '\n'] {
                let text = format!("{}{special}{}", "x".repeat(at), "\u{e9}".repeat(100));
                check(&text, at, false);
            }
            let text = format!("{}\u{e9}{}\"", "x".repeat(at), "y".repeat(200));
            check(&text, at + 202, true);
        }
    }
}
