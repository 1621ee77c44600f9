//! Rules whose condition is an expression.

use super::{chat, check};
use crate::corridor::{Received, Step, receive};
use crate::{Exchange, Live};
use serde_json::{Value, json};

/// A rule with this condition, and a model that nobody else gets.
fn ruled(when: &str, action: &str) -> Value {
    let action = match action {
        "deny" => json!({}),
        _ => json!({ "targets": [{ "model": "chosen" }] }),
    };
    let key = if action == json!({}) { "deny" } else { "route" };
    json!({
        "models": [{ "name": "asked", "cluster": "c-asked" }, { "name": "chosen", "cluster": "c-chosen" }],
        "tenants": [{ "name": "eu", "match": { "headers": [{ "name": "x-tenant", "value": "eu" }] } }],
        "onFailure": { "unknownTenant": "allow" },
        "rules": [{ "name": "r", "match": { "when": when }, key: action }],
    })
}

fn request(headers: &[(&str, &str)]) -> Exchange {
    let body = r#"{"model":"asked","max_tokens":50,"tools":[{"name":"f"}],"messages":[{"role":"user","content":"twelve letters"}]}"#;
    let mut exchange = chat(body);
    exchange.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
    exchange.principal = Some("spiffe://mesh/ns/a/sa/b".into());
    exchange.claims = json!({ "groups": ["a", "eu-search"], "level": 3, "org": { "id": "acme" }, "odd": [[1]] });
    exchange
}

fn routes(when: &str, headers: &[(&str, &str)], holds: bool) {
    let model = if holds { "chosen" } else { "asked" };
    check(&ruled(when, "route"), &request(headers), &[("model", json!(model))]);
}

#[test]
fn all_variables_can_be_asked() {
    for when in [
        "request.model == 'asked' && request.path == '/v1/chat/completions' && request.api == 'chatCompletions'",
        "facts.inputTokens == 4 && facts.messages == 1 && facts.maxOutputTokens == 50 && facts.tools && !facts.images",
        "request.headers['X-Team'] == 'search' && !('x-other' in request.headers)",
        "tenant.name == 'eu' && has(tenant.name)",
        "principal.startsWith('spiffe://mesh/ns/a/')",
        "jwt.groups.exists(group, group.startsWith('eu-')) && jwt.level >= 3 && jwt.org.id == 'acme'",
        "has(jwt.level) && !has(jwt.sub) && 'groups' in jwt",
    ] {
        routes(when, &[("x-team", "search"), ("x-tenant", "eu")], true);
        routes(&format!("!({when})"), &[("x-team", "search"), ("x-tenant", "eu")], false);
    }
    routes("tenant.name == '' && !has(tenant.name)", &[], true);
}

#[test]
fn what_comes_to_nothing_refuses_and_never_routes() {
    let twice = [("x-team", "search"), ("x-team", "eu")];
    for (when, headers) in [
        ("request.headers['x-team'] == 'search'", &[][..]),
        ("request.headers['x-team'] != 'search'", &[][..]),
        ("request.headers['x-team'] == 'search'", &twice[..]),
        ("jwt.sub == 'x'", &[][..]),
        ("jwt.odd == 'x'", &[][..]),
        ("jwt.level.startsWith('3')", &[][..]),
        ("10 / (facts.messages - 1) > 1", &[][..]),
    ] {
        routes(when, headers, false);
        check(&ruled(when, "deny"), &request(headers), &[("reason", json!("denied")), ("unreadable", json!(["when"]))]);
    }
    let guarded = "'x-team' in request.headers && request.headers['x-team'] == 'search'";
    check(&ruled(guarded, "deny"), &request(&[]), &[("model", json!("asked")), ("unreadable", Value::Null)]);
}

#[test]
fn expressions_stand_in_any_and_not() {
    let nested = |conditions: Value, action: &str| {
        let mut policy = ruled("true", action);
        policy["rules"][0]["match"] = conditions;
        policy
    };
    let claims = json!({ "any": [{ "when": "jwt.sub == 'x'" }, { "when": "jwt.level == 3" }], "not": { "when": "jwt.org.id == 'b'" } });
    check(&nested(claims, "route"), &request(&[]), &[("model", json!("chosen"))]);
    // What comes to nothing refuses behind a `not`, too, and routes nobody.
    let nothing = json!({ "not": { "when": "request.headers['x-team'] == 'search'" } });
    check(
        &nested(nothing.clone(), "deny"),
        &request(&[]),
        &[("reason", json!("denied")), ("unreadable", json!(["when"]))],
    );
    check(&nested(nothing, "route"), &request(&[]), &[("model", json!("asked"))]);
}

#[test]
fn who_only_counts_is_refused_for_no_length() {
    let mut exchange = request(&[]);
    exchange.path = "/v1/messages/count_tokens".into();
    check(&ruled("facts.inputTokens >= 1", "deny"), &exchange, &[("model", json!("asked"))]);
    check(&ruled("facts.tools", "deny"), &exchange, &[("reason", json!("denied"))]);
}

/// How many bytes of the body it took to decide.
fn decided_after(when: &str, body: &str) -> usize {
    let (policy, exchange) = (super::policy(&ruled(when, "route")), Exchange { body: body.into(), ..request(&[]) });
    let length = body.len().to_string();
    let mut headers: Vec<(&[u8], &[u8])> =
        vec![(b":method", b"POST"), (b":path", exchange.path.as_bytes()), (b"content-length", length.as_bytes())];
    headers.extend(exchange.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
    let live = Live::default;
    let Received::Read(mut reading) = receive(&policy, &headers, &exchange, &live, false) else { panic!("a body") };
    for (at, chunk) in body.as_bytes().chunks(1).enumerate() {
        if matches!(reading.push(chunk), Step::Route(_)) {
            return at + 1;
        }
    }
    assert!(matches!(reading.finish(), Step::Route(_)));
    body.len() + 1
}

#[test]
fn a_decision_falls_as_soon_as_nothing_can_change_it() {
    let text = "word ".repeat(400);
    let body = format!(r#"{{"model":"asked","stream":true,"messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let early = body.find("messages").expect("a place");
    assert!(decided_after("facts.stream", &body) < early);
    assert!(decided_after("facts.tools || facts.stream", &body) < early);
    assert!(decided_after("facts.maxOutputTokens > 5 && !facts.stream", &body) < early);
    assert!(decided_after("facts.inputTokens > 100000", &body) < early);
    let counted = decided_after("facts.inputTokens > 100", &body);
    assert!(counted > early + 550 && counted < early + 650, "{counted}");
    assert_eq!(decided_after("facts.tools || facts.inputTokens > 100", &body), counted);
    assert!(decided_after("facts.tools", &body) > body.len());
}
