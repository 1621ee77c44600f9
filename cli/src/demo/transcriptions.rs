//! OpenAI transcriptions and translations: whatever was recorded, it says who heard it.

use super::reply::{Family, Request, json, pieces};
use super::{Server, stream};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) async fn serve(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let request = match Request::read_form(Family::OpenAi, &headers, &body, &["file"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let text = server.answer(&request.model);
    if request.is("stream") {
        return stream::events(events(&text));
    }
    match request.get("response_format").as_str() {
        Some("text" | "srt" | "vtt") => {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{text}\n")).into_response()
        }
        Some("verbose_json") => json(
            &json!({"task": "transcribe", "language": "english", "duration": 1.0, "text": text, "segments": [], "words": []}),
        ),
        _ => json(&json!({"text": text, "usage": {"type": "duration", "seconds": 1}})),
    }
}

fn events(text: &str) -> Vec<Value> {
    let deltas = pieces(text).map(|delta| json!({"type": "transcript.text.delta", "delta": delta, "logprobs": []}));
    deltas.chain([json!({"type": "transcript.text.done", "text": text, "logprobs": []})]).collect()
}
