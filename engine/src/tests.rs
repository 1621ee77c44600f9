//! What the engine promises as a whole, over random policies and requests.

mod examples;

use crate::attempt::Plan;
use crate::corridor::{Received, Step, receive};
use crate::{Edits, Exchange, Live, Policy, Record, Splice, explain, names};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn policy(value: &Value) -> Arc<Policy> {
    Arc::new(Policy::from_json(value.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{value}: {errors}")))
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

/// One policy serves many threads: a replay asks it from all of them.
#[test]
fn a_policy_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Policy>();
    shared::<Record>();
}

/// A body that some model would have got: the model, and whether it is a copy.
type Sent = (String, bool, Vec<u8>);

/// The record, and the bodies that upstreams would have got if each attempt had failed, for one split of the body.
fn walk(
    policy: &Arc<Policy>,
    exchange: &Exchange,
    demoted: &[&str],
    chunks: &[&[u8]],
    with_length: bool,
) -> (String, Vec<Sent>) {
    let length = exchange.body.len().to_string();
    let mut headers: Vec<(&[u8], &[u8])> =
        vec![(b":method", exchange.method.as_bytes()), (b":path", exchange.path.as_bytes())];
    headers.extend(exchange.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
    if with_length {
        headers.push((b"content-length", length.as_bytes()));
    }
    let live = || Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect());
    let mut reading = match receive(policy, &headers, exchange, &live, exchange.body.is_empty()) {
        Received::Pass(record) => return (record.map_or_else(String::new, |record| record.to_json()), Vec::new()),
        Received::Reply(reply) => return (reply.record.to_json(), Vec::new()),
        Received::Read(reading) => reading,
    };
    let (mut record, mut sent) = (String::new(), Vec::new());
    let mut steps: Vec<Step> = chunks.iter().map(|chunk| reading.push(chunk)).collect();
    steps.push(reading.finish());
    for step in steps {
        match step {
            Step::Route(edits) => {
                sent = sends(policy, exchange, &edits);
                record = edits.record.to_json();
            }
            Step::Reply(reply) => {
                record = reply.record.to_json();
                sent.clear();
            }
            Step::Hold | Step::Flow => {}
        }
    }
    (record, sent)
}

/// What goes out when every attempt fails.
fn sends(policy: &Policy, exchange: &Exchange, edits: &Edits) -> Vec<Sent> {
    let apply = |body: &[u8], splice: &Splice| [&body[..splice.keep], &splice.with, &body[splice.until..]].concat();
    let body = edits.splice.as_ref().map_or_else(|| exchange.body.clone(), |splice| apply(&exchange.body, splice));
    if let Some(length) = edits.content_length {
        assert_eq!(length, body.len() as u64);
    }
    let record: Value = serde_json::to_value(&edits.record).expect("a record");
    let names = |key: &str| {
        record[key]
            .as_array()
            .into_iter()
            .flatten()
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    let header =
        |wanted: &str| edits.set_headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    let attempt = |state: &str, model: &str| {
        let plan = edits.state.iter().find(|(name, _)| *name == state).map(|(_, plan)| plan).expect("a plan");
        let plan = Plan::read(plan.as_bytes()).expect("a plan");
        for stranger in
            NAMES.iter().filter(|name| !names("chain").contains(&(**name).to_owned()) && record["mirror"] != **name)
        {
            assert_eq!(plan.attempt(stranger.as_bytes(), None), None, "{stranger} is in the plan of {record}");
        }
        let attempt = plan.attempt(model.as_bytes(), None).expect("an attempt");
        let after = apply(&body, &attempt.splice);
        assert!(attempt.fits(&body[attempt.splice.keep..attempt.splice.until]));
        assert!(attempt.content_length.is_none_or(|length| length == after.len() as u64));
        after
    };
    let chain = names("chain");
    let mut sent: Vec<Sent> = match (record["model"].as_str(), chain.is_empty()) {
        (None, _) => Vec::new(),
        (Some(model), true) => vec![(model.to_owned(), false, body.clone())],
        (Some(model), false) => {
            assert_eq!(chain[0], model);
            let known = policy.chains().iter().any(|known| known.iter().map(|model| model.name()).eq(chain.iter()));
            assert!(known, "no proxy has a cluster for the chain of {record}");
            assert_eq!(
                header(names::CLUSTER_HEADER),
                Some(names::chain_cluster(chain.iter().map(String::as_str)).as_str())
            );
            assert_eq!(header(names::MAX_RETRIES_HEADER), Some((chain.len() - 1).to_string().as_str()));
            chain.iter().map(|model| (model.clone(), false, attempt(names::PLAN_PROPERTY, model))).collect()
        }
    };
    if let Some(mirror) = record["mirror"].as_str() {
        assert!(policy.mirrors().iter().any(|model| model.name() == mirror));
        assert_eq!(header(names::MIRROR_HEADER), Some(names::mirror_cluster(mirror).as_str()));
        sent.push((mirror.to_owned(), true, attempt(names::MIRROR_PLAN_PROPERTY, mirror)));
    }
    sent
}

const NAMES: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

fn fallback() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    let list = prop::sample::subsequence(NAMES.to_vec(), 0..4).prop_shuffle();
    prop::option::weighted(0.4, list)
}

fn models() -> impl Strategy<Value = Value> {
    let model = (
        prop::option::of(1_u64..60),
        prop::option::of(prop::sample::subsequence(
            vec!["tools", "vision", "audio", "structuredOutput", "reasoning"],
            0..5,
        )),
        prop::sample::select(vec!["eu", "us"]),
        any::<bool>(),
        fallback(),
    );
    prop::collection::vec(model, NAMES.len()).prop_map(|models| {
        let models = NAMES.iter().zip(models).map(|(name, (window, capabilities, region, renamed, fallback))| {
            let mut model = json!({ "name": name, "cluster": format!("to-{name}"), "labels": { "region": region } });
            if let Some(window) = window {
                model["contextWindow"] = json!(window);
            }
            if let Some(capabilities) = capabilities {
                model["capabilities"] = json!(capabilities);
            }
            if let Some(mut fallback) = fallback {
                fallback.retain(|model| model != name);
                model["fallback"] = json!(fallback);
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

fn share() -> impl Strategy<Value = Option<(&'static str, f64, bool)>> {
    let percent = prop_oneof![Just(0.0), Just(100.0), 0.0..100.0];
    prop::option::weighted(0.3, (prop::sample::select(NAMES.to_vec()), percent, any::<bool>()))
}

fn demoted() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![2 => Just(Vec::new()), 1 => prop::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len())]
}

fn rules() -> impl Strategy<Value = Value> {
    let targets = prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), 0_u32..5, 1..4);
    let action = prop_oneof![
        4 => (targets, any::<bool>(), fallback(), share(), share()).prop_map(|(targets, sticky, fallback, rollout, mirror)| {
            let mut targets: Vec<Value> =
                targets.into_iter().map(|(model, weight)| json!({ "model": model, "weight": weight })).collect();
            targets[0]["weight"] = json!(3);
            let mut route = json!({ "targets": targets });
            if sticky {
                route["sticky"] = json!({ "header": "x-session" });
            }
            if let Some(fallback) = fallback {
                route["fallback"] = json!(fallback);
            }
            if let Some((model, percent, by_tenant)) = rollout {
                let by = if by_tenant { "tenant" } else { "session" };
                route["rollout"] = json!({ "model": model, "percent": percent, "by": by, "variant": "new" });
            }
            if let Some((model, percent, _)) = mirror {
                route["mirror"] = json!({ "model": model, "percent": percent });
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
        demoted in demoted(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        with_length in any::<bool>(),
    ) {
        let whole = walk(&policy, &exchange, &demoted, &[&exchange.body], with_length);
        let bytes: Vec<&[u8]> = exchange.body.chunks(1).collect();
        prop_assert_eq!(&walk(&policy, &exchange, &demoted, &bytes, with_length), &whole);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(exchange.body.len() + 1)).collect();
        cuts.extend([0, exchange.body.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &exchange.body[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&walk(&policy, &exchange, &demoted, &chunks, with_length), &whole);
        let explained = explain(&policy, &exchange);
        let (record, _) = walk(&policy, &exchange, &[], &[&exchange.body], false);
        prop_assert_eq!(explained.map_or_else(String::new, |record| record.to_json()), record);
    }

    /// What a record names of what was known of models is all that it takes to decide the same again.
    #[test]
    fn a_recorded_decision_can_be_taken_again(
        policy in policies().prop_map(|value| policy(&value)),
        mut exchange in requests(),
        demoted in demoted(),
    ) {
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect());
        if let Some(record) = explain(&policy, &exchange) {
            exchange.live = record.live();
            let (again, written) = (explain(&policy, &exchange), record.to_json());
            prop_assert_eq!(again.as_ref(), Some(&record));
            prop_assert_eq!(Record::from_json(&written).map(|read| read.to_json()), Some(written));
        }
    }

    /// Invariant of the design: neither the first choice nor a fallback nor a copy goes past the candidate set, and each
    /// body says what its model is called.
    #[test]
    fn everything_sent_goes_to_a_model_that_may_and_can(
        value in policies(),
        exchange in requests(),
        demoted in demoted(),
    ) {
        let policy = policy(&value);
        let (record, sent) = walk(&policy, &exchange, &demoted, &[&exchange.body], false);
        let record: Value = serde_json::from_str(&record).expect("a record");
        prop_assert_eq!(&record["policy"], policy.version());
        if record["action"] != "route" {
            prop_assert!(record["model"].is_null() && sent.is_empty());
            return Ok(());
        }
        let catalog = value["models"].as_array().expect("models");
        let model = |name: &Value| catalog.iter().find(|model| model["name"] == *name).expect("a model of the catalog");
        prop_assert_eq!(&record["cluster"], &model(&record["model"])["cluster"]);
        for (name, is_copy, body) in &sent {
            let chosen = model(&json!(name));
            let upstream = chosen.get("upstreamModel").unwrap_or(&chosen["name"]);
            let Ok(body) = serde_json::from_slice::<Value>(body) else { return Ok(()) };
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
            // What is left out for a provider's word is left out everywhere, or nowhere when nothing else is left.
            if demoted.contains(&name.as_str()) {
                let others = sent.iter().filter(|(_, copy, _)| !copy).all(|(other, _, _)| demoted.contains(&other.as_str()));
                prop_assert!(!is_copy && others);
            }
        }
        let tried: Vec<&str> = sent.iter().filter(|(_, copy, _)| !copy).map(|(name, _, _)| name.as_str()).collect();
        prop_assert!((1..tried.len()).all(|nth| !tried[..nth].contains(&tried[nth])), "{:?} twice", tried);
    }
}
