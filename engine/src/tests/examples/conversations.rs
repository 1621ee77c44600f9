//! Which requests belong together, and to whom.

use super::check;
use crate::tests::{chat, policy, walk};
use crate::{Exchange, Live, explain};
use serde_json::{Value, json};

/// What providers keep: a request that refers to it, and whether it is held.
const KEPT: [(&str, &str, bool); 28] = [
    ("/v1/responses", r#"{"model":"auto","input":"On.","previous_response_id":"resp_1"}"#, true),
    ("/v1/responses", r#"{"model":"auto","input":"On.","previous_response_id":null}"#, false),
    ("/v1/responses", r#"{"model":"auto","input":"On.","conversation":{"id":"conv_1"}}"#, true),
    ("/v1/responses", r#"{"model":"auto","input":[{"type":"item_reference","id":"msg_1"}]}"#, true),
    ("/v1/responses", r#"{"model":"auto","prompt":{"id":"pmpt_1","variables":{"id":"x"}}}"#, true),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"file_search","vector_store_ids":["vs_1"]}]}"#,
        true,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"code_interpreter","container":"cntr_1"}]}"#,
        true,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"code_interpreter","container":{"type":"auto"}}]}"#,
        false,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":[{"type":"reasoning","encrypted_content":"AAAA","id":"rs_1"}]}"#,
        false,
    ),
    (
        "/v1/chat/completions",
        r#"{"model":"auto","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]}"#,
        true,
    ),
    ("/v1/chat/completions", r#"{"model":"auto","messages":[{"role":"assistant","audio":{"id":"audio_1"}}]}"#, true),
    (
        "/v1/chat/completions",
        r#"{"model":"auto","messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"{\"file_id\":1}"}}]}]}"#,
        false,
    ),
    (
        "/v1/messages",
        r#"{"model":"auto","messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]}"#,
        true,
    ),
    (
        "/v1/messages",
        r#"{"model":"auto","messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"file_id":"f"}}]}]}"#,
        false,
    ),
    ("/v1/responses", r#"{"model":"auto","input":[{"id":"msg_1"},{"role":"user","content":"x"}]}"#, true),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"image_generation","input_image_mask":{"file_id":"f"}}]}"#,
        true,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"image_generation","input_image_mask":{"image_url":"data:"}}]}"#,
        false,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"shell","environment":{"type":"container_reference","container_id":"c"}}]}"#,
        true,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"shell","environment":{"type":"container_auto","skills":[{"type":"skill_reference","skill_id":"s"}]}}]}"#,
        true,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"shell","environment":{"type":"container_auto","skills":[{"type":"inline","name":"s"}]}}]}"#,
        false,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"computer_use_preview","environment":"browser"}]}"#,
        false,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"document_library","library_ids":["l"]}]}"#,
        true,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":"x","tools":[{"type":"collections_search","collection_ids":["c"]}]}"#,
        true,
    ),
    (
        "/v1/responses",
        r#"{"model":"auto","input":[{"type":"additional_tools","tools":[{"type":"file_search","vector_store_ids":["v"]}]}]}"#,
        true,
    ),
    (
        "/v1/messages",
        r#"{"model":"auto","messages":[],"container":{"skills":[{"type":"custom","skill_id":"skill_1"}]}}"#,
        true,
    ),
    (
        "/v1/messages",
        r#"{"model":"auto","messages":[],"container":{"skills":[{"type":"anthropic","skill_id":"pptx"}]}}"#,
        false,
    ),
    ("/v1/images/edits", r#"{"model":"auto","prompt":"x","images":[{"file_id":"f"}]}"#, true),
    ("/v1/images/edits", r#"{"model":"auto","prompt":"x","images":[{"image_url":"https://a"}]}"#, false),
];

fn with_fallback() -> Value {
    json!({
        "models": [
            { "name": "first", "cluster": "a" }, { "name": "second", "cluster": "b" }, { "name": "third", "cluster": "a" },
        ],
        "aliases": [{ "name": "auto" }],
        "rules": [{ "name": "r", "route": {
            "targets": [{ "model": "first" }], "fallback": ["second", "third"], "mirror": { "model": "second" },
        } }],
    })
}

#[test]
fn what_a_provider_keeps_holds_the_request_there() {
    let mut policy = with_fallback();
    let held = [
        ("model", json!("first")),
        ("chain", json!(["first", "third"])),
        ("mirror", Value::Null),
        ("excluded", json!([{ "model": "second", "reason": "held" }])),
    ];
    let free = [("model", json!("first")), ("chain", json!(["first", "second", "third"])), ("excluded", Value::Null)];
    for (path, body, is_held) in KEPT {
        let exchange = Exchange { path: path.to_owned(), ..chat(body) };
        check(&policy, &exchange, if is_held { &held } else { &free });
    }
    let (path, body, _) = KEPT[0];
    let exchange = Exchange { path: path.to_owned(), ..chat(body) };
    let limited = Exchange { live: Live::demoting(vec!["first".to_owned()]), ..exchange.clone() };
    check(&policy, &limited, &held);
    for state in [json!({ "shared": [["b", "a"]] }), json!({ "holds": false })] {
        policy["providerState"] = state;
        check(&policy, &exchange, &free);
    }
}

/// Of two words for one thing, a request in one piece shows both before it is decided, and one that trickles in does not.
#[test]
fn the_second_of_two_words_changes_nothing_that_may_be_decided() {
    let streams = |expected: bool| json!({ "name": "r", "match": { "stream": expected }, "deny": {} });
    let policy = |rules: Value| {
        policy(&json!({
            "models": [{ "name": "m", "cluster": "c", "contextWindow": 100, "apis": ["chatCompletions", "bedrock"] }],
            "rules": rules,
        }))
    };
    for (rules, path, body) in [
        (json!([streams(true)]), "/model/m/converse", r#"{"stream":"perhaps"}"#),
        (json!([streams(false)]), "/model/m/converse-stream", r#"{"stream":false,"messages":[]}"#),
        (json!([]), "/v1/chat/completions", r#"{"model":"m","max_tokens":1000,"max_completion_tokens":{}}"#),
    ] {
        let (policy, exchange) = (policy(rules), Exchange { path: path.to_owned(), ..chat(body) });
        let whole = walk(&policy, &exchange, &[], &[&exchange.body], true);
        let bytes: Vec<&[u8]> = exchange.body.chunks(1).collect();
        assert_eq!(walk(&policy, &exchange, &[], &bytes, true), whole, "{body}");
    }
}

#[test]
fn a_session_is_what_the_client_says_it_is() {
    let balanced = |sticky: Value| {
        json!({
            "models": [{ "name": "left", "cluster": "a" }, { "name": "right", "cluster": "b" }],
            "rules": [{ "name": "r", "route": {
                "targets": [{ "model": "left" }, { "model": "right" }], "sticky": sticky,
            } }],
        })
    };
    // How many of 64 pairs of requests that share only this stay together: all of them, or about half.
    let together = |sticky: Value, headers: &[(&str, &str)], member: &str| {
        let policy = policy(&balanced(sticky));
        let model = |session: usize, text: usize| {
            let member = member.replace('#', &session.to_string());
            let mut exchange = chat(format!(r#"{{"messages":[{{"role":"user","content":"text {text}"}}]{member}}}"#));
            for (name, value) in headers {
                exchange.headers.push(((*name).into(), value.replace('#', &session.to_string()).into_bytes()));
            }
            explain(&policy, &exchange).and_then(|record| record.model)
        };
        (0..64).filter(|session| model(*session, *session) == model(*session, session + 1000)).count() == 64
    };
    let default = || json!({});
    for member in [
        r#","metadata":{"other":["x"],"user_id":"u#"}"#,
        r#","prompt_cache_key":"k#""#,
        r#","session_id":"s#""#,
        r#","metadata":{"user_id":"","session_id":"s#"}"#,
    ] {
        assert!(together(default(), &[], member), "{member}");
        assert!(!together(json!({ "fields": [] }), &[], member), "{member}");
    }
    for member in ["", r#","user":"u#""#, r#","metadata":{"user_id":[#]}"#, r#","prompt_cache_key":7"#] {
        assert!(!together(default(), &[], member), "{member}");
    }
    assert!(together(json!({ "fields": ["user"] }), &[], r#","user":"u#""#));
    assert!(together(json!({ "fields": ["metadata.thread"] }), &[], r#","metadata":{"thread":"u#"}"#));
    let codex = [("session_id", "s#")];
    assert!(together(default(), &codex, "") && !together(json!({ "clientHeaders": false }), &codex, ""));
    assert!(together(json!({ "header": "x-mine" }), &[("x-mine", "s#")], ""));
    // The header first, then the fields, then what known clients send.
    let all = [("x-mine", "h"), ("session_id", "s#")];
    assert!(together(json!({ "header": "x-mine" }), &all, r#","prompt_cache_key":"k#""#));
}
