//! Any form, in any split: never a panic, the same outcome for every split, and what goes on names the one model that was
//! decided, to a reader that shares no code with the engine.

#![no_main]

mod walk;

use libfuzzer_sys::fuzz_target;
use pointsman_engine::Policy;
use std::sync::LazyLock;

/// A policy that reads everything there is to read.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let json = br#"{
        "models": [
            {"name": "a", "cluster": "a", "contextWindow": 50},
            {"name": "b", "cluster": "b", "upstreamModel": "b\"2"}
        ],
        "rules": [
            {"name": "words", "match": {"keywords": ["contract", "\u673a\u5bc6"]}, "deny": {}},
            {"name": "long", "match": {"inputTokens": {"min": 20}, "stream": true}, "route": {"targets": [{"model": "a"}]}},
            {"name": "split", "match": {"models": ["*"], "tools": false}, "route": {"targets": [{"model": "a"}, {"model": "b"}]}}
        ],
        "onFailure": {"missingModel": {"model": "b"}}
    }"#;
    Policy::from_json(json).expect("a valid policy")
});

const PATHS: [&str; 4] =
    ["/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits", "/v1/images/variations"];
const BOUNDARIES: [&str; 4] = ["B", "-", "--a--a", "9b8b041cd77e16c0d4fd01f835bff6da"];

fuzz_target!(|input: (u8, Vec<u8>, &[u8])| {
    let (choice, cuts, body) = input;
    let path = PATHS[usize::from(choice) % PATHS.len()];
    let boundary = BOUNDARIES[usize::from(choice >> 2) % BOUNDARIES.len()];
    let content_type = format!("multipart/form-data; boundary={boundary}");
    if let Some((record, after)) = walk::walk(&POLICY, path, &content_type, cuts, body) {
        let upstream = record.upstream_model.as_deref().expect("a model");
        assert_eq!(models(&after, boundary), [upstream]);
    }
});

/// The contents of all parts that are called `model`, by a reader that cares for nothing else.
fn models(body: &[u8], boundary: &str) -> Vec<String> {
    // One byte is one character, so that nothing is lost.
    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
    let (text, line) = (format!("\r\n{text}"), format!("\r\n--{boundary}"));
    let parts = text.split(&line).filter_map(|part| part.split_once("\r\n\r\n"));
    let named = parts.filter(|(head, _)| {
        let head: String = head.to_ascii_lowercase().chars().filter(|sign| !" \t\"".contains(*sign)).collect();
        head.split("\r\n").any(|line| {
            line.starts_with("content-disposition:") && line.split(';').any(|parameter| parameter == "name=model")
        })
    });
    named.map(|(_, content)| content.to_owned()).collect()
}
