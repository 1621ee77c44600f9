//! Numbers, byte by byte: the grammar of RFC 8259, and the value where it is a plain non-negative integer.

/// A number as far as it has been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    part: Part,
    /// The value while it is a plain non-negative integer that fits.
    value: Option<u64>,
}

/// Which part of the grammar the last byte belonged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Minus,
    Zero,
    Integer,
    Dot,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

impl Number {
    /// The number that begins with this byte, if one can.
    pub(super) fn begin(byte: u8) -> Option<Self> {
        Some(match byte {
            b'-' => Self { part: Part::Minus, value: None },
            b'0' => Self { part: Part::Zero, value: Some(0) },
            b'1'..=b'9' => Self { part: Part::Integer, value: Some(u64::from(byte - b'0')) },
            _ => return None,
        })
    }

    /// The number with `byte` behind it, or `None` where the number ends.
    pub(super) fn step(self, byte: u8) -> Option<Self> {
        use Part::{Dot, Exponent, ExponentDigits, ExponentSign, Fraction, Integer, Minus, Zero};
        let part = match (self.part, byte) {
            (Minus, b'0') => Zero,
            (Minus | Integer, b'1'..=b'9') | (Integer, b'0') => Integer,
            (Zero | Integer, b'.') => Dot,
            (Dot | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Integer | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => ExponentSign,
            (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => ExponentDigits,
            _ => return None,
        };
        let value = match (self.part, part) {
            (Integer, Integer) => {
                self.value.and_then(|value| value.checked_mul(10)?.checked_add(u64::from(byte.wrapping_sub(b'0'))))
            }
            _ => None,
        };
        Some(Self { part, value })
    }

    /// Whether a number may end here.
    pub(super) fn is_complete(self) -> bool {
        matches!(self.part, Part::Zero | Part::Integer | Part::Fraction | Part::ExponentDigits)
    }

    /// The value, of a plain non-negative integer.
    pub(super) fn value(self) -> Option<u64> {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a number, `Some(None)` where it is not a plain integer, `None` where it is no number.
    fn read(text: &str) -> Option<Option<u64>> {
        let (first, rest) = text.as_bytes().split_first()?;
        let number = rest.iter().try_fold(Number::begin(*first)?, |number, byte| number.step(*byte))?;
        number.is_complete().then(|| number.value())
    }

    #[test]
    fn numbers_are_those_of_the_rfc() {
        for good in ["0", "-0", "10", "-1", "0.5", "1.50", "1e5", "1E+05", "-1.5e-10", "0e0"] {
            assert!(read(good).is_some(), "{good}");
        }
        for bad in ["", "-", "01", "00", "+1", ".5", "1.", "1.e5", "1e", "1e+", "--1", "1.5.5", "0x1", "1_0"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_are_those_of_plain_integers_that_fit() {
        assert_eq!(read("0"), Some(Some(0)));
        assert_eq!(read("18446744073709551615"), Some(Some(u64::MAX)));
        for other in ["18446744073709551616", "99999999999999999999999", "-1", "-0", "1.0", "1e3", "0e0"] {
            assert_eq!(read(other), Some(None), "{other}");
        }
    }
}
