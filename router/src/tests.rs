//! What the engine promises as a whole, over random policies and requests.

use crate::corridor::{Received, Step, receive};
use crate::{Exchange, Policy, explain};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::rc::Rc;

fn policy(value: &Value) -> Rc<Policy> {
    Rc::new(Policy::from_json(value.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{value}: {errors}")))
}

fn chat(body: impl Into<Vec<u8>>) -> Exchange {
    Exchange {
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        headers: vec![("content-type".into(), b"application/json".to_vec())],
        body: body.into(),
        ..Exchange::default()
    }
}

/// The record, and the body that the upstream would have got, for one split of the body.
fn walk(policy: &Rc<Policy>, exchange: &Exchange, chunks: &[&[u8]], with_length: bool) -> (String, Option<Vec<u8>>) {
    let length = exchange.body.len().to_string();
    let mut headers: Vec<(&[u8], &[u8])> =
        vec![(b":method", exchange.method.as_bytes()), (b":path", exchange.path.as_bytes())];
    headers.extend(exchange.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
    if with_length {
        headers.push((b"content-length", length.as_bytes()));
    }
    let mut reading = match receive(policy, &headers, exchange, exchange.body.is_empty()) {
        Received::Pass(record) => return (record.unwrap_or_default(), Some(exchange.body.clone())),
        Received::Reply(reply) => return (reply.record, None),
        Received::Read(reading) => reading,
    };
    let (mut record, mut body) = (String::new(), None);
    let mut steps: Vec<Step> = chunks.iter().map(|chunk| reading.push(chunk)).collect();
    steps.push(reading.finish());
    for step in steps {
        match step {
            Step::Route(edits) => {
                record = edits.record;
                let after = match edits.splice {
                    None => exchange.body.clone(),
                    Some(splice) => {
                        [&exchange.body[..splice.keep], &splice.with, &exchange.body[splice.until..]].concat()
                    }
                };
                if let Some(length) = edits.content_length {
                    assert_eq!(length, after.len() as u64);
                }
                body = Some(after);
            }
            Step::Reply(reply) => {
                record = reply.record;
                body = None;
            }
            Step::Hold | Step::Flow => {}
        }
    }
    (record, body)
}

const NAMES: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

fn models() -> impl Strategy<Value = Value> {
    let model = (
        prop::option::of(1_u64..60),
        prop::option::of(prop::sample::subsequence(
            vec!["tools", "vision", "audio", "structuredOutput", "reasoning"],
            0..5,
        )),
        prop::sample::select(vec!["eu", "us"]),
        any::<bool>(),
    );
    prop::collection::vec(model, NAMES.len()).prop_map(|models| {
        let models = NAMES.iter().zip(models).map(|(name, (window, capabilities, region, renamed))| {
            let mut model = json!({ "name": name, "cluster": format!("to-{name}"), "labels": { "region": region } });
            if let Some(window) = window {
                model["contextWindow"] = json!(window);
            }
            if let Some(capabilities) = capabilities {
                model["capabilities"] = json!(capabilities);
            }
            if renamed {
                model["upstreamModel"] = json!(format!("{name}-2026-01-01"));
            }
            model
        });
        Value::Array(models.collect())
    })
}

fn conditions() -> impl Strategy<Value = Value> {
    let condition = prop_oneof![
        prop::sample::select(vec!["alpha", "auto", "*", "be*", "*a", "g*a"]).prop_map(|name| ("models", json!([name]))),
        (0_u64..30, 0_u64..30).prop_map(|(min, more)| ("inputTokens", json!({ "min": min, "max": min + more }))),
        (0_u64..4).prop_map(|max| ("messages", json!({ "max": max }))),
        (0_u64..90).prop_map(|min| ("maxOutputTokens", json!({ "min": min }))),
        prop::sample::select(vec!["stream", "tools", "images", "audio", "structuredOutput", "reasoning"])
            .prop_flat_map(|flag| any::<bool>().prop_map(move |wanted| (flag, json!(wanted)))),
        Just(("keywords", json!(["contract", "secret plan"]))),
        Just(("tenants", json!(["t0"]))),
        Just(("headers", json!([{ "name": "x-team", "value": "search" }]))),
    ];
    prop::collection::vec(condition, 0..3).prop_map(|conditions| {
        Value::Object(conditions.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    })
}

fn rules() -> impl Strategy<Value = Value> {
    let targets = prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), 0_u32..5, 1..4);
    let action = prop_oneof![
        4 => (targets, any::<bool>()).prop_map(|(targets, sticky)| {
            let mut targets: Vec<Value> =
                targets.into_iter().map(|(model, weight)| json!({ "model": model, "weight": weight })).collect();
            targets[0]["weight"] = json!(3);
            let mut route = json!({ "targets": targets });
            if sticky {
                route["sticky"] = json!({ "header": "x-session" });
            }
            ("route", route)
        }),
        1 => Just(("deny", json!({ "status": 451 }))),
    ];
    prop::collection::vec((conditions(), action), 0..5).prop_map(|rules| {
        let rules = rules.into_iter().enumerate().map(|(nth, (conditions, (action, value)))| {
            let mut rule = json!({ "name": format!("rule-{nth}"), "match": conditions });
            rule[action] = value;
            rule
        });
        Value::Array(rules.collect())
    })
}

fn policies() -> impl Strategy<Value = Value> {
    let tenant = (prop::option::of(prop::sample::subsequence(NAMES.to_vec(), 0..4)), any::<bool>());
    let choice = prop_oneof![
        Just(json!("deny")),
        prop::sample::select(NAMES.to_vec()).prop_map(|name| json!({ "model": name }))
    ];
    (models(), rules(), tenant, choice, any::<(bool, bool, bool)>()).prop_map(
        |(models, rules, (allow, eu_only), choice, (deny_default, pass, tell))| {
            let mut rights = json!({});
            if let Some(allow) = allow {
                rights["allow"] = json!(allow);
            }
            if eu_only {
                rights["require"] = json!({ "region": "eu" });
            }
            // Some model must have the label that a tenant requires, whatever its value: all have it.
            json!({
                "models": models,
                "aliases": [{ "name": "auto" }, { "name": "old-*", "model": "beta" }],
                "tenants": [{ "name": "t0", "match": { "headers": [{ "name": "x-tenant", "value": "t0" }] }, "models": rights }],
                "rules": rules,
                "default": { "action": if deny_default { "deny" } else { "allow" } },
                "onFailure": {
                    "unknownTenant": "allow", "noCandidate": choice, "unknownModel": choice, "missingModel": choice,
                    "unparseable": if pass { "pass" } else { "deny" },
                },
                "visibility": { "responseHeaders": tell },
            })
        },
    )
}

fn requests() -> impl Strategy<Value = Exchange> {
    let member = prop_oneof![
        4 => prop::sample::select(vec!["alpha", "beta", "gamma", "auto", "old-one", "unknown"]).prop_map(|name| format!(r#""model":"{name}""#)),
        3 => "[a-z ]{0,60}".prop_map(|text| format!(r#""messages":[{{"role":"user","content":"{text}"}}]"#)),
        1 => Just(r#""messages":[{"role":"system","content":"a contract\u00e9"},{"content":[{"type":"image_url","image_url":{"url":"data:x"}}],"role":"user"}]"#.to_owned()),
        1 => Just(r#""tools":[{"name":"f"}]"#.to_owned()),
        1 => any::<bool>().prop_map(|stream| format!(r#""stream":{stream}"#)),
        1 => (0_u32..100).prop_map(|tokens| format!(r#""max_tokens":{tokens}"#)),
        1 => Just(r#""response_format":{"type":"json_schema"}"#.to_owned()),
        1 => Just(r#""reasoning_effort":"high""#.to_owned()),
        1 => Just(r#""seed":1"#.to_owned()),
    ];
    let damage = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>()));
    let headers = prop::sample::subsequence(
        vec![("x-team", "search"), ("x-tenant", "t0"), ("x-session", "s1"), ("x-session", "s2")],
        0..4,
    );
    (prop::collection::vec(member, 0..6), damage, headers).prop_map(|(members, damage, headers)| {
        let mut body = format!("{{{}}}", members.join(",")).into_bytes();
        if let Some((at, byte)) = damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let mut exchange = chat(body);
        exchange.headers.extend(headers.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
        exchange
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// Invariant of the design: one request and one policy give one decision, whenever it is taken.
    #[test]
    fn the_split_of_the_body_changes_nothing(
        policy in policies().prop_map(|value| policy(&value)),
        exchange in requests(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        with_length in any::<bool>(),
    ) {
        let whole = walk(&policy, &exchange, &[&exchange.body], with_length);
        let bytes: Vec<&[u8]> = exchange.body.chunks(1).collect();
        prop_assert_eq!(&walk(&policy, &exchange, &bytes, with_length), &whole);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(exchange.body.len() + 1)).collect();
        cuts.extend([0, exchange.body.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &exchange.body[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&walk(&policy, &exchange, &chunks, with_length), &whole);
        let explained = explain(&policy, &exchange);
        let (record, _) = walk(&policy, &exchange, &[&exchange.body], false);
        prop_assert_eq!(explained.unwrap_or_default(), record);
    }

    /// Invariant of the design: nothing is routed past the candidate set, and the body says what the record says.
    #[test]
    fn every_route_ends_at_a_model_that_may_and_can(value in policies(), exchange in requests()) {
        let policy = policy(&value);
        let (record, body) = walk(&policy, &exchange, &[&exchange.body], false);
        let record: Value = serde_json::from_str(&record).expect("a record");
        prop_assert_eq!(&record["policy"], policy.version());
        if record["action"] != "route" {
            prop_assert!(record["model"].is_null());
            return Ok(());
        }
        let chosen = value["models"].as_array().into_iter().flatten().find(|model| model["name"] == record["model"]);
        let chosen = chosen.expect("a model of the catalog");
        prop_assert_eq!(&record["cluster"], &chosen["cluster"]);
        let upstream = chosen.get("upstreamModel").unwrap_or(&chosen["name"]);
        let Ok(body) = serde_json::from_slice::<Value>(&body.expect("a body")) else { return Ok(()) };
        prop_assert_eq!(&body["model"], upstream);
        if record["tenant"] == "t0" {
            let rights = &value["tenants"][0]["models"];
            if let Some(allow) = rights["allow"].as_array() {
                prop_assert!(allow.contains(&chosen["name"]));
            }
            if !rights["require"].is_null() {
                prop_assert_eq!(&chosen["labels"]["region"], "eu");
            }
        }
        let needs = |capability: &str| chosen["capabilities"].as_array().is_some_and(|can| !can.contains(&json!(capability)));
        prop_assert!(!(needs("tools") && body["tools"].is_array()));
        prop_assert!(!needs("reasoning") || body["reasoning_effort"].is_null());
        let image = &body["messages"][1]["content"][0]["type"];
        prop_assert!(!(needs("vision") && image == "image_url"));
    }
}

fn check(policy: &Value, exchange: &Exchange, expected: &[(&str, Value)]) {
    let policy = self::policy(policy);
    let record: Value = serde_json::from_str(&explain(&policy, exchange).unwrap_or_default()).expect("a record");
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
    let long = format!(r#"{{"model":"open","messages":[{{"content":"{}"}}]}}"#, "x".repeat(41));
    check(&policy, &chat(long), &[("status", json!(400)), ("excluded", excluded("contextWindow", "open"))]);
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
        match receive(&policy, &headers, &exchange, true) {
            Received::Reply(reply) => (reply.status, serde_json::from_slice::<Value>(&reply.body).expect("JSON")),
            other => panic!("{other:?}"),
        }
    };
    let (status, list) = get("/v1/models", &[]);
    let ids: Vec<&str> =
        list["data"].as_array().expect("a list").iter().filter_map(|entry| entry["id"].as_str()).collect();
    assert_eq!((status, ids), (200, vec!["open", "auto"]));
    assert_eq!(get("/v1/models/open", &[]).1["object"], "model");
    assert_eq!(get("/v1/models/closed", &[]).0, 404);
    assert_eq!(get("/v1/models/open", &[(b"anthropic-version", b"2023-06-01")]).1["type"], "model");
}
