//! The one form in which text and keywords are compared.
//!
//! Letters and digits in lower case, everything else as one space, a space before and behind. So
//! `Non-Disclosure` is found in "the non disclosure\nagreement" and `art` is not found in "start". Scripts
//! that do not put spaces between words match anywhere.

/// A keyword in the form in which text is searched.
pub(super) fn normalise(keyword: &str) -> Vec<u8> {
    let mut form = Form::default();
    let mut out = Vec::with_capacity(keyword.len() + 2);
    form.begin(&mut out);
    form.text(keyword, &mut out);
    form.end(&mut out);
    let first = keyword.chars().find(|character| character.is_alphanumeric());
    if first.is_some_and(is_unspaced) {
        out.remove(0);
    }
    out
}

/// Where text goes in its searched form.
pub(super) trait Out {
    fn byte(&mut self, byte: u8);
}

impl Out for Vec<u8> {
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }
}

/// Brings text into the searched form, in any split between characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// A space was the last thing written (also at the start).
    #[default]
    Space,
    /// A letter or digit of a script that puts spaces between words.
    Word,
    /// A character of a script that does not.
    Unspaced,
}

impl Form {
    pub(super) fn begin(&mut self, out: &mut impl Out) {
        out.byte(b' ');
        *self = Form::Space;
    }

    fn text(&mut self, text: &str, out: &mut impl Out) {
        for piece in text.as_bytes().chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
            if !piece.is_ascii() {
                self.foreign(piece, out);
                continue;
            }
            for byte in piece {
                match plain_letter(*byte) {
                    b' ' => self.space(out),
                    letter => {
                        self.enter(Form::Word, out);
                        out.byte(letter);
                    }
                }
            }
        }
    }

    pub(super) fn end(&mut self, out: &mut impl Out) {
        if *self == Form::Word {
            self.space(out);
        }
    }

    /// Characters that are not ASCII. The lexer hands on whole ones; anything else would be a bug there, and
    /// finds nothing here.
    pub(super) fn foreign(&mut self, text: &[u8], out: &mut impl Out) {
        for character in std::str::from_utf8(text).unwrap_or_default().chars() {
            if !character.is_alphanumeric() {
                self.space(out);
                continue;
            }
            self.enter(if is_unspaced(character) { Form::Unspaced } else { Form::Word }, out);
            for lower in character.to_lowercase() {
                lower.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.byte(byte));
            }
        }
    }

    /// Two scripts side by side are two words.
    #[inline]
    pub(super) fn enter(&mut self, next: Form, out: &mut impl Out) {
        if *self != Form::Space && *self != next {
            out.byte(b' ');
        }
        *self = next;
    }

    #[inline]
    pub(super) fn space(&mut self, out: &mut impl Out) {
        if *self != Form::Space {
            out.byte(b' ');
            *self = Form::Space;
        }
    }
}

/// An ASCII letter, digit or underscore in lower case; a space for everything else.
#[inline]
pub(super) fn plain_letter(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() || byte == b'_' { byte.to_ascii_lowercase() } else { b' ' }
}

/// Thai to Khmer, then kana, CJK ideographs and everything that shares their planes.
fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}
