//! All keywords of a policy, searched in one pass while the text streams by.
//!
//! Text and keywords are compared in one form, see [`super::spelling`].

mod machine;
mod starts;

use super::spelling::{Form, Out};
use super::{Listener, Speaker};
use crate::lanes::BLOCK;
pub(crate) use machine::KeywordSearch;
use machine::{BREAK, FOREIGN, HIT};
use std::sync::Arc;

/// The keywords of a policy, looked for in one request.
#[derive(Debug)]
pub(super) struct Keywords {
    search: Arc<KeywordSearch>,
    run: Search,
}

impl Keywords {
    pub(super) fn new(search: Arc<KeywordSearch>) -> Self {
        let run = Search::new(&search);
        Self { search, run }
    }

    pub(super) fn has(&self, keyword: usize) -> bool {
        self.run.has(keyword)
    }
}

impl Listener for Keywords {
    fn wants(&self, _: Speaker) -> bool {
        true
    }

    fn begin_string(&mut self) {
        self.run.begin_string(&self.search);
    }

    fn text(&mut self, _: Speaker, text: &[u8]) {
        self.run.text(&self.search, text);
    }

    fn end_string(&mut self, _: Speaker) {
        self.run.end_string(&self.search);
    }
}

/// A search in progress over one request.
#[derive(Clone, Debug)]
struct Search {
    state: u32,
    form: Form,
    /// One bit per keyword of the policy.
    found: Vec<u64>,
}

impl Search {
    fn new(search: &KeywordSearch) -> Self {
        Self { state: 0, form: Form::default(), found: vec![0; search.keywords.div_ceil(64)] }
    }

    /// Keywords do not reach from one string into the next.
    fn begin_string(&mut self, search: &KeywordSearch) {
        self.state = 0;
        self.form.begin(&mut Steps { search, state: &mut self.state, found: &mut self.found });
    }

    fn text(&mut self, search: &KeywordSearch, text: &[u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            if rest.len() >= BLOCK && self.is_idle(search) {
                rest = self.skip(search, rest);
            }
            rest = self.walk(search, rest);
        }
    }

    /// Whether nothing of what has passed can be a part of a keyword.
    fn is_idle(&self, search: &KeywordSearch) -> bool {
        match self.form {
            Form::Space => self.state == search.between,
            Form::Word => self.state == 0,
            Form::Unspaced => false,
        }
    }

    /// Passes words that no keyword begins with, in whole blocks of ASCII. What is left begins with what must be looked at,
    /// or is less than a block.
    fn skip<'t>(&mut self, search: &KeywordSearch, text: &'t [u8]) -> &'t [u8] {
        let (blocks, _) = text.as_chunks::<BLOCK>();
        let mut inside = u64::from(self.form == Form::Word);
        for (nth, block) in blocks.iter().enumerate() {
            let look = starts::look(block, &search.firsts);
            let behind_word = look.words << 1 | inside;
            let mut stops = look.words & !behind_word & look.letters | look.high;
            while stops != 0 {
                let bit = stops.trailing_zeros();
                let rest = text.get(nth * BLOCK + bit as usize..).unwrap_or_default();
                if look.high >> bit & 1 == 1 || search.may_begin(rest) {
                    self.idle(search, behind_word >> bit & 1);
                    return rest;
                }
                stops &= stops - 1;
            }
            inside = look.words >> (BLOCK - 1);
        }
        self.idle(search, inside);
        text.get(blocks.len() * BLOCK..).unwrap_or_default()
    }

    /// Behind a byte of a word that is no part of a keyword, or behind another one.
    fn idle(&mut self, search: &KeywordSearch, is_word: u64) {
        (self.form, self.state) = if is_word == 1 { (Form::Word, 0) } else { (Form::Space, search.between) };
    }

    /// One byte after the other, until it is idle in front of ASCII that fills a block. Passes something.
    fn walk<'t>(&mut self, search: &KeywordSearch, text: &'t [u8]) -> &'t [u8] {
        let mut rest = text;
        while let Some((&byte, tail)) = rest.split_first() {
            let Self { state, form, found } = self;
            let mut steps = Steps { search, state, found };
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
                    let inside = if *steps.state == 0 && tail.len() < BLOCK {
                        tail.iter().position(|byte| search.fold(*byte) >= BREAK)
                    } else {
                        Some(0)
                    };
                    tail.get(inside.unwrap_or(tail.len())..).unwrap_or_default()
                }
            };
            if rest.len() >= BLOCK && rest.first().is_some_and(u8::is_ascii) && self.is_idle(search) {
                break;
            }
        }
        rest
    }

    fn end_string(&mut self, search: &KeywordSearch) {
        self.form.end(&mut Steps { search, state: &mut self.state, found: &mut self.found });
    }

    /// Whether keyword number `keyword` has been seen.
    fn has(&self, keyword: usize) -> bool {
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

    /// Notes the keywords that end here, the shorter ones behind the longer. Where one has been seen before, those behind it
    /// have been, too: however many keywords lie in each other, each is noted once in a request.
    #[cold]
    fn note(&mut self) {
        let mut state = Some(*self.state);
        while let Some(here) = state {
            #[cfg(test)]
            tests::LOOKS.set(tests::LOOKS.get() + 1);
            for keyword in self.search.ending_in(here) {
                let Some(word) = self.found.get_mut(keyword / 64) else { continue };
                let bit = 1 << (keyword % 64);
                if *word & bit != 0 {
                    return;
                }
                *word |= bit;
            }
            state = self.search.ending_behind(here);
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
    use super::machine::MAX_KEYWORD_BYTES;
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    thread_local! {
        /// States that were looked at for keywords that end in them.
        pub(super) static LOOKS: Cell<usize> = const { Cell::new(0) };
    }

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

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        /// Skipping blocks finds what one byte after the other finds, in any split.
        #[test]
        fn skipping_changes_nothing(
            words in prop::collection::vec(
                "[a-d]{0,5}|non|Non_|NON-DISC|force|\u{e9}a?|\u{212a}a|\u{6587}a?|\u{43f}|[ .\\n-]{1,3}|[e-z]{1,90}|( xyz xyz){9}| ", 0..40,
            ),
            keywords in prop::collection::vec("[a-d]{1,3}|[a-d] [a-d]|non disc|force|ka|\u{e9}a|\u{6587}|\u{6587}a|\u{43f}", 1..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        ) {
            let text = words.concat();
            let search = KeywordSearch::new(&keywords).expect("keywords");
            // A text in pieces of one character has no blocks.
            let mut slow = Search::new(&search);
            slow.begin_string(&search);
            text.char_indices().for_each(|(at, one)| slow.text(&search, &text.as_bytes()[at..at + one.len_utf8()]));
            slow.end_string(&search);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).filter(|cut| text.is_char_boundary(*cut)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut fast = Search::new(&search);
            fast.begin_string(&search);
            cuts.windows(2).for_each(|ends| fast.text(&search, &text.as_bytes()[ends[0]..ends[1]]));
            fast.end_string(&search);
            prop_assert_eq!(&fast.found, &slow.found);
            prop_assert_eq!((fast.state, fast.form), (slow.state, slow.form));
        }
    }

    #[test]
    fn keywords_within_keywords_are_noted_once_each() {
        let keywords: Vec<String> = (1..=144).map(|length| "\u{4e2d}".repeat(length)).collect();
        let search = KeywordSearch::new(&keywords).expect("keywords");
        let mut run = Search::new(&search);
        LOOKS.set(0);
        run.begin_string(&search);
        run.text(&search, "\u{4e2d}".repeat(10_000).as_bytes());
        run.end_string(&search);
        assert!((0..144).all(|keyword| run.has(keyword)));
        // Two for each character, and once for each keyword.
        assert!(LOOKS.get() <= 2 * 10_000 + 144, "{}", LOOKS.get());
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
