//! Whole decisions, one small policy and one request each.

mod asking;
mod besides;
mod budgets;
mod conversations;
mod edits;
mod expressions;
mod forms;
mod paths;
mod signed_ids;

use super::{chat, policy, text_of, walk};
use crate::corridor::{Received, receive};
use crate::{Exchange, Live, explain};
use serde_json::{Value, json};

fn check(policy: &Value, exchange: &Exchange, expected: &[(&str, Value)]) {
    let policy = super::policy(policy);
    let record: Value = serde_json::to_value(explain(&policy, exchange)).expect("a record");
    for (key, value) in expected {
        assert_eq!(&record[key], value, "`{key}` of {record}");
    }
}

fn two_models() -> Value {
    json!({
        "models": [
            { "name": "open", "cluster": "c-open", "labels": { "region": "eu" }, "contextWindow": 10 },
            { "name": "closed", "cluster": "c-closed", "labels": { "region": "us" }, "capabilities": ["tools"] },
        ],
        "aliases": [{ "name": "auto" }, { "name": "old-*", "model": "open" }],
        "tenants": [{
            "name": "eu", "match": { "headers": [{ "name": "x-tenant", "value": "eu" }] },
            "models": { "require": { "region": "eu" } },
        }],
        "onFailure": { "unknownTenant": "allow" },
    })
}

#[test]
fn without_rules_a_known_model_goes_to_its_own_cluster() {
    let policy = two_models();
    check(&policy, &chat(r#"{"model":"closed"}"#), &[("reason", json!("default")), ("cluster", json!("c-closed"))]);
    check(&policy, &chat(r#"{"model":"old-x"}"#), &[("reason", json!("alias")), ("model", json!("open"))]);
    check(&policy, &chat(r#"{"model":"auto"}"#), &[("reason", json!("noCandidate")), ("status", json!(404))]);
    check(&policy, &chat(r#"{"model":"other"}"#), &[("reason", json!("unknownModel")), ("status", json!(404))]);
    check(&policy, &chat("{}"), &[("reason", json!("missingModel")), ("status", json!(400))]);
}

#[test]
fn residency_capabilities_and_context_exclude_with_a_reason() {
    let policy = two_models();
    let mut european = chat(r#"{"model":"closed"}"#);
    european.headers.push(("x-tenant".into(), b"eu".to_vec()));
    let excluded = |reason: &str, model: &str| json!([{ "model": model, "reason": reason }]);
    check(&policy, &european, &[("status", json!(403)), ("excluded", excluded("label", "closed"))]);
    let image = r#"{"model":"closed","messages":[{"content":[{"type":"image_url"}]}]}"#;
    check(&policy, &chat(image), &[("status", json!(400)), ("excluded", excluded("vision", "closed"))]);
    let long = format!(r#"{{"model":"open","messages":[{{"content":"{}"}}]}}"#, text_of(11));
    check(&policy, &chat(long), &[("status", json!(400)), ("excluded", excluded("contextWindow", "open"))]);
}

#[test]
fn a_window_is_for_input_and_output() {
    let policy = json!({ "models": [
        { "name": "m", "cluster": "c", "contextWindow": 10 },
        { "name": "r", "cluster": "c", "contextWindow": 10, "reservedOutput": 4 },
    ] });
    let fits = |model: &str, input: usize, members: &str| {
        let body = format!(r#"{{"model":"{model}","messages":[{{"content":"{}"}}]{members}}}"#, text_of(input));
        let action = if explain(&super::policy(&policy), &chat(body)).is_some_and(|record| record.model.is_some()) {
            "fits"
        } else {
            "does not fit"
        };
        (model.to_owned(), input, members.to_owned(), action)
    };
    for (model, input, members, expected) in [
        ("m", 10, "", "fits"),
        ("m", 11, "", "does not fit"),
        ("m", 6, r#","max_tokens":4"#, "fits"),
        ("m", 7, r#","max_tokens":4"#, "does not fit"),
        ("m", 7, r#","max_tokens":1,"max_completion_tokens":"4""#, "does not fit"),
        ("m", 10, r#","max_tokens":-1"#, "fits"),
        ("r", 6, "", "fits"),
        ("r", 7, "", "does not fit"),
        ("r", 7, r#","max_tokens":3"#, "fits"),
        ("r", 7, r#","max_tokens":-1"#, "does not fit"),
        ("r", 6, r#","max_tokens":"much""#, "fits"),
    ] {
        assert_eq!(fits(model, input, members), (model.to_owned(), input, members.to_owned(), expected));
    }
}

#[test]
fn who_only_counts_is_refused_for_no_length() {
    let policy = json!({
        "models": [{ "name": "m", "cluster": "c", "contextWindow": 10 }],
        "rules": [
            { "name": "too-long", "match": { "inputTokens": { "min": 20 } }, "deny": {} },
            { "name": "no-images", "match": { "images": true }, "deny": {} },
        ],
    });
    let long = format!(r#"{{"model":"m","messages":[{{"content":"{}"}}]}}"#, text_of(50));
    let image = r#"{"model":"m","messages":[{"content":[{"type":"image"}]}]}"#.to_owned();
    for (path, body, action) in [
        ("/v1/messages", &long, "deny"),
        ("/v1/responses", &long, "deny"),
        ("/v1/messages/count_tokens", &long, "route"),
        ("/v1/responses/input_tokens", &long, "route"),
        ("/v1/messages/count_tokens", &image, "deny"),
    ] {
        let exchange = Exchange { path: path.into(), ..chat(body.as_str()) };
        check(&policy, &exchange, &[("action", json!(action))]);
    }
}

#[test]
fn what_cannot_be_judged_denies_and_routes_nobody() {
    let policy = json!({
        "models": [{ "name": "m", "cluster": "c" }, { "name": "s", "cluster": "c" }],
        "rules": [
            { "name": "streams", "match": { "models": ["m"], "stream": true }, "route": { "targets": [{ "model": "s" }] } },
            { "name": "much", "match": { "models": ["s"], "maxOutputTokens": { "min": 100 } }, "deny": {} },
        ],
    });
    let unread = |names: &[&str]| if names.is_empty() { Value::Null } else { json!(names) };
    for (body, action, names) in [
        (r#"{"model":"m","stream":"maybe"}"#, "route", &["stream"][..]),
        (r#"{"model":"m","stream":"yes"}"#, "route", &[]),
        (r#"{"model":"s","stream":"maybe","max_tokens":5}"#, "route", &[]),
        (r#"{"model":"s","max_tokens":"much"}"#, "deny", &["maxOutputTokens"]),
        (r#"{"model":"s","max_tokens":-1}"#, "deny", &[]),
        (r#"{"model":"s"}"#, "route", &[]),
    ] {
        check(&policy, &chat(body), &[("action", json!(action)), ("unreadable", unread(names))]);
    }
}

#[test]
fn a_blank_model_is_a_missing_model_also_in_a_chain() {
    let mut policy = two_models();
    policy["onFailure"] = json!({ "missingModel": { "model": "open" }, "unknownTenant": "allow" });
    policy["models"][0]["fallback"] = json!(["closed"]);
    for blank in ["null", r#""""#, r#"" ""#] {
        let body = format!(r#"{{"messages":[],"model":{blank}}}"#);
        let exchange = chat(body.as_str());
        let (record, sent) = walk(&super::policy(&policy), &exchange, &[], &[body.as_bytes()], true);
        assert!(record.contains(r#""reason":"onFailure""#) && !record.contains("asked"), "{record}");
        let bodies: Vec<String> = sent.iter().map(|(_, _, body)| String::from_utf8_lossy(body).into_owned()).collect();
        assert_eq!(bodies, [r#"{"messages":[],"model":"open"}"#, r#"{"messages":[],"model":"closed"}"#], "{blank}");
    }
}

#[test]
fn a_caller_without_tenant_is_refused_unless_the_policy_says_otherwise() {
    let mut policy = two_models();
    policy["onFailure"] = json!({});
    check(&policy, &chat(r#"{"model":"open"}"#), &[("reason", json!("unknownTenant")), ("status", json!(403))]);
}

#[test]
fn the_list_of_models_is_the_tenants_own() {
    let policy = policy(&two_models());
    let exchange = Exchange { headers: vec![("x-tenant".into(), b"eu".to_vec())], ..Exchange::default() };
    let get = |path: &str, more: &[(&'static [u8], &'static [u8])]| {
        let mut headers: Vec<(&[u8], &[u8])> =
            vec![(b":method", b"GET"), (b":path", path.as_bytes()), (b"x-tenant", b"eu")];
        headers.extend(more);
        match receive(&policy, &headers, &exchange, &Live::default, true) {
            Received::Reply(reply) => (reply.status, serde_json::from_slice::<Value>(&reply.body).expect("JSON")),
            other => panic!("{other:?}"),
        }
    };
    let (status, list) = get("/v1/models", &[]);
    let ids: Vec<&str> =
        list["data"].as_array().expect("a list").iter().filter_map(|entry| entry["id"].as_str()).collect();
    assert_eq!((status, ids), (200, vec!["open"]));
    assert_eq!(get("/v1/models/open", &[]).1["object"], "model");
    assert_eq!(get("/v1/models/closed", &[]).0, 404);
    assert_eq!(get("/v1/models/open", &[(b"anthropic-version", b"2023-06-01")]).1["type"], "model");
}

#[test]
fn a_refusal_that_cannot_be_judged_refuses_and_a_route_that_cannot_is_none() {
    let policy = |kind: &str, value: &str, action: Value| {
        let mut rule =
            json!({ "name": "r", "match": { "headers": [{ "name": "x-groups", "type": kind, "value": value }] } });
        rule.as_object_mut().expect("an object").extend(action.as_object().expect("an object").clone());
        json!({ "models": [{ "name": "m", "cluster": "c" }, { "name": "other", "cluster": "d" }], "rules": [rule] })
    };
    let asked = |values: &[&[u8]]| {
        let mut exchange = chat(r#"{"model":"m"}"#);
        exchange.headers.extend(values.iter().map(|value| ("x-groups".to_owned(), value.to_vec())));
        exchange
    };
    let judge = |kind: &str, value: &str, values: &[&[u8]], denied: bool, routed: bool| {
        let denying = policy(kind, value, json!({ "deny": {} }));
        check(&denying, &asked(values), &[("action", json!(if denied { "deny" } else { "route" }))]);
        let routing = policy(kind, value, json!({ "route": { "targets": [{ "model": "other" }] } }));
        check(&routing, &asked(values), &[("model", json!(if routed { "other" } else { "m" }))]);
    };
    let long = [b"contractors".as_slice(), &[b'x'; 4086]].concat();
    judge("RegularExpression", ".*contractors.*", &[b"staff,contractors"], true, true);
    judge("RegularExpression", ".*contractors.*", &[b"staff"], false, false);
    judge("RegularExpression", ".*contractors.*", &[], false, false);
    judge("RegularExpression", ".*contractors.*", &[&long], true, false);
    judge("RegularExpression", ".*contractors.*", &[b"contractors,\xff"], true, false);
    judge("RegularExpression", ".*contractors.*", &[b"contractors,caf\xe9"], true, false);
    judge("RegularExpression", ".*contractors.*", &[b"staff", b"contractors"], true, false);
    judge("Exact", "contractors", &[b"staff", b"contractors"], true, false);
    judge("Exact", "contractors", &[b"staff", b"others"], false, false);
    judge("Exact", "contractors", &[b"contractors\xff"], false, false);
    judge("Prefix", "contract", &[b"staff", b"contractors"], true, false);
}

#[test]
fn a_caller_who_may_be_a_tenant_is_not_the_next_one() {
    let by = |name: &str, kind: &str, value: &str| json!({ "name": name, "match": { "headers": [{ "name": "x-team", "type": kind, "value": value }] } });
    let policy = json!({
        "models": [{ "name": "m", "cluster": "c" }],
        "tenants": [by("interns", "RegularExpression", ".*intern.*"), by("all", "RegularExpression", ".*")],
        "onFailure": { "unknownTenant": "allow" },
    });
    let asked = |value: &[u8]| {
        let mut exchange = chat(r#"{"model":"m"}"#);
        exchange.headers.push(("x-team".into(), value.to_vec()));
        exchange
    };
    check(&policy, &asked(b"intern"), &[("tenant", json!("interns"))]);
    check(&policy, &asked(b"intern\xff"), &[("tenant", Value::Null), ("reason", json!("unknownTenant"))]);
    check(&policy, &chat(r#"{"model":"m"}"#), &[("tenant", Value::Null), ("action", json!("route"))]);
}

/// Three models, the last for short questions only, and one rule.
fn with_rule(route: Value) -> Value {
    json!({
        "models": [
            { "name": "home", "cluster": "c-home" },
            { "name": "away", "cluster": "c-away", "upstreamModel": "away-1" },
            { "name": "tiny", "cluster": "c-tiny", "contextWindow": 10, "fallback": ["away"] },
        ],
        "aliases": [{ "name": "auto" }],
        "rules": [{ "name": "r", "match": { "models": ["auto"] }, "route": route }],
    })
}

fn ask(text: &str, session: &str) -> Exchange {
    let mut exchange = chat(format!(r#"{{"model":"auto","messages":[{{"role":"user","content":"{text}"}}]}}"#));
    exchange.headers.push(("x-session".into(), session.as_bytes().to_vec()));
    exchange
}

fn decide(policy: &Value, exchange: &Exchange, demoted: &[&str]) -> Value {
    let (record, _) = walk(&super::policy(policy), exchange, demoted, &[&exchange.body], true);
    serde_json::from_str(&record).expect("a record")
}

#[test]
fn a_chain_holds_what_can_serve_the_request() {
    let policy = with_rule(json!({ "targets": [{ "model": "home" }], "fallback": ["tiny", "away"] }));
    assert_eq!(decide(&policy, &ask("hi", "s"), &[])["chain"], json!(["home", "tiny", "away"]));
    let record = decide(&policy, &ask(&text_of(11), "s"), &[]);
    assert_eq!(record["chain"], json!(["home", "away"]));
    assert_eq!(record["excluded"], json!([{ "model": "tiny", "reason": "contextWindow" }]));
}

#[test]
fn a_fallback_stands_in_for_a_target_that_cannot_serve() {
    let policy = with_rule(json!({ "targets": [{ "model": "tiny" }] }));
    assert_eq!(decide(&policy, &ask("hi", "s"), &[])["chain"], json!(["tiny", "away"]));
    let record = decide(&policy, &ask(&text_of(11), "s"), &[]);
    assert_eq!((&record["model"], &record["chain"]), (&json!("away"), &Value::Null));
    let policy = with_rule(json!({ "targets": [{ "model": "tiny" }], "fallback": [] }));
    assert_eq!(decide(&policy, &ask(&text_of(11), "s"), &[])["status"], 400);
}

#[test]
fn who_has_used_up_a_limit_is_left_out_while_somebody_else_can_serve() {
    let policy = with_rule(json!({ "targets": [{ "model": "home" }], "fallback": ["tiny", "away"] }));
    let record = decide(&policy, &ask("hi", "s"), &["home", "away"]);
    let limited = |model: &str| json!({ "model": model, "reason": "rateLimited" });
    assert_eq!((&record["model"], &record["chain"]), (&json!("tiny"), &json!(["tiny", "home"])), "home is tried last");
    assert_eq!(record["excluded"], json!([limited("away"), limited("home")]));
    let record = decide(&policy, &ask("hi", "s"), &["home"]);
    assert_eq!((&record["chain"], &record["excluded"]), (&json!(["tiny", "away"]), &json!([limited("home")])));
    let record = decide(&policy, &ask("hi", "s"), &["tiny", "away"]);
    assert_eq!(record["chain"], json!(["home", "tiny"]));
    assert_eq!(record["excluded"], json!([limited("tiny"), limited("away")]));
    let record = decide(&policy, &ask("hi", "s"), &["home", "tiny", "away"]);
    assert_eq!((&record["chain"], &record["excluded"]), (&json!(["home", "tiny", "away"]), &Value::Null));
    let mut off = policy.clone();
    off["feedback"] = json!({ "rateLimits": false });
    assert_eq!(decide(&off, &ask("hi", "s"), &["home"])["model"], "home");
}

#[test]
fn a_rollout_takes_its_share_of_the_sessions_and_keeps_it_when_it_grows() {
    let at = |percent: f64| {
        let policy = with_rule(json!({
            "targets": [{ "model": "home", "variant": "old" }], "sticky": { "header": "x-session" },
            "rollout": { "model": "away", "percent": percent, "variant": "new" },
        }));
        let variants = (0..400).map(|nth| decide(&policy, &ask("hi", &format!("s{nth}")), &[])["variant"].clone());
        variants.enumerate().filter(|(_, variant)| variant == "new").map(|(nth, _)| nth).collect::<Vec<_>>()
    };
    let (few, more) = (at(10.0), at(30.0));
    assert!((20..=60).contains(&few.len()) && (90..=150).contains(&more.len()), "{} {}", few.len(), more.len());
    assert!(few.iter().all(|session| more.contains(session)));
    assert_eq!((at(0.0).len(), at(100.0).len()), (0, 400));
}

#[test]
fn a_rollout_by_tenant_leaves_callers_without_one_alone() {
    let mut policy = with_rule(json!({
        "targets": [{ "model": "home" }], "rollout": { "model": "away", "percent": 100, "by": "tenant" },
    }));
    policy["tenants"] = json!([{ "name": "t0", "match": { "headers": [{ "name": "x-tenant", "value": "t0" }] } }]);
    policy["onFailure"] = json!({ "unknownTenant": "allow" });
    let mut known = ask("hi", "s");
    known.headers.push(("x-tenant".into(), b"t0".to_vec()));
    assert_eq!(decide(&policy, &known, &[])["variant"], "away");
    assert_eq!(decide(&policy, &ask("hi", "s"), &[])["variant"], "home");
}

#[test]
fn a_mirror_gets_its_own_name_and_only_what_it_may_have() {
    let route = |mirror: Value| with_rule(json!({ "targets": [{ "model": "home" }], "mirror": mirror }));
    let policy = route(json!({ "model": "tiny" }));
    let (record, sent) = walk(&super::policy(&policy), &ask("hi", "s"), &[], &[&ask("hi", "s").body], true);
    assert!(record.contains(r#""model":"home""#) && record.contains(r#""mirror":"tiny""#));
    let sent: Vec<_> = sent.iter().map(|(name, copy, _)| (name.as_str(), *copy)).collect();
    assert_eq!(sent, [("home", false), ("tiny", true)]);
    let record = decide(&policy, &ask(&text_of(11), "s"), &[]);
    assert_eq!((&record["mirror"], &record["excluded"][0]["model"]), (&Value::Null, &json!("tiny")));
    assert!(decide(&route(json!({ "model": "home" })), &ask("hi", "s"), &[])["mirror"].is_null());
    assert!(decide(&route(json!({ "model": "away", "percent": 0 })), &ask("hi", "s"), &[])["mirror"].is_null());
}
