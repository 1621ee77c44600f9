//! The series that nearly every request adds to. Their names are long and the same for all requests that are alike, so that
//! whoever has named them once need not do it again.

use super::{ATTEMPTS, COST, DURATION, FIRST_TOKEN, Kind, PER_TOKEN, REQUESTS, TOKEN_USAGE, TOKENS};

/// A series that nearly every request adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// [`REQUESTS`]
    Requests,
    /// [`ATTEMPTS`]
    Attempts,
    /// [`TOKENS`] of the input.
    Input,
    /// [`TOKENS`] of the output.
    Output,
    /// [`TOKENS`] that were read from a cache.
    Cached,
    /// [`TOKENS`] that were written to one.
    CacheWrite,
    /// [`TOKENS`] spent on reasoning.
    Reasoning,
    /// How many tokens the inputs of requests have.
    InputUsage,
    /// And their outputs.
    OutputUsage,
    /// [`COST`]
    Cost,
    /// How long requests took.
    Duration,
    /// [`FIRST_TOKEN`]
    FirstToken,
    /// How long each token after it took.
    PerToken,
}

impl Series {
    /// How many there are.
    pub const COUNT: usize = Self::PerToken as usize + 1;

    /// What is done with its values.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::InputUsage | Self::OutputUsage | Self::Duration | Self::FirstToken | Self::PerToken => {
                Kind::Histogram
            }
            _ => Kind::Counter,
        }
    }

    /// Its name, but for the labels.
    pub(super) fn family(self) -> &'static str {
        match self {
            Self::Requests => REQUESTS,
            Self::Attempts => ATTEMPTS,
            Self::Input | Self::Output | Self::Cached | Self::CacheWrite | Self::Reasoning => TOKENS,
            Self::InputUsage | Self::OutputUsage => TOKEN_USAGE,
            Self::Cost => COST,
            Self::Duration => DURATION,
            Self::FirstToken => FIRST_TOKEN,
            Self::PerToken => PER_TOKEN,
        }
    }

    /// The type of its tokens.
    pub(super) fn token_type(self) -> Option<&'static str> {
        match self {
            Self::Input | Self::InputUsage => Some("input"),
            Self::Output | Self::OutputUsage => Some("output"),
            Self::Cached => Some("input_cached"),
            Self::CacheWrite => Some("input_cache_write"),
            Self::Reasoning => Some("output_reasoning"),
            _ => None,
        }
    }
}

/// What requests have in common whose values go to the same series: a hash of all that the names of series are made of.
///
/// These are names of the policy and words of ours. No client can choose them, so that nobody can look for two that are taken
/// for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Alike(pub u64);

impl Alike {
    pub(super) fn of<'a>(labels: u8, values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let values = values.into_iter().fold(u64::from(labels), |hash, value| match value {
            None => mix(hash, u64::MAX),
            Some(value) => {
                // By words: a call for each of these short texts would cost more than they do.
                let (words, rest) = value.as_bytes().as_chunks();
                let hash = words.iter().fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
                let rest = rest.iter().fold(1, |word, byte| word << 8 | u64::from(*byte));
                mix(mix(hash, rest), value.len() as u64)
            }
        });
        Self(mix(values, 0))
    }
}

/// One step of the finaliser of SplitMix64, which no two hashes leave as the same for one word.
fn mix(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ hash >> 31
}
