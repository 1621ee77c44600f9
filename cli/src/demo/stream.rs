//! Streamed replies: server-sent events and lines of JSON, paced so that one can watch them arrive.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::convert::Infallible;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(15);

/// OpenAI's way: `data:` lines, and `[DONE]` at the end.
pub(super) fn data(chunks: Vec<Value>) -> Response {
    let events =
        chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).chain(["data: [DONE]\n\n".to_owned()]).collect();
    paced("text/event-stream", events)
}

/// Google's way: `data:` lines that end when they end.
pub(super) fn messages(chunks: Vec<Value>) -> Response {
    paced("text/event-stream", chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect())
}

/// Events named by their `type`, as Anthropic's messages and OpenAI's responses have them.
pub(super) fn events(events: Vec<Value>) -> Response {
    let name = |event: &Value| event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    paced(
        "text/event-stream",
        events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", name(event))).collect(),
    )
}

/// Ollama's way: one JSON object a line.
pub(super) fn lines(objects: Vec<Value>) -> Response {
    paced("application/x-ndjson", objects.iter().map(|object| format!("{object}\n")).collect())
}

fn paced(content_type: &'static str, parts: Vec<String>) -> Response {
    let stream = stream::iter(parts).then(|part| async {
        tokio::time::sleep(PAUSE).await;
        Ok::<_, Infallible>(part)
    });
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], Body::from_stream(stream))
        .into_response()
}
