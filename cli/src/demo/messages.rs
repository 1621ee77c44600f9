//! Anthropic messages: the plain object, its stream of events, and token counting.

use super::reply::{Family, Request, json, pieces};
use super::{Server, stream};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

pub(super) async fn serve(State(server): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::Anthropic, &body, &["messages", "max_tokens"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let block = block(&server, &request);
    let reason = if block.get("input").is_some() { "tool_use" } else { "end_turn" };
    if request.is("stream") {
        stream::events(events(&server, &request, &block, reason))
    } else {
        json(&message(&server, &request, &[block], json!(reason), 6))
    }
}

pub(super) async fn count_tokens(body: Bytes) -> Response {
    match Request::read(Family::Anthropic, &body, &["messages"]) {
        Ok(request) => json(&json!({"input_tokens": request.tokens("messages")})),
        Err(response) => *response,
    }
}

fn message(server: &Server, request: &Request, content: &[Value], stop_reason: Value, output_tokens: u32) -> Value {
    json!({
        "id": server.id("msg"), "type": "message", "role": "assistant", "model": request.model, "content": content,
        "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {
            "input_tokens": request.tokens("messages"), "output_tokens": output_tokens,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        },
    })
}

/// The one content block: text, or a call of the tool it was told to call.
fn block(server: &Server, request: &Request) -> Value {
    let choice = request.get("tool_choice");
    let named = choice.get("name").and_then(Value::as_str);
    let first = request.get("tools").get(0).and_then(|tool| tool.get("name")?.as_str());
    match named.or(first.filter(|_| choice.get("type").is_some_and(|kind| kind == "any"))) {
        Some(tool) => json!({
            "type": "tool_use", "id": "toolu_demo", "name": tool,
            "input": {"served_by": &*server.name, "model": request.model},
        }),
        None => json!({"type": "text", "text": server.answer(&request.model)}),
    }
}

fn events(server: &Server, request: &Request, block: &Value, reason: &str) -> Vec<Value> {
    let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    let (begun, deltas): (Value, Vec<Value>) = match (block.get("input"), block.get("text").and_then(Value::as_str)) {
        (Some(input), _) => {
            let begun = json!({"type": "tool_use", "id": "toolu_demo", "name": block.get("name"), "input": {}});
            let input = input.to_string();
            (
                begun,
                input
                    .split_inclusive(',')
                    .map(|part| delta(json!({"type": "input_json_delta", "partial_json": part})))
                    .collect(),
            )
        }
        (None, text) => {
            let parts = pieces(text.unwrap_or_default());
            (
                json!({"type": "text", "text": ""}),
                parts.map(|part| delta(json!({"type": "text_delta", "text": part}))).collect(),
            )
        }
    };
    let mut events = vec![
        json!({"type": "message_start", "message": message(server, request, &[], Value::Null, 1)}),
        json!({"type": "content_block_start", "index": 0, "content_block": begun}),
        json!({"type": "ping"}),
    ];
    events.extend(deltas);
    events.push(json!({"type": "content_block_stop", "index": 0}));
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 6}}));
    events.push(json!({"type": "message_stop"}));
    events
}
