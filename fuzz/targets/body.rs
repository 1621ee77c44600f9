//! Any body, in any split: never a panic, the same outcome for every split, and no reading of the model
//! that serde_json would not share.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::{Exchange, Live, Policy, Received, Step, explain, receive, spliced};
use std::sync::{Arc, LazyLock};

/// A policy that reads everything there is to read.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let json = br#"{
        "models": [
            {"name": "a", "cluster": "a", "contextWindow": 50, "capabilities": ["tools"]},
            {"name": "b", "cluster": "b", "upstreamModel": "b\"2", "parameters": {
                "user": {"drop": true}, "seed": {"rename": "s"}, "n": {"cap": 3, "default": 1}, "options.num_ctx": {"drop": true}}}
        ],
        "rules": [
            {"name": "words", "match": {"keywords": ["contract", "\u673a\u5bc6"]}, "deny": {}},
            {"name": "long", "match": {"inputTokens": {"min": 20}, "messages": {"max": 3}, "stream": true}, "route": {"targets": [{"model": "a"}]}},
            {"name": "split", "match": {"models": ["*"], "images": false}, "route": {"targets": [{"model": "a"}, {"model": "b"}]}}
        ]
    }"#;
    Policy::from_json(json).expect("a valid policy")
});

const PATHS: [&str; 9] = [
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/v1/responses/input_tokens",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/moderations",
    "/api/chat",
    "/v1/rerank",
];

fuzz_target!(|input: (u8, Vec<u8>, &[u8])| {
    let (choice, cuts, body) = input;
    let path = PATHS[usize::from(choice) % PATHS.len()];
    let exchange = Exchange {
        method: "POST".into(),
        path: path.into(),
        headers: vec![("content-type".into(), b"application/json".to_vec())],
        body: body.to_vec(),
        ..Exchange::default()
    };
    let policy = Arc::new(POLICY.clone());
    let whole = explain(&policy, &exchange);
    if body.is_empty() {
        return;
    }
    let headers: [(&[u8], &[u8]); 3] =
        [(b":method", b"POST"), (b":path", path.as_bytes()), (b"content-type", b"application/json")];
    let Received::Read(mut reading) = receive(&policy, &headers, &exchange, &Live::default, false) else {
        panic!("an API call is read")
    };
    let (mut record, mut rest) = (None, body);
    let mut steps = Vec::new();
    for cut in cuts {
        let (chunk, tail) = rest.split_at(usize::from(cut).min(rest.len()));
        steps.push(reading.push(chunk));
        rest = tail;
    }
    steps.push(reading.push(rest));
    steps.push(reading.finish());
    let mut routed = None;
    for step in steps {
        match step {
            Step::Route(edits) => {
                record = Some(Arc::unwrap_or_clone(edits.record));
                routed = Some(edits.splices);
            }
            Step::Reply(reply) => {
                record = Some(reply.record);
                routed = None;
            }
            Step::Hold | Step::Flow => {}
        }
    }
    assert_eq!(record, whole);
    if let Some(splices) = routed {
        match serde_json::from_slice::<serde_json::Value>(&spliced(body, &splices)) {
            Ok(value) => {
                assert_eq!(value["model"].as_str(), record.as_ref().and_then(|record| record.upstream_model.as_deref()))
            }
            // The one thing that serde_json refuses and RFC 8259 allows.
            Err(error) => assert!(error.to_string().contains("number out of range"), "{error}"),
        }
    }
});
