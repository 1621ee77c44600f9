//! How an answer ended, in one vocabulary for all APIs.

use super::word::Word;

/// How an answer ended, by the words of OpenTelemetry's GenAI conventions. Where an answer says several things (one for each of
/// its choices, or a status and a reason), the last in this order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Finish {
    /// The model had said all.
    Stop,
    /// It calls a tool.
    ToolCall,
    /// Whatever has no name here.
    Other,
    /// It has reached the limit of its output or its context.
    Length,
    /// Something was not to be said.
    ContentFilter,
    /// It failed.
    Error,
}

/// The words of all APIs: none means two things.
const WORDS: &[(&str, Finish)] = &[
    ("stop", Finish::Stop),
    ("end_turn", Finish::Stop),
    ("stop_sequence", Finish::Stop),
    ("completed", Finish::Stop),
    ("complete", Finish::Stop),
    ("eos_token", Finish::Stop),
    ("tool_calls", Finish::ToolCall),
    ("tool_call", Finish::ToolCall),
    ("function_call", Finish::ToolCall),
    ("tool_use", Finish::ToolCall),
    ("length", Finish::Length),
    ("max_tokens", Finish::Length),
    ("max_output_tokens", Finish::Length),
    ("model_length", Finish::Length),
    ("model_context_window_exceeded", Finish::Length),
    ("content_filter", Finish::ContentFilter),
    ("content_filtered", Finish::ContentFilter),
    ("guardrail_intervened", Finish::ContentFilter),
    ("refusal", Finish::ContentFilter),
    ("safety", Finish::ContentFilter),
    ("recitation", Finish::ContentFilter),
    ("blocklist", Finish::ContentFilter),
    ("prohibited_content", Finish::ContentFilter),
    ("spii", Finish::ContentFilter),
    ("image_safety", Finish::ContentFilter),
    ("image_prohibited_content", Finish::ContentFilter),
    ("error", Finish::Error),
    ("failed", Finish::Error),
    ("malformed_function_call", Finish::Error),
    ("unexpected_tool_call", Finish::Error),
    ("insufficient_system_resource", Finish::Error),
];

/// What is said while an answer goes on.
const NOT_YET: &[&str] = &["in_progress", "queued", "finish_reason_unspecified"];

impl Finish {
    /// Every way to end.
    pub const ALL: &'static [Self] =
        &[Self::Stop, Self::ToolCall, Self::Other, Self::Length, Self::ContentFilter, Self::Error];

    /// The word in records and labels.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::ToolCall => "tool_call",
            Self::Other => "other",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
        }
    }

    /// What a server's word means; `None` if it is none.
    pub(super) fn of(word: &Word) -> Option<Self> {
        if word.is_empty() || NOT_YET.iter().any(|not_yet| word.is(not_yet)) {
            return None;
        }
        Some(WORDS.iter().find(|(known, _)| word.is(known)).map_or(Self::Other, |(_, finish)| *finish))
    }
}
