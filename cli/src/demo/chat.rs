//! OpenAI chat completions, with and without streaming.

use super::reply::{Family, Request, json, now, pieces};
use super::{Server, stream};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

pub(super) async fn serve(State(server): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::OpenAi, &body, &["messages"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    if request.is("stream") { stream::data(chunks(&server, &request)) } else { json(&completion(&server, &request)) }
}

/// The tool that must be called, when the request leaves no choice.
pub(super) fn forced_tool(request: &Request) -> Option<&str> {
    let choice = request.get("tool_choice");
    let named = choice.pointer("/function/name").or_else(|| choice.get("name")).and_then(Value::as_str);
    let tool = request.get("tools").get(0)?;
    let first = tool.pointer("/function/name").or_else(|| tool.get("name")).and_then(Value::as_str);
    named.or(first.filter(|_| choice == "required"))
}

fn answer(server: &Server, request: &Request) -> String {
    let wants_json = request.get("response_format").get("type").is_some_and(|kind| kind != "text");
    if wants_json { server.answer_json(&request.model) } else { server.answer(&request.model) }
}

fn usage(request: &Request) -> Value {
    let (prompt, completion) = (request.tokens("messages"), 6);
    json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0},
    })
}

fn tool_call(server: &Server, request: &Request, tool: &str) -> Value {
    json!({"id": "call_demo", "type": "function", "function": {"name": tool, "arguments": server.answer_json(&request.model)}})
}

fn completion(server: &Server, request: &Request) -> Value {
    let (message, finish) = match forced_tool(request) {
        Some(tool) => {
            let call = tool_call(server, request, tool);
            (json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]}), "tool_calls")
        }
        None => (json!({"role": "assistant", "content": answer(server, request), "refusal": null}), "stop"),
    };
    let count = request.get("n").as_u64().unwrap_or(1).clamp(1, 16);
    let choice = |index| json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish});
    json!({
        "id": server.id("chatcmpl"), "object": "chat.completion", "created": now(), "model": request.model,
        "choices": (0..count).map(choice).collect::<Vec<_>>(), "usage": usage(request), "system_fingerprint": "fp_demo",
    })
}

fn chunks(server: &Server, request: &Request) -> Vec<Value> {
    let (id, created) = (server.id("chatcmpl"), now());
    let wants_usage = request.get("stream_options").get("include_usage") == Some(&Value::Bool(true));
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": id, "object": "chat.completion.chunk", "created": created, "model": request.model,
            "choices": choices, "system_fingerprint": "fp_demo",
        });
        if let Some(members) = chunk.as_object_mut().filter(|_| wants_usage) {
            members.insert("usage".into(), usage);
        }
        chunk
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]), Value::Null)
    };
    let mut chunks = Vec::new();
    let finish = match forced_tool(request) {
        Some(tool) => {
            let call =
                json!({"index": 0, "id": "call_demo", "type": "function", "function": {"name": tool, "arguments": ""}});
            chunks.push(delta(json!({"role": "assistant", "content": null, "tool_calls": [call]}), Value::Null));
            let arguments = server.answer_json(&request.model);
            let part = |part| json!({"tool_calls": [{"index": 0, "function": {"arguments": part}}]});
            chunks.extend(arguments.split_inclusive(',').map(|piece| delta(part(piece), Value::Null)));
            "tool_calls"
        }
        None => {
            chunks.push(delta(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null));
            let answer = answer(server, request);
            chunks.extend(pieces(&answer).map(|piece| delta(json!({"content": piece}), Value::Null)));
            "stop"
        }
    };
    chunks.push(delta(json!({}), json!(finish)));
    if wants_usage {
        chunks.push(chunk(json!([]), usage(request)));
    }
    chunks
}
