//! Square roots of whole numbers.

/// The greatest number whose square is not more than `value`.
pub(crate) const fn of(value: u64) -> u64 {
    value.isqrt()
}

/// The square root of a count, in 1/256 and never zero.
pub(crate) fn of_count(count: usize) -> i64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX >> 16).clamp(1, u64::MAX >> 16);
    i64::try_from(of(count << 16)).unwrap_or(i64::MAX)
}
