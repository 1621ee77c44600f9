//! Ids of responses that say who keeps them: what becomes of a request with one, and of what is sent.

use crate::attempt::Tried;
use crate::tests::walk;
use crate::{Exchange, Policy, explain};
use serde_json::{Value, json};
use std::sync::Arc;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "ffffffffffffffffffffffffffffffff";

/// Two providers with equal weights, one that nobody is routed to, and a tenant that may not use the second.
fn document() -> Value {
    json!({
        "models": [
            { "name": "left", "cluster": "a", "upstreamModel": "l-2026", "fallback": ["spare"] },
            { "name": "right", "cluster": "b", "labels": { "far": "yes" } },
            { "name": "spare", "cluster": "b" },
            { "name": "other", "cluster": "c" },
        ],
        "aliases": [{ "name": "auto" }],
        "tenants": [
            { "name": "near", "match": { "headers": [{ "name": "x-tenant", "value": "near" }] }, "models": { "allow": ["left"] } },
            { "name": "any", "match": { "headers": [{ "name": "x-tenant", "value": "any" }] } },
        ],
        "rules": [{ "name": "r", "match": { "models": ["auto"] }, "route": {
            "targets": [{ "model": "left" }, { "model": "right" }], "mirror": { "model": "other" },
        } }],
        "providerState": { "signedIds": {} },
    })
}

fn keyed(document: &Value, keys: &str) -> Arc<Policy> {
    let policy = Policy::from_json(document.to_string().as_bytes()).expect("a policy");
    Arc::new(policy.with_id_keys(Some(keys)).expect("a key"))
}

fn sign(policy: &Policy, cluster: &str, tenant: &str, id: &str) -> String {
    let signature = policy.signer().sign(cluster, Some(tenant), id).expect("a key");
    format!("resp_{signature}{}", id.strip_prefix("resp_").unwrap_or(id))
}

fn request(path: &str, tenant: &str, body: String) -> Exchange {
    Exchange {
        method: "POST".into(),
        path: path.into(),
        headers: vec![
            ("content-type".into(), b"application/json".to_vec()),
            ("x-tenant".into(), tenant.as_bytes().to_vec()),
        ],
        body: body.into_bytes(),
        ..Exchange::default()
    }
}

fn follow_up(tenant: &str, model: &str, turn: usize, id: &str) -> Exchange {
    let body = format!(r#"{{"model":"{model}","input":"turn {turn}","previous_response_id" : "{id}","store":true}}"#);
    request("/v1/responses", tenant, body)
}

fn record(policy: &Arc<Policy>, exchange: &Exchange) -> Value {
    serde_json::to_value(explain(policy, exchange).expect("a record")).expect("JSON")
}

#[test]
fn each_turn_goes_to_who_made_the_one_before() {
    let policy = keyed(&document(), KEY);
    for turn in 0..20 {
        for (cluster, model) in [("a", "left"), ("b", "right")] {
            let exchange = follow_up("any", "auto", turn, &sign(&policy, cluster, "any", "resp_1"));
            let record = record(&policy, &exchange);
            assert_eq!((&record["model"], &record["keptBy"]), (&json!(model), &json!(cluster)), "{record}");
            // Neither a fallback nor a copy goes where nobody knows of it.
            assert_eq!((&record["chain"], &record["mirror"]), (&Value::Null, &Value::Null), "{record}");
            let excluded = record["excluded"].as_array().expect("who was left out");
            assert!(excluded.iter().all(|excluded| excluded["reason"] == "held"), "{record}");
            assert!(excluded.iter().any(|excluded| excluded["model"] == "other"), "{record}");
        }
    }
    // Without a signature the conversation chooses, and that is another one in each turn.
    let plain = |turn| record(&policy, &follow_up("any", "auto", turn, "resp_1"))["model"].clone();
    let models: Vec<_> = (0..20).map(plain).collect();
    assert!(models.contains(&json!("left")) && models.contains(&json!("right")), "{models:?}");
}

#[test]
fn the_provider_gets_its_own_id() {
    let policy = keyed(&document(), KEY);
    for (cluster, model, upstream) in [("a", "left", "l-2026"), ("b", "right", "right")] {
        for path in ["/v1/responses", "/v1/responses/input_tokens", "/v1/responses/compact"] {
            let id = sign(&policy, cluster, "any", "resp_\u{e9}1");
            let exchange = Exchange { path: path.into(), ..follow_up("any", "auto", 0, &id) };
            let expected =
                format!(r#"{{"model":"{upstream}","input":"turn 0","previous_response_id" : "resp_é1","store":true}}"#);
            let whole = walk(&policy, &exchange, &[], &[&exchange.body], true);
            assert_eq!(whole.1, [(model.to_owned(), false, expected.into_bytes())], "{path} {}", whole.0);
            let bytes: Vec<&[u8]> = exchange.body.chunks(1).collect();
            assert_eq!(walk(&policy, &exchange, &[], &bytes, false), whole);
        }
    }
}

#[test]
fn clusters_that_share_are_one_and_a_chain_within_goes_on() {
    let mut document = document();
    document["providerState"]["shared"] = json!([["a", "b"]]);
    let policy = keyed(&document, KEY);
    let exchange = follow_up("any", "left", 0, &sign(&policy, "b", "any", "resp_1"));
    let (record, sent) = walk(&policy, &exchange, &[], &[&exchange.body], true);
    assert!(record.contains(r#""chain":["left","spare"]"#) && record.contains(r#""keptBy":"b""#), "{record}");
    let expected = ["l-2026", "spare"].map(|model| {
        format!(r#"{{"model":"{model}","input":"turn 0","previous_response_id" : "resp_1","store":true}}"#)
    });
    let bodies: Vec<_> = sent.iter().map(|(_, _, body)| String::from_utf8_lossy(body).into_owned()).collect();
    assert_eq!(bodies, expected);
    // Of a fallback, what is left is where it is kept.
    let apart = keyed(&self::document(), KEY);
    let kept = follow_up("any", "left", 0, &sign(&apart, "b", "any", "resp_1"));
    assert_eq!(self::record(&apart, &kept)["model"], "spare");
}

/// A signature opens nothing: neither a model that the tenant may not use, nor one that the rule does not name.
#[test]
fn an_id_widens_nothing() {
    let policy = keyed(&document(), KEY);
    let near = record(&policy, &follow_up("near", "auto", 0, &sign(&policy, "b", "near", "resp_1")));
    assert_eq!(
        (&near["action"], &near["reason"], &near["status"]),
        (&json!("deny"), &json!("noCandidate"), &json!(400))
    );
    let elsewhere = record(&policy, &follow_up("any", "auto", 0, &sign(&policy, "c", "any", "resp_1")));
    assert_eq!(
        (&elsewhere["action"], &elsewhere["message"].as_str().map(|text| text.contains("held"))),
        (&json!("deny"), &Some(true))
    );
    // Nor does the stand-in of the policy's own.
    let mut document = document();
    document["onFailure"] = json!({ "noCandidate": { "model": "left" } });
    let policy = keyed(&document, KEY);
    let stand_in = record(&policy, &follow_up("any", "auto", 0, &sign(&policy, "c", "any", "resp_1")));
    assert_eq!(stand_in["action"], "deny", "{stand_in}");
}

#[test]
fn what_was_not_given_to_this_caller_is_refused() {
    let (policy, strangers) = (keyed(&document(), KEY), keyed(&document(), OTHER));
    let good = sign(&policy, "a", "any", "resp_1");
    let forged = good.replacen("psm1", "psm1A", 1);
    for id in [
        &forged,
        &(good.clone() + "2"),
        &sign(&policy, "a", "near", "resp_1"),
        &sign(&strangers, "a", "any", "resp_1"),
        "resp_psm1",
    ] {
        let exchange = follow_up("any", "auto", 0, id);
        let (record, sent) = walk(&policy, &exchange, &[], &[&exchange.body], true);
        assert!(record.contains(r#""reason":"foreignId""#) && record.contains(r#""status":400"#), "{record}");
        assert!(sent.is_empty() && !record.contains(id), "{record}");
    }
    // Whoever has no key believes nobody, and who signs nothing asks nobody.
    let unkeyed = super::policy(&document());
    assert_eq!(record(&unkeyed, &follow_up("any", "auto", 0, &good))["reason"], "foreignId");
    let mut plain = document();
    plain["providerState"] = json!({});
    assert_eq!(record(&super::policy(&plain), &follow_up("any", "auto", 0, &good))["reason"], "rule");
    // With another key beside it, old ids stay good.
    assert_eq!(
        record(&keyed(&document(), &format!("{OTHER},{KEY}")), &follow_up("any", "auto", 0, &good))["model"],
        "left"
    );
}

#[test]
fn a_policy_can_want_a_signature() {
    let mut document = document();
    document["providerState"]["signedIds"] = json!({ "unsigned": "deny" });
    let policy = keyed(&document, KEY);
    assert_eq!(record(&policy, &follow_up("any", "auto", 0, "resp_1"))["reason"], "unsignedId");
    assert_eq!(record(&policy, &follow_up("any", "auto", 0, &"x".repeat(5000)))["reason"], "unsignedId");
    assert_eq!(record(&policy, &follow_up("any", "auto", 0, &sign(&policy, "a", "any", "resp_1")))["model"], "left");
    let first = request("/v1/responses", "any", r#"{"model":"left","input":"x","previous_response_id":null}"#.into());
    assert_eq!(record(&policy, &first)["model"], "left");
}

/// An answer that is read on the way back must not come compressed; those of other APIs may.
#[test]
fn only_answers_that_are_read_come_uncompressed() {
    let policy = keyed(&document(), KEY);
    for (path, expected) in [("/v1/responses", true), ("/v1/responses/input_tokens", false), ("/v1/embeddings", false)]
    {
        let exchange = request(path, "any", r#"{"model":"right","input":"x"}"#.into());
        let headers: Vec<(&[u8], &[u8])> = [(&b":method"[..], &b"POST"[..]), (b":path", path.as_bytes())]
            .into_iter()
            .chain(exchange.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())))
            .collect();
        let crate::Received::Read(mut reading) =
            crate::receive(&policy, &headers, &exchange, &crate::Live::default, false)
        else {
            panic!("a call")
        };
        let steps = [reading.push(&exchange.body), reading.finish()];
        let edits =
            steps.into_iter().find_map(|step| if let crate::Step::Route(edits) = step { Some(edits) } else { None });
        let removed = edits.expect("a decision").remove_headers;
        assert_eq!(removed.contains(&"accept-encoding"), expected, "{path}");
        assert_eq!(
            reading.expectation().is_some_and(|it| it.amendments(true, None).is_some_and(|it| it.signature.is_some())),
            expected,
            "{path}"
        );
    }
}

/// Of a chain, the cluster counts that has answered; an answer of the proxy's own is nobody's.
#[test]
fn the_one_who_answers_is_the_one_who_keeps() {
    let policy = keyed(&document(), KEY);
    let exchange = request("/v1/responses", "any", r#"{"model":"left","input":"x"}"#.into());
    let headers: [(&[u8], &[u8]); 4] = [
        (b":method", b"POST"),
        (b":path", b"/v1/responses"),
        (b"x-tenant", b"any"),
        (b"content-type", b"application/json"),
    ];
    let crate::Received::Read(mut reading) = crate::receive(&policy, &headers, &exchange, &crate::Live::default, false)
    else {
        panic!("a call")
    };
    let _ = (reading.push(&exchange.body), reading.finish());
    let expected = reading.expectation().expect("an answer");
    assert!(!expected.is_direct());
    let tried = |model: &str| Tried { number: 2, model: model.to_owned() };
    let by = |by_provider, tried: Option<Tried>| {
        let signature = expected.amendments(by_provider, tried.as_ref())?.signature?;
        assert_eq!(signature.tenant.as_deref(), Some("any"));
        Some(signature.cluster.to_string())
    };
    assert_eq!(by(true, Some(tried("left"))).as_deref(), Some("a"));
    assert_eq!(by(true, Some(tried("spare"))).as_deref(), Some("b"));
    assert_eq!([by(true, None), by(false, Some(tried("left"))), by(true, Some(tried("nobody")))], [None, None, None]);
}

/// Without a model in sight, the id in the path is all that can say where a stored response is.
#[test]
fn a_stored_response_is_asked_for_where_it_is() {
    let mut document = document();
    document["pathPrefixes"] = json!(["/llm"]);
    document["models"][1]["path"] = json!({ "prefix": "/base/v1" });
    let policy = keyed(&document, KEY);
    let sent = |method: &str, path: &str, tenant: &str, ends: bool| {
        let headers: [(&[u8], &[u8]); 3] =
            [(b":method", method.as_bytes()), (b":path", path.as_bytes()), (b"x-tenant", tenant.as_bytes())];
        match crate::receive(&policy, &headers, &Exchange::default(), &crate::Live::default, ends) {
            crate::Received::Pass(record) => Err(record.map_or_else(String::new, |record| record.to_json())),
            crate::Received::Reply(reply) => Err(reply.record.to_json()),
            crate::Received::Read(mut reading) => {
                let crate::Step::Route(edits) = reading.finish() else { panic!("undecided") };
                assert_eq!(reading.finish(), crate::Step::Flow);
                assert!(reading.expectation().is_some_and(|expected| {
                    expected.amendments(true, None).is_some_and(|it| it.signature.is_some())
                }));
                assert!(edits.splices.is_empty() && edits.remove_headers.contains(&"accept-encoding"));
                Ok((edits.set_headers.clone(), edits.record.to_json()))
            }
        }
    };
    let (a, b) = (sign(&policy, "a", "any", "resp_1"), sign(&policy, "b", "any", "resp_1"));
    for (method, path, tenant, expected, cluster) in [
        ("GET", format!("/v1/responses/{a}?stream=true"), "any", "/v1/responses/resp_1?stream=true", "a"),
        ("DELETE", format!("/llm/v1/responses/{b}"), "any", "/base/v1/responses/resp_1", "b"),
        ("POST", format!("/responses/{b}/cancel"), "any", "/base/v1/responses/resp_1/cancel", "b"),
        ("GET", format!("/v1/responses/{a}/input_items"), "any", "/v1/responses/resp_1/input_items", "a"),
    ] {
        let (headers, record) = sent(method, &path, tenant, true).expect("a route");
        assert_eq!(headers, [(":path", expected.to_owned()), ("x-pointsman-cluster", cluster.to_owned())]);
        assert!(
            record.contains(r#""reason":"kept""#) && record.contains(&format!(r#""keptBy":"{cluster}""#)),
            "{record}"
        );
    }
    let refused = |path: &str, tenant: &str, ends: bool, expected: &str| {
        let record = sent("GET", path, tenant, ends).expect_err("a refusal");
        assert!(record.contains(expected), "{record}");
    };
    let near = sign(&policy, "b", "near", "resp_1");
    refused(&format!("/v1/responses/{a}"), "near", true, r#""reason":"foreignId","status":404"#);
    refused(&format!("/v1/responses/{near}"), "near", true, r#""reason":"noCandidate","status":403"#);
    refused(&format!("/v1/responses/{a}"), "nobody", true, r#""reason":"unknownTenant""#);
    refused(&format!("/v1/responses/{a}"), "any", false, r#""reason":"unexpectedBody""#);
    // Whatever says nothing is nothing to us, as before.
    for (method, path, tenant) in [
        ("GET", "/v1/responses/resp_1", "any"),
        ("GET", "/v1/responses/resp_1", "nobody"),
        ("OPTIONS", &*format!("/v1/responses/{a}"), "nobody"),
    ] {
        assert_eq!(sent(method, path, tenant, true), Err(String::new()), "{method} {path}");
    }
}
