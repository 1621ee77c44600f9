//! All keywords of a policy, searched in one pass while the text streams by.
//!
//! Text and keywords are brought into one form first: letters and digits in lower case, everything else
//! as one space, a space before and behind. So `Non-Disclosure` is found in "the non disclosure\nagreement"
//! and `art` is not found in "start". Scripts that do not put spaces between words match anywhere.

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton;
use aho_corasick::automaton::StateID;
use aho_corasick::nfa::contiguous::NFA;

/// The search machine of a policy.
#[derive(Clone, Debug)]
pub(crate) struct KeywordSearch {
    machine: NFA,
    start: StateID,
}

impl KeywordSearch {
    /// Builds the machine; `None` if there is nothing to search for or it would be too large.
    pub(crate) fn new(keywords: &[String]) -> Option<Self> {
        if keywords.is_empty() {
            return None;
        }
        let machine = NFA::new(keywords.iter().map(|keyword| normalise(keyword))).ok()?;
        let start = machine.start_state(Anchored::No).ok()?;
        Some(Self { machine, start })
    }
}

/// A keyword in the form in which text is searched.
pub(crate) fn normalise(keyword: &str) -> Vec<u8> {
    let mut form = Form::default();
    let mut out = Vec::with_capacity(keyword.len() + 2);
    form.begin(&mut |byte| out.push(byte));
    form.text(keyword.as_bytes(), &mut |byte| out.push(byte));
    form.end(&mut |byte| out.push(byte));
    let first = keyword.chars().find(|character| character.is_alphanumeric());
    if first.is_some_and(is_unspaced) {
        out.remove(0);
    }
    out
}

/// A search in progress over one request.
#[derive(Clone, Debug)]
pub(super) struct Search {
    state: StateID,
    form: Form,
    /// One bit per keyword of the policy.
    found: Vec<u64>,
}

impl Search {
    pub(super) fn new(search: &KeywordSearch) -> Self {
        let words = search.machine.patterns_len().div_ceil(64);
        Self { state: search.start, form: Form::default(), found: vec![0; words] }
    }

    pub(super) fn begin_string(&mut self, search: &KeywordSearch) {
        let Self { state, form, found } = self;
        *state = search.start;
        form.begin(&mut |byte| step(search, state, found, byte));
    }

    pub(super) fn text(&mut self, search: &KeywordSearch, text: &[u8]) {
        let Self { state, form, found } = self;
        form.text(text, &mut |byte| step(search, state, found, byte));
    }

    pub(super) fn end_string(&mut self, search: &KeywordSearch) {
        let Self { state, form, found } = self;
        form.end(&mut |byte| step(search, state, found, byte));
    }

    /// Whether keyword number `keyword` has been seen.
    pub(super) fn has(&self, keyword: usize) -> bool {
        self.found.get(keyword / 64).is_some_and(|word| word >> (keyword % 64) & 1 == 1)
    }
}

fn step(search: &KeywordSearch, state: &mut StateID, found: &mut [u64], byte: u8) {
    *state = search.machine.next_state(Anchored::No, *state, byte);
    if search.machine.is_match(*state) {
        for nth in 0..search.machine.match_len(*state) {
            let keyword = search.machine.match_pattern(*state, nth).as_usize();
            if let Some(word) = found.get_mut(keyword / 64) {
                *word |= 1 << (keyword % 64);
            }
        }
    }
}

/// Brings text into the searched form, in any split between characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// A space was the last thing written (also at the start).
    #[default]
    Space,
    /// A letter or digit of a script that puts spaces between words.
    Word,
    /// A character of a script that does not.
    Unspaced,
}

impl Form {
    fn begin(&mut self, out: &mut impl FnMut(u8)) {
        out(b' ');
        *self = Form::Space;
    }

    fn text(&mut self, text: &[u8], out: &mut impl FnMut(u8)) {
        // The lexer hands on whole characters; anything else would be a bug there, and finds nothing here.
        for piece in text.utf8_chunks() {
            for character in piece.valid().chars() {
                self.character(character, out);
            }
        }
    }

    fn end(&mut self, out: &mut impl FnMut(u8)) {
        if *self == Form::Word {
            self.space(out);
        }
    }

    fn character(&mut self, character: char, out: &mut impl FnMut(u8)) {
        if character.is_ascii() {
            if character.is_ascii_alphanumeric() || character == '_' {
                self.enter(Form::Word, out);
                out(character.to_ascii_lowercase() as u8);
            } else {
                self.space(out);
            }
        } else if !character.is_alphanumeric() {
            self.space(out);
        } else {
            self.enter(if is_unspaced(character) { Form::Unspaced } else { Form::Word }, out);
            for lower in character.to_lowercase() {
                lower.encode_utf8(&mut [0; 4]).bytes().for_each(&mut *out);
            }
        }
    }

    /// Two scripts side by side are two words.
    fn enter(&mut self, next: Form, out: &mut impl FnMut(u8)) {
        if *self != Form::Space && *self != next {
            out(b' ');
        }
        *self = next;
    }

    fn space(&mut self, out: &mut impl FnMut(u8)) {
        if *self != Form::Space {
            out(b' ');
            *self = Form::Space;
        }
    }
}

/// Thai to Khmer, then kana, CJK ideographs and everything that shares their planes.
fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
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
    fn scripts_without_spaces_match_anywhere() {
        check("\u{673a}\u{5bc6}", "\u{8fd9}\u{662f}\u{673a}\u{5bc6}\u{6587}\u{4ef6}", true);
        check("abc", "\u{673a}\u{5bc6}abc\u{6587}\u{4ef6}", true);
    }
}
