//! The answer must follow a JSON Schema, or another form that the request gives.
//!
//! `docs/spellings.md` says which server documents which spelling.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::place::Place;
use crate::request::value::Value;

pub(super) struct StructuredOutput;

impl Marks for StructuredOutput {
    const KEYS: Keys = &[
        ("response_format", Api::GENERATING),
        ("text", &[Api::Responses]),
        ("output_format", Api::GENERATING),
        ("output_config", Api::GENERATING),
        ("format", Api::GENERATING),
        ("structured_outputs", Api::GENERATING),
        ("guided_json", Api::GENERATING),
        ("guided_regex", Api::GENERATING),
        ("guided_choice", Api::GENERATING),
        ("guided_grammar", Api::GENERATING),
        ("json_schema", Api::GENERATING),
        ("regex", Api::GENERATING),
        ("ebnf", Api::GENERATING),
        ("grammar", Api::GENERATING),
    ];

    /// Gemini's settings hold the schema itself.
    fn member(place: Place, key: &[u8]) -> bool {
        place == Place::Options
            && matches!(
                key,
                b"responseschema"
                    | b"response_schema"
                    | b"responsejsonschema"
                    | b"response_json_schema"
                    | b"_responsejsonschema"
            )
    }

    /// The form itself, or an object whose `type` says whether it holds one.
    fn value(key: &str, value: Value) -> Says {
        let is_form = !matches!(key, "response_format" | "text" | "output_format" | "output_config");
        match value {
            Value::Object if is_form => Says::Yes,
            Value::Object => Says::Look,
            Value::Text | Value::Array if is_form => Says::Look,
            _ => Says::Nothing,
        }
    }

    /// Responses and Messages put the format one level deeper. A list has choices.
    fn inside(key: &[u8], value: Value) -> Says {
        match (key, value) {
            (b"type", Value::Text) | (b"format", Value::Object) => Says::Look,
            (b"", Value::Text) => Says::Yes,
            _ => Says::Nothing,
        }
    }

    /// An empty form is none, and every type of a format is one but plain text.
    fn word(word: &[u8]) -> Says {
        if matches!(word, b"" | b"text") { Says::Nothing } else { Says::Yes }
    }
}
