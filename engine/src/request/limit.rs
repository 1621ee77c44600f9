//! The most output tokens that a client wants, in the spellings of clients.

use crate::json::Numeral;

/// What a client says of it, in all its keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Nothing.
    #[default]
    Open,
    /// So many. -1 and its like, which local servers take for "no limit", are the most there can be.
    Tokens(u64),
    /// Something that is no number of tokens.
    Unreadable,
}

impl Limit {
    pub(super) fn of(numeral: Option<Numeral>) -> Self {
        match numeral {
            Some(Numeral::Whole(tokens)) => Limit::Tokens(tokens),
            Some(Numeral::Negative) => Limit::Tokens(u64::MAX),
            Some(Numeral::Other) | None => Limit::Unreadable,
        }
    }

    /// Of several, the largest counts, and one that is not read makes all of them so.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Limit::Unreadable, _) | (_, Limit::Unreadable) => Limit::Unreadable,
            (Limit::Tokens(one), Limit::Tokens(other)) => Limit::Tokens(one.max(other)),
            (Limit::Open, said) | (said, Limit::Open) => said,
        }
    }

    /// How much of a window it takes, if it says so.
    pub(super) fn tokens(self) -> Option<u64> {
        match self {
            Limit::Tokens(tokens) if tokens < u64::MAX => Some(tokens),
            _ => None,
        }
    }
}
