//! How many tokens the text makes, by an estimate that is fitted to what a tokenizer says.
//!
//! A token is part of a word, of a number, of a row of signs. What a byte costs depends on itself and on the kind of the byte
//! before it: words, numbers and signs cost at their beginning, rare letters more than others, characters by their script. So
//! it is one look-up for each byte, the same for any split, and never falls while text arrives.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes;
mod table;

use super::{Listener, Speaker};
use table::{AT_START, PARTS, cost, kind};

/// The most that one byte can cost, in parts of a token.
const MOST: u64 = 2 * PARTS;

/// What the text costs so far. Base64, links and identifiers are not text.
#[derive(Debug)]
pub(in crate::request) struct Length {
    parts: u64,
    /// The kind of the byte before.
    before: u8,
}

impl Default for Length {
    fn default() -> Self {
        Self { parts: 0, before: AT_START }
    }
}

impl Length {
    /// The estimate, rounded up; and the most that it can become with so many bytes more.
    pub(in crate::request) fn tokens(&self, more: u64) -> (u64, u64) {
        let most = self.parts.saturating_add(more.saturating_mul(MOST));
        (self.parts.div_ceil(PARTS), most.div_ceil(PARTS))
    }
}

impl Listener for Length {
    fn wants(&self, _: Speaker) -> bool {
        true
    }

    fn begin_string(&mut self) {
        self.before = AT_START;
    }

    fn text(&mut self, _: Speaker, text: &[u8]) {
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        let (parts, last) = lanes::sum(self.before, text);
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        let (parts, last) = slowly(self.before, text);
        (self.parts, self.before) = (self.parts + parts, last);
    }

    fn token(&mut self, _: Speaker, _: u64) {
        self.parts += PARTS;
    }
}

/// What the text costs behind a byte of this kind, and the kind of its last.
fn slowly(before: u8, text: &[u8]) -> (u64, u8) {
    text.iter().fold((0, before), |(parts, before), byte| (parts + u64::from(cost(before, *byte)), kind(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heard<'t>(pieces: impl Iterator<Item = &'t [u8]>) -> Length {
        let mut length = Length::default();
        length.begin_string();
        pieces.for_each(|piece| length.text(Speaker::Prompt, piece));
        length
    }

    fn tokens(text: &str) -> u64 {
        heard(std::iter::once(text.as_bytes())).tokens(0).0
    }

    #[test]
    fn words_numbers_signs_and_scripts_cost_what_they_make() {
        // Behind each, what o200k_base makes of it.
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens("Please summarise the attached minutes and list the open questions."), 13); // 12
        assert_eq!(tokens("for (int i = 0; i < 10; i++) { sum += a[i]; }"), 23); // 22
        assert_eq!(tokens("Die Pr\u{fc}fung dauert noch bis M\u{e4}rz."), 9); // 7
        assert_eq!(tokens("\u{898b}\u{7a4d}\u{3082}\u{308a}\u{306f}\u{6765}\u{9031}\u{307e}\u{3067}\u{306b}"), 8); // 9
        assert_eq!(tokens("1234567890"), 4); // 4
        assert_eq!(tokens(&"-".repeat(64)), 7); // 1
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn any_split_makes_the_same_and_bounds_hold(
            text in "([a-zA-Z]{0,40}|[0-9 ]{0,20}|[!-~\n\t]{0,40}|[\u{e4}\u{17e}\u{43f}\u{e44}\u{915}\u{4e2d}\u{d55c}\u{1f600}]{0,12}){0,8}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let whole = heard(std::iter::once(text.as_bytes()));
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).filter(|cut| text.is_char_boundary(*cut)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| &text.as_bytes()[ends[0]..ends[1]]);
            prop_assert_eq!(heard(pieces).tokens(0), whole.tokens(0));
            // A piece bounds the whole, from both sides.
            for cut in cuts {
                let (low, high) = heard(std::iter::once(&text.as_bytes()[..cut])).tokens((text.len() - cut) as u64);
                prop_assert!(low <= whole.tokens(0).0 && whole.tokens(0).0 <= high);
            }
        }
    }
}
