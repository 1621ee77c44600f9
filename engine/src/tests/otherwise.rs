//! Rules none of whose models a caller may use, shares of sessions, days and hours.

use super::{chat, policy};
use crate::{Exchange, Live, Record, explain};
use serde_json::{Value, json};

/// The record where a tenant may use `b` alone, and the rules are these.
fn decided(rules: &Value, on_failure: &Value, body: &Value) -> Record {
    let policy = policy(&json!({
        "models": [
            { "name": "a", "cluster": "c", "labels": { "region": "us" } },
            { "name": "b", "cluster": "c", "labels": { "region": "eu" }, "capabilities": [] },
        ],
        "aliases": [{ "name": "auto" }],
        "tenants": [{ "name": "eu", "match": { "headers": [{ "name": "x-team", "value": "eu" }] }, "models": { "require": { "region": "eu" } } }],
        "rules": rules,
        "onFailure": on_failure,
    }));
    let mut exchange = chat(body.to_string());
    exchange.headers.push(("x-team".into(), b"eu".to_vec()));
    explain(&policy, &exchange).expect("a record")
}

fn check(otherwise: &Value, behind: &[Value], on_failure: &Value, body: &Value, expected: &str) {
    let mut rules =
        vec![json!({ "name": "first", "match": { "models": ["auto"] }, "route": { "targets": [{ "model": "a" }] } })];
    if !otherwise.is_null() {
        rules[0]["route"]["otherwise"] = otherwise.clone();
    }
    rules.extend_from_slice(behind);
    let record = decided(&json!(rules), on_failure, body);
    let excluded = record.excluded.iter().map(|excluded| format!(" -{}", excluded.model)).collect::<String>();
    let (rule, model) = (record.rule.as_deref().unwrap_or("none"), record.model.as_deref().unwrap_or("none"));
    assert_eq!(format!("{rule} {} {model}{excluded}", record.reason.code()), expected, "{otherwise} {body}");
}

#[test]
fn a_rule_says_what_becomes_of_those_it_has_no_model_for() {
    let (auto, tools) = (json!({ "model": "auto" }), json!({ "model": "auto", "tools": [{ "name": "f" }] }));
    let second = &[json!({ "name": "second", "route": { "targets": [{ "model": "b" }] } })][..];
    let refusing = &[json!({ "name": "second", "deny": {} })][..];
    let stands_in = json!({ "noCandidate": { "model": "b" } });
    for (otherwise, behind, on_failure, body, expected) in [
        (json!(null), second, json!({}), &auto, "first noCandidate none -a"),
        (json!(null), second, stands_in.clone(), &auto, "first onFailure b -a"),
        (json!("deny"), second, stands_in.clone(), &auto, "first noCandidate none -a"),
        (json!("next"), second, stands_in, &auto, "second rule b -a"),
        (json!("next"), refusing, json!({}), &auto, "second denied none -a"),
        (json!("next"), &[][..], json!({}), &auto, "none noCandidate none -a"),
        // Whatever it is that nobody can serve; the last rule says what is missing.
        (json!("next"), second, json!({}), &tools, "second noCandidate none -a -b"),
        (json!("next"), second, json!({}), &json!({ "model": "b" }), "second rule b"),
    ] {
        check(&otherwise, behind, &on_failure, body, expected);
    }
}

/// The rules that act on requests of 2,000 sessions, at a moment.
fn in_sessions(rule: &Value, now: u64, count: u32) -> Vec<bool> {
    let policy = policy(&json!({ "models": [{ "name": "m", "cluster": "c" }], "rules": [rule] }));
    let request = |session: u32| {
        let mut exchange: Exchange = chat(r#"{"model": "m"}"#);
        exchange.headers.push(("x-session-id".into(), session.to_string().into_bytes()));
        exchange.live = Live::NOTHING.spending(Vec::new(), now);
        explain(&policy, &exchange).expect("a record")
    };
    (0..count).map(|session| request(session).rule.is_some()).collect()
}

#[test]
fn a_share_of_the_sessions_keeps_who_is_in() {
    let rule = |percent: f64| json!({ "name": "r", "match": { "percent": percent }, "deny": {} });
    let count = |all: &[bool]| all.iter().filter(|is_in| **is_in).count();
    let (five, ten) = (in_sessions(&rule(5.0), 0, 2000), in_sessions(&rule(10.0), 0, 2000));
    assert!((70..=130).contains(&count(&five)) && (160..=240).contains(&count(&ten)), "{}", count(&five));
    assert!(five.iter().zip(&ten).all(|(five, ten)| !five || *ten));
    let not = json!({ "name": "r", "match": { "not": { "percent": 5 } }, "route": { "targets": [{ "model": "m" }] } });
    let not = in_sessions(&not, 0, 2000);
    assert!(five.iter().zip(&not).all(|(five, not)| five != not));
    // Another rule draws others.
    let other = json!({ "name": "s", "match": { "percent": 10 }, "deny": {} });
    assert!(five.iter().zip(in_sessions(&other, 0, 2000)).any(|(five, other)| *five && !other));
    assert!(in_sessions(&rule(100.0), 0, 20).iter().all(|is_in| *is_in) && count(&in_sessions(&rule(0.0), 0, 20)) == 0);
}

#[test]
fn a_schedule_is_about_the_time_that_is_passed_in() {
    let rule = |action: &str| {
        let route = json!({ "targets": [{ "model": "m" }] });
        let schedule = json!({ "days": ["mon-fri"], "hours": "09:00-18:00", "timeZone": "Europe/Berlin" });
        let mut rule = json!({ "name": "r", "match": { "schedule": schedule } });
        rule[action] = if action == "deny" { json!({}) } else { route };
        rule
    };
    // Saturday the 28th of November 2026, noon; and the Friday before, 16:59:59.999 and 17:00 UTC.
    for (now, expected) in [(1_795_867_200_000, false), (1_795_798_799_999, true), (1_795_798_800_000, false)] {
        assert_eq!(in_sessions(&rule("route"), now, 1), [expected], "{now}");
        assert_eq!(in_sessions(&rule("deny"), now, 1), [expected], "{now}");
    }
    // A clock that says nothing opens no way.
    assert_eq!(in_sessions(&rule("route"), 0, 1), [false]);
    assert_eq!(in_sessions(&rule("deny"), 0, 1), [true]);
}
