//! The machines, held against a model of the proxy that drives them: any chunking, any order of what Envoy may reorder.

mod attempts;
mod chain;
mod failing;
mod proxy;
mod requests;

use crate::corridor::{Received, Step, receive};
use crate::splice::spliced;
use crate::{Exchange, Live, Policy};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// A header list of a test.
type Headers = Vec<(Vec<u8>, Vec<u8>)>;

fn policy(rules: &Value, on_failure: &Value, fallback: &[&str]) -> Arc<Policy> {
    let policy = json!({
        "models": [
            { "name": "small", "cluster": "c-small", "upstreamModel": "a-rather-long-upstream-name", "fallback": fallback },
            { "name": "b", "cluster": "c-b" },
            { "name": "far", "cluster": "c-far", "path": { "prefix": "/azure/far" } },
        ],
        "aliases": [{ "name": "auto", "model": "small" }],
        "rules": rules,
        "onFailure": on_failure,
    });
    Arc::new(Policy::from_json(policy.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{policy}: {errors}")))
}

/// Policies that decide early, late, by what stands behind the model, and that let pass what cannot be read.
fn policies() -> Vec<Arc<Policy>> {
    let long = json!([{ "name": "long", "match": { "inputTokens": { "min": 30 } }, "route": { "targets": [{ "model": "b" }] } }]);
    let stream = json!([{ "name": "live", "match": { "stream": true }, "deny": { "status": 429, "message": "no" } }]);
    let pass = json!({ "unparseable": "pass" });
    vec![
        policy(&json!([]), &json!({}), &[]),
        policy(&long, &json!({}), &["b"]),
        policy(&stream, &json!({}), &["far", "b"]),
        policy(&long, &pass, &[]),
        changing(),
    ]
}

/// A policy that changes more in a body than the model.
fn changing() -> Arc<Policy> {
    let policy = json!({
        "models": [
            { "name": "small", "cluster": "c-small", "parameters": {
                "user": { "drop": true }, "stream": { "rename": "streamed" }, "max_tokens": { "default": 7 } } },
            { "name": "b", "cluster": "c-b" },
        ],
        "aliases": [{ "name": "auto", "model": "small" }],
    });
    Arc::new(Policy::from_json(policy.to_string().as_bytes()).expect("a policy"))
}

/// A body as clients write them, and sometimes not.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => json_body(), 1 => form_body()]
}

/// A part of text.
fn part(name: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

/// A form whose model stands in front of its file or behind it.
fn form_body() -> impl Strategy<Value = Vec<u8>> {
    let model = prop::sample::select(vec!["small", "b", "auto", "", "nobody"]);
    let more = prop_oneof![
        6 => Just(String::new()),
        2 => (0_usize..40).prop_map(|words| part("prompt", &"word ".repeat(words))),
        1 => any::<bool>().prop_map(|stream| part("stream", &stream.to_string())),
        1 => Just(part("model", "b")),
    ];
    let tail = prop_oneof![8 => Just("--B--\r\n"), 1 => Just("--B--"), 1 => Just("--B-"), 1 => Just("--B--x")];
    (model, 0_usize..400, more, any::<bool>(), tail).prop_map(|(model, length, more, is_first, tail)| {
        let file = part("file\"; filename=\"a", &"\r\n-x".repeat(length / 5));
        let model = part("model", model);
        let (one, other) = if is_first { (model, file) } else { (file, model) };
        [one, more, other, tail.to_owned()].concat().into_bytes()
    })
}

fn json_body() -> impl Strategy<Value = Vec<u8>> {
    let models = prop::sample::select(vec![r#""small""#, r#""b""#, r#""auto""#, r#""sm\u0061ll""#, r#""nobody""#, "3"]);
    let member = prop_oneof![
        6 => Just(None),
        3 => (0_usize..400).prop_map(|length| Some(format!(r#""user": "{}""#, "x".repeat(length)))),
        1 => any::<bool>().prop_map(|stream| Some(format!(r#""stream":{stream}"#))),
        1 => Just(Some(r#""model":"b""#.to_owned())),
    ];
    let tail = prop_oneof![8 => Just(""), 1 => Just(" \n"), 1 => Just("}"), 1 => Just(",")];
    (models, 0_usize..60, prop::array::uniform3(member), 0_usize..3, tail).prop_map(
        |(model, words, members, at, tail)| {
            let text = "word ".repeat(words);
            let mut all = vec![format!(r#" "messages" : [{{"role":"user","content":"{text}"}}]"#)];
            all.insert(at.min(1), format!(r#""model" : {model}"#));
            all.extend(members.into_iter().flatten());
            if at == 2 {
                all.reverse();
            }
            format!("{{{}}}{tail}", all.join(", ")).into_bytes()
        },
    )
}

/// Where a body is cut into chunks; some are empty.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![]), prop::collection::vec(0_usize..700, 1..6), Just((0..700).collect::<Vec<_>>()),]
}

fn chunks(body: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(body.len())).collect();
    cuts.extend([0, body.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| body[pair[0]..pair[1]].to_vec()).collect()
}

fn exchange(body: &[u8]) -> Exchange {
    Exchange {
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        headers: vec![("content-type".into(), b"application/json".to_vec())],
        body: body.to_vec(),
        ..Exchange::default()
    }
}

/// Of a chat, or of a transcription if the body is a form.
fn request_headers(body: &[u8], with_length: bool) -> Headers {
    let (path, content_type) = if body.starts_with(b"--") {
        ("/v1/audio/transcriptions", "multipart/form-data; boundary=B")
    } else {
        ("/v1/chat/completions", "application/json")
    };
    let mut headers: Headers = [
        (":method", "POST"),
        (":path", path),
        (":authority", "llm.example"),
        ("x-forwarded-proto", "https"),
        ("content-type", content_type),
        ("digest", "sha-256=x"),
    ]
    .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
    .to_vec();
    if with_length {
        headers.push((b"content-length".to_vec(), body.len().to_string().into_bytes()));
    }
    headers
}

/// What must become of a request, read at once and without a proxy.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// It goes on, so, with this record.
    Route { body: Vec<u8>, record: String },
    /// It is answered with this status.
    Reply { status: u16, record: String },
}

fn expected(policy: &Arc<Policy>, body: &[u8], headers: &Headers) -> Expected {
    let list: Vec<(&[u8], &[u8])> = headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    let Received::Read(mut reading) = receive(policy, &list, &exchange(body), &Live::default, false) else {
        panic!("it is read")
    };
    let mut expected = None;
    for step in [reading.push(body), reading.finish()] {
        match step {
            Step::Hold | Step::Flow => {}
            Step::Route(edits) => {
                let body = spliced(body, &edits.splices);
                expected = Some(Expected::Route { body, record: edits.record.to_json() });
            }
            Step::Reply(reply) => {
                expected = Some(Expected::Reply { status: reply.status, record: reply.record.to_json() })
            }
        }
    }
    expected.expect("a decision")
}
