//! Requests whose path names the model.

use super::check;
use crate::corridor::{Received, receive};
use crate::tests::chat;
use crate::{Exchange, Live};
use serde_json::{Value, json};

fn at(path: &str, body: &str) -> Exchange {
    Exchange { path: path.into(), ..chat(body) }
}

fn clouds() -> Value {
    let cloud = |name: &str, api: &str| json!({ "name": name, "cluster": format!("c-{name}"), "apis": [api] });
    json!({
        "models": [
            { "name": "gpt", "cluster": "c-gpt", "upstreamModel": "gpt-1" },
            { "name": "eu", "cluster": "c-eu", "path": { "prefix": "/openai/deployments/eu-1", "query": "api-version=2" } },
            cloud("flash", "gemini"), cloud("haiku:1", "bedrock"), cloud("pro", "vertex"),
        ],
        "rules": [
            { "name": "streams", "match": { "models": ["flash"], "stream": true }, "deny": {} },
            { "name": "secrets", "match": { "keywords": ["secret"] }, "deny": {} },
        ],
    })
}

#[test]
fn the_path_names_the_model() {
    let policy = clouds();
    let azure = "/openai/deployments/gpt/chat/completions?api-version=1";
    let sent = |model: &str, api: &str| {
        [("action", json!("route")), ("asked", json!(model)), ("model", json!(model)), ("api", json!(api))]
    };
    for body in [r#"{"model":"gpt"}"#, "{}", r#"{"messages":[],"model":"\u0067pt"}"#] {
        check(&policy, &at(azure, body), &sent("gpt", "chatCompletions"));
    }
    check(&policy, &at(azure, r#"{"model":"eu"}"#), &[("reason", json!("twoModels")), ("status", json!(400))]);
    check(&policy, &at("/v1beta/models/flash:generateContent", r#"{"contents":[]}"#), &sent("flash", "gemini"));
    check(&policy, &at("/model/haiku%3A1/converse-stream", r#"{"messages":[]}"#), &sent("haiku:1", "bedrock"));
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/pro:countTokens";
    check(&policy, &at(vertex, r#"{"contents":[]}"#), &sent("pro", "vertex"));
}

#[test]
fn what_a_path_says_is_subject_to_the_rules() {
    let policy = clouds();
    let stream = at("/v1beta/models/flash:streamGenerateContent?alt=sse", r#"{"contents":[]}"#);
    check(&policy, &stream, &[("rule", json!("streams"))]);
    let secret = r#"{"contents":[{"parts":[{"text":"a secret"}]}]}"#;
    check(&policy, &at("/v1beta/models/flash:generateContent", secret), &[("rule", json!("secrets"))]);
    check(&policy, &at("/v1beta/models/gpt:generateContent", "{}"), &[("reason", json!("noCandidate"))]);
    check(&policy, &at("/v1beta/models/other:generateContent", "{}"), &[("reason", json!("unknownModel"))]);
    check(
        &policy,
        &at("/v1beta/models/flash:generateContent", r#"{"model":"flash"}"#),
        &[("reason", json!("twoModels"))],
    );
    check(&policy, &chat(r#"{"model":"flash"}"#), &[("reason", json!("noCandidate"))]);
    check(&policy, &at("/v1beta/models/flash:generateContent?model=pro", "{}"), &[("reason", json!("queryModel"))]);
    let mut signed = at("/model/haiku:1/converse", "{}");
    signed.headers.push(("authorization".into(), b"AWS4-HMAC-SHA256 Credential=x".to_vec()));
    check(&policy, &signed, &[("reason", json!("signedRequest")), ("status", json!(400))]);
}

#[test]
fn the_body_stays_where_the_path_names_the_model() {
    use crate::corridor::Step;
    let value = clouds();
    let policy = super::policy(&value);
    let edits = |path: &str, body: &str| {
        let exchange = at(path, body);
        let headers: Vec<(&[u8], &[u8])> =
            vec![(b":method", b"POST"), (b":path", path.as_bytes()), (b"content-type", b"application/json")];
        let Received::Read(mut reading) = receive(&policy, &headers, &exchange, &Live::default, false) else {
            panic!("not read")
        };
        match (reading.push(body.as_bytes()), reading.finish()) {
            (Step::Route(edits), Step::Flow) | (Step::Hold, Step::Route(edits)) => {
                let path = edits.set_headers.iter().find(|(name, _)| *name == ":path").map(|(_, path)| path.clone());
                let mut splices = edits.splices.into_iter();
                (splices.next().map(|splice| String::from_utf8(splice.with).expect("text")), path)
            }
            other => panic!("{other:?}"),
        }
    };
    let deployment = "/openai/deployments/gpt/chat/completions?api-version=1";
    let sent = |splice: Option<&str>, path: Option<&str>| (splice.map(ToOwned::to_owned), path.map(ToOwned::to_owned));
    assert_eq!(edits(deployment, r#"{"x":1}"#), sent(Some(r#""model":"gpt-1","#), Some("/v1/chat/completions")));
    assert_eq!(edits(deployment, r#"{"model":"gpt"}"#), sent(Some(r#""gpt-1""#), Some("/v1/chat/completions")));
    let eu = "/openai/deployments/eu-1/chat/completions?api-version=2";
    assert_eq!(edits(&deployment.replace("gpt", "eu"), r#"{"model":"eu"}"#), sent(None, Some(eu)));
    assert_eq!(edits("/v1beta/models/flash:generateContent", "{}"), sent(None, None));
    assert_eq!(edits("/model/haiku:1/converse", "{}"), sent(None, Some("/model/haiku%3A1/converse")));
}

#[test]
fn a_socket_carries_no_model_unread() {
    let policy = clouds();
    let socket = |path: &str| {
        let headers = vec![("upgrade".to_owned(), b"websocket".to_vec())];
        Exchange { method: "GET".into(), path: path.into(), headers, ..chat("") }
    };
    for (path, reason) in [
        ("/v1/responses", "websocket"),
        ("/other/v1/responses", "unknownPath"),
        ("/openai/realtime?deployment=gpt", "unsupportedApi"),
        ("/v1/realtime/translations", "unsupportedApi"),
        ("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", "unsupportedApi"),
    ] {
        check(&policy, &socket(path), &[("reason", json!(reason))]);
    }
}
