//! The answer is to be streamed.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::json::Numeral;
use crate::request::value::Value;

pub(super) struct Stream;

impl Marks for Stream {
    const KEYS: Keys = &[("stream", Api::GENERATING), ("stream", &[Api::ImageGenerations]), ("stream", Api::FORMS)];

    fn by_default(api: Api) -> bool {
        matches!(api, Api::OllamaChat | Api::OllamaGenerate)
    }

    /// There is one key only, and it stands once: `false` is final.
    fn value(_: &str, value: Value) -> Says {
        match value {
            Value::True => Says::Yes,
            Value::False => Says::Never,
            Value::Text | Value::Number => Says::Look,
            _ => Says::Unreadable,
        }
    }

    /// What Pydantic takes for a boolean, and with it vLLM and SGLang.
    fn word(word: &[u8]) -> Says {
        match word.to_ascii_lowercase().as_slice() {
            b"true" | b"1" | b"yes" | b"on" | b"t" | b"y" => Says::Yes,
            b"false" | b"0" | b"no" | b"off" | b"f" | b"n" => Says::Never,
            _ => Says::Unreadable,
        }
    }

    fn number(number: Numeral) -> Says {
        match number {
            Numeral::Whole(1) => Says::Yes,
            Numeral::Whole(0) => Says::Never,
            _ => Says::Unreadable,
        }
    }
}
