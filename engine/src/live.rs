//! What is known of models and budgets right now, beside the policy and the request: one value that nobody changes any more.
//!
//! A decision never asks a clock or another worker; it is given a [`Live`]. So it is the same for the same input, and what
//! could change it stands in its record: [`crate::Record::live`] is enough to take the decision again.

mod balance;
pub mod demotions;

pub use balance::Balance;
pub use demotions::Demotions;

use crate::budget::Account;
use crate::policy::{ModelId, Policy};

/// A snapshot, made for one request or for many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Names, and not places in a catalog: a snapshot outlives the policy that it was taken under.
    demoted: Vec<String>,
    balances: Vec<Balance>,
    now: u64,
}

/// Who knows what is known right now. Asked once at most, and only where it can change the decision.
pub trait Knowledge {
    /// What is known. The accounts are those whose balances matter.
    fn live(&self, accounts: &[Account]) -> Live;
}

/// One who says the same whatever matters.
impl<F: Fn() -> Live> Knowledge for F {
    fn live(&self, _: &[Account]) -> Live {
        self()
    }
}

impl Live {
    /// Nothing is known: what a decision is without it.
    pub const NOTHING: Self = Self { demoted: Vec::new(), balances: Vec::new(), now: 0 };

    /// The models whose providers have said that a rate limit is used up, and not yet long enough ago.
    #[must_use]
    pub const fn demoting(models: Vec<String>) -> Self {
        Self { demoted: models, balances: Vec::new(), now: 0 }
    }

    /// The same, with what is used of budgets at a moment, in milliseconds since 1970.
    #[must_use]
    pub fn spending(self, balances: Vec<Balance>, now: u64) -> Self {
        Self { balances, now, ..self }
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

    /// What is used of an account. One of which nothing is known is unused.
    pub(crate) fn balance(&self, account: &Account) -> Option<&Balance> {
        self.balances.iter().find(|balance| balance.is_about(account))
    }

    /// When that was so.
    pub(crate) const fn now(&self) -> u64 {
        self.now
    }
}
