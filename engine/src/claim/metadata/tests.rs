//! Against messages that are written by the definition of protobuf.

use super::claim;
use crate::claim::Claim;
use proptest::prelude::*;
use serde_json::{Value, json};

fn length(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes
}

fn bytes(number: u8, of: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &length(of.len()), of].concat()
}

fn object(members: &serde_json::Map<String, Value>) -> Vec<u8> {
    members.iter().flat_map(|(key, of)| bytes(1, &[bytes(1, key.as_bytes()), bytes(2, &value(of))].concat())).collect()
}

/// A `google.protobuf.Value`.
fn value(of: &Value) -> Vec<u8> {
    match of {
        Value::Null => vec![1 << 3, 0],
        Value::Number(number) => [&[2 << 3 | 1][..], &number.as_f64().expect("a double").to_le_bytes()].concat(),
        Value::String(text) => bytes(3, text.as_bytes()),
        Value::Bool(value) => vec![4 << 3, u8::from(*value)],
        Value::Object(members) => bytes(5, &object(members)),
        Value::Array(items) => bytes(6, &items.iter().flat_map(|item| bytes(1, &value(item))).collect::<Vec<_>>()),
    }
}

/// A `Metadata` message with this payload among what other filters left.
pub(crate) fn message(payload: &Value) -> Vec<u8> {
    let namespace = |name: &str, members: &Value| {
        let members = members.as_object().expect("an object");
        bytes(1, &[bytes(1, name.as_bytes()), bytes(2, &object(members))].concat())
    };
    let other = namespace("other", &json!({ "payload": { "org": "evil" } }));
    let typed = bytes(2, b"\x0a\x01x");
    [other, typed, namespace("jwt", &json!({ "exp": 17, "payload": payload }))].concat()
}

fn check(payload: &Value, path: &str, expected: Option<Claim<'_>>) {
    let names = ["jwt", "payload"].into_iter().chain(path.split('.'));
    assert_eq!(claim(&message(payload), names), expected, "{path} in {payload}");
}

#[test]
fn every_type_is_told_apart() {
    check(&json!({ "a": "acme" }), "a", Some(Claim::Text("acme".into())));
    check(&json!({ "a": "" }), "a", Some(Claim::Text("".into())));
    check(&json!({ "a": 17 }), "a", Some(Claim::Number(17.0)));
    check(&json!({ "a": 0 }), "a", Some(Claim::Number(0.0)));
    check(&json!({ "a": false }), "a", Some(Claim::Boolean(false)));
    check(&json!({ "a": null }), "a", Some(Claim::Other));
    check(&json!({ "a": {} }), "a", Some(Claim::Other));
    check(&json!({ "a": { "admin": "" } }), "a", Some(Claim::Other));
    check(&json!({ "a": [] }), "a", Some(Claim::List(vec![])));
    let items =
        vec![Claim::Text("admin\0".into()), Claim::Number(1.5), Claim::Other, Claim::Other, Claim::Boolean(true)];
    check(&json!({ "a": ["admin\0", 1.5, ["admin"], {}, true] }), "a", Some(Claim::List(items)));
}

#[test]
fn names_lead_into_objects_and_nowhere_else() {
    let payload = json!({ "realm": { "roles": ["a"], "": "x" }, "list": ["0"], "text": "t", "a.b": 1 });
    check(&payload, "realm.roles", Some(Claim::List(vec![Claim::Text("a".into())])));
    check(&payload, "realm.", Some(Claim::Text("x".into())));
    check(&payload, "list.0", None);
    check(&payload, "text.t", None);
    check(&payload, "missing", None);
    check(&payload, "realm.roles.a", None);
    let message = message(&payload);
    assert_eq!(claim(&message, ["jwt", "payload", "a.b"]), Some(Claim::Number(1.0)));
    assert_eq!((claim(&message, ["jwt"]), claim(&message, [])), (None, None));
    assert_eq!(claim(&message, ["elsewhere", "payload", "text"]), None);
}

/// JSON as tokens have it.
fn payload() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a\0 é]{0,8}".prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    scalar.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab]{0,1}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What the command line makes of JSON is what the proxy makes of the message.
    #[test]
    fn a_claim_is_the_same_as_in_json(payload in payload(), path in prop::collection::vec("[ab]{0,1}", 1..4)) {
        let message = message(&payload);
        let names = ["jwt", "payload"].into_iter().chain(path.iter().map(String::as_str));
        prop_assert_eq!(claim(&message, names), Claim::of_json(&payload, &path));
    }

    #[test]
    fn broken_messages_break_nothing(mut message in payload().prop_map(|payload| message(&payload)), at in 0_usize..200, with: u8) {
        let at = at % message.len();
        message[at] = with;
        let _ = claim(&message, ["jwt", "payload", "a", "b"]);
        message.truncate(at);
        let _ = claim(&message, ["jwt", "payload", "a"]);
    }
}
