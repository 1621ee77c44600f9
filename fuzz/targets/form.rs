//! Any form, in any split: never a panic, the same outcome for every split, and what goes on names the one model that was
//! decided, to a reader that shares no code with the engine.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::{Exchange, Live, Policy, Received, Step, explain, receive, spliced};
use std::sync::{Arc, LazyLock};

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
    let content_type = format!("multipart/form-data; boundary={boundary}").into_bytes();
    let exchange = Exchange {
        method: "POST".into(),
        path: path.into(),
        headers: vec![("content-type".into(), content_type.clone())],
        body: body.to_vec(),
        ..Exchange::default()
    };
    let policy = Arc::new(POLICY.clone());
    let whole = explain(&policy, &exchange);
    if body.is_empty() {
        return;
    }
    let headers: [(&[u8], &[u8]); 3] =
        [(b":method", b"POST"), (b":path", path.as_bytes()), (b"content-type", &content_type)];
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
        let after = spliced(body, &splices);
        let upstream = record.as_ref().and_then(|record| record.upstream_model.as_deref()).expect("a model");
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
