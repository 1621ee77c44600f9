//! What a request is sent as, besides its model.

use crate::corridor::{Received, Step, receive};
use crate::{Edits, Exchange, Live};
use serde_json::{Value, json};

/// The edits of a request that is routed.
pub(super) fn edits(policy: &Value, exchange: &Exchange) -> Edits {
    let policy = crate::tests::policy(policy);
    let headers: Vec<(&[u8], &[u8])> = [(&b":method"[..], &b"POST"[..]), (b":path", exchange.path.as_bytes())]
        .into_iter()
        .chain(exchange.headers.iter().map(|(name, value)| (name.as_bytes(), &value[..])))
        .collect();
    let Received::Read(mut reading) = receive(&policy, &headers, exchange, &Live::default, false) else {
        panic!("it is read")
    };
    let steps = [reading.push(&exchange.body), reading.finish()];
    let edits = steps.into_iter().find_map(|step| if let Step::Route(edits) = step { Some(*edits) } else { None });
    edits.expect("it is routed")
}

fn set<'a>(edits: &'a Edits, wanted: &str) -> Option<&'a str> {
    edits.set_headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
}

#[test]
fn a_rule_says_how_long_its_requests_may_take() {
    let rule = |model: &str, timeout: &str| {
        json!({
            "name": model, "match": { "models": [model] }, "route": { "targets": [{ "model": model }], "timeout": timeout },
        })
    };
    let policy = json!({
        "models": [
            { "name": "one", "cluster": "c" },
            { "name": "chain", "cluster": "c", "fallback": ["one"] },
            { "name": "other", "cluster": "c" },
        ],
        "rules": [rule("one", "1500ms"), rule("chain", "2m")],
    });
    for (model, timeout) in [("one", Some("1500")), ("chain", Some("120000")), ("other", None)] {
        let edits = edits(&policy, &crate::tests::chat(format!(r#"{{"model":"{model}"}}"#)));
        assert_eq!(set(&edits, "x-envoy-upstream-rq-timeout-ms"), timeout, "{model}");
        assert_eq!(
            edits.set_headers.last().map(|(name, _)| *name),
            Some("x-pointsman-cluster"),
            "the cluster comes last"
        );
    }
}

fn own(headers: &[(String, Option<Vec<u8>>)]) -> Vec<(&str, Option<&str>)> {
    let text =
        |value: &Option<Vec<u8>>| value.as_ref().map(|value| std::str::from_utf8(value).expect("text").to_owned());
    headers.iter().map(|(name, value)| (name.as_str(), text(value).map(|text| &*text.leak()))).collect()
}

#[test]
fn a_model_changes_headers_of_its_own() {
    let policy = json!({ "models": [
        { "name": "a", "cluster": "c", "fallback": ["b", "plain"], "headers": {
            "set": { "anthropic-beta": "one" }, "remove": ["x-title"], "rename": { "x-old": "x-new", "x-1": "x-2" },
        } },
        { "name": "b", "cluster": "d", "headers": { "set": { "x-title": "b" } } },
        { "name": "plain", "cluster": "e" },
    ], "rules": [{ "name": "one", "match": { "models": ["alone"] }, "route": { "targets": [{ "model": "a" }], "fallback": [] } }],
       "aliases": [{ "name": "alone" }] });
    let mut exchange = crate::tests::chat(r#"{"model":"alone"}"#);
    for (name, value) in
        [("anthropic-beta", "x"), ("anthropic-beta", "y"), ("x-title", "t"), ("x-old", "o"), ("x-1", "1"), ("x-2", "2")]
    {
        exchange.headers.push((name.into(), value.into()));
    }
    let changed = [
        ("anthropic-beta", Some("one")),
        ("x-title", None),
        ("x-1", None),
        ("x-2", Some("2")),
        ("x-old", None),
        ("x-new", Some("o")),
    ];
    assert_eq!(own(&edits(&policy, &exchange).model_headers), changed);

    exchange.body = br#"{"model":"a"}"#.to_vec();
    let edits = edits(&policy, &exchange);
    assert_eq!(edits.model_headers, [], "each attempt writes its own");
    let plan = edits.state.iter().find(|(name, _)| *name == "pointsman_plan").expect("a plan");
    let plan = crate::attempt::Plan::read(plan.1.as_bytes()).expect("a plan");
    let at = |model: &str| plan.attempt(model.as_bytes(), None).expect("an attempt").headers;
    assert_eq!(own(&at("a")), changed);
    let clients = [
        ("anthropic-beta", Some("x,y")),
        ("x-title", Some("t")),
        ("x-1", Some("1")),
        ("x-2", Some("2")),
        ("x-old", Some("o")),
        ("x-new", None),
    ];
    assert_eq!(own(&at("plain")), clients, "what an attempt has changed, the next one finds as it was");
    let mut second = clients;
    second[1] = ("x-title", Some("b"));
    assert_eq!(own(&at("b")), second);
}

/// Nobody's headers are kept where no model changes them.
#[test]
fn a_policy_without_headers_keeps_none() {
    let policy =
        json!({ "models": [{ "name": "a", "cluster": "c", "fallback": ["b"] }, { "name": "b", "cluster": "d" }] });
    let edits = edits(&policy, &crate::tests::chat(r#"{"model":"a"}"#));
    assert!(edits.state.iter().all(|(_, plan)| !plan.contains("headers")), "{:?}", edits.state);
}

/// What a request is answered with, or its body as it is sent.
fn sent(policy: &Value, path: &str, body: &str) -> Result<String, Value> {
    let exchange = Exchange { path: path.into(), ..crate::tests::chat(body) };
    let record: Value =
        serde_json::to_value(crate::explain(&crate::tests::policy(policy), &exchange)).expect("a record");
    if record["action"] == "deny" {
        return Err(record["reason"].clone());
    }
    let edits = edits(policy, &exchange);
    Ok(String::from_utf8(crate::spliced(body.as_bytes(), &edits.splices)).expect("text"))
}

fn capped() -> Value {
    json!({
        "models": [{ "name": "m", "cluster": "c", "apis": [
            "chatCompletions", "completions", "responses", "countInputTokens", "messages", "countTokens", "embeddings",
            "ollamaChat", "ollamaGenerate", "gemini", "bedrock",
        ] }],
        "tenants": [{ "name": "all", "match": { "headers": [{ "name": "content-type", "value": "application/json" }] },
            "maxOutputTokens": 100 }],
    })
}

#[test]
fn a_tenants_cap_is_written_as_the_api_spells_it() {
    let check = |path: &str, body: &str, expected: &str| {
        assert_eq!(sent(&capped(), path, body).as_deref(), Ok(expected), "{path} {body}");
    };
    check("/v1/chat/completions", r#"{"model":"m"}"#, r#"{"max_tokens":100,"model":"m"}"#);
    check("/v1/completions", r#"{"model":"m","max_tokens":99}"#, r#"{"model":"m","max_tokens":99}"#);
    check("/v1/responses", r#"{"model":"m"}"#, r#"{"max_output_tokens":100,"model":"m"}"#);
    check("/v1/messages", r#"{"model":"m","max_tokens":1e9}"#, r#"{"model":"m","max_tokens":100}"#);
    check("/api/chat", r#"{"model":"m"}"#, r#"{"options":{"num_predict":100},"model":"m"}"#);
    check("/api/chat", r#"{"model":"m","options":{}}"#, r#"{"model":"m","options":{"num_predict":100}}"#);
    check("/api/chat", r#"{"model":"m","options":null}"#, r#"{"model":"m","options":{"num_predict":100}}"#);
    let (zero, lowered) =
        (r#"{"model":"m","options":{"num_predict":0}}"#, r#"{"model":"m","options":{"num_predict":100}}"#);
    check("/api/generate", zero, lowered);
    let gemini = "/v1beta/models/m:generateContent";
    check(gemini, "{}", r#"{"generationConfig":{"maxOutputTokens":100}}"#);
    check(gemini, r#"{"generation_config":{"a":1}}"#, r#"{"generation_config":{"max_output_tokens":100,"a":1}}"#);
    let (asked, lowered) =
        (r#"{"generationConfig":{"maxOutputTokens":"101"}}"#, r#"{"generationConfig":{"maxOutputTokens":100}}"#);
    check(gemini, asked, lowered);
    check("/model/m/converse", "{}", r#"{"inferenceConfig":{"maxTokens":100}}"#);
    check("/model/m/invoke", r#"{"max_gen_len":-1}"#, r#"{"max_gen_len":100}"#);
    assert_eq!(sent(&capped(), "/model/m/invoke", r#"{"prompt":"a"}"#), Err(json!("outputLimit")));
    // What no server of the API looks at is no limit, and still none beyond the cap.
    check(
        "/v1/chat/completions",
        r#"{"model":"m","n_predict":5,"num_predict":500}"#,
        r#"{"max_tokens":100,"model":"m","n_predict":5,"num_predict":100}"#,
    );
    for (path, body) in [
        ("/v1/embeddings", r#"{"model":"m","input":"a","max_tokens":5000}"#),
        ("/v1/messages/count_tokens", r#"{"model":"m","messages":[]}"#),
        ("/v1/responses/input_tokens", r#"{"model":"m"}"#),
        ("/v1/responses/compact", r#"{"model":"m","input":"x"}"#),
        ("/responses/compact", r#"{"model":"m","input":"x"}"#),
        ("/v1beta/models/m:countTokens", "{}"),
        ("/v1beta/models/m:embedContent", "{}"),
    ] {
        check(path, body, body);
    }
}

#[test]
fn what_two_servers_could_read_differently_is_refused() {
    let mut policy = capped();
    policy["models"][0]["parameters"] = json!({ "temperature": { "cap": 1 }, "top.k": { "drop": true } });
    for (body, reason) in [
        (r#"{"model":"m","temperature":1,"temperature":9}"#, "duplicateKey"),
        (r#"{"model":"m","temperature":1,"temper\u0061ture":9}"#, "duplicateKey"),
        (r#"{"model":"m","Temperature":9}"#, "keyCase"),
        (r#"{"model":"m","temperature ":9}"#, "keyCase"),
        (r#"{"model":"m","top":{"k":1},"top":{"k":2}}"#, "duplicateKey"),
        (r#"{"model":"m","top":{"k":1,"k":2}}"#, "duplicateKey"),
        (r#"{"model":"m","top":{"K":1}}"#, "keyCase"),
        (r#"{"model":"m","options":{"num_predict":1,"num_predict":9999}}"#, "duplicateKey"),
        (r#"{"model":"m","options":{"Num_Predict":9999}}"#, "keyCase"),
        (r#"{"model":"m","max_tokens":1,"max_tokens":9999}"#, "duplicateKey"),
    ] {
        assert_eq!(sent(&policy, "/v1/chat/completions", body), Err(json!(reason)), "{body}");
    }
    // Where nothing is changed, nobody looks.
    for body in [r#"{"model":"m","temperature":1,"temperature":9}"#, r#"{"model":"m","top":{"K":1}}"#] {
        assert_eq!(sent(&policy, "/v1/embeddings", body).as_deref(), Ok(body));
    }
}

#[test]
fn a_cap_is_written_where_the_model_has_it() {
    let mut policy = capped();
    policy["models"][0]["parameters"] = json!({
        "max_tokens": { "rename": "max_completion_tokens" },
        "max_completion_tokens": { "cap": 200, "default": 150 },
    });
    let check = |body: &str, expected: &str| {
        assert_eq!(sent(&policy, "/v1/chat/completions", body).as_deref(), Ok(expected), "{body}");
    };
    check(r#"{"model":"m"}"#, r#"{"max_completion_tokens":100,"model":"m"}"#);
    check(r#"{"max_tokens":7, "model":"m"}"#, r#"{"max_completion_tokens":7, "model":"m"}"#);
    check(r#"{"max_tokens":700, "model":"m"}"#, r#"{"max_completion_tokens":100, "model":"m"}"#);
    check(
        r#"{"model":"m" , "max_tokens":7, "max_completion_tokens":9}"#,
        r#"{"model":"m" , "max_completion_tokens":9}"#,
    );
    check(
        r#"{"model":"m" , "max_completion_tokens":9 , "max_tokens":7 }"#,
        r#"{"model":"m" , "max_completion_tokens":9 }"#,
    );
}

/// What needs nothing of the rest of a body goes on as soon as its model has passed.
#[test]
fn only_requests_whose_fields_may_change_wait_for_their_end() {
    let policy = json!({
        "models": [
            { "name": "plain", "cluster": "c" },
            { "name": "capped", "cluster": "c", "parameters": { "max_tokens": { "cap": 5 } } },
            { "name": "before", "cluster": "c", "fallback": ["capped"] },
        ],
    });
    let policy = crate::tests::policy(&policy);
    let first = |path: &str, model: &str| {
        let headers: [(&[u8], &[u8]); 3] =
            [(b":method", b"POST"), (b":path", path.as_bytes()), (b"content-type", b"application/json")];
        let Received::Read(mut reading) = receive(&policy, &headers, &Exchange::default(), &Live::default, false)
        else {
            panic!("it is read")
        };
        reading.push(format!(r#"{{"model":"{model}","#).as_bytes())
    };
    assert!(matches!(first("/v1/chat/completions", "plain"), Step::Route(_)));
    assert!(matches!(first("/v1/embeddings", "capped"), Step::Route(_)));
    assert_eq!(first("/v1/chat/completions", "capped"), Step::Hold);
    assert_eq!(first("/v1/chat/completions", "before"), Step::Hold);
}
