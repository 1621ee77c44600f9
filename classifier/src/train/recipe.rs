//! How a model is trained.

/// What is looked at of a text, and how long and in which steps weights are learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// How many bits of an n-gram's hash choose its weights; none, and n-grams do not count.
    pub bits: Option<u8>,
    /// Whether the direction of words counts.
    pub words: bool,
    /// Whether a text's shape counts.
    pub shape: bool,
    /// How often each document is seen.
    pub epochs: u32,
    /// How large steps are at first.
    pub rate: f32,
    /// By how much weights shrink with each step.
    pub decay: f32,
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
    /// Whether each class is asked about by itself, and not which one it is.
    pub each: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            bits: Some(16),
            words: true,
            shape: false,
            epochs: 12,
            rate: 0.5,
            decay: 0.0,
            word_weight: 1.0,
            dropout: 0.0,
            smoothing: 0.0,
            replicas: 2,
            seed: 1,
            each: false,
        }
    }
}
