//! What is counted of a text: its words, pairs of words, and all its pieces of three to five characters, as hashes.

use crate::hash::{finish, push};

/// Hashes of all n-grams, in no order that means anything. Digits are alike: numbers say little of what a text is about.
pub(crate) fn hashes(characters: &[u32]) -> Vec<u32> {
    let alike: Vec<u32> =
        characters.iter().map(|character| if is_digit(*character) { ZERO } else { *character }).collect();
    let mut hashes = Vec::with_capacity(alike.len() * 4 + 8);
    of_characters(&alike, &mut hashes);
    of_words(&alike, &mut hashes);
    hashes
}

const ZERO: u32 = b'0' as u32;

const fn is_digit(character: u32) -> bool {
    character.wrapping_sub(ZERO) < 10
}

/// Told apart from each other, so that `the` as a word is not `the` in `other`.
const KINDS: [u32; 5] = [0x1357_9BDF, 0x2468_ACE0, 0x3C3C_5A5A, 0x4B1D_0F0F, 0x5EED_5EED];

fn of_characters(characters: &[u32], hashes: &mut Vec<u32>) {
    let [three, four, five, ..] = KINDS;
    let from = |start: usize| characters.get(start..).unwrap_or_default().iter();
    // Three passes over windows of one length each: these loops become vector instructions.
    let threes = from(0).zip(from(1)).zip(from(2)).map(|((a, b), c)| push(push(*a, *b), *c));
    hashes.extend(threes.clone().map(|running| finish(running, three)));
    let fours = threes.zip(from(3)).map(|(running, d)| push(running, *d));
    hashes.extend(fours.clone().map(|running| finish(running, four)));
    hashes.extend(fours.zip(from(4)).map(|(running, e)| finish(push(running, *e), five)));
}

fn of_words(characters: &[u32], hashes: &mut Vec<u32>) {
    let [.., word_kind, pair_kind] = KINDS;
    let mut before = None;
    let mut word = None;
    for character in characters {
        if is_letter(*character) {
            word = Some(push(word.unwrap_or(0), *character));
        } else if let Some(ended) = word.take() {
            hashes.push(finish(ended, word_kind));
            if let Some(before) = before.replace(ended) {
                hashes.push(finish(push(before, ended), pair_kind));
            }
        }
    }
}

/// Whether a character belongs to a word. Beyond ASCII everything does that is no space: a table of letters of all scripts
/// would be larger than what it helps.
pub(crate) const fn is_letter(character: u32) -> bool {
    character >= 128 || (character as u8).is_ascii_alphanumeric()
}
