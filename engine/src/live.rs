//! What is known of models right now, beside the policy and the request: one value that nobody changes any more.
//!
//! A decision never asks a clock or another worker; it is given a [`Live`]. So it is the same for the same input, and what
//! could change it stands in its record: [`crate::Record::live`] is enough to take the decision again.

pub mod demotions;

pub use demotions::Demotions;

use crate::policy::{ModelId, Policy};

/// A snapshot, made for one request or for many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Names, and not places in a catalog: a snapshot outlives the policy that it was taken under.
    demoted: Vec<String>,
}

impl Live {
    /// Nothing is known: what a decision is without it.
    pub const NOTHING: Self = Self { demoted: Vec::new() };

    /// The models whose providers have said that a rate limit is used up, and not yet long enough ago.
    #[must_use]
    pub const fn demoting(models: Vec<String>) -> Self {
        Self { demoted: models }
    }

    /// Whether a model's provider wants to be left alone.
    #[must_use]
    pub fn demotes(&self, model: &str) -> bool {
        self.demoted.iter().any(|name| name == model)
    }

    /// The demoted models that this policy knows.
    pub(crate) fn demoted(&self, policy: &Policy) -> Vec<ModelId> {
        self.demoted.iter().filter_map(|name| policy.find_model(name)).collect()
    }
}
