//! What evaluation costs, in steps of some ten nanoseconds. What can be charged at most is known when an expression is
//! loaded; what is charged while it runs is never more, and bounded once more.

/// The most that an expression may cost.
pub(crate) const MOST: u64 = 20_000;

/// How many bytes of a text one step compares, copies or counts.
pub(crate) const BYTES: u64 = 256;

/// How many bytes of a text one step takes to search it, or to cut it.
pub(crate) const SEARCHED: u64 = 16;

/// How many characters of a regular expression, times bytes of the text, one step tries.
pub(crate) const TRIED: u64 = 8;

/// The most pieces that a text is cut into. One of more cannot be read.
pub(crate) const PIECES: u64 = 256;

pub(crate) fn of_text(length: u64) -> u64 {
    1 + length / BYTES
}

pub(crate) fn of_search(length: u64) -> u64 {
    1 + length / SEARCHED
}

pub(crate) fn of_regex(size: u64, length: u64) -> u64 {
    1 + size.saturating_mul(length) / TRIED
}

/// A size as a number that costs are made of.
pub(crate) fn size(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
