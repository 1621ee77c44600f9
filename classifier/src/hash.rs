//! One hash for all that is counted and looked up: a polynomial over characters, mixed at the end.

/// What the running value is multiplied by for each further character. Odd, so that no character is lost.
const STEP: u32 = 0x9E37_79B1;

/// A running value with one more character.
#[inline]
pub(crate) const fn push(running: u32, character: u32) -> u32 {
    running.wrapping_mul(STEP).wrapping_add(character)
}

/// What the running value comes to: its upper bits depend on all of it.
#[inline]
pub(crate) const fn finish(running: u32, kind: u32) -> u32 {
    let mixed = running ^ kind;
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA6B);
    (mixed ^ (mixed >> 13)).wrapping_mul(0xC2B2_AE35)
}
