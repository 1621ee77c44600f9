//! Whose account it is.

use super::Window;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use std::sync::Arc;

/// Whose account it is, in so many bytes whatever a client sends. A hash that nobody can aim: two values with one key would
/// pay for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(super) [u8; Self::SIZE]);

impl Key {
    pub(super) const SIZE: usize = 16;

    /// Whoever has no account of their own: there is no room for more, or nothing says whose it would be.
    pub const OTHERS: Self = Self([0; Self::SIZE]);

    /// The account of everybody together.
    pub const ALL: Self = Self([1; Self::SIZE]);

    /// Whose account a value names: a tenant, a model, the value of a header or a claim.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        Sha256::digest(value).first_chunk().map_or(Self::OTHERS, |key| Self(*key))
    }

    /// One of so many sheets.
    fn sheet(self, sheets: u32) -> u32 {
        let [.., a, b, c, d] = self.0;
        u32::from_le_bytes([a, b, c, d]) % sheets.max(1)
    }
}

/// As others read it: in Redis, where a rate limit service counts.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => f.write_str("all"),
            Self::OTHERS => f.write_str("others"),
            Self(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// An account, and where it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The budget's name.
    pub budget: Arc<str>,
    /// Whose account it is.
    pub key: Key,
    /// Over what it is counted.
    pub window: Window,
    /// What may be used in a window.
    pub limit: u64,
    /// In how many sheets the budget's accounts are.
    pub(crate) sheets: u32,
    /// The name of the budget's sheets.
    pub(crate) ledger: Arc<str>,
}

impl Account {
    /// What the sheet is called that it stands on. It does not depend on the policy's version: a change of the policy is
    /// nobody's new month.
    #[must_use]
    pub fn sheet(&self) -> String {
        let mut name = String::with_capacity(self.ledger.len() + 8);
        // Writing to a String cannot fail.
        let _ = write!(name, "{}/{}", self.ledger, self.key.sheet(self.sheets));
        name
    }
}
