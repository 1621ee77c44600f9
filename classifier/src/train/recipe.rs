//! How a model is trained.

use crate::grams::Kinds;

/// What is looked at of a text, and how long and in which steps weights are learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// How many bits of an n-gram's hash choose its weights; none, and n-grams do not count.
    pub bits: Option<u8>,
    /// Which n-grams count.
    pub kinds: Kinds,
    /// Whether the direction of words counts.
    pub words: bool,
    /// Whether a text's shape counts.
    pub shape: bool,
    /// How often each document is seen.
    pub epochs: u32,
    /// How large steps are at first.
    pub rate: f32,
    /// What words weigh beside n-grams.
    pub word_weight: f32,
    /// How often n-grams are left out, so that words learn to do without them.
    pub dropout: f32,
    /// What is taken from the right class and given to all alike.
    pub smoothing: f32,
    /// How many models are trained, in another order of documents each; their mean is the model.
    pub replicas: u64,
    /// What the orders of documents are made from.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            bits: Some(16),
            kinds: Kinds::USUAL,
            words: true,
            shape: false,
            epochs: 12,
            rate: 0.5,
            word_weight: 1.0,
            dropout: 0.0,
            smoothing: 0.0,
            replicas: 2,
            seed: 1,
        }
    }
}

impl Recipe {
    /// What was found to do well for so many classes and examples, or for outcomes.
    pub fn usual(classes: usize, examples: usize, by_outcomes: bool) -> Self {
        let usual = Self::default();
        if by_outcomes {
            // N-grams learn prompts by heart here, and which one a model fails at is mostly chance.
            return Self { bits: None, epochs: 8, rate: 0.03, word_weight: 3.0, ..usual };
        }
        // A table of many columns has fewer rows, so that its file stays near a megabyte or two.
        let bits = match classes {
            0..=16 => 16,
            17..=32 => 15,
            _ => 14,
        };
        if examples < 25 * classes {
            // So few examples have few words in common: what words mean counts most.
            return Self { bits: Some(bits.min(13)), epochs: 40, word_weight: 6.0, dropout: 0.5, ..usual };
        }
        let epochs = if examples < 2000 { 20 } else { 6 };
        Self { bits: Some(bits), epochs, word_weight: if classes > 32 { 3.0 } else { 1.0 }, ..usual }
    }
}
