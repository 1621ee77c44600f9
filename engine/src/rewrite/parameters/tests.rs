//! What is sent equals what the same words say about a tree that serde_json has read, in any split.

use crate::attempt::Plan;
use crate::corridor::{Received, Step, receive};
use crate::{Edits, Exchange, Live, Policy, spliced};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The members of a body, in order, and whether each was an output limit when the client wrote it.
type Tree = Vec<(String, Value)>;

/// What a policy says of one field.
type Said = (String, Value);

const LIMITS: [&str; 4] = ["max_tokens", "max_completion_tokens", "n_predict", "options.num_predict"];

fn policy(said: &[Said], mirrored: &[Said], tokens: Option<u64>) -> Arc<Policy> {
    let parameters = |said: &[Said]| Value::Object(said.iter().cloned().collect::<Map<_, _>>());
    let mut policy = json!({
        "models": [
            { "name": "one", "cluster": "c", "upstreamModel": "a \"longer\" name", "parameters": parameters(said) },
            { "name": "two", "cluster": "c", "parameters": parameters(mirrored) },
        ],
        "tenants": [{ "name": "t", "match": { "headers": [{ "name": "x-t", "value": "t" }] } }],
        "onFailure": { "missingModel": { "model": "one" } },
        "rules": [
            { "name": "chain", "match": { "headers": [{ "name": "x-rule", "value": "chain" }] },
              "route": { "targets": [{ "model": "one" }], "fallback": ["two"] } },
            { "name": "copy", "match": { "headers": [{ "name": "x-rule", "value": "copy" }] },
              "route": { "targets": [{ "model": "one" }], "mirror": { "model": "two" } } },
        ],
    });
    if let Some(tokens) = tokens {
        policy["tenants"][0]["maxOutputTokens"] = tokens.into();
    }
    crate::tests::policy(&policy)
}

fn edits(policy: &Arc<Policy>, rule: &str, body: &str, cuts: &[usize]) -> Edits {
    let exchange = Exchange::default();
    let headers: [(&[u8], &[u8]); 6] = [
        (b":method", b"POST"),
        (b":path", b"/v1/chat/completions"),
        (b"content-type", b"application/json"),
        (b"content-length", &body.len().to_string().into_bytes().leak()[..]),
        (b"x-t", b"t"),
        (b"x-rule", rule.as_bytes()),
    ];
    let Received::Read(mut reading) = receive(policy, &headers, &exchange, &Live::default, false) else {
        panic!("it is read")
    };
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(body.len())).collect();
    cuts.extend([0, body.len()]);
    cuts.sort_unstable();
    let mut steps: Vec<Step> = cuts.windows(2).map(|cut| reading.push(&body.as_bytes()[cut[0]..cut[1]])).collect();
    steps.push(reading.finish());
    let routed = steps.into_iter().find_map(|step| match step {
        Step::Route(edits) => Some(*edits),
        Step::Reply(reply) => panic!("{body}: {:?}", reply.record),
        Step::Hold | Step::Flow => None,
    });
    routed.unwrap_or_else(|| panic!("{body} is routed"))
}

fn get(tree: &Tree, path: &str) -> Option<Value> {
    let (key, inner) = path.split_once('.').map_or((path, None), |(key, inner)| (key, Some(inner)));
    let value = tree.iter().find(|(known, _)| known == key).map(|(_, value)| value)?;
    match inner {
        None => Some(value.clone()),
        Some(inner) => value.get(inner).cloned(),
    }
}

fn set(tree: &mut Tree, path: &str, value: Option<Value>) {
    let (key, inner) = path.split_once('.').map_or((path, None), |(key, inner)| (key, Some(inner)));
    let place = tree.iter().position(|(known, _)| known == key);
    match (inner, place, value) {
        (None, Some(place), None) => drop(tree.remove(place)),
        (None, Some(place), Some(value)) => tree[place].1 = value,
        (None, None, Some(value)) => tree.push((key.to_owned(), value)),
        (Some(inner), Some(place), None) => _ = tree[place].1.as_object_mut().and_then(|object| object.remove(inner)),
        (Some(inner), place, Some(value)) => {
            let place = place.unwrap_or_else(|| {
                tree.push((key.to_owned(), json!({})));
                tree.len() - 1
            });
            if !tree[place].1.is_object() {
                tree[place].1 = json!({});
            }
            tree[place].1[inner] = value;
        }
        (_, None, None) => {}
    }
}

fn is_within(value: &Value, cap: u64, is_limit: bool) -> bool {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = if value.is_number() || value.is_string() { text.parse::<f64>().ok() } else { None };
    number.is_some_and(|number| number >= 0.0 && number <= cap as f64 && (number > 0.0 || !is_limit))
}

/// What must be sent.
fn expected(tree: &Tree, said: &[Said], tokens: Option<u64>, model: &str) -> Value {
    let mut tree = tree.clone();
    let mut paths: Vec<String> = Vec::new();
    for (key, value) in &tree {
        paths.push(key.clone());
        paths.extend(value.as_object().into_iter().flatten().map(|(inner, _)| format!("{key}.{inner}")));
    }
    let mut were_limits: Vec<String> = paths.iter().filter(|path| LIMITS.contains(&path.as_str())).cloned().collect();
    for path in paths {
        let Some((_, say)) = said.iter().find(|(name, _)| *name == path) else { continue };
        let value = get(&tree, &path);
        if say["drop"] == true {
            set(&mut tree, &path, None);
        } else if let Some(to) = say["rename"].as_str() {
            set(&mut tree, &path, None);
            if get(&tree, to).is_none_or(|there| there.is_null()) {
                set(&mut tree, to, value);
                if were_limits.contains(&path) {
                    were_limits.push(to.to_owned());
                } else {
                    // What stood there was `null`, whatever it had been.
                    were_limits.retain(|known| known != to);
                }
            }
        }
    }
    for (path, say) in said.iter().filter(|(_, say)| say.get("drop").or(say.get("rename")).is_none()) {
        match (get(&tree, path), say.get("default"), say["cap"].as_u64()) {
            (None | Some(Value::Null), default, _) => {
                if let Some(default) = default {
                    set(&mut tree, path, Some(default.clone()));
                }
            }
            (Some(value), _, Some(cap)) if !is_within(&value, cap, LIMITS.contains(&path.as_str())) => {
                set(&mut tree, path, Some(cap.into()));
            }
            _ => {}
        }
    }
    if let Some(tokens) = tokens {
        let called = |name: &str| match said.iter().find(|(path, _)| path == name) {
            Some((_, say)) if say["drop"] == true => None,
            Some((_, say)) => Some(say["rename"].as_str().unwrap_or(name).to_owned()),
            None => Some(name.to_owned()),
        };
        let own: Vec<String> = LIMITS[..2].iter().filter_map(|name| called(name)).collect();
        let mut is_limited = false;
        for path in LIMITS.iter().map(ToString::to_string).chain(were_limits).chain(own.clone()) {
            let Some(value) = get(&tree, &path).filter(|value| !value.is_null()) else { continue };
            is_limited |= own.contains(&path);
            if !is_within(&value, tokens, true) {
                set(&mut tree, &path, Some(tokens.into()));
            }
        }
        if !is_limited {
            set(&mut tree, own.first().map_or("max_tokens", String::as_str), Some(tokens.into()));
        }
    }
    set(&mut tree, "model", Some(model.into()));
    Value::Object(tree.into_iter().collect())
}

fn said() -> impl Strategy<Value = Vec<Said>> {
    let bound = (
        prop::option::of(1_u64..3000),
        prop::option::of(prop::sample::select(vec![
            json!(1),
            json!("x"),
            json!(true),
            json!([1, { "a": null }]),
            json!({ "b": 1 }),
        ])),
    )
        .prop_filter_map("says something", |(cap, default)| {
            let mut say = Map::new();
            say.extend(cap.map(|cap| ("cap".to_owned(), json!(cap))));
            say.extend(default.map(|default| ("default".to_owned(), default)));
            (!say.is_empty()).then_some(Value::Object(say))
        });
    let drop = || Just(json!({ "drop": true }));
    let rename = |to: &[&str]| prop::sample::select(to.iter().map(|to| json!({ "rename": to })).collect::<Vec<_>>());
    let field = |name: &'static str, to: &[&str]| {
        prop::option::of(prop_oneof![2 => bound.clone(), 1 => drop(), 2 => rename(to)])
            .prop_map(move |say| say.map(|say| (name.to_owned(), say)))
    };
    (
        field("temperature", &["heat", "max_tokens"]),
        field("max_tokens", &["max_completion_tokens", "n_predict", "most"]),
        field("n_predict", &["max_completion_tokens", "heat"]),
        field("options.num_predict", &["options.x"]),
        field("options.y", &["options.num_predict"]),
        prop::option::of(bound.clone()).prop_map(|say| say.map(|say| ("max_completion_tokens".to_owned(), say))),
        prop::option::of(bound).prop_map(|say| say.map(|say| ("heat".to_owned(), say))),
    )
        .prop_map(|(a, b, c, d, e, f, g)| {
            let all: Vec<Said> = [a, b, c, d, e, f, g].into_iter().flatten().collect();
            let moved = |name: &str| {
                all.iter().any(|(known, say)| known == name && say.get("cap").or(say.get("default")).is_none())
            };
            let is_led_on = |say: &Value| say["rename"].as_str().is_some_and(moved);
            all.iter().filter(|(_, say)| !is_led_on(say)).cloned().collect()
        })
}

fn value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(5),
        json!(5000),
        json!(-1),
        json!(0),
        json!(2.5),
        json!(2999.5),
        json!(1e300),
        json!("7"),
        json!("70000"),
        json!("much"),
        json!([1]),
        json!({ "c": 1 }),
        json!(false),
    ])
}

fn tree() -> impl Strategy<Value = Tree> {
    let names = vec!["temperature", "max_tokens", "max_completion_tokens", "n_predict", "heat", "user", "stop", "most"];
    let plain = (prop::sample::select(names), value()).prop_map(|(name, value)| (name.to_owned(), value));
    let inner = prop::collection::btree_map(prop::sample::select(vec!["num_predict", "x", "y", "z"]), value(), 0..4);
    let options = prop_oneof![
        4 => inner.prop_map(|inner| json!(inner)),
        1 => prop::sample::select(vec![json!(null), json!("x"), json!([])]),
    ]
    .prop_map(|value| ("options".to_owned(), value));
    let model = prop_oneof![Just(None), Just(Some(("model".to_owned(), json!("one"))))];
    (prop::collection::vec(prop_oneof![3 => plain, 1 => options], 0..6), model, 0_usize..6).prop_map(
        |(members, model, at)| {
            let mut tree: Tree = Vec::new();
            for (name, value) in members {
                if tree.iter().all(|(known, _)| *known != name) {
                    tree.push((name, value));
                }
            }
            let at = at.min(tree.len());
            tree.splice(at..at, model);
            tree
        },
    )
}

/// The body as a client could write it.
fn written(tree: &Tree, spaces: &str) -> String {
    let object = |members: Vec<String>| format!("{{{spaces}{}{spaces}}}", members.join(&format!("{spaces},{spaces}")));
    let member = |name: &str, value: String| format!("{}{spaces}:{spaces}{value}", json!(name));
    let members = tree.iter().map(|(name, value)| {
        let value = match value.as_object() {
            Some(inner) => object(inner.iter().map(|(name, value)| member(name, value.to_string())).collect()),
            None => value.to_string(),
        };
        member(name, value)
    });
    object(members.collect())
}

fn parsed(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let value: Value = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{text}: {error}"));
    // Of a key that stands twice, a tree keeps one: then the text is longer than what the tree prints.
    let printed = serde_json::to_string(&value).expect("JSON");
    let bare: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let without: String = printed.chars().filter(|character| !character.is_whitespace()).collect();
    assert_eq!(bare.len(), without.len(), "{text}");
    value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_is_what_the_policy_says(
        tree in tree(),
        one in said(),
        two in said(),
        tokens in prop::option::of(1_u64..4000),
        cuts in prop::collection::vec(0_usize..200, 0..4),
        spaces in prop::sample::select(vec!["", " ", "\n\t"]),
    ) {
        let policy = policy(&one, &two, tokens);
        let body = written(&tree, spaces);
        let long = "a \"longer\" name";
        let first = expected(&tree, &one, tokens, long);

        let direct = edits(&policy, "", &body, &cuts);
        prop_assert_eq!(&direct, &edits(&policy, "", &body, &[]));
        let sent = spliced(body.as_bytes(), &direct.splices);
        prop_assert_eq!(&parsed(&sent), &first, "{} of {}", String::from_utf8_lossy(&sent), &body);
        prop_assert_eq!(direct.content_length.unwrap_or(body.len() as u64), sent.len() as u64);
        let as_it_was = Value::Object(tree.iter().cloned().chain([("model".to_owned(), long.into())]).collect());
        prop_assert_eq!(direct.record.changed.is_empty(), first == as_it_was, "{:?}", direct.record.changed);

        let chain = edits(&policy, "chain", &body, &cuts);
        prop_assert!(chain.splices.is_empty());
        let plan = Plan::read(chain.state[0].1.as_bytes()).expect("a plan");
        for (name, expected) in [("one", &first), ("two", &expected(&tree, &two, tokens, "two"))] {
            let attempt = plan.attempt(name.as_bytes(), None).expect("an attempt");
            let sent = spliced(body.as_bytes(), &attempt.splices);
            prop_assert_eq!(&parsed(&sent), expected);
            prop_assert_eq!(attempt.content_length, Some(sent.len() as u64));
            prop_assert!(attempt.splices.iter().all(|splice| splice.fits(&body.as_bytes()[splice.keep..splice.keep + splice.compared()])));
        }

        let copied = edits(&policy, "copy", &body, &cuts);
        let leaving = spliced(body.as_bytes(), &copied.splices);
        prop_assert_eq!(&leaving, &sent);
        let plan = Plan::read(copied.state[0].1.as_bytes()).expect("a plan");
        let attempt = plan.attempt(b"two", None).expect("an attempt");
        let sent = spliced(&leaving, &attempt.splices);
        prop_assert_eq!(attempt.content_length, Some(sent.len() as u64));
        let mut changed = first;
        changed["model"] = "two".into();
        let own = if copied.record.changed.is_empty() { expected(&tree, &two, tokens, "two") } else { changed };
        prop_assert_eq!(parsed(&sent), own, "a copy of {}", String::from_utf8_lossy(&leaving));
    }
}
