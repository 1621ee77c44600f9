//! Numbers, byte by byte: the grammar of RFC 8259, and the value where it is a whole number.

/// What a number says to those who want to count with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numeral {
    /// A whole number, however it is spelled: `4096`, `4096.0`, `4.096e3`.
    Whole(u64),
    /// Less than zero.
    Negative,
    /// More than this, and less than one more.
    Fraction(u64),
    /// Too large, or too long to tell.
    Other,
}

impl Numeral {
    /// The number that a text spells as JSON does.
    pub(crate) fn of_text(text: &[u8]) -> Option<Self> {
        let (first, rest) = text.split_first()?;
        let number = rest.iter().try_fold(Number::begin(*first)?, |number, byte| number.step(*byte))?;
        number.is_complete().then(|| number.value())
    }
}

/// A number as far as it has been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    part: Part,
    is_negative: bool,
    /// Its digits without a point, `None` where they are too many. Zeros at the end of a fraction wait until another digit
    /// follows.
    digits: Option<u64>,
    zeros: u32,
    /// How many of them stand behind the point.
    fraction: u32,
    exponent: u32,
    is_exponent_negative: bool,
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
        let part = match byte {
            b'-' => Part::Minus,
            b'0' => Part::Zero,
            b'1'..=b'9' => Part::Integer,
            _ => return None,
        };
        let (is_negative, digits) = (byte == b'-', if byte == b'-' { 0 } else { u64::from(byte - b'0') });
        let (fraction, exponent) = (0, 0);
        Some(Self {
            part,
            is_negative,
            digits: Some(digits),
            zeros: 0,
            fraction,
            exponent,
            is_exponent_negative: false,
        })
    }

    /// The number with `byte` behind it, or `None` where the number ends.
    pub(super) fn step(mut self, byte: u8) -> Option<Self> {
        use Part::{Dot, Exponent, ExponentDigits, ExponentSign, Fraction, Integer, Minus, Zero};
        self.part = match (self.part, byte) {
            (Minus, b'0') => Zero,
            (Minus | Integer, b'1'..=b'9') | (Integer, b'0') => Integer,
            (Zero | Integer, b'.') => Dot,
            (Dot | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Integer | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => ExponentSign,
            (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => ExponentDigits,
            _ => return None,
        };
        let digit = byte.wrapping_sub(b'0');
        match self.part {
            Integer => self.digit(digit),
            Fraction if digit == 0 => self.zeros = self.zeros.saturating_add(1),
            Fraction => {
                for _ in 0..self.zeros.min(20) {
                    self.digit(0);
                }
                self.digit(digit);
                self.fraction = self.fraction.saturating_add(self.zeros).saturating_add(1);
                self.zeros = 0;
            }
            ExponentSign => self.is_exponent_negative = byte == b'-',
            ExponentDigits => self.exponent = self.exponent.saturating_mul(10).saturating_add(u32::from(digit)),
            _ => {}
        }
        Some(self)
    }

    fn digit(&mut self, digit: u8) {
        self.digits = self.digits.and_then(|digits| digits.checked_mul(10)?.checked_add(u64::from(digit)));
    }

    /// Whether a number may end here.
    pub(super) fn is_complete(self) -> bool {
        matches!(self.part, Part::Zero | Part::Integer | Part::Fraction | Part::ExponentDigits)
    }

    /// What it says.
    pub(super) fn value(self) -> Numeral {
        match self.digits {
            Some(0) => Numeral::Whole(0),
            _ if self.is_negative => Numeral::Negative,
            digits => digits.and_then(|digits| self.scaled(digits)).unwrap_or(Numeral::Other),
        }
    }

    /// The digits with the point where it belongs.
    fn scaled(self, digits: u64) -> Option<Numeral> {
        let exponent = i64::from(self.exponent) * if self.is_exponent_negative { -1 } else { 1 };
        let power = exponent - i64::from(self.fraction);
        let factor = u32::try_from(power.unsigned_abs()).ok().and_then(|power| 10_u64.checked_pow(power));
        Some(match factor {
            Some(factor) if power >= 0 => Numeral::Whole(digits.checked_mul(factor)?),
            Some(factor) if digits.is_multiple_of(factor) => Numeral::Whole(digits / factor),
            Some(factor) => Numeral::Fraction(digits / factor),
            None if power < 0 => Numeral::Fraction(0),
            None => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Numeral::{Fraction, Negative, Other, Whole};

    #[test]
    fn numbers_are_those_of_the_rfc() {
        for good in ["0", "-0", "10", "-1", "0.5", "1.50", "1e5", "1E+05", "-1.5e-10", "0e0"] {
            assert!(Numeral::of_text(good.as_bytes()).is_some(), "{good}");
        }
        for bad in ["", "-", "01", "00", "+1", ".5", "1.", "1.e5", "1e", "1e+", "--1", "1.5.5", "0x1", "1_0", " 1"] {
            assert_eq!(Numeral::of_text(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn whole_numbers_are_read_in_every_spelling() {
        let check = |text: &str, expected| assert_eq!(Numeral::of_text(text.as_bytes()), Some(expected), "{text}");
        check("0", Whole(0));
        check("18446744073709551615", Whole(u64::MAX));
        for four_thousand in
            ["4096", "4096.0", "4096.000000000000000000000000000", "4.096e3", "4.0960E+03", "409600e-2"]
        {
            check(four_thousand, Whole(4096));
        }
        for zero in ["-0", "0.0", "0e999999999999", "-0.00e-5", "0.000"] {
            check(zero, Whole(0));
        }
        for negative in ["-1", "-0.5", "-1e400", "-99999999999999999999999"] {
            check(negative, Negative);
        }
        for other in ["1e20", "18446744073709551616", "1e4294967297"] {
            check(other, Other);
        }
        for (fraction, below) in [
            ("0.5", 0),
            ("1.05", 1),
            ("4096.5", 4096),
            ("1e-1", 0),
            ("0.00000000000000000000001", 0),
            ("5e-4294967297", 0),
            ("99.9e-1", 9),
        ] {
            check(fraction, Fraction(below));
        }
        check("1.00000000000000000000005e23", Other);
        check("10000000000000000000e-19", Whole(1));
    }
}
