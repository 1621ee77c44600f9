//! OpenAI's APIs, and what those who speak them add.
//!
//! <https://platform.openai.com/docs/api-reference>

use super::figures::Figure::{AudioInput, AudioOutput, CacheWrite, Cached, Input, Output, Reasoning, Total};
use super::figures::Rule;
use super::place::{Dialect, Member, Place};
use Place::{Code, Count, Data, Error, Event, EventCode, Finish, Item, Model, Text, Usage, Within};

/// Anthropic's errors have a type as well, Google's a status, Ollama's are texts.
pub(super) const ERROR: Place = Error(&[("type", Code), ("code", Code), ("status", Code)]);

const COUNTS: Place = Usage(&[
    ("prompt_tokens", Count(Input)),
    ("completion_tokens", Count(Output)),
    ("total_tokens", Count(Total)),
    (
        "prompt_tokens_details",
        Within(&[
            ("cached_tokens", Count(Cached)),
            ("cache_write_tokens", Count(CacheWrite)),
            ("audio_tokens", Count(AudioInput)),
        ]),
    ),
    (
        "completion_tokens_details",
        Within(&[("reasoning_tokens", Count(Reasoning)), ("audio_tokens", Count(AudioOutput))]),
    ),
    // DeepSeek's and Moonshot's own.
    ("prompt_cache_hit_tokens", Count(Cached)),
    ("cached_tokens", Count(Cached)),
]);

const FUNCTION: Place = Within(&[("name", Text(&[])), ("arguments", Text(&[]))]);

const MESSAGE: Place = Within(&[
    // Mistral's reasoning models answer in parts, and reason in parts of parts.
    ("content", Text(&[("text", Text(&[])), ("thinking", Text(&[("text", Text(&[]))]))])),
    ("refusal", Text(&[])),
    ("reasoning_content", Text(&[])),
    ("reasoning", Text(&[])),
    ("tool_calls", Within(&[("function", FUNCTION), ("custom", Within(&[("name", Text(&[])), ("input", Text(&[]))]))])),
    ("function_call", FUNCTION),
    ("audio", Within(&[("data", Data), ("transcript", Text(&[]))])),
]);

/// Chat completions and completions, whole and in chunks.
pub(super) static COMPLETIONS: Dialect = Dialect {
    root: Within(&[
        (
            "choices",
            Within(&[("delta", MESSAGE), ("message", MESSAGE), ("text", Text(&[])), ("finish_reason", Finish)]),
        ),
        ("usage", COUNTS),
        ("model", Model),
        ("error", ERROR),
        ("x_groq", Within(&[("usage", COUNTS)])),
    ]),
    rule: Rule::Both,
};

const RESPONSE_COUNTS: Place = Usage(&[
    ("input_tokens", Count(Input)),
    ("output_tokens", Count(Output)),
    ("input_tokens_details", Within(&[("cached_tokens", Count(Cached)), ("cache_write_tokens", Count(CacheWrite))])),
    ("output_tokens_details", Within(&[("reasoning_tokens", Count(Reasoning))])),
]);

const INCOMPLETE: Place = Within(&[("reason", Finish)]);

/// A response of the Responses API.
pub(super) static RESPONSE: Dialect = Dialect {
    root: Within(&[
        ("model", Model),
        ("status", Finish),
        ("incomplete_details", INCOMPLETE),
        ("error", ERROR),
        ("usage", RESPONSE_COUNTS),
        (
            "output",
            Within(&[
                ("type", Item),
                ("content", Text(&[("text", Text(&[])), ("refusal", Text(&[]))])),
                ("summary", Text(&[("text", Text(&[]))])),
                ("arguments", Text(&[])),
                ("input", Text(&[])),
                ("result", Data),
            ]),
        ),
    ]),
    rule: Rule::Both,
};

/// Its events. What a response holds in the last of them has passed before, in pieces.
pub(super) static RESPONSE_EVENTS: Dialect = Dialect {
    root: Within(&[
        ("type", Event),
        ("delta", Text(&[])),
        ("partial_image_b64", Data),
        ("item", Within(&[("type", Item)])),
        (
            "response",
            Within(&[
                ("model", Model),
                ("status", Finish),
                ("incomplete_details", INCOMPLETE),
                ("error", ERROR),
                ("usage", RESPONSE_COUNTS),
                ("output", Within(&[("type", Item)])),
            ]),
        ),
        ("error", ERROR),
        ("code", EventCode),
    ]),
    rule: Rule::Both,
};

/// Embeddings, and rankings as Jina, vLLM and Cohere make them. Search units are no tokens.
pub(super) static INPUT_ONLY: Dialect = Dialect {
    root: Within(&[
        ("usage", Usage(&[("prompt_tokens", Count(Input)), ("total_tokens", Count(Total))])),
        ("meta", Within(&[("tokens", Usage(&[("input_tokens", Count(Input)), ("output_tokens", Count(Output))]))])),
        ("model", Model),
        ("error", ERROR),
    ]),
    rule: Rule::InputOnly,
};

/// Images, whole and in events.
pub(super) static IMAGES: Dialect = Dialect {
    root: Within(&[
        ("data", Within(&[("b64_json", Data), ("url", Data)])),
        ("b64_json", Data),
        ("usage", RESPONSE_COUNTS),
        ("error", ERROR),
    ]),
    rule: Rule::Both,
};

const SOUND_COUNTS: Place = Usage(&[
    ("input_tokens", Count(Input)),
    ("output_tokens", Count(Output)),
    ("input_token_details", Within(&[("audio_tokens", Count(AudioInput))])),
]);

/// What was heard. Some models tell seconds, which are no tokens.
pub(super) static TRANSCRIPT: Dialect =
    Dialect { root: Within(&[("text", Text(&[])), ("usage", SOUND_COUNTS), ("error", ERROR)]), rule: Rule::Both };

/// What is heard or said, in events.
pub(super) static SOUND_EVENTS: Dialect = Dialect {
    root: Within(&[
        ("type", Event),
        ("delta", Text(&[])),
        ("audio", Data),
        ("usage", SOUND_COUNTS),
        ("error", ERROR),
        ("code", EventCode),
    ]),
    rule: Rule::Both,
};

/// What takes no tokens.
pub(super) static NO_USAGE: Dialect = Dialect { root: Within(NAMED), rule: Rule::InputOnly };

const NAMED: &[Member] = &[("model", Model), ("error", ERROR)];
