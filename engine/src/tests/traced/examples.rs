//! What a trace says of single requests.

use crate::tests::{chat, policy};
use crate::{Exchange, Live, trace};
use serde_json::{Value, json};

fn traced(rules: Value, exchange: &Exchange) -> Value {
    let value = json!({
        "models": [
            { "name": "small", "cluster": "llama", "contextWindow": 100, "cost": { "inputPerMillion": 1, "outputPerMillion": 2 } },
            { "name": "big", "cluster": "openai", "upstreamModel": "big-2026", "cost": { "inputPerMillion": 10, "outputPerMillion": 20 } },
        ],
        "aliases": [{ "name": "auto" }],
        "tenants": [
            { "name": "lab", "match": { "headers": [{ "name": "x-team", "value": "lab" }] } },
            { "name": "all", "match": { "any": [{ "principals": ["spiffe://*"] }, { "headers": [{ "name": "x-team", "type": "Prefix", "value": "s" }] }] } },
        ],
        "onFailure": { "unknownTenant": "allow" },
        "rules": rules,
    });
    serde_json::to_value(trace(&policy(&value), exchange).expect("a trace")).expect("JSON")
}

fn auto() -> Exchange {
    let mut exchange =
        chat(r#"{"model": "auto", "messages": [{"role": "user", "content": "a contract"}], "max_tokens": 50}"#);
    exchange.headers.push(("x-team".into(), b"search".to_vec()));
    exchange
}

#[test]
fn each_rule_says_what_did_not_hold_first() {
    for (conditions, at, wanted, found) in [
        (json!({ "models": ["big", "b*g*"], "tools": true }), "match.models", "big, b*g*", Some("auto")),
        (json!({ "apis": ["messages"] }), "match.apis", "messages", Some("chatCompletions")),
        (json!({ "tenants": ["lab"] }), "match.tenants", "lab", Some("all")),
        (
            json!({ "paths": [{ "type": "Prefix", "value": "/llm" }] }),
            "match.paths",
            "/llm/…",
            Some("/v1/chat/completions"),
        ),
        (
            json!({ "headers": [{ "name": "x-team", "type": "RegularExpression", "value": "a|b" }] }),
            "match.headers[0]",
            "x-team matches a|b",
            Some("search"),
        ),
        (
            json!({ "headers": [{ "name": "X-Team", "value": "search" }, { "name": "x-b", "value": "c" }] }),
            "match.headers[1]",
            "x-b is c",
            None,
        ),
        (
            json!({ "claims": [{ "name": "org.roles", "contains": 7 }] }),
            "match.claims[0]",
            "org.roles contains 7",
            Some("[\"7\", b]"),
        ),
        (json!({ "tools": true }), "match.tools", "true", Some("false")),
        (json!({ "inputTokens": { "min": 1000 } }), "match.inputTokens", "at least 1000", Some("")),
        (json!({ "maxOutputTokens": { "min": 60, "max": 70 } }), "match.maxOutputTokens", "60 to 70", Some("50")),
        (json!({ "messages": { "max": 0 } }), "match.messages", "at most 0", Some("1")),
        (json!({ "keywords": ["secret", "plan b"] }), "match.keywords", "secret, plan b", None),
        (json!({ "percent": 0.0001 }), "match.percent", "0.0001% of the sessions", Some("a session at")),
        (json!({ "when": "facts.messages > 1" }), "match.when", "facts.messages > 1", Some("false")),
        (
            json!({ "when": "request.headers['x-b'] == 'c'" }),
            "match.when",
            "request.headers['x-b'] == 'c'",
            Some("no value: it reads an entry or item that is not there"),
        ),
        (
            json!({ "not": { "models": ["auto"], "messages": { "min": 1 } } }),
            "match.not",
            "not all of: models, messages",
            Some("all of them hold"),
        ),
        (
            json!({ "schedule": { "days": ["mon-tue"], "hours": "09:00-18:00", "timeZone": "+01:00" } }),
            "match.schedule",
            "mon, tue 09:00-18:00",
            Some("sat 10:15 in its time zone"),
        ),
    ] {
        let mut exchange = auto();
        exchange.claims = json!({ "org": { "roles": ["7", "b"] } });
        exchange.live = Live::default().spending(Vec::new(), 1_795_857_300_000);
        let told = traced(
            json!([{ "name": "r", "match": conditions, "route": { "targets": [{ "model": "big" }] } }]),
            &exchange,
        );
        let failed = &told["rules"][0]["failed"];
        assert_eq!((failed["at"].as_str(), failed["wanted"].as_str()), (Some(at), Some(wanted)), "{told:#}");
        let begins = failed["found"].as_str().zip(found).is_some_and(|(found, expected)| found.starts_with(expected));
        assert!(begins || (found.is_none() && failed["found"].is_null()), "{told:#}");
    }
}

#[test]
fn conditions_in_conditions_say_it_of_each() {
    let any = json!({ "any": [{ "tools": true }, { "messages": { "max": 5 }, "any": [{ "stream": true }] }], "not": { "models": ["x*"] } });
    let told = traced(json!([{ "name": "r", "match": any, "deny": {} }]), &auto());
    assert_eq!(
        told["rules"][0],
        json!({ "name": "r", "action": "deny", "outcome": "failed", "failed": { "condition": "any", "at": "match.any", "inside": [
            { "condition": "tools", "at": "match.any[0].tools", "wanted": "true", "found": "false" },
            { "condition": "any", "at": "match.any[1].any", "inside": [
                { "condition": "stream", "at": "match.any[1].any[0].stream", "wanted": "true", "found": "false" },
            ] },
        ] } }),
        "{told:#}"
    );
    // One of `any` holds: what is missed is not in the others.
    let not = json!({ "any": [{ "tools": true }, { "models": ["auto"] }], "not": { "messages": { "min": 1 } } });
    let told = traced(json!([{ "name": "r", "match": not, "deny": {} }]), &auto());
    assert_eq!(told["rules"][0]["failed"]["condition"], "not", "{told:#}");
}

#[test]
fn candidates_have_their_price_and_attempts_their_bytes() {
    let route = json!({ "targets": [{ "model": "big" }, { "model": "small" }], "prefer": "cheapest" });
    let told = traced(
        json!([
            { "name": "not", "match": { "tools": true }, "deny": {} },
            { "name": "cheap", "route": route },
            { "name": "never", "deny": {} },
        ]),
        &auto(),
    );
    let outcomes: Vec<_> =
        told["rules"].as_array().unwrap().iter().map(|rule| rule["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failed", "matched", "notReached"]);
    let input = told["facts"]["inputTokens"].as_u64().unwrap();
    let cost = |price: u64| json!({ "inputTokens": input, "outputTokens": 50, "micros": price * (input + 2 * 50) });
    assert_eq!(
        told["candidates"],
        json!([
            { "model": "small", "cluster": "llama", "rule": "cheap", "outcome": "chosen", "attempt": 1, "cost": cost(1) },
            { "model": "big", "cluster": "openai", "rule": "cheap", "outcome": "fallback", "attempt": 2, "cost": cost(10) },
        ])
    );
    let second = &told["attempts"][1];
    assert_eq!((second["model"].as_str(), second["path"].as_str()), (Some("big"), Some("/v1/chat/completions")));
    assert_eq!(
        (&second["body"][0]["removed"], &second["body"][0]["added"]),
        (&json!("\"auto\""), &json!("\"big-2026\""))
    );
    assert_eq!(second["body"][0]["before"], "{\"model\": ");
    assert!(
        told["attempts"][0]["headers"].as_array().unwrap().iter().any(|header| header["name"] == "x-pointsman-cluster"),
        "{told:#}"
    );
    let tenants: Vec<_> =
        told["tenants"].as_array().unwrap().iter().map(|tenant| tenant["outcome"].as_str().unwrap()).collect();
    assert_eq!(tenants, ["failed", "matched"]);
    assert_eq!(
        told["tenants"][0]["failed"],
        json!({ "condition": "headers", "at": "match.headers[0]", "wanted": "x-team is lab", "found": "search" })
    );
    let long = json!({ "targets": [{ "model": "small" }] });
    let mut exchange = auto();
    exchange.body =
        br#"{"model": "auto", "max_tokens": 100, "messages": [{"role": "user", "content": "a contract"}]}"#.to_vec();
    let told = traced(json!([{ "name": "r", "route": long }]), &exchange);
    assert_eq!(
        (&told["candidates"][0]["reason"], &told["candidates"][0]["detail"]),
        (&json!("contextWindow"), &json!(format!("{input} + 100 tokens of 100")))
    );
}

#[test]
fn what_is_refused_at_the_door_says_who_was_tried() {
    let mut exchange = auto();
    exchange.path = "/v1/batches".into();
    let told = traced(json!([{ "name": "r", "deny": {} }]), &exchange);
    assert_eq!(
        (&told["record"]["reason"], told["rules"].as_array().map(Vec::len)),
        (&json!("unsupportedApi"), Some(0))
    );
    assert_eq!(told["tenants"][1]["outcome"], "matched");
    assert_eq!(
        trace(
            &policy(&json!({ "models": [{ "name": "m", "cluster": "c" }] })),
            &Exchange { path: "/".into(), ..auto() }
        ),
        None
    );
}
