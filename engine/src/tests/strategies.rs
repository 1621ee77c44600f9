//! Random policies, and requests to try them with.

use super::chat;
use crate::Exchange;
use crate::budget::Key;
use crate::live::Balance;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) const NAMES: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

fn fallback() -> impl Strategy<Value = Option<Vec<Value>>> {
    let list = prop::sample::subsequence(NAMES.to_vec(), 0..4).prop_shuffle();
    let list = (list, prop::option::weighted(0.2, group())).prop_map(|(names, group)| {
        let mut items: Vec<Value> = names.into_iter().map(Value::from).collect();
        items.extend(group);
        items
    });
    prop::option::weighted(0.4, list)
}

/// Several models by what they are.
fn group() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({ "labels": { "kind": "large" } }),
        json!({ "model": "*a", "labels": { "kind": "small" } }),
        json!({ "model": "*e*" }),
    ])
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
        prop::option::weighted(0.5, Just(json!(["chatCompletions", "bedrock"]))),
        fallback(),
        any::<bool>(),
        prop::sample::select(vec![(1, 2), (1, 2), (1, 2), (2, 1), (5, 5)]),
    );
    prop::collection::vec(model, NAMES.len()).prop_map(|models| {
        let models = NAMES.iter().zip(models).map(
            |(name, (window, capabilities, region, renamed, apis, fallback, alone, (input, output)))| {
                let cluster = if alone { format!("to-{name}") } else { "to-several".to_owned() };
                let kind = if matches!(*name, "alpha" | "epsilon") { "large" } else { "small" };
                let labels = json!({ "region": region, "kind": kind });
                let cost = json!({ "inputPerMillion": input, "outputPerMillion": output });
                let mut model = json!({ "name": name, "cluster": cluster, "labels": labels, "cost": cost });
                if let Some(window) = window {
                    model["contextWindow"] = json!(window);
                    model["reservedOutput"] = json!(window / 3);
                }
                if let Some(capabilities) = capabilities {
                    model["capabilities"] = json!(capabilities);
                }
                if let Some(mut fallback) = fallback {
                    fallback.retain(|model| model != name);
                    model["fallback"] = json!(fallback);
                }
                if let Some(apis) = apis {
                    model["apis"] = apis;
                }
                if renamed {
                    model["upstreamModel"] = json!(format!("{name}-2026-01-01"));
                }
                model
            },
        );
        Value::Array(models.collect())
    })
}

/// What is known of them becomes known in another order than they ask.
const EXPRESSIONS: [&str; 8] = [
    "facts.tools || facts.inputTokens > 12",
    "facts.images && request.headers['x-team'] == 'search'",
    "!(facts.stream && facts.messages < 2) || request.model.startsWith('be')",
    "facts.maxOutputTokens > 40 ? facts.reasoning : facts.inputTokens <= 5",
    "'x-team' in request.headers && tenant.name == '' && request.api != 'messages'",
    "[facts.tools, facts.structuredOutput, facts.audio].exists(it, it)",
    "10 / facts.messages > 4 || facts.inputTokens == 7",
    "has(facts.maxOutputTokens) != facts.stream",
];

fn conditions() -> impl Strategy<Value = Value> {
    let nested = flat().prop_recursive(3, 8, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..3);
        (flat(), prop::option::of(some), prop::option::of(inner)).prop_map(|(mut conditions, any, not)| {
            if let Some(any) = any.filter(|any| !any.contains(&json!({}))) {
                conditions["any"] = json!(any);
            }
            if let Some(not) = not.filter(|not| *not != json!({})) {
                conditions["not"] = not;
            }
            conditions
        })
    });
    prop_oneof![2 => flat(), 1 => nested]
}

fn flat() -> impl Strategy<Value = Value> {
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
        prop_oneof![Just(0.0), Just(100.0), 0.0..100.0].prop_map(|percent| ("percent", json!(percent))),
        prop::sample::select(vec![
            json!({ "days": ["mon-wed"] }),
            json!({ "hours": "09:00-18:00", "timeZone": "Europe/Berlin" }),
            json!({ "days": ["sat-tue"], "hours": "22:00-06:00", "timeZone": "-05:00" }),
        ])
        .prop_map(|schedule| ("schedule", schedule)),
        prop::sample::select(vec![
            ("Prefix", "s"),
            ("Prefix", "s1x"),
            ("RegularExpression", "s[2-9]"),
            ("Exact", "s2")
        ])
        .prop_map(|(kind, value)| ("headers", json!([{ "name": "x-session", "type": kind, "value": value }]))),
        prop::sample::select(vec!["/v1", "/model/alpha"])
            .prop_map(|path| ("paths", json!([{ "type": "Prefix", "value": path }]))),
        prop::sample::select(EXPRESSIONS.to_vec()).prop_map(|text| ("when", json!(text))),
    ];
    prop::collection::vec(condition, 0..3).prop_map(|conditions| {
        Value::Object(conditions.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    })
}

fn share() -> impl Strategy<Value = Option<(&'static str, f64, bool)>> {
    let percent = prop_oneof![Just(0.0), Just(100.0), 0.0..100.0];
    prop::option::weighted(0.3, (prop::sample::select(NAMES.to_vec()), percent, any::<bool>()))
}

pub(super) fn demoted() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![2 => Just(Vec::new()), 1 => prop::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len())]
}

/// A moment, or none that anybody knows.
pub(super) fn times() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 4 => 1_700_000_000_000_u64..1_900_000_000_000]
}

/// Budgets of each measure.
fn budgets() -> impl Strategy<Value = Value> {
    let action = || prop::sample::select(vec!["deny", "downgrade"]);
    let window = json!({ "every": "day" });
    let of_model = (prop::sample::select(NAMES.to_vec()), action(), Just(window.clone())).prop_map(|(model, action, window)| {
        json!({ "name": "b0", "window": window, "requests": 5, "action": action, "match": { "models": [model] } })
    });
    let of_all = (action(), Just(window.clone())).prop_map(|(action, window)| {
        json!({ "name": "b1", "window": window, "tokens": 100, "action": action, "match": { "tenants": ["t0"] } })
    });
    let of_each = (action(), Just(window)).prop_map(|(action, window)| {
        json!({ "name": "b2", "window": window, "money": 0.0001, "action": action, "per": { "each": "model" } })
    });
    let optional = |budget: BoxedStrategy<Value>| prop::option::weighted(0.3, budget);
    (optional(of_model.boxed()), optional(of_all.boxed()), optional(of_each.boxed()))
        .prop_map(|(one, two, three)| Value::Array([one, two, three].into_iter().flatten().collect()))
}

/// What is used of them.
pub(super) fn balances() -> impl Strategy<Value = Vec<Balance>> {
    let balance = |budget: &'static str, most: u64| {
        let of = prop::option::of(prop::sample::select(NAMES.to_vec()))
            .prop_map(|name| name.map(|name| Key::of(name.as_bytes())));
        let of = if budget == "b2" { of.boxed() } else { Just(None).boxed() };
        (of, 0..most).prop_map(move |(of, used)| Balance { budget: budget.into(), of, used, until: 0 })
    };
    let some = prop_oneof![
        balance("b0", 8).prop_map(|one| vec![one]),
        balance("b1", 150).prop_map(|one| vec![one]),
        prop::collection::vec(balance("b2", 150), 0..4),
    ];
    prop::collection::vec(some, 0..4).prop_map(|all| all.concat())
}

fn rules() -> impl Strategy<Value = Value> {
    let targets = prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), 0_u32..5, 1..4);
    let targets = (targets, prop::option::weighted(0.3, (group(), 0_u32..5)));
    let prefer = prop::option::weighted(0.3, prop::sample::select(vec!["first", "cheapest"]));
    let otherwise = prop::option::weighted(0.4, prop::sample::select(vec!["next", "next", "deny"]));
    let action = prop_oneof![
        4 => (targets, any::<bool>(), fallback(), share(), share(), prefer, otherwise).prop_map(|(targets, sticky, fallback, rollout, mirror, prefer, otherwise)| {
            let (targets, group) = targets;
            // Who is named is in no group, and a group without anybody else is an error: no group is all that is named.
            let is_left = |group: &(Value, u32)| group.0["model"] == "*e*" && targets.len() < 3;
            let mut targets: Vec<Value> =
                targets.iter().map(|(model, weight)| json!({ "model": model, "weight": weight })).collect();
            targets[0]["weight"] = json!(3);
            if let Some((mut group, weight)) = group.filter(is_left) {
                group["weight"] = json!(weight);
                targets.push(group);
            }
            let mut route = json!({ "targets": targets });
            if sticky && (prefer.is_none() || rollout.is_some() || mirror.is_some()) {
                route["sticky"] = json!({ "header": "x-session" });
            }
            if let Some(otherwise) = otherwise {
                route["otherwise"] = json!(otherwise);
            }
            if let Some(prefer) = prefer {
                route["prefer"] = json!(prefer);
                let targets = route["targets"].as_array_mut().expect("a list").iter_mut();
                targets.for_each(|target| drop(target.as_object_mut().expect("a target").remove("weight")));
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

pub(super) fn policies() -> impl Strategy<Value = Value> {
    let tenant = (prop::option::of(prop::sample::subsequence(NAMES.to_vec(), 0..4)), any::<bool>());
    let choice = prop_oneof![
        Just(json!("deny")),
        prop::sample::select(NAMES.to_vec()).prop_map(|name| json!({ "model": name }))
    ];
    let steering = prop::sample::subsequence(vec!["models", "tools[].model", "extra_body"], 0..=3);
    (models(), rules(), tenant, choice, any::<(bool, bool, bool)>(), (steering, budgets())).prop_map(
        |(models, rules, (allow, eu_only), choice, (deny_default, pass, tell), (steering, budgets))| {
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
                "budgets": budgets,
                "default": { "action": if deny_default { "deny" } else { "allow" } },
                "onFailure": {
                    "unknownTenant": "allow", "noCandidate": choice, "unknownModel": choice, "missingModel": choice,
                    "unparseable": if pass { "pass" } else { "deny" },
                    "loneSurrogate": if tell { "pass" } else { "deny" },
                },
                "visibility": { "responseHeaders": tell },
                "steering": { "allowKeys": steering },
                "record": if pass { "facts" } else { "decision" },
            })
        },
    )
}

/// What some client sends and another server would refuse.
const ODD: [&str; 14] = [
    r#""model":null"#,
    r#""model":" \t""#,
    r#""stream":"false""#,
    r#""stream":2"#,
    r#""stream":[]"#,
    r#""max_tokens":-1"#,
    r#""max_tokens":"17""#,
    r#""max_completion_tokens":{}"#,
    r#""tools":{}"#,
    r#""messages":"a contract""#,
    r#""prompt":["a","b"]"#,
    r#""chat_template_kwargs":{"enable_thinking":true}"#,
    r#""user":"\ud83d""#,
    r#""instructions":"half a \ud83d\n contract""#,
];

/// Where a body can name models besides the one asked for.
const BESIDES: [&str; 4] = [
    r#""models":["$","gamma"]"#,
    r#""models":"gamma""#,
    r#""tools":[{"type":"image_generation","model":"$"},{"type":"function"}]"#,
    r#""extra_body":{"model":"$","top_k":{"model":1}}"#,
];

pub(super) fn requests() -> impl Strategy<Value = Exchange> {
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
        2 => prop::sample::select(ODD.to_vec()).prop_map(str::to_owned),
        1 => ("[A-Za-z0-9+/]{0,400}", prop::sample::select(vec!["", "/secret/plan", " contract"]))
            .prop_map(|(data, words)| format!(r#""input":"data:;base64,{data}{words}""#)),
    ];
    let besides =
        (prop::sample::select(vec!["alpha", "beta", "auto", "old-one"]), prop::sample::select(BESIDES.to_vec()))
            .prop_map(|(name, key)| key.replace('$', name));
    let member = prop_oneof![12 => member, 1 => besides];
    let damage = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>()));
    let headers = prop::sample::subsequence(
        vec![("x-team", "search"), ("x-tenant", "t0"), ("x-session", "s1"), ("x-session", "s2")],
        0..4,
    );
    let named = (prop::sample::select(vec!["alpha", "beta", "auto", "old-one", "unknown"]), 0..3_usize);
    let requests = (prop::collection::vec(member, 0..6), damage.clone(), headers.clone(), path(named));
    let bodies = requests.prop_map(|(members, damage, headers, path)| {
        let body = format!("{{{}}}", members.join(",")).into_bytes();
        sent(Exchange { path, ..chat(body) }, damage, headers)
    });
    let forms = (prop::collection::vec(part(), 0..5), damage, headers).prop_map(|(parts, damage, headers)| {
        let body = format!("{}--B--\r\n", parts.concat()).into_bytes();
        let mut exchange = Exchange { path: "/v1/audio/transcriptions".into(), ..chat(body) };
        exchange.headers[0].1 = b"multipart/form-data; boundary=B".to_vec();
        sent(exchange, damage, headers)
    });
    prop_oneof![3 => bodies, 1 => forms]
}

fn path(named: impl Strategy<Value = (&'static str, usize)>) -> impl Strategy<Value = String> {
    prop::option::weighted(0.4, named).prop_map(|named| match named {
        None => "/v1/chat/completions".to_owned(),
        Some((name, 0)) => format!("/openai/deployments/{name}/chat/completions?api-version=1"),
        Some((name, 1)) => format!("/model/{name}/converse"),
        Some((name, _)) => format!("/model/{name}/converse-stream"),
    })
}

/// A part of a form.
fn part() -> impl Strategy<Value = String> {
    let text = |name: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    prop_oneof![
        4 => prop::sample::select(vec!["alpha", "beta", "gamma", "auto", "old-one", "unknown", ""]).prop_map(move |name| text("model", name)),
        3 => "[a-z \r\n-]{0,80}".prop_map(|content| {
            format!("--B\r\ncontent-disposition: form-data; name=file; filename=\"a.mp3\"\r\ncontent-type: audio/mpeg\r\n\r\n{content}\r\n")
        }),
        2 => "[a-z \u{e9}]{0,60}".prop_map(move |content| text("prompt", &content)),
        1 => prop::sample::select(vec![("prompt", "a contract"), ("stream", "true"), ("stream", "2"), ("max_tokens", "17"), ("tools", "[]"), ("models", "x"), ("n", "1")])
            .prop_map(move |(name, content)| text(name, content)),
    ]
}

type Damage = Option<(prop::sample::Index, u8)>;

fn sent(mut exchange: Exchange, damage: Damage, headers: Vec<(&'static str, &'static str)>) -> Exchange {
    if let Some((at, byte)) = damage {
        let at = at.index(exchange.body.len());
        exchange.body[at] = byte;
    }
    exchange.headers.extend(headers.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
    exchange
}
