//! 64 bytes at once: which of them must be looked at, and which are not ASCII.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use vectors::examine;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use words::examine;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use crate::lanes::BLOCK;
    use crate::lanes::vectors::{bits, quarters};
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128, v128_any_true, v128_or};

    /// One bit per byte to look at, and one per byte that is not ASCII.
    #[inline(always)]
    pub(in super::super) fn examine(block: &[u8; BLOCK]) -> (u64, u64) {
        let Some(lanes) = quarters(block) else { return (u64::MAX, u64::MAX) };
        let high = match u8x16_bitmask(any(lanes)) {
            0 => 0,
            _ => bits(lanes),
        };
        let lanes = lanes.map(special);
        (if v128_any_true(any(lanes)) { bits(lanes) } else { 0 }, high)
    }

    #[inline(always)]
    fn any([a, b, c, d]: [v128; 4]) -> v128 {
        v128_or(v128_or(a, b), v128_or(c, d))
    }

    #[inline(always)]
    fn special(lane: v128) -> v128 {
        let quote = u8x16_eq(lane, u8x16_splat(b'"'));
        let backslash = u8x16_eq(lane, u8x16_splat(b'\\'));
        v128_or(v128_or(quote, backslash), u8x16_lt(lane, u8x16_splat(0x20)))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod words {
    use crate::lanes::BLOCK;
    use crate::lanes::words::{ONES, bits, zeros};

    /// One bit per byte to look at, and one per byte that is not ASCII.
    pub(in super::super) fn examine(block: &[u8; BLOCK]) -> (u64, u64) {
        let (words, _) = block.as_chunks::<8>();
        let (mut special, mut high) = (0, 0);
        for (nth, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let found = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5C)) | zeros(word & (ONES * 0xE0));
            special |= bits(found) << (8 * nth);
            high |= bits(word) << (8 * nth);
        }
        (special, high)
    }
}
