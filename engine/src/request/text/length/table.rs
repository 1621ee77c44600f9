//! What bytes cost, in parts of a token. Printed by `tokens fit` (`bench/tokens`), which says how it was fitted.

/// Parts of a token.
pub(super) const PARTS: u64 = 64;

/// Kinds of bytes, by what they are to the byte behind them.
const LETTER: u8 = 0;
const DIGIT: u8 = 1;
const SPACE: u8 = 2;
const OTHER: u8 = 3;
/// The first byte of characters whose second byte tells their script.
const INDIC: u8 = 4;

/// What stands before a text.
pub(super) const AT_START: u8 = OTHER;

/// What a letter, digit, space or anything else costs behind a letter, digit, space or anything else.
const STEPS: [[u8; 4]; 4] = [[0, 69, 8, 48], [45, 21, 0, 54], [21, 127, 5, 63], [19, 67, 19, 7]];

/// What letters cost besides, from a to z.
const LETTERS: [u8; 26] = [15, 14, 6, 9, 7, 6, 6, 6, 10, 61, 46, 17, 14, 6, 6, 6, 6, 8, 6, 6, 11, 24, 6, 6, 6, 57];

/// What characters that are not ASCII cost besides, by the range of their first byte.
const LEADS: [(u8, u8, u8); 21] = [
    (0xC2, 0xC2, 73), // Latin-1 signs
    (0xC3, 0xC3, 53), // Latin-1 letters
    (0xC4, 0xC4, 19), // Latin Extended-A, first half
    (0xC5, 0xC5, 74), // Latin Extended-A, second half
    (0xC6, 0xCD, 48), // Latin Extended-B to combining marks
    (0xCE, 0xCF, 21), // Greek
    (0xD0, 0xD0, 13), // Cyrillic, capitals and the first half of the others
    (0xD1, 0xD1, 23), // Cyrillic, the second half and beyond
    (0xD2, 0xD6, 40), // Cyrillic extensions, Armenian
    (0xD7, 0xD7, 23), // Hebrew
    (0xD8, 0xDB, 16), // Arabic
    (0xDC, 0xDF, 64), // Syriac to N'Ko
    (0xE0, 0xE0, 18), // Indic scripts, Thai, Lao
    (0xE1, 0xE1, 24), // Georgian to Latin Extended Additional
    (0xE2, 0xE2, 70), // punctuation and symbols
    (0xE3, 0xE3, 47), // kana
    (0xE4, 0xE9, 51), // CJK ideographs
    (0xEA, 0xEA, 37), // Hangul, first part
    (0xEB, 0xEC, 41), // Hangul, middle parts
    (0xED, 0xEF, 55), // Hangul, last part; full-width forms
    (0xF0, 0xF4, 96), // emoji, rare ideographs
];

/// What Thai costs besides, by its second byte.
const THAI: (u8, u8, u8) = (0xB8, 0xB9, 9);

/// The kind of each byte.
#[expect(clippy::indexing_slicing, reason = "it is filled while this is compiled")]
const KIND: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = kind_of(byte as u8);
        byte += 1;
    }
    kinds
};

/// What each byte costs behind each kind.
#[expect(clippy::indexing_slicing, reason = "it is filled while this is compiled")]
const COST: [[u8; 256]; 5] = {
    let mut costs = [[0; 256]; 5];
    let mut at = 0;
    while at < 5 * 256 {
        costs[at / 256][at % 256] = cost_of((at / 256) as u8, (at % 256) as u8);
        at += 1;
    }
    costs
};

/// What a byte costs behind another one, by four times that one's kind and its own.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[expect(clippy::indexing_slicing, reason = "it is filled while this is compiled")]
pub(super) const STEPS_BY_FOUR_BITS: [u8; 16] = {
    let mut steps = [0; 16];
    let mut at = 0;
    while at < 16 {
        steps[at] = STEPS[at / 4][at % 4];
        at += 1;
    }
    steps
};

/// What letters cost besides, by their last five bits: those with a fifth bit apart.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[expect(clippy::indexing_slicing, reason = "they are filled while this is compiled")]
pub(super) const LETTERS_BY_FIVE_BITS: ([u8; 16], [u8; 16]) = {
    let mut halves = ([0; 16], [0; 16]);
    let mut at = 0;
    while at < 26 {
        let half = if at + 1 < 16 { &mut halves.0 } else { &mut halves.1 };
        half[(at + 1) % 16] = LETTERS[at];
        at += 1;
    }
    halves
};

pub(super) fn kind(byte: u8) -> u8 {
    KIND.get(usize::from(byte)).copied().unwrap_or(OTHER)
}

/// What a byte costs behind one of that kind.
pub(super) fn cost(before: u8, byte: u8) -> u8 {
    COST.get(usize::from(before)).and_then(|costs| costs.get(usize::from(byte))).copied().unwrap_or_default()
}

const fn kind_of(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        b'0'..=b'9' => DIGIT,
        b' ' => SPACE,
        0xE0 => INDIC,
        0x80.. => LETTER,
        _ => OTHER,
    }
}

#[expect(clippy::indexing_slicing, reason = "the tables are filled while this is compiled")]
const fn cost_of(before: u8, byte: u8) -> u8 {
    if before == INDIC {
        return if byte >= THAI.0 && byte <= THAI.1 { THAI.2 } else { 0 };
    }
    let kind = if kind_of(byte) == INDIC { LETTER } else { kind_of(byte) };
    let step = STEPS[before as usize][kind as usize];
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => step + LETTERS[(byte | 0x20) as usize - b'a' as usize],
        // What goes on a character has been paid for.
        0x80..=0xC1 => 0,
        0xC2.. => step + lead(byte),
        _ => step,
    }
}

#[expect(clippy::indexing_slicing, reason = "the tables are filled while this is compiled")]
const fn lead(byte: u8) -> u8 {
    let mut at = 0;
    while at < LEADS.len() {
        if byte >= LEADS[at].0 && byte <= LEADS[at].1 {
            return LEADS[at].2;
        }
        at += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_costs_more_than_two_tokens_a_byte() {
        for (byte, length) in (0..=u8::MAX).map(|byte| (byte, if byte < 0xC2 { 1 } else { 2 })) {
            assert!((0..5).all(|before| u64::from(cost(before, byte)) <= 2 * PARTS * length), "{byte}");
        }
    }

    /// Lanes add up bytes of ASCII in sixteen bits.
    #[test]
    fn no_ascii_costs_more_than_two_tokens_a_byte() {
        assert!((0..128).all(|byte| (0..5).all(|before| u64::from(cost(before, byte)) <= 2 * PARTS)));
    }
}
