//! 64 bytes at once: which of them must be looked at, and which are not ASCII.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use vectors::examine;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use words::examine;

/// 128-bit lanes of WebAssembly. V8 has them in every Envoy that Pointsman supports.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use core::arch::wasm32::{u8x16, u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128, v128_any_true, v128_or};

    /// One bit per byte to look at, and one per byte that is not ASCII.
    #[inline(always)]
    pub(in super::super) fn examine(block: &[u8; super::super::BLOCK]) -> (u64, u64) {
        let (quarters, _) = block.as_chunks::<16>();
        let [a, b, c, d] = quarters else { return (u64::MAX, u64::MAX) };
        let lanes = [load(a), load(b), load(c), load(d)];
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

    /// The top bit of each byte.
    #[inline(always)]
    fn bits(lanes: [v128; 4]) -> u64 {
        let [a, b, c, d] = lanes.map(|lane| u64::from(u8x16_bitmask(lane)));
        a | b << 16 | c << 32 | d << 48
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
mod words {
    const ONES: u64 = u64::MAX / 0xFF;
    const LOW_SEVEN: u64 = ONES * 0x7F;

    /// One bit per byte to look at, and one per byte that is not ASCII.
    pub(in super::super) fn examine(block: &[u8; super::super::BLOCK]) -> (u64, u64) {
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

    /// The top bit of each byte.
    fn bits(word: u64) -> u64 {
        ((word >> 7) & ONES).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }

    /// The top bit of every byte that is zero, exactly.
    fn zeros(word: u64) -> u64 {
        !(((word & LOW_SEVEN) + LOW_SEVEN) | word | LOW_SEVEN)
    }
}
