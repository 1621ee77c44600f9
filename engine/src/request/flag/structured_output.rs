//! The answer must follow a JSON Schema.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::value::Value;

pub(super) struct StructuredOutput;

impl Marks for StructuredOutput {
    const KEYS: Keys = &[
        ("response_format", &[Api::ChatCompletions, Api::Completions]),
        ("text", &[Api::Responses]),
        ("output_format", &[Api::Messages, Api::CountTokens]),
        ("output_config", &[Api::Messages, Api::CountTokens]),
        ("format", &[Api::OllamaChat, Api::OllamaGenerate]),
        ("guided_json", &[Api::ChatCompletions, Api::Completions]),
        ("structured_outputs", &[Api::ChatCompletions, Api::Completions]),
    ];

    fn value(key: &str, value: Value) -> Option<Says> {
        // Ollama's and vLLM's own: a schema, or the word `json`. The others are objects with a `type`.
        let is_schema = matches!(key, "format" | "guided_json" | "structured_outputs");
        match value {
            Value::Array => None,
            Value::Object | Value::Text if is_schema => Some(Says::Yes),
            Value::Object => Some(Says::Look),
            _ => Some(Says::Nothing),
        }
    }

    /// Responses and Messages put the format one level deeper.
    fn inside(key: &[u8], value: Value) -> Says {
        match (key, value) {
            (b"type", Value::Text) | (b"format", Value::Object) => Says::Look,
            _ => Says::Nothing,
        }
    }

    fn word(word: &[u8]) -> Says {
        if matches!(word, b"json_schema" | b"json_object") { Says::Yes } else { Says::Nothing }
    }
}
