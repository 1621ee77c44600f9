//! OpenAI responses: the plain object, and its stream of events.

use super::chat::forced_tool;
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
    let (id, item) = (server.id("resp"), item(&server, &request));
    if request.is("stream") {
        stream::events(events(&id, &request, &item))
    } else {
        json(&response(&id, &request, "completed", &[item]))
    }
}

pub(super) async fn count_tokens(body: Bytes) -> Response {
    match Request::read(Family::OpenAi, &body, &[]) {
        Ok(request) => json(&json!({"object": "response.input_tokens", "input_tokens": request.tokens("input")})),
        Err(response) => *response,
    }
}

fn response(id: &str, request: &Request, status: &str, output: &[Value]) -> Value {
    let input = request.tokens("input");
    let usage = json!({
        "input_tokens": input, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 6, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + 6,
    });
    json!({
        "id": id, "object": "response", "created_at": now(), "status": status, "error": null, "incomplete_details": null,
        "instructions": request.get("instructions"), "max_output_tokens": null, "metadata": {}, "model": request.model,
        "output": output, "parallel_tool_calls": true, "previous_response_id": null, "reasoning": {"effort": null, "summary": null},
        "store": false, "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
        "top_p": 1.0, "truncation": "disabled", "usage": if status == "completed" { usage } else { Value::Null },
    })
}

/// The one thing it answers with: a message, or a call of the tool it was told to call.
fn item(server: &Server, request: &Request) -> Value {
    match forced_tool(request) {
        Some(tool) => json!({
            "id": "fc_demo", "type": "function_call", "status": "completed", "call_id": "call_demo",
            "name": tool, "arguments": server.answer_json(&request.model),
        }),
        None => {
            let part = json!({"type": "output_text", "text": server.answer(&request.model), "annotations": []});
            json!({"id": "msg_demo", "type": "message", "status": "completed", "role": "assistant", "content": [part]})
        }
    }
}

fn events(id: &str, request: &Request, item: &Value) -> Vec<Value> {
    let mut events = vec![
        json!({"type": "response.created", "response": response(id, request, "in_progress", &[])}),
        json!({"type": "response.in_progress", "response": response(id, request, "in_progress", &[])}),
    ];
    events.extend(match item.get("arguments") {
        Some(arguments) => call_events(item, arguments.as_str().unwrap_or_default()),
        None => message_events(item),
    });
    events.push(json!({"type": "response.output_item.done", "output_index": 0, "item": item}));
    events.push(json!({"type": "response.completed", "response": response(id, request, "completed", std::slice::from_ref(item))}));
    for (number, event) in events.iter_mut().enumerate() {
        if let Some(members) = event.as_object_mut() {
            members.insert("sequence_number".into(), json!(number));
        }
    }
    events
}

fn message_events(item: &Value) -> Vec<Value> {
    let (item_id, part) = (&item["id"], item.pointer("/content/0"));
    let text = part.and_then(|part| part.get("text")?.as_str()).unwrap_or_default();
    let begun = json!({"id": item_id, "type": "message", "status": "in_progress", "role": "assistant", "content": []});
    let empty = json!({"type": "output_text", "text": "", "annotations": []});
    let at = |kind: &str| json!({"type": kind, "item_id": item_id, "output_index": 0, "content_index": 0});
    let mut events = vec![
        json!({"type": "response.output_item.added", "output_index": 0, "item": begun}),
        merge(at("response.content_part.added"), json!({"part": empty})),
    ];
    events.extend(
        pieces(text).map(|piece| merge(at("response.output_text.delta"), json!({"delta": piece, "logprobs": []}))),
    );
    events.push(merge(at("response.output_text.done"), json!({"text": text, "logprobs": []})));
    events.push(merge(at("response.content_part.done"), json!({"part": part})));
    events
}

fn call_events(item: &Value, arguments: &str) -> Vec<Value> {
    let item_id = &item["id"];
    let begun = merge(item.clone(), json!({"status": "in_progress", "arguments": ""}));
    let at = |kind: &str| json!({"type": kind, "item_id": item_id, "output_index": 0});
    let mut events = vec![json!({"type": "response.output_item.added", "output_index": 0, "item": begun})];
    let delta = |piece| merge(at("response.function_call_arguments.delta"), json!({"delta": piece}));
    events.extend(arguments.split_inclusive(',').map(delta));
    events.push(merge(
        at("response.function_call_arguments.done"),
        json!({"arguments": arguments, "name": item["name"]}),
    ));
    events
}

fn merge(mut object: Value, more: Value) -> Value {
    if let (Some(members), Value::Object(more)) = (object.as_object_mut(), more) {
        members.extend(more);
    }
    object
}
