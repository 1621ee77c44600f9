//! Square roots of whole numbers.

/// The greatest number whose square is not more than `value`.
pub(crate) const fn of(value: u64) -> u64 {
    value.isqrt()
}
