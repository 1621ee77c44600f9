//! What the engine promises as a whole, over random policies and requests.

mod conditions;
mod examples;
mod groups;
mod otherwise;
mod replayed;
mod strategies;
mod tenants;
mod traced;

use crate::attempt::Plan;
use crate::corridor::{Received, Step, receive};
use crate::{Edits, Exchange, Live, Policy, Record, explain, names, spliced};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use strategies::{NAMES, balances, demoted, policies, requests, times};

pub(crate) fn policy(value: &Value) -> Arc<Policy> {
    Arc::new(Policy::from_json(value.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{value}: {errors}")))
}

/// A text of so many tokens, as they are estimated.
fn text_of(tokens: usize) -> String {
    // In parts of a token: 19 for its beginning, and 6 for each letter.
    "x".repeat((64 * tokens - 19) / 6)
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

/// A text cut there, and one in single bytes.
pub(crate) fn splits<'a>(text: &'a [u8], cuts: &[prop::sample::Index]) -> [Vec<&'a [u8]>; 2] {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    [cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect(), text.chunks(1).collect()]
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
    let live = || match demoted {
        [] => exchange.live.clone(),
        _ => Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()),
    };
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

/// Whether only the path names the model.
fn names_in_path(exchange: &Exchange) -> bool {
    exchange.path.starts_with("/model/")
}

/// What goes out when every attempt fails.
fn sends(policy: &Policy, exchange: &Exchange, edits: &Edits) -> Vec<Sent> {
    let body = spliced(&exchange.body, &edits.splices);
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
        if policy.watched_in(crate::api::Api::ChatCompletions).is_empty() {
            assert_eq!(
                attempt.splices.len(),
                usize::from(!names_in_path(exchange)),
                "where the body names the model it is written"
            );
        }
        let after = spliced(&body, &attempt.splices);
        assert!(attempt.splices.iter().all(|splice| splice.fits(&body[splice.keep..splice.keep + splice.compared()])));
        let written = policy.model_named(model).expect("a model").upstream_model();
        assert!(!names_in_path(exchange) || attempt.path.starts_with(&format!("/model/{written}/converse")));
        assert!(attempt.content_length.is_none_or(|length| length == after.len() as u64));
        after
    };
    let place = |model: &str| policy.model_named(model).expect("a model").place();
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
                Some(names::chain_cluster(chain.iter().map(|name| place(name))).as_str())
            );
            assert_eq!(header(names::MAX_RETRIES_HEADER), Some((chain.len() - 1).to_string().as_str()));
            chain.iter().map(|model| (model.clone(), false, attempt(names::PLAN_PROPERTY, model))).collect()
        }
    };
    if let Some(mirror) = record["mirror"].as_str() {
        assert!(policy.mirrors().iter().any(|model| model.name() == mirror));
        assert_eq!(header(names::MIRROR_HEADER), Some(names::mirror_cluster(place(mirror)).as_str()));
        sent.push((mirror.to_owned(), true, attempt(names::MIRROR_PLAN_PROPERTY, mirror)));
    }
    sent
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// Invariant of the design: one request and one policy give one decision, whenever it is taken.
    #[test]
    fn the_split_of_the_body_changes_nothing(
        policy in policies().prop_map(|value| policy(&value)),
        mut exchange in requests(),
        demoted in demoted(),
        balances in balances(),
        now in times(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        with_length in any::<bool>(),
    ) {
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()).spending(balances, now);
        let whole = walk(&policy, &exchange, &[], &[&exchange.body], with_length);
        for chunks in splits(&exchange.body, &cuts) {
            prop_assert_eq!(&walk(&policy, &exchange, &[], &chunks, with_length), &whole);
        }
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
        balances in balances(),
        now in times(),
    ) {
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()).spending(balances, now);
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
        mut exchange in requests(),
        demoted in demoted(),
        balances in balances(),
        now in times(),
    ) {
        let policy = policy(&value);
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()).spending(balances.clone(), now);
        let (record, sent) = walk(&policy, &exchange, &[], &[&exchange.body], false);
        let record: Value = serde_json::from_str(&record).expect("a record");
        prop_assert_eq!(&record["policy"], policy.version());
        if record["action"] != "route" {
            prop_assert!(record["model"].is_null() && sent.is_empty());
            return Ok(());
        }
        let catalog = value["models"].as_array().expect("models");
        let model = |name: &Value| catalog.iter().find(|model| model["name"] == *name).expect("a model of the catalog");
        prop_assert_eq!(&record["cluster"], &model(&record["model"])["cluster"]);
        let tenant = record["tenant"].as_str().and_then(|tenant| policy.tenant_named(tenant));
        for (name, is_copy, body) in &sent {
            let chosen = model(&json!(name));
            let upstream = chosen.get("upstreamModel").unwrap_or(&chosen["name"]);
            if exchange.path.starts_with("/v1/audio") {
                let part = format!("name=\"model\"\r\n\r\n{}\r\n--B", upstream.as_str().expect("a name"));
                let text = String::from_utf8_lossy(body);
                // What is damaged in a form need not be what is read of it.
                prop_assert_eq!(text.matches(&part).count(), 1, "{}", text);
            }
            let Ok(body) = serde_json::from_slice::<Value>(body) else { return Ok(()) };
            if !names_in_path(&exchange) {
                prop_assert_eq!(&body["model"], upstream);
            }
            prop_assert!(!names_in_path(&exchange) || chosen["apis"][1] == "bedrock");
            if record["tenant"] == "t0" {
                let rights = &value["tenants"][0]["models"];
                if let Some(allow) = rights["allow"].as_array() {
                    prop_assert!(allow.contains(&chosen["name"]));
                }
                if !rights["require"].is_null() {
                    prop_assert_eq!(&chosen["labels"]["region"], "eu");
                }
            }
            let lists = [&body["models"], &body["extra_body"]["model"], &body["tools"][0]["model"]];
            for named in lists.iter().flat_map(|list| list.as_array().map_or(std::slice::from_ref(*list), Vec::as_slice)) {
                // What the provider is told is a name of its own, of a model that the caller may use as well.
                let may = |model: &&Value| {
                    let name = model["name"].as_str().expect("a name");
                    model.get("upstreamModel").unwrap_or(&model["name"]) == named
                        && model["cluster"] == chosen["cluster"]
                        && policy.find_model(name).is_some_and(|model| policy.exclusion(tenant, model).is_none())
                };
                prop_assert!(named.is_null() || catalog.iter().any(|model| may(&model)), "{}", named);
            }
            // No budget that has no room for one more request of a model lets it there.
            let used = |budget: &str| balances.iter().find(|balance| &*balance.budget == budget).map_or(0, |balance| balance.used);
            let counts = |budget: &&Value| {
                budget["match"]["models"].as_array().is_none_or(|models| models.contains(&chosen["name"]))
                    && !budget["requests"].is_null()
            };
            for budget in value["budgets"].as_array().expect("budgets").iter().filter(counts) {
                prop_assert!(used(budget["name"].as_str().expect("a name")) < budget["requests"].as_u64().expect("a limit"));
            }
            let needs = |capability: &str| chosen["capabilities"].as_array().is_some_and(|can| !can.contains(&json!(capability)));
            prop_assert!(!(needs("tools") && body["tools"].is_array()));
            prop_assert!(!needs("reasoning") || body["reasoning_effort"].is_null());
            let image = &body["messages"][1]["content"][0]["type"];
            prop_assert!(!(needs("vision") && image == "image_url"));
            // What is left out for a provider's word is left out everywhere, or nowhere when nothing else is left. A policy
            // without alternatives does not listen to providers: nobody could stand in.
            // One is tried last where nobody but one would be left, and the record says why it is the last.
            let tried: Vec<&str> = sent.iter().filter(|(_, copy, _)| !copy).map(|(name, _, _)| name.as_str()).collect();
            let is_last = !is_copy && tried.len() == 2 && tried[1] == name && !demoted.contains(&tried[0]);
            if policy.takes_feedback() && demoted.contains(&name.as_str()) && is_last {
                let said = json!({ "model": name, "reason": "rateLimited" });
                prop_assert!(record["excluded"].as_array().is_some_and(|all| all.contains(&said)), "{}", record);
            } else if policy.takes_feedback() && demoted.contains(&name.as_str()) {
                let others = sent.iter().filter(|(_, copy, _)| !copy).all(|(other, _, _)| demoted.contains(&other.as_str()));
                prop_assert!(!is_copy && others);
            }
        }
        let tried: Vec<&str> = sent.iter().filter(|(_, copy, _)| !copy).map(|(name, _, _)| name.as_str()).collect();
        prop_assert!((1..tried.len()).all(|nth| !tried[..nth].contains(&tried[nth])), "{:?} twice", tried);
    }
}
