//! One line in front of a user turn: whether it says the same in the next turn.

use super::opening::BLOCKS;
use xxhash_rust::xxh64::Xxh64;

/// A line is long from here on: what clients put in front by themselves is shorter.
const LONG: usize = 256;

/// The longest tag of a block.
const LONGEST_TAG: usize = 21;

/// A line as it passes.
#[derive(Clone)]
pub(super) struct Line {
    /// Of its words that may stay.
    words: Xxh64,
    has_words: bool,
    is_volatile: bool,
    word: Word,
    header: Header,
    /// Its first bytes.
    head: [u8; LONGEST_TAG],
    /// Without white space in front.
    length: usize,
}

/// Whether a line is like a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    /// A name so far.
    Name {
        hyphen: bool,
    },
    /// A name and a colon.
    Colon,
    Yes,
    No,
}

#[derive(Clone, Copy, Default)]
struct Word {
    hash: u64,
    length: usize,
    letters: usize,
    digits: usize,
    colons: usize,
    /// Its first eight letters, in lower case.
    name: u64,
}

/// Days and months by the first eight letters of their names. May is another word far more often.
const CALENDAR: [u64; 18] = [
    name_of(b"monday"),
    name_of(b"tuesday"),
    name_of(b"wednesda"),
    name_of(b"thursday"),
    name_of(b"friday"),
    name_of(b"saturday"),
    name_of(b"sunday"),
    name_of(b"january"),
    name_of(b"february"),
    name_of(b"march"),
    name_of(b"april"),
    name_of(b"june"),
    name_of(b"july"),
    name_of(b"august"),
    name_of(b"septembe"),
    name_of(b"october"),
    name_of(b"november"),
    name_of(b"december"),
];

impl Default for Line {
    fn default() -> Self {
        Self {
            words: Xxh64::new(0),
            has_words: false,
            is_volatile: false,
            word: Word::default(),
            header: Header::Name { hyphen: false },
            head: [0; LONGEST_TAG],
            length: 0,
        }
    }
}

impl Word {
    fn push(&mut self, byte: u8) {
        // FNV-1a: words are short.
        self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.length += 1;
        self.digits += usize::from(byte.is_ascii_digit());
        self.colons += usize::from(byte == b':');
        if byte.is_ascii_alphabetic() {
            self.letters += 1;
            self.name = if self.letters > 8 { self.name } else { packed(self.name, byte.to_ascii_lowercase()) };
        }
    }

    /// A date, a time, a counter, a nonce.
    fn is_volatile(self) -> bool {
        let is_time = self.colons > 0 && self.digits >= 3;
        let is_day = self.digits == 0 && self.letters >= 4 && CALENDAR.contains(&self.name);
        is_time
            || is_day
            || self.digits >= 4
            || (self.digits > 0 && self.letters > 0 && self.digits + self.letters >= 5)
    }
}

const fn packed(name: u64, letter: u8) -> u64 {
    name << 8 | letter as u64
}

const fn name_of(mut letters: &[u8]) -> u64 {
    let mut name = 0;
    while let [letter, rest @ ..] = letters {
        name = packed(name, *letter);
        letters = rest;
    }
    name
}

impl Line {
    pub(super) fn push(&mut self, byte: u8) {
        let is_space = byte.is_ascii_whitespace();
        if self.length == 0 && is_space {
            return;
        }
        if let Some(slot) = self.head.get_mut(self.length) {
            *slot = byte;
        }
        self.length += 1;
        self.header = self.header.after(byte);
        if is_space {
            self.end_word();
        } else {
            self.word.push(byte);
        }
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_volatile() {
            self.is_volatile = true;
        } else if word.length > 0 {
            self.has_words = true;
            self.words.update(&word.hash.to_le_bytes());
        }
    }

    /// The block of an agent that begins here.
    pub(super) fn block(&self) -> Option<usize> {
        let head = self.head.get(..self.length)?;
        BLOCKS.iter().position(|tag| *tag == head)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.length == 0
    }

    pub(super) fn is_long(&self) -> bool {
        self.length > LONG
    }

    /// Whether all of it is said again in the next turn.
    pub(super) fn is_stable(&self) -> bool {
        !self.is_volatile && !self.word.is_volatile() && self.header != Header::Yes
    }

    /// The words that may stay, if there are any.
    pub(super) fn words(&self) -> Option<u64> {
        let mut line = self.clone();
        line.end_word();
        (line.has_words && line.header != Header::Yes).then(|| line.words.digest())
    }
}

impl Header {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Header::Name { .. }, b'-') => Header::Name { hyphen: true },
            (Header::Name { .. }, byte) if byte.is_ascii_alphanumeric() => self,
            (Header::Name { hyphen: true }, b':') => Header::Colon,
            (Header::Colon, b' ') | (Header::Yes, _) => Header::Yes,
            _ => Header::No,
        }
    }
}
