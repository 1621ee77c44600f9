//! Words taken apart as the table's vocabulary has them: the longest piece first, as BERT does it.

use crate::grams::is_letter;
use crate::hash::{finish, push};
use crate::normal::SPACE;

/// A piece at the beginning of a word, and one that continues it.
const BEGINS: u32 = 0x0B16_B00B;
const CONTINUES: u32 = 0x7A11_CAFE;

/// The longest word that is looked up, in characters.
const LONGEST: usize = 24;

/// How the vocabulary's piece `piece` hashes; `##` in front continues a word.
#[cfg(any(test, feature = "train"))]
pub(crate) fn hash_of(piece: &str) -> u32 {
    let (text, kind) = match piece.strip_prefix("##") {
        Some(rest) if !rest.is_empty() => (rest, CONTINUES),
        _ => (piece, BEGINS),
    };
    finish(text.chars().map(u32::from).fold(0, push), kind)
}

/// Tells `found` of every piece of a text that `find` knows.
pub(crate) fn each(characters: &[u32], mut find: impl FnMut(u32) -> bool) {
    let mut word = [0; LONGEST];
    let mut length = 0;
    for &character in characters {
        if is_word(character) {
            if let Some(slot) = word.get_mut(length) {
                *slot = plain(character);
                length += 1;
            }
            continue;
        }
        of_word(word.get(..length).unwrap_or_default(), &mut find);
        length = 0;
        if character != SPACE {
            let _ = find(finish(push(0, character), BEGINS));
        }
    }
    of_word(word.get(..length).unwrap_or_default(), &mut find);
}

/// Signs stand by themselves; Chinese characters do as well, but what the table has of those is not worth telling apart.
const fn is_word(character: u32) -> bool {
    is_letter(character)
}

fn of_word(word: &[u32], find: &mut impl FnMut(u32) -> bool) {
    let mut rest = word;
    let mut kind = BEGINS;
    while !rest.is_empty() {
        let mut running = [0; LONGEST];
        let mut value = 0;
        for (slot, character) in running.iter_mut().zip(rest) {
            value = push(value, *character);
            *slot = value;
        }
        let prefixes = running.get(..rest.len()).unwrap_or_default();
        let Some(longest) = prefixes.iter().rposition(|prefix| find(finish(*prefix, kind))) else {
            return;
        };
        rest = rest.get(longest + 1..).unwrap_or_default();
        kind = CONTINUES;
    }
}

/// A Latin letter without its accent; others as they are.
fn plain(character: u32) -> u32 {
    const PLAIN: &[u8; 192] = b"aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y\
        aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll.\
        ...nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz.";
    match character {
        0xC0..=0x17F => match PLAIN.get((character - 0xC0) as usize) {
            Some(letter) if letter.is_ascii_lowercase() => u32::from(*letter),
            _ => character,
        },
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::normalise;

    fn pieces(text: &str, vocabulary: &[&str]) -> Vec<String> {
        let known: Vec<(u32, &str)> = vocabulary.iter().map(|piece| (hash_of(piece), *piece)).collect();
        let mut found = Vec::new();
        each(&normalise([text, ""]), |hash| match known.iter().find(|(known, _)| *known == hash) {
            Some((_, piece)) => {
                found.push((*piece).to_owned());
                true
            }
            None => false,
        });
        found
    }

    #[test]
    fn the_longest_piece_comes_first() {
        let vocabulary = ["un", "unlike", "##like", "##ly", "##l", "##y", "cafe", "!", "##!"];
        assert_eq!(pieces("Unlikely café!", &vocabulary), ["unlike", "##ly", "cafe", "!"]);
        assert_eq!(pieces("xun unx", &vocabulary), ["un"]);
    }
}
