//! The request brings audio or asks for it.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::place::Place;
use crate::request::value::Value;

pub(super) struct Audio;

impl Marks for Audio {
    /// The kinds of output wanted, and the settings of spoken output.
    const KEYS: Keys = &[("modalities", Api::GENERATING), ("audio", Api::GENERATING)];

    const IS_NESTED: bool = true;

    /// What is transcribed or translated is audio.
    fn of_api(api: Api) -> bool {
        matches!(api, Api::Transcriptions | Api::Translations)
    }

    fn is_setting(key: &[u8]) -> bool {
        matches!(key, b"responsemodalities" | b"response_modalities")
    }

    fn value(key: &str, value: Value) -> Says {
        match (key, value) {
            ("modalities" | "", Value::Array | Value::Text) => Says::Look,
            ("audio", Value::Object) => Says::Yes,
            _ => Says::Nothing,
        }
    }

    fn inside(_: &[u8], value: Value) -> Says {
        if value == Value::Text { Says::Look } else { Says::Nothing }
    }

    fn word(word: &[u8]) -> Says {
        if word.eq_ignore_ascii_case(b"audio") { Says::Yes } else { Says::Nothing }
    }

    fn member(place: Place, key: &[u8]) -> bool {
        matches!(place, Place::Turn | Place::Part)
            && matches!(key, b"input_audio" | b"audio_url" | b"audio" | b"audio_embeds")
    }

    fn kind(place: Place, kind: &[u8]) -> bool {
        matches!(place, Place::Turn | Place::Part)
            && (kind.starts_with(b"audio/")
                || matches!(kind, b"audio" | b"input_audio" | b"audio_url" | b"audio_embeds"))
    }
}
