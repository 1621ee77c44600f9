//! Gemini's `generateContent` and its like, whole and in events, at Google AI and at Vertex AI.
//!
//! <https://ai.google.dev/api/generate-content>

use super::anthropic;
use super::figures::Figure::{AudioInput, AudioOutput, Cached, Input, Output, Thoughts, ToolInput};
use super::figures::Rule;
use super::openai::ERROR;
use super::place::{Dialect, Member, Place};
use Place::{Arguments, Block, Count, Data, Finish, Modalities, Modality, Model, OfModality, Text, Usage, Within};

/// A count of one modality.
pub(super) const MODALITY: &[Member] = &[("modality", Modality), ("tokenCount", OfModality)];

/// The prompt includes what was cached, the candidates do not include the thoughts.
const COUNTS: Place = Usage(&[
    ("promptTokenCount", Count(Input)),
    ("candidatesTokenCount", Count(Output)),
    ("thoughtsTokenCount", Count(Thoughts)),
    ("cachedContentTokenCount", Count(Cached)),
    ("toolUsePromptTokenCount", Count(ToolInput)),
    ("promptTokensDetails", Modalities(AudioInput)),
    ("candidatesTokensDetails", Modalities(AudioOutput)),
]);

const CANDIDATE: Place = Within(&[
    (
        "content",
        Within(&[(
            "parts",
            Text(&[
                ("text", Text(&[])),
                ("functionCall", Arguments),
                ("inlineData", Within(&[("data", Data)])),
                ("executableCode", Within(&[("code", Text(&[]))])),
            ]),
        )]),
    ),
    ("finishReason", Finish),
]);

const BLOCKED: Place = Within(&[("blockReason", Block)]);

pub(super) static GEMINI: Dialect = Dialect {
    root: Within(&[
        ("candidates", CANDIDATE),
        ("usageMetadata", COUNTS),
        ("modelVersion", Model),
        ("promptFeedback", BLOCKED),
        ("error", ERROR),
    ]),
    rule: Rule::ZerosOmitted,
};

/// Vertex AI serves Anthropic's models under its own paths, and these answer as at home.
pub(super) static VERTEX: Dialect = Dialect {
    root: Within(&[
        ("candidates", CANDIDATE),
        ("usageMetadata", COUNTS),
        ("modelVersion", Model),
        ("promptFeedback", BLOCKED),
        ("error", ERROR),
        ("model", Model),
        ("content", anthropic::BLOCK),
        ("stop_reason", Finish),
        ("usage", Usage(anthropic::COUNTS)),
        ("message", anthropic::MESSAGE),
        ("content_block", anthropic::BLOCK),
        ("delta", anthropic::DELTA),
    ]),
    rule: Rule::ZerosOmitted,
};
