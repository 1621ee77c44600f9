//! 64 bytes at once: where words are, and where one begins with a letter that a keyword begins with.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use vectors::look;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use words::look;

/// A set of ASCII bytes: for each low half of a byte one bit per high half.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters([u8; 16]);

impl Letters {
    pub(super) fn add(&mut self, byte: u8) {
        if let (Some(halves), true) = (self.0.get_mut(usize::from(byte & 0x0F)), byte.is_ascii()) {
            *halves |= 1 << (byte >> 4);
        }
    }
}

/// What stands in a block, one bit per byte.
pub(super) struct Look {
    /// A part of a word: an ASCII letter, a digit, an underscore, or no ASCII.
    pub(super) words: u64,
    /// No ASCII.
    pub(super) high: u64,
    /// At least all that are one of the letters.
    pub(super) letters: u64,
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use super::{Letters, Look};
    use crate::lanes::BLOCK;
    use crate::lanes::vectors::{bits, load, quarters};
    use core::arch::wasm32::{
        u8x16_eq, u8x16_lt, u8x16_ne, u8x16_shr, u8x16_splat, u8x16_sub, u8x16_swizzle, v128, v128_and, v128_or,
    };

    /// One bit per high half of an ASCII byte.
    const HALVES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0];

    #[inline(always)]
    pub(in super::super) fn look(block: &[u8; BLOCK], letters: &Letters) -> Look {
        let Some(lanes) = quarters(block) else { return Look { words: u64::MAX, high: u64::MAX, letters: u64::MAX } };
        let (low, high) = (load(&letters.0), load(&HALVES));
        let is_letter = |lane| {
            let low = u8x16_swizzle(low, v128_and(lane, u8x16_splat(0x0F)));
            u8x16_ne(v128_and(low, u8x16_swizzle(high, u8x16_shr(lane, 4))), u8x16_splat(0))
        };
        Look { words: bits(lanes.map(word)), high: bits(lanes), letters: bits(lanes.map(is_letter)) }
    }

    /// The top bit of each byte that is a part of a word.
    #[inline(always)]
    fn word(lane: v128) -> v128 {
        let letter = u8x16_lt(u8x16_sub(v128_or(lane, u8x16_splat(0x20)), u8x16_splat(b'a')), u8x16_splat(26));
        let digit = u8x16_lt(u8x16_sub(lane, u8x16_splat(b'0')), u8x16_splat(10));
        v128_or(v128_or(letter, digit), v128_or(u8x16_eq(lane, u8x16_splat(b'_')), lane))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod words {
    use super::{Letters, Look};
    use crate::lanes::BLOCK;
    use crate::lanes::words::{LOW_SEVEN, ONES, bits, zeros};

    pub(in super::super) fn look(block: &[u8; BLOCK], Letters(_): &Letters) -> Look {
        let (eights, _) = block.as_chunks::<8>();
        let (mut words, mut high) = (0, 0);
        for (nth, eight) in eights.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            words |= bits(word(eight)) << (8 * nth);
            high |= bits(eight) << (8 * nth);
        }
        // Letters are not told apart here: whoever looks closer finds out.
        Look { words, high, letters: u64::MAX }
    }

    /// The top bit of each byte that is a part of a word.
    fn word(eight: u64) -> u64 {
        let (low, lower) = (eight & LOW_SEVEN, (eight | (ONES * 0x20)) & LOW_SEVEN);
        let from_to = |bytes: u64, first: u8, last: u8| {
            (bytes + ONES * u64::from(0x80 - first)) & !(bytes + ONES * u64::from(0x7F - last))
        };
        from_to(lower, b'a', b'z') | from_to(low, b'0', b'9') | zeros(low ^ (ONES * u64::from(b'_'))) | eight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_told() {
        let mut letters = Letters::default();
        b"a_9".iter().for_each(|byte| letters.add(*byte));
        for byte in 0..=u8::MAX {
            for at in [0, 1, 31, 63] {
                let mut block = [b' '; 64];
                block[at] = byte;
                let look = look(&block, &letters);
                let is_word = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
                assert_eq!((look.words, look.high), (u64::from(is_word) << at, u64::from(!byte.is_ascii()) << at));
                assert!(look.letters >> at & 1 == 1 || !b"a_9".contains(&byte));
            }
        }
    }
}
