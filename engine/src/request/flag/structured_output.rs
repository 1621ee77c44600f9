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
        ("text", Api::GENERATING),
        ("output_format", Api::GENERATING),
        ("output_config", Api::GENERATING),
        ("outputConfig", &[Api::Bedrock]),
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

    fn is_setting(key: &[u8]) -> bool {
        matches!(key, b"responsemimetype" | b"response_mime_type")
    }

    /// The form itself, or an object whose `type` says whether it holds one.
    fn value(key: &str, value: Value) -> Says {
        let is_form = !matches!(key, "response_format" | "text" | "output_format" | "output_config" | "outputConfig");
        match value {
            Value::Object if is_form => Says::Look,
            Value::Object => Says::Search,
            Value::Text | Value::Array if is_form => Says::Look,
            // Some clients write its type alone.
            Value::Text if key == "response_format" => Says::Look,
            _ => Says::Nothing,
        }
    }

    /// Responses and Messages put the format one level deeper. A list has choices.
    fn inside(key: &[u8], value: Value) -> Says {
        match (key, value) {
            (b"type", Value::Text) | (b"format" | b"textformat", Value::Object) => Says::Look,
            (b"", Value::Text) => Says::Yes,
            _ => Says::Nothing,
        }
    }

    /// An empty form is none, and every type of a format is one but plain text.
    fn word(word: &[u8]) -> Says {
        if matches!(word, b"" | b"text" | b"text/plain") { Says::Nothing } else { Says::Yes }
    }

    /// A form is one if something is in it. What may hold one has said so.
    fn end(refused: bool, is_empty: bool) -> Says {
        if refused || is_empty { Says::Nothing } else { Says::Yes }
    }
}
