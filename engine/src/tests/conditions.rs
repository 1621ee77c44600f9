//! Conditions in conditions.

use super::{chat, policy};
use crate::{Record, explain};
use serde_json::{Value, json};

/// What becomes of a request where one rule has these conditions: its action.
fn by_rule(conditions: &Value, action: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
    let route = json!({ "targets": [{ "model": "m" }] });
    let mut rule = json!({ "name": "r", "match": conditions });
    rule[action] = if action == "deny" { json!({}) } else { route };
    let policy = policy(&json!({ "models": [{ "name": "m", "cluster": "c" }], "rules": [rule] }));
    let mut exchange = chat(body);
    exchange.path = path.into();
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    exchange.headers.extend(headers);
    explain(&policy, &exchange).and_then(|record: Record| record.rule).map(|rule| rule.to_string())
}

fn applies(conditions: &Value, action: &str, headers: &[(&str, &str)], body: &str) -> bool {
    by_rule(conditions, action, "/v1/chat/completions", headers, body).is_some()
}

#[test]
fn one_of_any_holds_and_all_of_not_do_not() {
    let conditions = json!({
        "any": [{ "tools": true }, { "headers": [{ "name": "x-team", "value": "a" }], "not": { "stream": true } }],
        "not": { "models": ["m"], "messages": { "min": 1 } },
    });
    for (headers, body, expected) in [
        (&[][..], r#"{"model": "x", "tools": [{}]}"#, true),
        (&[], r#"{"model": "x"}"#, false),
        (&[("x-team", "a")], r#"{"model": "x"}"#, true),
        (&[("x-team", "a")], r#"{"model": "x", "stream": true}"#, false),
        (&[("x-team", "a")], r#"{"model": "m", "messages": [{}]}"#, false),
        (&[("x-team", "a")], r#"{"model": "m", "messages": []}"#, true),
        (&[("x-team", "b")], r#"{"model": "x", "messages": []}"#, false),
    ] {
        for action in ["route", "deny"] {
            assert_eq!(applies(&conditions, action, headers, body), expected, "{headers:?} {body} {action}");
        }
    }
}

/// What cannot be judged opens no way, however many `not` stand in front of it.
#[test]
fn a_refusal_stays_strict_behind_a_not() {
    let body = r#"{"model": "m", "stream": 2, "max_tokens": "odd"}"#;
    let twice = [("x-team", "a"), ("x-team", "b")];
    for condition in [
        json!({ "stream": true }),
        json!({ "stream": false }),
        json!({ "maxOutputTokens": { "min": 1 } }),
        json!({ "headers": [{ "name": "x-team", "value": "a" }] }),
    ] {
        let mut nested = condition;
        for depth in 0..4 {
            assert!(applies(&nested, "deny", &twice, body), "{depth} {nested}");
            assert!(!applies(&nested, "route", &twice, body), "{depth} {nested}");
            let among = json!({ "any": [{ "keywords": ["nowhere"] }, nested.clone()] });
            if depth < 3 {
                assert!(applies(&among, "deny", &twice, body) && !applies(&among, "route", &twice, body), "{among}");
            }
            nested = json!({ "not": nested });
        }
    }
}

#[test]
fn who_counts_is_refused_for_no_length_wherever_it_stands() {
    let path = "/v1/messages/count_tokens";
    let body = r#"{"model": "m", "messages": [{"role": "user", "content": "a text of several tokens"}]}"#;
    let long = json!({ "any": [{ "inputTokens": { "min": 1 } }] });
    let not_short = json!({ "not": { "inputTokens": { "max": 1 } } });
    for conditions in [long, not_short] {
        assert_eq!(by_rule(&conditions, "deny", path, &[], body), None, "{conditions}");
        assert!(by_rule(&conditions, "deny", "/v1/messages", &[], body).is_some(), "{conditions}");
        assert!(by_rule(&conditions, "route", path, &[], body).is_some(), "{conditions}");
    }
}
