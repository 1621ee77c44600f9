//! What an answer says of itself, read as it passes: how many tokens it took, how it ended, which model really answered, and
//! whether it is an error for all its status of 200.
//!
//! ```text
//! place       where things stand in an answer; a table for each family of APIs:
//! openai, anthropic, gemini, ollama, bedrock
//! path        the containers of a document that are open
//! account     listens to an answer and keeps what stands there
//! figures     counts, and what they mean together
//! finish      how an answer ended, in one vocabulary
//! failure     what went wrong, in one vocabulary
//! word        a short text that is compared with known ones
//! ```
//!
//! Nothing is guessed. Where an answer does not tell, the reading says why, and how much generated text has passed, from which
//! others may estimate and call it an estimate.

mod account;
mod anthropic;
mod bedrock;
mod failure;
mod figures;
mod finish;
mod gemini;
mod ollama;
mod openai;
mod path;
mod place;
mod word;

use super::documents::{Documents, Shape};
use crate::api::Api;
use account::Account;
pub use failure::Failure;
pub use finish::Finish;
use serde::{Deserialize, Serialize};

/// Tokens, in one meaning for all APIs: what is a part of something is counted in it as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// All input, what came from a cache and what was written to one included.
    pub input: u64,
    /// All output, reasoning included.
    pub output: u64,
    /// Of the input: read from a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached: u64,
    /// Of the input: written to a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write: u64,
    /// Of the output: spent on reasoning, as far as the answer tells it apart.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning: u64,
    /// Of the input: sound.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_input: u64,
    /// Of the output: sound.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_output: u64,
}

fn is_zero<T: Default + PartialEq>(count: &T) -> bool {
    *count == T::default()
}

/// Why the usage of an answer is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unread {
    /// The answer can be read and tells none.
    None,
    /// It ended before it told the last of it.
    Cut,
    /// It tells a part, from which the rest does not follow.
    Partial,
    /// It tells what cannot be: less than nothing, fractions, more than any model can read, more of a cache than was put in.
    Implausible,
    /// It is not the JSON that its content type promises.
    Unreadable,
    /// It is compressed.
    Encoded,
    /// Its content type is none that is read.
    ContentType,
    /// Answers of this API are not read.
    Api,
}

impl Unread {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::None,
        Self::Cut,
        Self::Partial,
        Self::Implausible,
        Self::Unreadable,
        Self::Encoded,
        Self::ContentType,
        Self::Api,
    ];

    /// The reason in records and labels.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cut => "cut",
            Self::Partial => "partial",
            Self::Implausible => "implausible",
            Self::Unreadable => "unreadable",
            Self::Encoded => "encoded",
            Self::ContentType => "contentType",
            Self::Api => "api",
        }
    }
}

/// What an answer has said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it took, or why that is unknown.
    pub usage: Result<Usage, Unread>,
    /// What was told before an answer was cut: the input may be right, the output is too small. `None` where the usage is known.
    pub so_far: Option<Usage>,
    /// How it ended; `None` if it did not say.
    pub finish: Option<Finish>,
    /// The model that answered, by its own word: text of a provider, at most [`Reading::LONGEST_MODEL`] bytes of it.
    pub model: Option<String>,
    /// What went wrong, in an answer that is an error whatever its status.
    pub error: Option<Failure>,
    /// Bytes of generated text that have passed, as JSON spells them: what an estimate of the output can stand on.
    pub text_bytes: u64,
}

impl Reading {
    /// A longer name of a model is none.
    pub const LONGEST_MODEL: usize = 256;

    /// About how many tokens the text that has passed is. An estimate, and to be shown as one: reasoning that a provider keeps
    /// to itself, images and sound are not in it.
    #[must_use]
    pub const fn estimated_output(&self) -> u64 {
        // Four bytes are the usual measure for a token of English text.
        self.text_bytes.div_ceil(4)
    }
}

/// An answer as it passes.
#[derive(Debug)]
pub struct UsageReader {
    shape: Shape,
    documents: Documents,
    account: Account,
}

impl UsageReader {
    /// An answer of this API with these headers, each empty where it is missing; or why it cannot be read.
    ///
    /// # Errors
    ///
    /// [`Unread::Encoded`], [`Unread::ContentType`] or [`Unread::Api`].
    pub fn of(api: Api, content_type: &[u8], content_encoding: &[u8]) -> Result<Self, Unread> {
        let encoding = content_encoding.trim_ascii();
        if !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity") {
            return Err(Unread::Encoded);
        }
        let shape = Shape::of(content_type).ok_or(Unread::ContentType)?;
        let dialect = place::dialect(api, shape).ok_or(Unread::Api)?;
        Ok(Self { shape, documents: Documents::new(shape), account: Account::new(dialect, shape) })
    }

    /// The next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.documents.feed(bytes, &mut self.account);
    }

    /// Whether it comes piece by piece, as the model says it.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.shape != Shape::Whole
    }

    /// Whether something generated has passed: text, a call, an image or sound, and not only what announces it.
    #[must_use]
    pub fn has_first_token(&self) -> bool {
        self.account.has_content(self.documents.position())
    }

    /// Whether nothing of what is still to come can change the reading.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.documents.is_over()
    }

    /// What the answer has said. `complete`: it ended by itself, and was not broken off by anybody.
    #[must_use]
    pub fn finish(self, complete: bool) -> Reading {
        let position = self.documents.position();
        let is_whole = self.shape == Shape::Whole && self.account.has_document();
        self.account.reading(complete || is_whole, position)
    }
}

#[cfg(test)]
mod tests;
