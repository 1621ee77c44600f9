//! The search machine of a policy: an Aho-Corasick automaton with one row of next states per state, so that a byte of
//! text costs one look-up.

use super::starts::Letters;
use crate::request::text::spelling::{normalise, plain_letter};
use pointsman_document::order;
use std::collections::VecDeque;

/// The longest that all keywords of a policy may be together, in bytes. Keeps the machine within a few MiB.
pub(crate) const MAX_KEYWORD_BYTES: usize = 32 * 1024;

/// The keywords of a policy as a machine.
#[derive(Clone, Debug)]
pub(crate) struct KeywordSearch {
    /// What a byte of text means: the class of its letter in lower case, [`BREAK`], or [`FOREIGN`].
    folded: [u8; 256],
    /// The class of a byte of a keyword. Bytes that no keyword holds share class 0.
    classes: [u8; 256],
    width: usize,
    /// `next[state * width + class]`. The highest bit says that a keyword ends in that state.
    next: Vec<u32>,
    /// The keywords and the states in which they end, by state.
    ends: Vec<(u32, u32)>,
    /// For each state the longest suffix of it in which a keyword ends; 0 for none.
    shorter: Vec<u32>,
    pub(super) keywords: usize,
    /// The state behind a space, where no keyword goes on from what stands before it.
    pub(super) between: u32,
    /// What keywords begin with, in either case.
    pub(super) firsts: Letters,
}

/// How many letters of a word are looked at to tell that no keyword begins with it.
const PROBE: usize = 4;

/// Marks a state in which a keyword ends.
pub(super) const HIT: u32 = 1 << 31;

/// A byte that is no part of a word. No policy has so many classes that these two could be one.
pub(super) const BREAK: u8 = 254;

/// A byte of a character that is not ASCII.
pub(super) const FOREIGN: u8 = 255;

impl KeywordSearch {
    /// Builds the machine; `None` if there is nothing to search for, or more than [`MAX_KEYWORD_BYTES`].
    pub(crate) fn new(keywords: &[String]) -> Option<Self> {
        let forms: Vec<Vec<u8>> = keywords.iter().map(|keyword| normalise(keyword)).collect();
        if forms.is_empty() || forms.iter().map(Vec::len).sum::<usize>() > MAX_KEYWORD_BYTES {
            return None;
        }
        let mut classes = [0; 256];
        let mut width = 1_u8;
        for byte in forms.iter().flatten() {
            if let Some(class @ 0) = classes.get_mut(usize::from(*byte)) {
                *class = width;
                width = width.saturating_add(1);
            }
        }
        let folded = std::array::from_fn(|byte| match u8::try_from(byte).unwrap_or(0) {
            0x80.. => FOREIGN,
            byte => match plain_letter(byte) {
                b' ' => BREAK,
                letter => classes.get(usize::from(letter)).copied().unwrap_or(0),
            },
        });
        let mut search = Self {
            folded,
            classes,
            width: usize::from(width),
            next: Vec::new(),
            ends: Vec::new(),
            shorter: Vec::new(),
            keywords: keywords.len(),
            between: 0,
            firsts: Letters::default(),
        };
        search.add_state();
        for (keyword, form) in (0..).zip(&forms) {
            search.add_keyword(keyword, form);
        }
        search.link();
        search.between = search.step(0, search.class(b' '));
        for byte in forms.iter().filter_map(|form| form.get(1)) {
            search.firsts.add(*byte);
            search.firsts.add(byte.to_ascii_uppercase());
        }
        Some(search)
    }

    fn add_state(&mut self) -> u32 {
        let state = self.next.len() / self.width;
        self.next.resize(self.next.len() + self.width, 0);
        u32::try_from(state).unwrap_or(0)
    }

    fn slot(&mut self, state: u32, class: u8) -> Option<&mut u32> {
        self.next.get_mut(state as usize * self.width + usize::from(class))
    }

    pub(super) fn class(&self, byte: u8) -> u8 {
        self.classes.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// The trie: a path of states per keyword. 0 means that there is no way on, for nothing leads back to the root.
    fn add_keyword(&mut self, keyword: u32, form: &[u8]) {
        let mut state = 0;
        for byte in form {
            let class = self.class(*byte);
            let known = self.slot(state, class).map_or(0, |next| *next);
            let next = if known == 0 { self.add_state() } else { known };
            if let Some(slot) = self.slot(state, class) {
                *slot = next;
            }
            state = next;
        }
        self.ends.push((state, keyword));
    }

    /// Turns the trie into the automaton, breadth first: where there is no way on, the longest suffix goes on.
    fn link(&mut self) {
        order::sort_by(&mut self.ends, Ord::cmp);
        let states = self.next.len() / self.width;
        self.shorter = vec![0; states];
        let mut suffixes = vec![0_u32; states];
        let mut queue = VecDeque::from([0_u32]);
        while let Some(state) = queue.pop_front() {
            let suffix = suffixes.get(state as usize).copied().unwrap_or(0);
            let shorter = if self.has_end(suffix) { suffix } else { self.shorter_than(suffix) };
            if let Some(slot) = self.shorter.get_mut(state as usize) {
                *slot = shorter;
            }
            for class in (0..self.width).filter_map(|class| u8::try_from(class).ok()) {
                let detour = if state == 0 { 0 } else { self.slot(suffix, class).map_or(0, |next| *next) };
                let Some(next) = self.slot(state, class) else { continue };
                if *next == 0 {
                    *next = detour;
                } else {
                    let child = *next;
                    queue.push_back(child);
                    if let Some(suffix) = suffixes.get_mut(child as usize) {
                        *suffix = detour;
                    }
                }
            }
        }
        let mut next = std::mem::take(&mut self.next);
        for state in &mut next {
            if self.has_end(*state) || self.shorter_than(*state) != 0 {
                *state |= HIT;
            }
        }
        self.next = next;
    }

    fn has_end(&self, state: u32) -> bool {
        self.ends.binary_search_by_key(&state, |(end, _)| *end).is_ok()
    }

    fn shorter_than(&self, state: u32) -> u32 {
        self.shorter.get(state as usize).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn step(&self, state: u32, class: u8) -> u32 {
        self.next.get((state & !HIT) as usize * self.width + usize::from(class)).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn fold(&self, byte: u8) -> u8 {
        self.folded.get(usize::from(byte)).copied().unwrap_or(BREAK)
    }

    /// Whether a keyword can begin where this word begins: by its first letters, as far as they are ASCII and there.
    pub(super) fn may_begin(&self, word: &[u8]) -> bool {
        let mut state = self.between;
        for byte in word.iter().take(PROBE) {
            match self.fold(*byte) {
                BREAK | FOREIGN => return true,
                class => state = self.step(state, class),
            }
            if state == 0 {
                return false;
            }
        }
        true
    }

    /// The keywords that are all of what this state stands for. Several may be one text in different spellings.
    pub(super) fn ending_in(&self, state: u32) -> impl Iterator<Item = usize> {
        let state = state & !HIT;
        let first = self.ends.partition_point(|(end, _)| *end < state);
        let ends = self.ends.get(first..).unwrap_or_default().iter();
        ends.take_while(move |(end, _)| *end == state).map(|(_, keyword)| *keyword as usize)
    }

    /// The next shorter end of it in which a keyword ends.
    pub(super) fn ending_behind(&self, state: u32) -> Option<u32> {
        Some(self.shorter_than(state & !HIT)).filter(|next| *next != 0)
    }
}
