//! A text made ready: what all models look at, computed once.

use crate::embedding::{DIMENSIONS, Embedding};
use crate::grams::Grams;
use crate::normal::normalise;
use crate::shape::{self, SHAPES};

/// The most bytes of a text that are looked at; of a longer one, its two ends.
pub const REACH: usize = 8 * 1024;

/// How much of [`REACH`] is for the beginning.
const HEAD: usize = 6 * 1024;

/// Both ends of a text of any length, as [`Text::new`] takes them; the second is empty where the text is short.
pub fn ends(text: &str) -> (&str, &str) {
    if text.len() <= REACH {
        return (text, "");
    }
    let before = |most: usize| (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let behind = |least: usize| (least..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let head = text.get(..before(HEAD)).unwrap_or_default();
    (head, text.get(behind(text.len() - (REACH - HEAD))..).unwrap_or_default())
}

/// What models look at of a text.
#[derive(Clone, Debug)]
pub struct Text {
    pub(crate) grams: Grams,
    pub(crate) shape: [u8; SHAPES],
    /// The direction in which its words point, of length 1024, if there is a table to look them up in.
    pub(crate) direction: Option<[i16; DIMENSIONS]>,
}

impl Text {
    /// A text, or both [`ends`] of one. Of each part at most [`REACH`] bytes are looked at.
    pub fn new(head: &str, tail: &str, embedding: Option<&Embedding>) -> Self {
        let (head, tail) = (within(head), within(tail));
        let characters = normalise([head, tail]);
        Self {
            grams: Grams::of(&characters),
            shape: shape::of([head, tail]),
            direction: embedding.map(|embedding| embedding.direction(&characters)),
        }
    }

    /// How many n-grams of the usual kinds the text has: what it costs to ask about it.
    pub fn features(&self) -> usize {
        self.grams.count()
    }
}

fn within(text: &str) -> &str {
    let end = (0..=REACH.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_has_two_ends_of_whole_characters() {
        assert_eq!(ends("short"), ("short", ""));
        let long = format!("{}{}", "ä".repeat(5000), "ß".repeat(5000));
        let (head, tail) = ends(&long);
        assert_eq!((head.len(), tail.len()), (HEAD, REACH - HEAD));
        assert!(tail.chars().all(|character| character == 'ß'));
        let shifted = format!("a{long}");
        let (head, tail) = ends(&shifted);
        assert_eq!((head.len(), tail.len()), (HEAD - 1, REACH - HEAD));
    }

    #[test]
    fn what_a_text_costs_is_bounded() {
        let text = "a b ".repeat(1_000_000);
        let (head, tail) = ends(&text);
        assert!(Text::new(head, tail, None).features() < 16_000);
        assert!(Text::new(&text, &text, None).features() < 16_000);
        assert_eq!(Text::new("", "", None).features(), 0);
    }
}
