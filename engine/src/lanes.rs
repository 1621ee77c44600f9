//! Many bytes at once: 128-bit lanes in the module, 64-bit words everywhere else.

/// How many bytes are looked at together.
pub(crate) const BLOCK: usize = 64;

/// 128-bit lanes of WebAssembly. V8 has them in every Envoy that Pointsman supports.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) mod vectors {
    use core::arch::wasm32::{u8x16, u8x16_bitmask, v128};

    /// One unaligned load: the compiler folds the sixteen lanes into it.
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> v128 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    }

    /// The top bit of each byte.
    #[inline(always)]
    pub(crate) fn bits([a, b, c, d]: [v128; 4]) -> u64 {
        let [a, b, c, d] = [a, b, c, d].map(|lane| u64::from(u8x16_bitmask(lane)));
        a | b << 16 | c << 32 | d << 48
    }

    /// A block as four lanes.
    #[inline(always)]
    pub(crate) fn quarters(block: &[u8; super::BLOCK]) -> Option<[v128; 4]> {
        let (quarters, _) = block.as_chunks::<16>();
        let [a, b, c, d] = quarters else { return None };
        Some([load(a), load(b), load(c), load(d)])
    }
}

/// Eight bytes at a time in a 64-bit word, for every other target.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) mod words {
    pub(crate) const ONES: u64 = u64::MAX / 0xFF;
    pub(crate) const LOW_SEVEN: u64 = ONES * 0x7F;

    /// The top bit of each byte.
    pub(crate) fn bits(word: u64) -> u64 {
        ((word >> 7) & ONES).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }

    /// The top bit of every byte that is zero, exactly.
    pub(crate) fn zeros(word: u64) -> u64 {
        !(((word & LOW_SEVEN) + LOW_SEVEN) | word | LOW_SEVEN)
    }
}
