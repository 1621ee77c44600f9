//! Words that stand in data.
//!
//! Bytes at random make such words seldom, so that looking for keywords in them finds nothing that nobody wrote: a given
//! one of five letters once in 300 gigabytes.

use super::{Audience, is_separator};

/// The fewest letters that words in a row have to be told, unless they touch text.
const FEWEST: usize = 5;

/// The most bytes of words that are held back.
const MOST: usize = 64;

/// How a word is spelled so far: in lower case, in upper case, or with a capital.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    None,
    Lower,
    /// One upper-case letter.
    Capital,
    Upper,
}

impl Case {
    /// With one byte more, if that is a word.
    pub(super) fn then(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Case::None | Case::Lower | Case::Capital, b'a'..=b'z') => Some(Case::Lower),
            (Case::None, b'A'..=b'Z') => Some(Case::Capital),
            (Case::Capital | Case::Upper, b'A'..=b'Z') => Some(Case::Upper),
            _ => None,
        }
    }
}

/// The words of one run, in a row as long as nothing else stands between them.
#[derive(Debug)]
pub(super) struct Words {
    held: [u8; MOST],
    len: usize,
    letters: usize,
    /// Of the word in progress; `None` if it is none.
    case: Option<Case>,
    /// Whether what stands before them has been told.
    touches: bool,
}

impl Default for Words {
    fn default() -> Self {
        Self { held: [0; MOST], len: 0, letters: 0, case: Some(Case::None), touches: true }
    }
}

impl Words {
    /// A run begins, behind text.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    /// A part of the run that was told as text.
    pub(super) fn follow(&mut self, text: &[u8]) {
        for byte in text {
            self.case =
                if is_separator(*byte) { Some(Case::None) } else { self.case.and_then(|case| case.then(*byte)) };
        }
    }

    /// A part of the run that is data.
    pub(super) fn hear(&mut self, text: &[u8], audience: &mut impl Audience) {
        let mut rest = text;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            match (self.case, is_separator(byte)) {
                (None, _) => {
                    let word = rest.iter().position(|byte| is_separator(*byte));
                    let other = if is_separator(byte) { Some(0) } else { word.map(|word| word + 1) };
                    if let Some(other) = other {
                        self.drop_words(audience);
                        self.case = Some(Case::None);
                        rest = rest.get(other..).unwrap_or_default();
                    } else {
                        rest = &[];
                    }
                }
                (Some(Case::None), true) => {}
                (Some(_), true) => self.complete(audience),
                (Some(case), false) => {
                    self.case = case.then(byte).filter(|_| self.push(byte));
                    self.letters += 1;
                    if self.case.is_none() {
                        self.drop_words(audience);
                    }
                }
            }
        }
    }

    /// The run is over. What stands at its end touches what follows.
    pub(super) fn end(&mut self, audience: &mut impl Audience) {
        match self.case {
            Some(_) => self.tell(audience),
            None => self.drop_words(audience),
        }
        self.begin();
    }

    /// A word is complete.
    fn complete(&mut self, audience: &mut impl Audience) {
        self.case = Some(Case::None);
        if !self.push(b' ') {
            return self.drop_words(audience);
        }
        if self.touches || self.letters >= FEWEST {
            self.tell(audience);
            self.touches = true;
        }
    }

    fn tell(&mut self, audience: &mut impl Audience) {
        let words = self.held.get(..self.len).unwrap_or_default();
        if !words.is_empty() {
            audience.words(words);
        }
        self.len = 0;
    }

    fn drop_words(&mut self, audience: &mut impl Audience) {
        if self.touches {
            audience.gap();
        }
        (self.len, self.letters, self.touches) = (0, 0, false);
    }

    /// Whether there is room.
    fn push(&mut self, byte: u8) -> bool {
        let Some(slot) = self.held.get_mut(self.len) else { return false };
        *slot = byte;
        self.len += 1;
        true
    }
}
