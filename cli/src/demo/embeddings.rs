//! OpenAI embeddings, as numbers or as base64 (which the official client asks for).

use super::Server;
use super::reply::{Family, Request, json};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const DIMENSIONS: u64 = 8;
const MOST_DIMENSIONS: u64 = 4096;

pub(super) async fn serve(State(_): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::OpenAi, &body, &["input"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let dimensions = request.get("dimensions").as_u64().unwrap_or(DIMENSIONS).min(MOST_DIMENSIONS);
    let as_base64 = request.get("encoding_format") == "base64";
    let encode = |vector: Vec<f32>| {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        if as_base64 { json!(STANDARD.encode(bytes)) } else { json!(vector) }
    };
    let data: Vec<Value> = inputs(request.get("input"))
        .iter()
        .enumerate()
        .map(|(index, input)| json!({"object": "embedding", "index": index, "embedding": encode(vector(input, dimensions))}))
        .collect();
    let tokens = request.tokens("input");
    json(
        &json!({"object": "list", "data": data, "model": request.model, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}),
    )
}

/// One text, a list of texts, one list of tokens, or a list of those.
pub(super) fn inputs(input: &Value) -> Vec<String> {
    match input {
        Value::Array(items) if items.iter().any(|item| !item.is_number()) => {
            items.iter().map(Value::to_string).collect()
        }
        one => vec![one.to_string()],
    }
}

/// Different for different texts, always the same for one.
pub(super) fn vector(input: &str, dimensions: u64) -> Vec<f32> {
    let mut state =
        input.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(i16::from_le_bytes([state.to_le_bytes()[2], state.to_le_bytes()[3]])) / 32768.0
    };
    (0..dimensions).map(&mut next).collect()
}
