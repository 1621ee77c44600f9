//! The request carries marks for the provider's prompt cache.
//!
//! Anthropic's `cache_control` stands on blocks, tools and the system prompt, or at the top level for all of it; the
//! gateways that speak OpenAI's API to Claude and Qwen (OpenRouter, LiteLLM, DashScope) take it on messages, parts and
//! functions too. OpenAI has `prompt_cache_breakpoint` on parts, and settings at the top level. Most providers cache
//! without being told; such a request has no mark.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::place::Place;
use crate::request::value::Value;

pub(super) struct Cached;

impl Marks for Cached {
    const KEYS: Keys = &[
        ("cache_control", Api::GENERATING),
        ("cache_control_injection_points", Api::GENERATING),
        ("prompt_cache_key", Api::GENERATING),
        ("prompt_cache_retention", Api::GENERATING),
        ("prompt_cache_options", Api::GENERATING),
    ];

    const IS_NESTED: bool = true;

    /// The providers check what stands there. A switch that is off is no mark.
    fn value(_: &str, value: Value) -> Says {
        if value == Value::False { Says::Nothing } else { Says::Yes }
    }

    fn member(place: Place, key: &[u8]) -> bool {
        matches!(place, Place::Turn | Place::Part | Place::Tool | Place::Function)
            && matches!(key, b"cache_control" | b"prompt_cache_breakpoint" | b"cachepoint")
    }
}
