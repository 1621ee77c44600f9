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
