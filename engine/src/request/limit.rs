//! The most output tokens that a client wants, in the spellings of clients.

use super::field;
use crate::api::Api;
use crate::json::Numeral;

/// The keys that limit output below the top level: in Ollama's `options`, Gemini's `generationConfig`, Bedrock's
/// `inferenceConfig` and `textGenerationConfig`.
pub(crate) const NESTED: [&str; 7] = [
    "num_predict",
    "maxOutputTokens",
    "max_output_tokens",
    "maxTokens",
    "maxTokenCount",
    "max_tokens",
    "max_new_tokens",
];

/// A key, or an object and a key in it.
pub(crate) type Spelling = (&'static str, Option<&'static str>);

/// Whether a field limits the output at some API.
pub(crate) fn is_limit(key: &str, inner: Option<&str>) -> bool {
    match inner {
        None => field::limits_output(key),
        Some(inner) => field::holds_limits(key) && NESTED.contains(&inner),
    }
}

/// Where the servers of an API look for it. The first is written for a client that says nothing; none is where it depends on
/// the model, or where there is no such field.
pub(crate) fn own(api: Api, path: &[u8]) -> &'static [Spelling] {
    match api {
        Api::ChatCompletions => &[("max_tokens", None), ("max_completion_tokens", None)],
        // Compaction has no limit.
        Api::Responses if path.ends_with(b"/responses/compact") => &[],
        Api::Responses => &[("max_output_tokens", None)],
        Api::OllamaChat | Api::OllamaGenerate => &[("options", Some("num_predict"))],
        Api::Gemini | Api::Vertex => &[
            ("generationConfig", Some("maxOutputTokens")),
            ("generationConfig", Some("max_output_tokens")),
            ("generation_config", Some("max_output_tokens")),
            ("generation_config", Some("maxOutputTokens")),
        ],
        Api::Bedrock if path.ends_with(b"/converse") || path.ends_with(b"/converse-stream") => {
            &[("inferenceConfig", Some("maxTokens"))]
        }
        Api::Bedrock => &[],
        _ => &[("max_tokens", None)],
    }
}

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
            Some(Numeral::Fraction(_) | Numeral::Other) | None => Limit::Unreadable,
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
    pub(crate) fn tokens(self) -> Option<u64> {
        match self {
            Limit::Tokens(tokens) if tokens < u64::MAX => Some(tokens),
            _ => None,
        }
    }
}
