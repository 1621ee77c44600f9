//! Which model a rule chooses of a group, and by what.

use super::{chat, policy};
use crate::{Exchange, Policy, explain};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn with(rule: &Value) -> Arc<Policy> {
    policy(&json!({
        "models": [
            { "name": "wide", "cluster": "a", "cost": { "inputPerMillion": 1, "outputPerMillion": 20 }, "labels": { "tier": "small" } },
            { "name": "none", "cluster": "a", "labels": { "tier": "small" } },
            { "name": "terse", "cluster": "a", "cost": { "inputPerMillion": 5, "outputPerMillion": 2 }, "labels": { "tier": "small" },
              "capabilities": [] },
            { "name": "dear", "cluster": "a", "cost": { "inputPerMillion": 50, "outputPerMillion": 20 }, "labels": { "tier": "large" } },
        ],
        "aliases": [{ "name": "auto" }],
        "rules": [{ "name": "r", "route": rule }],
    }))
}

/// The models that are tried, as `a > b`.
fn tried(policy: &Arc<Policy>, body: &Value) -> String {
    let record = explain(policy, &chat(body.to_string())).expect("a record");
    let one = record.model.iter().filter(|_| record.chain.is_empty());
    record.chain.iter().chain(one).map(|model| &**model).collect::<Vec<_>>().join(" > ")
}

fn asking(words: usize, output: Option<u64>) -> Value {
    let text = "word ".repeat(words);
    let mut body = json!({ "model": "auto", "messages": [{ "role": "user", "content": text }] });
    if let Some(output) = output {
        body["max_tokens"] = json!(output);
    }
    body
}

#[test]
fn the_cheapest_is_so_for_this_request() {
    let policy = with(&json!({ "targets": [{ "model": "*" }], "prefer": "cheapest" }));
    assert_eq!(tried(&policy, &asking(1, Some(10_000))), "terse > wide > dear > none");
    assert_eq!(tried(&policy, &asking(20_000, Some(10))), "wide > terse > dear > none");
    // 1,024 output tokens where nothing says: of 18,432 millionths between them, each input token takes 4 back.
    assert_eq!(tried(&policy, &asking(2_000, None)), "terse > wide > dear > none");
    assert_eq!(tried(&policy, &asking(10_000, None)), "wide > terse > dear > none");
    let tools = json!({ "model": "auto", "tools": [{ "name": "f" }], "max_tokens": 10_000 });
    assert_eq!(tried(&policy, &tools), "wide > dear > none");
}

#[test]
fn the_first_is_so_in_the_order_written() {
    let route = json!({ "targets": [{ "model": "dear" }, { "labels": { "tier": "small" } }], "prefer": "first" });
    assert_eq!(tried(&with(&route), &asking(1, None)), "dear > wide > none > terse");
    let alone = json!({ "targets": [{ "model": "terse" }, { "model": "dear" }], "prefer": "first", "fallback": [] });
    assert_eq!(tried(&with(&alone), &json!({ "model": "auto", "tools": [{ "name": "f" }] })), "dear");
    let other =
        json!({ "targets": [{ "model": "terse" }, { "model": "dear" }], "prefer": "first", "fallback": ["none"] });
    assert_eq!(tried(&with(&other), &asking(1, None)), "terse > none");
}

/// How often each model is chosen in 4,000 sessions.
fn shares(policy: &Arc<Policy>, body: &Value) -> (BTreeMap<String, usize>, Vec<String>) {
    let (mut counts, mut all) = (BTreeMap::new(), Vec::new());
    for session in 0..4000 {
        let mut exchange: Exchange = chat(body.to_string());
        exchange.headers.push(("x-session-id".into(), format!("s{session}").into_bytes()));
        let model = explain(policy, &exchange).and_then(|record| record.model).expect("a model").to_string();
        *counts.entry(model.clone()).or_default() += 1;
        all.push(model);
    }
    (counts, all)
}

#[test]
fn a_group_has_one_weight_and_nobody_leaves_it_for_another_target() {
    let route =
        json!({ "targets": [{ "labels": { "tier": "small" }, "weight": 75 }, { "model": "dear", "weight": 25 }] });
    let policy = with(&route);
    let (counts, plain) = shares(&policy, &asking(1, None));
    for (model, expected) in [("wide", 1000), ("none", 1000), ("terse", 1000), ("dear", 1000)] {
        assert!(counts[model].abs_diff(expected) < 120, "{counts:?}");
    }
    let mut tools = asking(1, None);
    tools["tools"] = json!([{ "name": "f" }]);
    let (counts, without_terse) = shares(&policy, &tools);
    assert!(counts["dear"].abs_diff(1000) < 120 && counts["wide"].abs_diff(1500) < 150, "{counts:?}");
    let moved = plain.iter().zip(&without_terse).filter(|(before, after)| before != after);
    assert!(moved.clone().all(|(before, after)| before == "terse" && after != "dear"), "{counts:?}");
}
