//! The request refers to what one provider keeps, and nobody else has: earlier responses and conversations, files,
//! containers, vector stores, stored prompts, spoken answers. Reasoning that a provider has signed or encrypted is not
//! among it: the client keeps that, and others leave it out.
//!
//! OpenAI's Responses and Chat Completions, Anthropic's Messages (files, containers), the context caches of Gemini.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::place::Place;
use crate::request::value::Value;

pub(super) struct Held;

impl Marks for Held {
    const KEYS: Keys = &[
        ("previous_response_id", &[Api::Responses, Api::CountInputTokens]),
        ("conversation", &[Api::Responses, Api::CountInputTokens]),
        ("container", &[Api::Messages, Api::CountTokens]),
        ("cached_content", &[Api::ChatCompletions, Api::Gemini, Api::Vertex]),
        ("cachedContent", &[Api::Gemini, Api::Vertex]),
    ];

    const IS_NESTED: bool = true;

    /// A container without an id is a new one.
    fn value(key: &str, value: Value) -> Says {
        match (key, value) {
            (_, Value::False) => Says::Nothing,
            ("container", Value::Object) => Says::Look,
            _ => Says::Yes,
        }
    }

    /// The skills in a container of Anthropic's are everybody's, or of the account.
    fn inside(key: &[u8], value: Value) -> Says {
        match (key, value) {
            (b"id", Value::Text) => Says::Yes,
            (b"skills", Value::Array) | (b"", Value::Object) | (b"type", Value::Text) => Says::Look,
            _ => Says::Nothing,
        }
    }

    fn word(word: &[u8]) -> Says {
        if word.eq_ignore_ascii_case(b"custom") { Says::Yes } else { Says::Nothing }
    }

    fn member(place: Place, key: &[u8]) -> bool {
        match place {
            Place::Turn => matches!(key, b"file_id" | b"audio"),
            Place::Part => matches!(key, b"file_id" | b"fileuri" | b"file_uri"),
            // Mistral's libraries and xAI's collections among them.
            Place::Tool => matches!(key, b"vector_store_ids" | b"file_ids" | b"library_ids" | b"collection_ids"),
            Place::Container => matches!(
                key,
                b"file_ids"
                    | b"file_id"
                    | b"container_id"
                    | b"skill_id"
                    | b"filesearchstorenames"
                    | b"file_search_store_names"
            ),
            Place::Options => matches!(key, b"cached_content" | b"cachedcontent"),
            Place::Images => key == b"file_id",
            Place::Template => key == b"id",
            _ => false,
        }
    }

    fn kind(place: Place, kind: &[u8]) -> bool {
        matches!(place, Place::Turn | Place::Part) && matches!(kind, b"item_reference" | b"container_upload")
    }
}
