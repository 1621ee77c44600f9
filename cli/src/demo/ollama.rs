//! Ollama: chat and generate, which stream lines of JSON unless told not to, embed and show.

use super::embeddings::{inputs, vector};
use super::reply::{Family, Request, json, pieces};
use super::{Server, stream};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

/// Clients show it and do nothing with it.
const CREATED_AT: &str = "2026-01-01T00:00:00Z";

pub(super) async fn chat(State(server): State<Server>, body: Bytes) -> Response {
    answer(&server, &body, "messages", |text| ("message", json!({"role": "assistant", "content": text})))
}

pub(super) async fn generate(State(server): State<Server>, body: Bytes) -> Response {
    answer(&server, &body, "prompt", |text| ("response", json!(text)))
}

pub(super) async fn embed(State(_): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::Ollama, &body, &["input"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let vectors: Vec<_> = inputs(request.get("input")).iter().map(|input| vector(input, 8)).collect();
    json(&json!({"model": request.model, "embeddings": vectors, "prompt_eval_count": request.tokens("input")}))
}

pub(super) async fn show(State(server): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::Ollama, &body, &[]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    json(&json!({
        "details": {"format": "demo", "family": &*server.name, "parameter_size": "", "quantization_level": ""},
        "model_info": {"general.architecture": "demo", "general.basename": request.model, "demo.context_length": 8192},
        "capabilities": ["completion", "tools"],
        "modified_at": CREATED_AT,
    }))
}

/// `part` puts a piece of text where the API has it.
fn answer(server: &Server, body: &Bytes, input: &str, part: fn(&str) -> (&'static str, Value)) -> Response {
    let request = match Request::read(Family::Ollama, body, &[]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let text = server.answer(&request.model);
    let object = |text: &str, done: bool| {
        let (field, value) = part(text);
        let mut object = json!({"model": request.model, "created_at": CREATED_AT, field: value, "done": done});
        if let Some(members) = object.as_object_mut().filter(|_| done) {
            members.insert("done_reason".into(), json!("stop"));
            members.insert("total_duration".into(), json!(1_000_000));
            members.insert("prompt_eval_count".into(), json!(request.tokens(input)));
            members.insert("eval_count".into(), json!(6));
        }
        object
    };
    if request.get("stream") == &Value::Bool(false) {
        return json(&object(&text, true));
    }
    let mut lines: Vec<Value> = pieces(&text).map(|piece| object(piece, false)).collect();
    lines.push(object("", true));
    stream::lines(lines)
}
