//! OpenAI completions, the older text-only API, with and without streaming.

use super::reply::{Family, Request, json, now, pieces};
use super::{Server, stream};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

pub(super) async fn serve(State(server): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::OpenAi, &body, &[]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let (id, created) = (server.id("cmpl"), now());
    let object = |text: &str, finish: Value| {
        json!({
            "id": id, "object": "text_completion", "created": created, "model": request.model,
            "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}],
        })
    };
    let prompt = request.tokens("prompt");
    let usage = json!({"prompt_tokens": prompt, "completion_tokens": 6, "total_tokens": prompt + 6});
    let answer = server.answer(&request.model);
    if !request.is("stream") {
        return json(&with(object(&answer, json!("stop")), "usage", usage));
    }
    let mut chunks: Vec<Value> = pieces(&answer).map(|piece| object(piece, Value::Null)).collect();
    chunks.push(object("", json!("stop")));
    if request.get("stream_options").get("include_usage") == Some(&Value::Bool(true)) {
        chunks.push(with(with(object("", Value::Null), "choices", json!([])), "usage", usage));
    }
    stream::data(chunks)
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(field.into(), value);
    }
    object
}
