//! The answer is to be streamed.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::value::Value;

pub(super) struct Stream;

impl Marks for Stream {
    const KEYS: Keys = &[(
        "stream",
        &[
            Api::ChatCompletions,
            Api::Completions,
            Api::Responses,
            Api::ImageGenerations,
            Api::Messages,
            Api::CountTokens,
            Api::OllamaChat,
            Api::OllamaGenerate,
        ],
    )];

    fn by_default(api: Api) -> bool {
        matches!(api, Api::OllamaChat | Api::OllamaGenerate)
    }

    /// There is one key only, and it stands once: `false` is final.
    fn value(_: &str, value: Value) -> Option<Says> {
        match value {
            Value::True => Some(Says::Yes),
            Value::False => Some(Says::Never),
            _ => None,
        }
    }
}
