//! The request asks for reasoning: by a boolean, an effort, a budget, or an object with one of them.
//!
//! `docs/spellings.md` says which server documents which spelling.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::json::Numeral;
use crate::request::value::Value;

pub(super) struct Reasoning;

impl Marks for Reasoning {
    const KEYS: Keys = &[
        ("reasoning_effort", Api::GENERATING),
        ("reasoning", Api::GENERATING),
        ("include_reasoning", Api::GENERATING),
        ("thinking", Api::GENERATING),
        ("think", Api::GENERATING),
        ("enable_thinking", Api::GENERATING),
        ("thinking_budget", Api::GENERATING),
        ("thinking_budget_tokens", Api::GENERATING),
        ("thinking_token_budget", Api::GENERATING),
        ("prompt_mode", Api::GENERATING),
        ("chat_template_kwargs", Api::GENERATING),
    ];

    fn is_setting(key: &[u8]) -> bool {
        matches!(
            key,
            b"thinkingconfig"
                | b"thinking_config"
                | b"thinking"
                | b"reasoning_config"
                | b"reasoningconfig"
                | b"reasoning_effort"
        )
    }

    fn value(key: &str, value: Value) -> Says {
        match value {
            // What a chat template takes need not be about reasoning.
            Value::Object if key == "chat_template_kwargs" => Says::Search,
            Value::Object | Value::Text | Value::Number => Says::Look,
            Value::True => Says::Yes,
            _ => Says::Nothing,
        }
    }

    fn inside(key: &[u8], value: Value) -> Says {
        match (key, value) {
            (b"type" | b"effort" | b"reasoning_effort", Value::Text) => Says::Look,
            (b"enabled" | b"thinking" | b"enable_thinking", Value::Text) => Says::Look,
            (b"thinking_budget" | b"thinkingbudget" | b"budget_tokens", Value::Number) => Says::Look,
            // Protobuf's JSON takes numbers as texts.
            (b"thinking_budget" | b"thinkingbudget" | b"thinking_level" | b"thinkinglevel", Value::Text) => Says::Look,
            (b"include_thoughts" | b"includethoughts", Value::True) => Says::Yes,
            (b"include_thoughts" | b"includethoughts", Value::False) => Says::No,
            (b"enabled" | b"thinking" | b"enable_thinking", Value::True) => Says::Yes,
            (b"enabled" | b"thinking" | b"enable_thinking", Value::False) => Says::No,
            _ => Says::Nothing,
        }
    }

    fn word(word: &[u8]) -> Says {
        let is_no =
            [&b"none"[..], b"disabled", b"false", b"off", b"0", b""].iter().any(|no| word.eq_ignore_ascii_case(no));
        if is_no { Says::No } else { Says::Yes }
    }

    /// Less than nothing is as much as the model wants.
    fn number(number: Numeral) -> Says {
        if number == Numeral::Whole(0) { Says::No } else { Says::Yes }
    }

    /// Of two switches that contradict each other, the one that asks counts; an object without any asks,
    /// unless it is empty.
    fn end(refused: bool, is_empty: bool) -> Says {
        if refused || is_empty { Says::No } else { Says::Yes }
    }
}
