//! What is counted of a text: its words, pairs of words, and all its pieces of three to five characters, as hashes.

use crate::hash::{finish, push};

/// A text's characters, and the hashes of its n-grams by their kind.
#[derive(Clone, Debug)]
pub(crate) struct Grams {
    /// Digits are alike: numbers say little of what a text is about.
    characters: Vec<u32>,
    /// Three, four and five characters, and words with pairs of words.
    kinds: [Vec<u32>; 4],
}

/// Which kinds of n-grams a model looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// One and two characters: what languages are told apart by.
    pub const SHORT: Self = Self(1);
    /// Three characters.
    pub const THREE: Self = Self(2);
    /// Four characters.
    pub const FOUR: Self = Self(4);
    /// Five characters.
    pub const FIVE: Self = Self(8);
    /// Words, and pairs of words.
    pub const WORDS: Self = Self(16);
    /// What most models look at: all but the short ones.
    pub const USUAL: Self = Self(30);

    pub(crate) fn of(bits: u8) -> Option<Self> {
        (1..32).contains(&bits).then_some(Self(bits))
    }

    #[cfg(feature = "train")]
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// These and those.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Grams {
    pub(crate) fn of(characters: &[u32]) -> Self {
        let alike = characters.iter().map(|character| if is_digit(*character) { ZERO } else { *character });
        let characters: Vec<u32> = alike.collect();
        let kinds = of_characters(&characters);
        Self { kinds, characters }
    }

    /// How many there are of the usual kinds.
    pub(crate) fn count(&self) -> usize {
        self.kinds.iter().map(Vec::len).sum()
    }

    /// The hashes of some kinds, list by list. `short` is where those are put that only few models want.
    pub(crate) fn chosen<'a>(&'a self, kinds: Kinds, short: &'a mut Vec<u32>) -> [&'a [u32]; 5] {
        if kinds.has(Kinds::SHORT) {
            *short = of_few_characters(&self.characters);
        }
        let list = |kind, list: &'a Vec<u32>| if kinds.has(kind) { list.as_slice() } else { &[] };
        let [three, four, five, words] = &self.kinds;
        let [three, four, five, words] =
            [list(Kinds::THREE, three), list(Kinds::FOUR, four), list(Kinds::FIVE, five), list(Kinds::WORDS, words)];
        [short, three, four, five, words]
    }
}

const ZERO: u32 = b'0' as u32;

const fn is_digit(character: u32) -> bool {
    character.wrapping_sub(ZERO) < 10
}

/// Told apart from each other, so that `the` as a word is not `the` in `other`.
const TAGS: [u32; 7] = [0x1357_9BDF, 0x2468_ACE0, 0x3C3C_5A5A, 0x4B1D_0F0F, 0x5EED_5EED, 0x6A09_E667, 0x7654_3210];

fn of_characters(characters: &[u32]) -> [Vec<u32>; 4] {
    let [three, four, five, ..] = TAGS;
    let from = |start: usize| characters.get(start..).unwrap_or_default().iter();
    // Three passes over windows of one length each: these loops become vector instructions.
    let threes = from(0).zip(from(1)).zip(from(2)).map(|((a, b), c)| push(push(*a, *b), *c));
    let fours = threes.clone().zip(from(3)).map(|(running, d)| push(running, *d));
    let fives = fours.clone().zip(from(4)).map(|(running, e)| push(running, *e));
    [
        threes.map(|running| finish(running, three)).collect(),
        fours.map(|running| finish(running, four)).collect(),
        fives.map(|running| finish(running, five)).collect(),
        of_words(characters),
    ]
}

fn of_few_characters(characters: &[u32]) -> Vec<u32> {
    let [.., one, two] = TAGS;
    let pairs = characters.iter().zip(characters.get(1..).unwrap_or_default());
    let ones = characters.iter().map(|character| finish(*character, one));
    ones.chain(pairs.map(|(a, b)| finish(push(*a, *b), two))).collect()
}

fn of_words(characters: &[u32]) -> Vec<u32> {
    let [.., word_kind, pair_kind, _, _] = TAGS;
    let mut hashes = Vec::with_capacity(characters.len() / 2);
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
    hashes
}

/// Whether a character belongs to a word. Beyond ASCII everything does that is no space: a table of letters of all scripts
/// would be larger than what it helps.
pub(crate) const fn is_letter(character: u32) -> bool {
    character >= 128 || (character as u8).is_ascii_alphanumeric()
}
