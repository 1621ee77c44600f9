//! Escape sequences, byte by byte: one letter, or UTF-16 units of which two may make one character.

use super::Fault;

/// Inside an escape sequence. `high` is the first half of a surrogate pair, else 0.
#[derive(Clone, Copy, Debug)]
pub(super) enum Escape {
    Backslash { high: u16 },
    Letter { high: u16 },
    Hex { high: u16, digits: u8, value: u16 },
}

/// What a byte makes of an escape sequence.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// It goes on.
    More(Escape),
    /// It is complete and stands for this.
    Decoded(char),
    /// Half a character without its other half, and what the byte is besides.
    Lone(Behind),
}

/// What stands behind half a character.
#[derive(Clone, Copy, Debug)]
pub(super) enum Behind {
    Nothing,
    /// This byte, which is no part of an escape.
    Byte,
    /// An escape that goes on.
    Escape(Escape),
    /// An escape that is complete.
    Decoded(char),
}

impl Escape {
    /// Behind a backslash.
    pub(super) const BEGIN: Self = Escape::Letter { high: 0 };

    pub(super) fn step(self, byte: u8) -> Result<Step, Fault> {
        Ok(Step::More(match self {
            // The second half of a pair must follow the first at once.
            Escape::Backslash { high } if byte == b'\\' => Escape::Letter { high },
            Escape::Backslash { .. } => return Ok(Step::Lone(Behind::Byte)),
            Escape::Letter { high } if byte == b'u' => Escape::Hex { high, digits: 0, value: 0 },
            Escape::Letter { high } => {
                let decoded = char::from(simple(byte).ok_or(Fault::Syntax)?);
                return Ok(if high == 0 { Step::Decoded(decoded) } else { Step::Lone(Behind::Decoded(decoded)) });
            }
            Escape::Hex { high, digits, value } => {
                let digit = char::from(byte).to_digit(16).ok_or(Fault::Syntax)?;
                let value = value << 4 | digit as u16;
                if digits < 3 {
                    Escape::Hex { high, digits: digits + 1, value }
                } else {
                    return Ok(utf16(high, value));
                }
            }
        }))
    }
}

/// What a one-letter escape stands for.
pub(super) fn simple(letter: u8) -> Option<u8> {
    Some(match letter {
        b'n' => b'\n',
        b'"' => b'"',
        b'\\' => b'\\',
        b'/' => b'/',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        _ => return None,
    })
}

/// One UTF-16 unit, with the high surrogate before it if there was one.
fn utf16(high: u16, unit: u16) -> Step {
    let alone = match unit {
        0xD800..=0xDBFF => Step::More(Escape::Backslash { high: unit }),
        0xDC00..=0xDFFF => Step::Lone(Behind::Nothing),
        _ => char::from_u32(u32::from(unit)).map_or(Step::Lone(Behind::Nothing), Step::Decoded),
    };
    match (high, unit, alone) {
        (0, _, alone) => alone,
        (_, 0xDC00..=0xDFFF, _) => {
            let code = 0x10000 + ((u32::from(high) & 0x3FF) << 10 | u32::from(unit) & 0x3FF);
            char::from_u32(code).map_or(Step::Lone(Behind::Nothing), Step::Decoded)
        }
        (_, _, Step::More(escape)) => Step::Lone(Behind::Escape(escape)),
        (_, _, Step::Decoded(character)) => Step::Lone(Behind::Decoded(character)),
        (_, _, lone @ Step::Lone(_)) => lone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes what stands behind a backslash. `Ok(None)`: not complete.
    fn decode(text: &str) -> Result<Option<char>, Fault> {
        let mut escape = Escape::BEGIN;
        for byte in text.bytes() {
            match escape.step(byte)? {
                Step::More(next) => escape = next,
                Step::Decoded(character) => return Ok(Some(character)),
                Step::Lone(_) => return Err(Fault::Encoding),
            }
        }
        Ok(None)
    }

    #[test]
    fn letters_and_units_are_decoded() {
        assert_eq!(decode("n"), Ok(Some('\n')));
        assert_eq!(decode("u0041"), Ok(Some('A')));
        assert_eq!(decode("uFfFd"), Ok(Some('\u{fffd}')));
        assert_eq!(decode("ud83d\\ude00"), Ok(Some('\u{1f600}')));
        assert_eq!(decode("ud83d\\ude0"), Ok(None));
    }

    #[test]
    fn half_a_character_is_none() {
        for lone in ["udc00", "ud800x", "ud800\\n", "ud800\\u0041", "ud800\\ud800"] {
            assert_eq!(decode(lone), Err(Fault::Encoding), "{lone}");
        }
        for wrong in ["x", "ud800\\x", "u00g0", "u-001", "u 041", "U0041"] {
            assert_eq!(decode(wrong), Err(Fault::Syntax), "{wrong}");
        }
    }
}
