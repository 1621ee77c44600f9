//! What is used of budgets, as far as it concerns one request.

use crate::budget::{self, Account, Key};
use std::sync::Arc;

/// What is used of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The budget's name.
    pub budget: Arc<str>,
    /// Whose account it is; `None`: whichever the request is about.
    pub of: Option<Key>,
    /// What counts and what is set aside, in requests, tokens or millionths of the currency.
    pub used: u64,
    /// When some of it does not count any more, in milliseconds since 1970.
    pub until: u64,
}

impl Balance {
    /// What the ledger says of an account.
    #[must_use]
    pub fn of(account: &Account, balance: budget::Balance) -> Self {
        let budget::Balance { used, until } = balance;
        Self { budget: Arc::clone(&account.budget), of: Some(account.key), used, until }
    }

    /// Whether it is about that account.
    pub(crate) fn is_about(&self, account: &Account) -> bool {
        *self.budget == *account.budget && self.of.is_none_or(|key| key == account.key)
    }
}
