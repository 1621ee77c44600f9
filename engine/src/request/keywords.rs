//! All keywords of a policy, searched in one pass while the text streams by.
//!
//! Text and keywords are compared in one form, see [`super::spelling`].

use super::spelling::{Form, Out, normalise, plain_letter};
use crate::order;
use std::collections::VecDeque;

/// The longest that all keywords of a policy may be together, in bytes. Keeps the machine within a few MiB.
pub(crate) const MAX_KEYWORD_BYTES: usize = 32 * 1024;

/// The search machine of a policy: an Aho-Corasick automaton with one row of next states per state, so
/// that a byte of text costs one look-up.
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
    keywords: usize,
}

/// Marks a state in which a keyword ends.
const HIT: u32 = 1 << 31;

/// A byte that is no part of a word. No policy has so many classes that these two could be one.
const BREAK: u8 = 254;

/// A byte of a character that is not ASCII.
const FOREIGN: u8 = 255;

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
        };
        search.add_state();
        for (keyword, form) in (0..).zip(&forms) {
            search.add_keyword(keyword, form);
        }
        search.link();
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

    fn class(&self, byte: u8) -> u8 {
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
    fn step(&self, state: u32, class: u8) -> u32 {
        self.next.get((state & !HIT) as usize * self.width + usize::from(class)).copied().unwrap_or(0)
    }

    #[inline]
    fn fold(&self, byte: u8) -> u8 {
        self.folded.get(usize::from(byte)).copied().unwrap_or(BREAK)
    }

    fn ending_in(&self, state: u32) -> impl Iterator<Item = usize> {
        let states = std::iter::successors(Some(state & !HIT), |state| {
            Some(self.shorter_than(*state)).filter(|next| *next != 0)
        });
        states.flat_map(|state| {
            let first = self.ends.partition_point(|(end, _)| *end < state);
            let ends = self.ends.get(first..).unwrap_or_default().iter();
            ends.take_while(move |(end, _)| *end == state).map(|(_, keyword)| *keyword as usize)
        })
    }
}

/// A search in progress over one request.
#[derive(Clone, Debug)]
pub(super) struct Search {
    state: u32,
    form: Form,
    /// One bit per keyword of the policy.
    found: Vec<u64>,
}

impl Search {
    pub(super) fn new(search: &KeywordSearch) -> Self {
        Self { state: 0, form: Form::default(), found: vec![0; search.keywords.div_ceil(64)] }
    }

    /// Keywords do not reach from one string into the next.
    pub(super) fn begin_string(&mut self, search: &KeywordSearch) {
        self.state = 0;
        self.form.begin(&mut Steps { search, state: &mut self.state, found: &mut self.found });
    }

    pub(super) fn text(&mut self, search: &KeywordSearch, text: &[u8]) {
        let Self { state, form, found } = self;
        let mut steps = Steps { search, state, found };
        let mut rest = text;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = match search.fold(byte) {
                BREAK => {
                    form.space(&mut steps);
                    tail
                }
                FOREIGN => {
                    let end = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
                    let (foreign, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    form.foreign(foreign, &mut steps);
                    behind
                }
                class => {
                    form.enter(Form::Word, &mut steps);
                    steps.step(class);
                    // Where no keyword begins like this word, none begins inside of it.
                    let inside = if *steps.state == 0 {
                        tail.iter().position(|byte| search.fold(*byte) >= BREAK)
                    } else {
                        Some(0)
                    };
                    tail.get(inside.unwrap_or(tail.len())..).unwrap_or_default()
                }
            };
        }
    }

    pub(super) fn end_string(&mut self, search: &KeywordSearch) {
        self.form.end(&mut Steps { search, state: &mut self.state, found: &mut self.found });
    }

    /// Whether keyword number `keyword` has been seen.
    pub(super) fn has(&self, keyword: usize) -> bool {
        self.found.get(keyword / 64).is_some_and(|word| word >> (keyword % 64) & 1 == 1)
    }
}

/// The automaton at work.
struct Steps<'a> {
    search: &'a KeywordSearch,
    state: &'a mut u32,
    found: &'a mut [u64],
}

impl Steps<'_> {
    #[inline]
    fn step(&mut self, class: u8) {
        *self.state = self.search.step(*self.state, class);
        if *self.state & HIT != 0 {
            self.note();
        }
    }

    #[cold]
    fn note(&mut self) {
        for keyword in self.search.ending_in(*self.state) {
            if let Some(word) = self.found.get_mut(keyword / 64) {
                *word |= 1 << (keyword % 64);
            }
        }
    }
}

impl Out for Steps<'_> {
    #[inline]
    fn byte(&mut self, byte: u8) {
        self.step(self.search.class(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keyword: &str, text: &str, found: bool) {
        let search = KeywordSearch::new(&[keyword.to_owned(), "zebra".to_owned()]).expect("one keyword");
        for split in text.char_indices().map(|(at, _)| at) {
            let mut run = Search::new(&search);
            run.begin_string(&search);
            run.text(&search, &text.as_bytes()[..split]);
            run.text(&search, &text.as_bytes()[split..]);
            run.end_string(&search);
            assert_eq!(run.has(0), found, "{keyword:?} in {text:?} split at {split}");
            assert!(!run.has(1));
        }
    }

    #[test]
    fn whole_words_in_any_case_and_spacing() {
        check("contract", "this Contract.", true);
        check("contract", "contracts", false);
        check("art", "start", false);
        check("Non-Disclosure", "a non disclosure agreement", true);
        check("non disclosure", "NON\n\n DISCLOSURE", true);
        check("M\u{fc}nchen", "in M\u{dc}NCHEN.", true);
        check("snake_case", "a snake_case b", true);
    }

    #[test]
    fn keywords_inside_of_each_other_are_all_found() {
        let keywords = ["a b c", "b", "b c d", "c", "never"].map(str::to_owned);
        let search = KeywordSearch::new(&keywords).expect("keywords");
        let mut run = Search::new(&search);
        run.begin_string(&search);
        run.text(&search, b"x A-b/c... d");
        run.end_string(&search);
        assert_eq!([0, 1, 2, 3, 4].map(|keyword| run.has(keyword)), [true, true, true, true, false]);
    }

    #[test]
    fn any_set_of_keywords_is_found_as_one_by_one() {
        let keywords = ["a", "a b", "b a", "a b a", "ab", "ba b", "b b b"].map(str::to_owned);
        let search = KeywordSearch::new(&keywords).expect("keywords");
        for number in 0..3_u32.pow(9) {
            let text: String = (0..9).map(|digit| ['a', 'b', ' '][(number / 3_u32.pow(digit) % 3) as usize]).collect();
            let mut run = Search::new(&search);
            run.begin_string(&search);
            run.text(&search, text.as_bytes());
            run.end_string(&search);
            let spaced = format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" "));
            for (nth, keyword) in keywords.iter().enumerate() {
                assert_eq!(run.has(nth), spaced.contains(&format!(" {keyword} ")), "{keyword:?} in {text:?}");
            }
        }
    }

    #[test]
    fn too_much_to_search_for_is_refused() {
        assert!(KeywordSearch::new(&[]).is_none());
        assert!(KeywordSearch::new(&["x".repeat(MAX_KEYWORD_BYTES)]).is_none());
    }

    #[test]
    fn scripts_without_spaces_match_anywhere() {
        check("\u{673a}\u{5bc6}", "\u{8fd9}\u{662f}\u{673a}\u{5bc6}\u{6587}\u{4ef6}", true);
        check("abc", "\u{673a}\u{5bc6}abc\u{6587}\u{4ef6}", true);
    }
}
