//! What sixteen bytes of ASCII cost, at once.

use super::table::{LETTERS_BY_FIVE_BITS, STEPS_BY_FOUR_BITS};
use crate::lanes::vectors::load;
use core::arch::wasm32::{
    u8x16_add, u8x16_bitmask, u8x16_eq, u8x16_extract_lane, u8x16_lt, u8x16_shuffle, u8x16_splat, u8x16_sub,
    u8x16_swizzle, u16x8_add, u16x8_extadd_pairwise_u8x16, u16x8_splat, u32x4_add, u32x4_extadd_pairwise_u16x8,
    u32x4_extract_lane, u32x4_shuffle, v128, v128_and, v128_andnot, v128_or, v128_xor,
};

/// How many lanes are added up in sixteen bits. No byte of ASCII costs more than 128, a pair of bytes no more than 256.
const ROUND: usize = 255;

/// What the text costs behind a byte of this kind, and the kind of its last.
pub(super) fn sum(before: u8, text: &[u8]) -> (u64, u8) {
    let (lanes, tail) = text.as_chunks::<16>();
    let (mut parts, mut before) = (0, before);
    for round in lanes.chunks(ROUND) {
        let mut sums = u16x8_splat(0);
        for lane in round {
            let bytes = load(lane);
            if u8x16_bitmask(bytes) == 0 {
                let kinds = kinds(bytes);
                sums = u16x8_add(sums, u16x8_extadd_pairwise_u8x16(costs(bytes, kinds, before)));
                before = u8x16_extract_lane::<15>(kinds);
            } else {
                let (more, last) = super::slowly(before, lane);
                (parts, before) = (parts + more, last);
            }
        }
        parts += total(sums);
    }
    let (more, last) = super::slowly(before, tail);
    (parts + more, last)
}

/// A letter is 0, a digit 1, a space 2, anything else 3.
#[inline(always)]
fn kinds(bytes: v128) -> v128 {
    let digits = u8x16_lt(u8x16_sub(bytes, u8x16_splat(b'0')), u8x16_splat(10));
    let spaces = u8x16_eq(bytes, u8x16_splat(b' '));
    let others = v128_andnot(u8x16_splat(3), letters(bytes));
    let without_digits = v128_xor(others, v128_and(digits, u8x16_splat(2)));
    v128_xor(without_digits, v128_and(spaces, u8x16_splat(1)))
}

#[inline(always)]
fn letters(bytes: v128) -> v128 {
    u8x16_lt(u8x16_sub(v128_or(bytes, u8x16_splat(0x20)), u8x16_splat(b'a')), u8x16_splat(26))
}

#[inline(always)]
fn costs(bytes: v128, kinds: v128, before: u8) -> v128 {
    let behind =
        u8x16_shuffle::<15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30>(u8x16_splat(before), kinds);
    let twice = u8x16_add(behind, behind);
    let steps = u8x16_swizzle(load(&STEPS_BY_FOUR_BITS), v128_or(u8x16_add(twice, twice), kinds));
    let (low, high) = LETTERS_BY_FIVE_BITS;
    let five = v128_and(bytes, u8x16_splat(0x1F));
    // An index beyond the lane gives nothing.
    let besides =
        v128_or(u8x16_swizzle(load(&low), five), u8x16_swizzle(load(&high), u8x16_sub(five, u8x16_splat(16))));
    u8x16_add(steps, v128_and(besides, letters(bytes)))
}

#[inline(always)]
fn total(sums: v128) -> u64 {
    let fours = u32x4_extadd_pairwise_u16x8(sums);
    let twos = u32x4_add(fours, u32x4_shuffle::<2, 3, 0, 1>(fours, fours));
    u64::from(u32x4_extract_lane::<0>(twos)) + u64::from(u32x4_extract_lane::<1>(twos))
}
