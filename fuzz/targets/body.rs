//! Any body, in any split: never a panic, the same outcome for every split, and no reading of the model
//! that serde_json would not share.

#![no_main]

mod walk;

use libfuzzer_sys::fuzz_target;
use pointsman_engine::Policy;
use std::sync::LazyLock;

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
    if let Some((record, after)) = walk::walk(&POLICY, path, "application/json", cuts, body) {
        match serde_json::from_slice::<serde_json::Value>(&after) {
            Ok(value) => assert_eq!(value["model"].as_str(), record.upstream_model.as_deref()),
            // The one thing that serde_json refuses and RFC 8259 allows.
            Err(error) => assert!(error.to_string().contains("number out of range"), "{error}"),
        }
    }
});
