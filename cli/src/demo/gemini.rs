//! Gemini and Vertex AI: the path names the model and the method, and answers are in camel case.

use super::reply::{Family, error, json, pieces, tokens};
use super::{Server, stream};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What stands behind `/models/` is the part `call` of the route.
pub(super) async fn serve(
    State(server): State<Server>,
    Path(parts): Path<HashMap<String, String>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let bad = |message: &str| error(Family::Gemini, StatusCode::BAD_REQUEST, message);
    let Some((model, method)) = parts.get("call").and_then(|call| call.rsplit_once(':')) else {
        return bad("the path names no method");
    };
    let request: Value = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(err) => return bad(&format!("the body is not valid JSON: {err}")),
    };
    let (contents, content) = (request.get("contents"), request.get("content"));
    match (method, contents, content) {
        ("generateContent", Some(contents), _) => json(&answer(&server, model, &request, contents)),
        ("streamGenerateContent", Some(contents), _) => {
            let chunks = chunks(&server.answer(model), model, contents);
            if query.is_some_and(|query| query.split('&').any(|one| one == "alt=sse")) {
                stream::messages(chunks)
            } else {
                json(&Value::Array(chunks))
            }
        }
        ("countTokens", Some(contents), _) => json(&json!({"totalTokens": tokens(contents).max(1)})),
        ("embedContent", _, Some(content)) => {
            let values = super::embeddings::vector(&content.to_string(), 8);
            json(&json!({"embedding": {"values": values}}))
        }
        ("generateContent" | "streamGenerateContent" | "countTokens", None, _) => bad("contents is not specified"),
        _ => error(Family::Gemini, StatusCode::NOT_FOUND, "this demo server does not serve that method"),
    }
}

/// A call of the first function where one has to be called, JSON where that is asked for, or text.
fn answer(server: &Server, model: &str, request: &Value, contents: &Value) -> Value {
    let at = |path: &str| request.pointer(path);
    let function = at("/tools/0/functionDeclarations/0/name")
        .filter(|_| at("/toolConfig/functionCallingConfig/mode").and_then(Value::as_str) == Some("ANY"));
    let part = match function {
        Some(name) => json!({"functionCall": {"name": name, "args": {"served_by": &*server.name, "model": model}}}),
        None if at("/generationConfig/responseMimeType").and_then(Value::as_str) == Some("application/json") => {
            json!({"text": server.answer_json(model)})
        }
        None => json!({"text": server.answer(model)}),
    };
    reply(&part, model, contents, Some("STOP"))
}

fn chunks(text: &str, model: &str, contents: &Value) -> Vec<Value> {
    let count = pieces(text).count();
    let finish = |nth: usize| (nth + 1 == count).then_some("STOP");
    pieces(text).enumerate().map(|(nth, piece)| reply(&json!({"text": piece}), model, contents, finish(nth))).collect()
}

fn reply(part: &Value, model: &str, contents: &Value, finish: Option<&str>) -> Value {
    let (prompt, answer) = (tokens(contents).max(1), 6);
    let mut candidate = json!({"content": {"role": "model", "parts": [part]}, "index": 0});
    if let (Some(members), Some(finish)) = (candidate.as_object_mut(), finish) {
        members.insert("finishReason".into(), json!(finish));
    }
    json!({
        "candidates": [candidate], "modelVersion": model,
        "usageMetadata": {
            "promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": prompt + answer,
        },
    })
}
