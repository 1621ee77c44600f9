//! What a stretch of bytes that can be base64 looks like.

use super::is_separator;
use super::words::Case;

/// The longest word that prose has.
const LONGEST_WORD: usize = 24;

/// What stands in it, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    len: usize,
    upper: usize,
    lower: usize,
    digits: usize,
    words: usize,
    /// Letters in words that are spelled as words are.
    in_words: usize,
}

impl Shape {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut shape = Self { len: text.len(), ..Self::default() };
        for word in text.split(|byte| is_separator(*byte)).filter(|word| !word.is_empty()) {
            shape.words += 1;
            let mut case = Some(Case::None);
            for byte in word {
                shape.upper += usize::from(byte.is_ascii_uppercase());
                shape.lower += usize::from(byte.is_ascii_lowercase());
                shape.digits += usize::from(byte.is_ascii_digit());
                case = case.and_then(|case| case.then(*byte));
            }
            if case.is_some() && word.len() <= LONGEST_WORD {
                shape.in_words += word.len();
            }
        }
        shape
    }

    /// Half of it or more are words.
    pub(super) fn is_prose(self) -> bool {
        self.in_words * 2 >= self.len
    }

    /// It is what bytes of any kind become, zeros in a file's head included: both cases, digits, seldom a separator.
    pub(super) fn is_base64(self) -> bool {
        self.upper >= 8 && self.lower >= 8 && self.digits > 0 && self.words * 8 <= self.len && !self.is_prose()
    }
}
