//! The request asks for reasoning: by a boolean, an effort, or an object with either.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::value::Value;

pub(super) struct Reasoning;

impl Marks for Reasoning {
    const KEYS: Keys = &[
        ("reasoning_effort", &[Api::ChatCompletions]),
        ("reasoning", &[Api::ChatCompletions, Api::Responses]),
        ("thinking", &[Api::ChatCompletions, Api::Messages, Api::CountTokens]),
        ("think", &[Api::OllamaChat, Api::OllamaGenerate]),
    ];

    fn value(_: &str, value: Value) -> Option<Says> {
        match value {
            Value::Array => None,
            Value::Object | Value::Text => Some(Says::Look),
            Value::True => Some(Says::Yes),
            _ => Some(Says::Nothing),
        }
    }

    fn inside(key: &[u8], value: Value) -> Says {
        match (key, value) {
            (b"type" | b"effort", Value::Text) => Says::Look,
            (b"enabled", Value::True) => Says::Yes,
            (b"enabled", Value::False) => Says::No,
            _ => Says::Nothing,
        }
    }

    fn word(word: &[u8]) -> Says {
        if matches!(word, b"none" | b"disabled") { Says::No } else { Says::Yes }
    }

    /// Of two switches that contradict each other, the one that asks counts; an object without any asks.
    fn end(refused: bool) -> Says {
        if refused { Says::No } else { Says::Yes }
    }
}
