//! What the estimate counts in a text: one number per entry of its table, for the fit.

/// Kinds of bytes: a letter or any byte that is not ASCII, a digit, a space, everything else.
pub(crate) const CLASSES: [&str; 4] = ["letter", "digit", "space", "other"];

/// First bytes of characters that share a weight, and in which script they occur.
pub(crate) const LEADS: [(u8, u8, &str); 21] = [
    (0xC2, 0xC2, "Latin-1 signs"),
    (0xC3, 0xC3, "Latin-1 letters"),
    (0xC4, 0xC4, "Latin Extended-A, first half"),
    (0xC5, 0xC5, "Latin Extended-A, second half"),
    (0xC6, 0xCD, "Latin Extended-B to combining marks"),
    (0xCE, 0xCF, "Greek"),
    (0xD0, 0xD0, "Cyrillic, capitals and а to п"),
    (0xD1, 0xD1, "Cyrillic, р to я and beyond"),
    (0xD2, 0xD6, "Cyrillic extensions, Armenian"),
    (0xD7, 0xD7, "Hebrew"),
    (0xD8, 0xDB, "Arabic"),
    (0xDC, 0xDF, "Syriac to N'Ko"),
    (0xE0, 0xE0, "Indic scripts, Thai, Lao"),
    (0xE1, 0xE1, "Georgian to Latin Extended Additional"),
    (0xE2, 0xE2, "punctuation and symbols"),
    (0xE3, 0xE3, "kana"),
    (0xE4, 0xE9, "CJK ideographs"),
    (0xEA, 0xEA, "Hangul, first part"),
    (0xEB, 0xEC, "Hangul, middle parts"),
    (0xED, 0xEF, "Hangul, last part, full-width forms"),
    (0xF0, 0xF4, "emoji, rare ideographs"),
];

/// Second bytes behind `E0` that have a weight of their own: Thai.
pub(crate) const THAI: [u8; 2] = [0xB8, 0xB9];

/// How many numbers there are.
pub(crate) const COUNT: usize = TRANSITIONS + LETTERS + LEADS.len() + 1;
pub(crate) const TRANSITIONS: usize = 16;
pub(crate) const LETTERS: usize = 26;

/// The class of a byte.
pub(crate) fn class(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => 0,
        b'0'..=b'9' => 1,
        b' ' => 2,
        _ => 3,
    }
}

/// How often each entry of the table counts in a text.
pub(crate) fn count(text: &str) -> [f64; COUNT] {
    let mut counts = [0.0; COUNT];
    let mut before = b'\n';
    for byte in text.bytes() {
        counts[4 * class(before) + class(byte)] += 1.0;
        if byte.is_ascii_alphabetic() {
            counts[TRANSITIONS + usize::from(byte.to_ascii_lowercase() - b'a')] += 1.0;
        }
        if let Some(lead) = LEADS.iter().position(|(first, last, _)| (*first..=*last).contains(&byte)) {
            counts[TRANSITIONS + LETTERS + lead] += 1.0;
        }
        if before == 0xE0 && THAI.contains(&byte) {
            counts[COUNT - 1] += 1.0;
        }
        before = byte;
    }
    // A letter behind a letter has its own weight, and no other.
    counts[0] = 0.0;
    counts
}
