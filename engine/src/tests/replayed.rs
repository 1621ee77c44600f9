//! Decisions taken again from records: the same, or said not to be known.

use super::strategies::{balances, demoted, policies, requests};
use super::{chat, policy};
use crate::replay::{Replay, Replayed};
use crate::{Exchange, Live, Record, explain};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a decision is, without what is only known once the request is written, and without what the record was made of.
fn bare(record: &Record) -> Record {
    let mut bare = record.clone();
    (bare.facts, bare.changed, bare.unreadable, bare.kept_by) = (None, Vec::new(), Vec::new(), None);
    (bare.demoted, bare.budgets) = (Vec::new(), Vec::new());
    // As it is read again: reasons that differ in their status alone have one code.
    Record::from_json(&bare.to_json()).expect("a record")
}

fn writing_facts(mut policy: Value) -> Value {
    policy["record"] = json!("facts");
    policy
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// By the policy that wrote the record, every decision of rules is taken again, whatever it was.
    #[test]
    fn a_record_with_facts_is_enough(
        value in policies(),
        mut exchange in requests(),
        demoted in demoted(),
        balances in balances(),
    ) {
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()).spending(balances, 0);
        let has_expressions = value.to_string().contains(r#""when""#);
        let policy = policy(&writing_facts(value));
        let Some(record) = explain(&policy, &exchange) else { return Ok(()) };
        let record = Record::from_json(&record.to_json()).expect("a record");
        match Replay::new(policy).decide(&record) {
            Replayed::Decided(again) => prop_assert_eq!(bare(&again), bare(&record)),
            Replayed::Unknown(what) => {
                let names: Vec<_> = exchange.headers.iter().map(|(name, _)| format!("header {name}")).collect();
                let is_twice = names.iter().filter(|name| **name == what).count() > 1;
                // Records hold no claims and no principals, no time that nobody knew, and no text of a header for expressions.
                let is_left_out = ["claims", "principal"].contains(&&*what) || what == "time" && record.at.is_none()
                    || has_expressions && what.starts_with("header ");
                let is_open = what == "maxOutputTokens" || is_twice || is_left_out;
                prop_assert!(record.facts.is_none() || is_open, "{}", what);
            }
            Replayed::Unasked => prop_assert!(record.facts.is_none()),
        }
    }

    /// By another policy, it is what that would have decided, or nothing.
    #[test]
    fn another_policy_decides_as_it_would_have_or_not_at_all(
        (before, after) in (policies(), policies()),
        mut exchange in requests(),
        demoted in demoted(),
        balances in balances(),
        with_facts in prop::bool::weighted(0.8),
    ) {
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()).spending(balances, 0);
        let mut after = after;
        // Whether a body can be read at all is not replayed.
        after["steering"] = before["steering"].clone();
        after["onFailure"]["loneSurrogate"] = before["onFailure"]["loneSurrogate"].clone();
        // What has no facts must not say so itself, or the two could not be compared.
        let before = policy(&if with_facts { writing_facts(before) } else { before });
        after["record"] = json!("decision");
        let after = policy(&after);
        let Some(record) = explain(&before, &exchange) else { return Ok(()) };
        let record = Record::from_json(&record.to_json()).expect("a record");
        exchange.live = record.live();
        if let Replayed::Decided(again) = Replay::new(after.clone()).decide(&record) {
            let explained = explain(&after, &exchange).expect("a record");
            prop_assert_eq!(bare(&again), bare(&explained));
        }
    }
}

fn rules(rules: &Value) -> Value {
    json!({
        "models": [{ "name": "a", "cluster": "x" }, { "name": "b", "cluster": "y" }],
        "aliases": [{ "name": "auto" }],
        "rules": rules,
    })
}

fn to(name: &str, conditions: &Value, model: &str) -> Value {
    json!({ "name": name, "match": conditions, "route": { "targets": [{ "model": model }] } })
}

fn recorded(policy_value: &Value, exchange: &Exchange) -> Record {
    explain(&policy(&writing_facts(policy_value.clone())), exchange).expect("a record")
}

/// What another rule makes of a record: a model, or what it does not tell.
fn check(record: &Record, conditions: &Value, expected: &str) {
    let after = policy(&rules(&json!([to("new", conditions, "b"), to("old", &json!({}), "a")])));
    let replayed = Replay::new(after).decide(record);
    let outcome = match &replayed {
        Replayed::Decided(record) => record.model.as_deref().unwrap_or("refused").to_owned(),
        Replayed::Unknown(what) => format!("unknown: {what}"),
        Replayed::Unasked => "unasked".to_owned(),
    };
    assert_eq!(outcome, expected, "{conditions}");
}

#[test]
fn conditions_that_nobody_asked_for_are_known() {
    let body =
        br#"{"model":"auto","stream":true,"max_tokens":7,"messages":[{"role":"user","content":"twelve bytes"}]}"#;
    let record = recorded(&rules(&json!([to("all", &json!({}), "a")])), &chat(body));
    for (conditions, expected) in [
        (json!({ "stream": true }), "b"),
        (json!({ "tools": true }), "a"),
        (json!({ "inputTokens": { "max": 3 } }), "b"),
        (json!({ "inputTokens": { "max": 2 } }), "a"),
        (json!({ "maxOutputTokens": { "min": 7 } }), "b"),
        (json!({ "maxOutputTokens": { "min": 8 } }), "a"),
        (json!({ "messages": { "min": 1 } }), "b"),
        (json!({ "paths": [{ "type": "Exact", "value": "/v1/chat/completions" }] }), "b"),
        (json!({ "apis": ["messages"] }), "a"),
        (json!({ "models": ["auto"] }), "b"),
        (json!({ "keywords": ["twelve"] }), "unknown: keywords"),
        (json!({ "headers": [{ "name": "x-team", "value": "a" }] }), "unknown: header x-team"),
    ] {
        check(&record, &conditions, expected);
    }
}

#[test]
fn keywords_and_headers_are_known_as_far_as_the_policy_asked() {
    let headers = json!([
        { "name": "x-team", "value": "search" }, { "name": "x-team", "value": "core" },
        { "name": "x-user", "type": "Prefix", "value": "ann" },
        { "name": "x-user", "type": "RegularExpression", "value": ".*@acme" },
        { "name": "x-none", "value": "1" },
    ]);
    let rule = to("all", &json!({ "keywords": ["Contract", "nda"], "headers": headers }), "b");
    let mut exchange = chat(br#"{"model":"a","messages":[{"role":"user","content":"a contract"}]}"#);
    exchange.headers.extend([("x-team".into(), b"core".to_vec()), ("x-user".into(), b"anna@acme".to_vec())]);
    let record = recorded(&rules(&json!([rule])), &exchange);
    let written = record.to_json();
    assert!(written.contains(r#""x-team":{"value":"core"}"#) && written.contains(r#""x-none":{}"#), "{written}");
    assert!(!written.contains("anna") && !written.contains("a contract"), "{written}");
    let of =
        |name: &str, kind: &str, value: &str| json!({ "headers": [{ "name": name, "type": kind, "value": value }] });
    for (conditions, expected) in [
        (json!({ "keywords": ["contract"] }), "b"),
        (json!({ "keywords": ["NDA"] }), "a"),
        (json!({ "keywords": ["secret"] }), "unknown: keywords"),
        (of("x-team", "Exact", "search"), "a"),
        (of("x-team", "Prefix", "co"), "b"),
        (of("x-user", "Exact", "anna@acme"), "b"),
        (of("x-user", "Exact", "anna"), "a"),
        (of("x-user", "Prefix", "ann"), "b"),
        (of("x-user", "Prefix", "anna"), "unknown: header x-user"),
        (of("x-user", "RegularExpression", ".*@acme"), "b"),
        (of("x-user", "RegularExpression", ".*"), "unknown: header x-user"),
        (of("x-none", "RegularExpression", ".*"), "a"),
        (of("x-other", "Exact", "1"), "unknown: header x-other"),
    ] {
        check(&record, &conditions, expected);
    }
}

#[test]
fn a_session_goes_where_it_would_have_gone() {
    let shared = |header: &str| {
        json!([{ "name": "shared", "route": {
            "targets": [{ "model": "a" }, { "model": "b" }], "sticky": { "header": header } } }])
    };
    for session in 0..40 {
        let mut exchange = chat(format!(r#"{{"model":"auto","messages":[{{"role":"user","content":"{session}"}}]}}"#));
        exchange.headers.push(("x-session".into(), session.to_string().into_bytes()));
        let record = recorded(&rules(&shared("x-session")), &exchange);
        for header in ["x-session", "x-other"] {
            let after = policy(&rules(&shared(header)));
            let explained = explain(&after, &exchange).expect("a record");
            match Replay::new(after).decide(&record) {
                Replayed::Decided(again) => assert_eq!((again.model, header), (explained.model, "x-session")),
                other => assert_eq!((other, header), (Replayed::Unknown("header x-other".into()), "x-other")),
            }
        }
    }
}

#[test]
fn what_has_no_facts_is_known_where_names_decide() {
    let exchange = chat(br#"{"model":"auto","messages":[]}"#);
    let before = policy(&rules(&json!([to("all", &json!({}), "a")])));
    let record = explain(&before, &exchange).expect("a record");
    assert!(record.facts.is_none());
    check(&record, &json!({ "models": ["auto"] }), "b");
    check(&record, &json!({ "models": ["b"] }), "a");
    check(&record, &json!({ "tools": true }), "unknown: tools");
    check(&record, &json!({ "inputTokens": { "max": 1 } }), "unknown: inputTokens");
    check(&record, &json!({ "maxOutputTokens": { "max": 1 } }), "unknown: facts");
    check(&record, &json!({ "paths": [{ "value": "/a" }] }), "unknown: path");
}

#[test]
fn who_is_unknown_to_a_policy_stays_unknown() {
    let tenants = |name: &str| json!([{ "name": name, "match": { "principals": ["x"] } }]);
    let mut exchange = chat(br#"{"model":"a","messages":[]}"#);
    let mut before = rules(&json!([]));
    let outcome = |before: &Value, after: &Value, exchange: &Exchange| match Replay::new(policy(after))
        .decide(&recorded(before, exchange))
    {
        Replayed::Decided(record) => record.reason.code().to_owned(),
        Replayed::Unknown(what) => format!("unknown: {what}"),
        Replayed::Unasked => "unasked".to_owned(),
    };
    let mut after = before.clone();
    after["tenants"] = tenants("t");
    // A policy without tenants did not ask who it is.
    assert_eq!(outcome(&before, &after, &exchange), "unknown: tenant");
    before["tenants"] = tenants("s");
    before["onFailure"] = json!({ "unknownTenant": "allow" });
    assert_eq!(outcome(&before, &after, &exchange), "unknownTenant");
    exchange.principal = Some("x".to_owned());
    assert_eq!(outcome(&before, &after, &exchange), "unknown: tenant");
    after["tenants"] = tenants("s");
    assert_eq!(outcome(&before, &after, &exchange), "default");
    after["tenants"][0]["models"] = json!({ "deny": ["a"] });
    assert_eq!(outcome(&before, &after, &exchange), "noCandidate");
}

#[test]
fn what_no_rule_was_asked_for_is_not_replayed() {
    let value = rules(&json!([]));
    for body in [&b"{"[..], br#"{"model":"a","model":"b"}"#] {
        let record = recorded(&value, &chat(body));
        assert_eq!(Replay::new(policy(&value)).decide(&record), Replayed::Unasked, "{}", record.to_json());
    }
    let record = recorded(&value, &Exchange { method: "GET".into(), path: "/v1/models".into(), ..Exchange::default() });
    assert_eq!(Replay::new(policy(&value)).decide(&record), Replayed::Unasked);
}

#[test]
fn facts_have_a_bound() {
    let keywords: Vec<_> = (0..300).map(|nth| format!("word{nth}")).collect();
    let headers: Vec<_> = (0..200)
        .map(|nth| json!({ "name": format!("x-{nth}"), "type": "Prefix", "value": "p".repeat(nth % 20 + 1) }))
        .collect();
    let rule = to("all", &json!({ "keywords": keywords, "headers": headers }), "b");
    let mut exchange =
        chat(format!(r#"{{"model":"a","messages":[{{"role":"user","content":"{}"}}]}}"#, keywords.join(" ")));
    exchange.path = format!("{}?{}", exchange.path, "q".repeat(10_000));
    exchange.headers.extend((0..200).map(|nth| (format!("x-{nth}"), vec![b'p'; 4000])));
    let written = recorded(&rules(&json!([rule])), &exchange).to_json();
    assert!(written.len() < 8_000, "{}", written.len());
    assert!(!written.contains("qq"), "a query can hold a key");
}

#[test]
fn keys_are_not_even_hashed() {
    let headers =
        json!([{ "name": "authorization", "value": "Bearer of nothing" }, { "name": "x-team", "value": "a" }]);
    let mut exchange = chat(br#"{"model":"a"}"#);
    exchange.headers.push(("authorization".into(), b"Bearer of nothing".to_vec()));
    let written = recorded(&rules(&json!([to("all", &json!({ "headers": headers }), "b")])), &exchange).to_json();
    assert!(written.contains("\"x-team\":{}") && !written.contains("authorization"), "{written}");
}
