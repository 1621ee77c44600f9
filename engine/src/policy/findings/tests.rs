//! No false alarm: for whatever is found, a witness is looked for among random requests, and the engine decides them.

mod pairs;

use super::{Extent, Found, Kind, of};
use crate::policy::testing::valid;
use crate::record::Disposition;
use crate::{Exchange, Live, Policy, Reason, Record, explain};
use pointsman_document::Document;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn object(members: Vec<(&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

/// Conditions out of few, so that rules often stand in front of others; some of them in others.
fn conditions() -> impl Strategy<Value = Value> {
    let nested = flat().prop_recursive(2, 6, 2, |inner| {
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
    prop_oneof![3 => flat(), 1 => nested]
}

fn flat() -> impl Strategy<Value = Value> {
    let names = vec!["a", "b", "auto", "old-*", "*", "a*", "old-1*", "c"];
    let header =
        (select(vec!["x-h", "x-i"]), select(vec!["Exact", "Prefix", "RegularExpression"]), select(vec!["v", "vw", ""]))
            .prop_map(|(name, kind, value)| json!({ "name": name, "type": kind, "value": value }));
    let path = (
        select(vec!["Exact", "Prefix"]),
        select(vec!["/v1/chat/completions", "/v1", "/", "/team", "/foo", "/openai/deployments"]),
    )
        .prop_map(|(kind, value)| json!({ "type": kind, "value": value }));
    let range = || {
        (select(vec![0_u64, 3, 10]), prop::option::of(select(vec![0_u64, 4, 40]))).prop_map(|(min, more)| match more {
            None => json!({ "min": min }),
            Some(more) => json!({ "min": min, "max": min + more }),
        })
    };
    let condition = prop_oneof![
        3 => subsequence(names, 1..4).prop_map(|names| ("models", json!(names))),
        2 => subsequence(vec!["chatCompletions", "messages", "countTokens", "embeddings", "bedrock"], 1..4).prop_map(|apis| ("apis", json!(apis))),
        2 => subsequence(vec!["t0", "t1", "t2", "t*"], 1..3).prop_map(|tenants| ("tenants", json!(tenants))),
        1 => subsequence(vec![("team", "a"), ("region", "eu")], 1..2)
            .prop_map(|labels| ("tenantLabels", object(labels.into_iter().map(|(key, value)| (key, json!(value))).collect()))),
        1 => (select(vec!["value", "contains"]), select(vec!["g", "g h", "h"]))
            .prop_map(|(test, text)| ("claims", json!([{ "name": "c", test: text }]))),
        1 => prop::collection::vec(header, 1..3).prop_map(|headers| ("headers", json!(headers))),
        1 => prop::collection::vec(path, 1..3).prop_map(|paths| ("paths", json!(paths))),
        1 => range().prop_map(|range| ("inputTokens", range)),
        1 => range().prop_map(|range| ("maxOutputTokens", range)),
        1 => range().prop_map(|range| ("messages", range)),
        2 => (select(vec!["tools", "stream", "images"]), any::<bool>()).prop_map(|(flag, set)| (flag, json!(set))),
        1 => subsequence(vec!["one", "two", "one two"], 1..3).prop_map(|words| ("keywords", json!(words))),
        1 => select(vec![50, 100]).prop_map(|percent| ("percent", json!(percent))),
        1 => select(vec!["mon", "tue"]).prop_map(|day| ("schedule", json!({ "days": [day] }))),
        1 => select(vec!["facts.tools", "facts.messages >= 1 || facts.stream", "request.headers['x-h'] == 'v'", "'a' in jwt.roles"])
            .prop_map(|when| ("when", json!(when))),
    ];
    prop::collection::vec(condition, 0..3).prop_map(|mut conditions| {
        // Both together may be nobody, which is an error.
        if conditions.iter().any(|(key, _)| *key == "tenants") {
            conditions.retain(|(key, _)| *key != "tenantLabels");
        }
        object(conditions)
    })
}

fn rules() -> impl Strategy<Value = Value> {
    let names = || subsequence(vec!["a", "b", "c"], 1..3).prop_shuffle();
    let route = (
        names(),
        prop::option::of(names()),
        prop::option::of((select(vec!["a", "b", "c"]), select(vec![50, 100]))),
        any::<bool>(),
        prop::option::weighted(0.3, select(vec!["next", "next", "deny"])),
        prop::option::weighted(0.2, select(vec![json!({ "model": "*" }), json!({ "labels": { "tier": "a" } })])),
        prop::option::weighted(0.1, select(vec!["first", "cheapest"])),
    )
        .prop_map(|(targets, fallback, mirror, rolls, otherwise, group, prefer)| {
            let mut route =
                json!({ "targets": targets.iter().map(|model| json!({ "model": model })).collect::<Value>() });
            if let Some(group) = group {
                route["targets"] = json!([group]);
            }
            if let Some(prefer) = prefer {
                route["prefer"] = json!(prefer);
            }
            if let Some(fallback) = fallback {
                route["fallback"] = json!(fallback);
            }
            if let Some((model, percent)) = mirror {
                route[if rolls { "rollout" } else { "mirror" }] = json!({ "model": model, "percent": percent });
            }
            if let Some(otherwise) = otherwise {
                route["otherwise"] = json!(otherwise);
            }
            ("route", route)
        });
    let action = prop_oneof![3 => route, 1 => Just(("deny", json!({})))];
    prop::collection::vec((conditions(), action), 1..7).prop_map(|rules| {
        let rules = rules.into_iter().enumerate();
        rules
            .map(|(nth, (conditions, (key, action)))| {
                object(vec![("name", json!(format!("r{nth}"))), ("match", conditions), (key, action)])
            })
            .collect()
    })
}

fn policies() -> impl Strategy<Value = Value> {
    let credentials = prop_oneof![
        select(vec!["*", "spiffe://x/*", "spiffe://x/1"]).prop_map(|it| json!({ "principals": [it] })),
        select(vec!["v", "vw"]).prop_map(|it| json!({ "headers": [{ "name": "x-t", "type": "Prefix", "value": it }] })),
        select(vec!["g", "g h", "g*"]).prop_map(|it| json!({ "claims": [{ "name": "c", "value": it }] })),
        select(vec!["g", "h"]).prop_map(|it| json!({ "claims": [{ "name": "c", "contains": it }] })),
    ];
    let credentials = credentials.boxed();
    let ways = (prop::option::of(credentials.clone()), prop::collection::vec(credentials.clone(), 1..3));
    let ways = ways.prop_map(|(all, any)| {
        let mut matches = all.unwrap_or_else(|| json!({}));
        matches["any"] = json!(any);
        matches
    });
    let matches = (prop_oneof![3 => credentials, 1 => ways], prop::bool::weighted(0.2));
    let rights = select(vec![
        json!({}),
        json!({ "require": { "region": "eu" } }),
        json!({ "deny": ["a*"] }),
        json!({ "allow": ["c", "x*"] }),
        json!({ "allow": ["x*"] }),
    ]);
    let model = (
        select(vec!["eu", "us"]),
        select(vec![
            json!(null),
            json!(["chatCompletions"]),
            json!(["messages", "countTokens"]),
            json!(["chatCompletions", "bedrock"]),
            json!([]),
        ]),
        select(vec![json!(null), json!([]), json!(["tools"])]),
        prop::option::of(select(vec![5_u64, 50])),
        prop::option::of(select(vec!["a", "b", "c"])),
    );
    (prop::collection::vec(model, 3), prop::collection::vec((matches, rights), 3), rules(), any::<(bool, bool, bool)>())
        .prop_map(|(models, tenants, rules, (strict, open, stands_in))| {
            let models =
                ["a", "b", "c"].iter().zip(models).map(|(name, (region, apis, capabilities, window, fallback))| {
                    let mut model = json!({ "name": name, "cluster": "x", "labels": { "region": region, "tier": "a" } });
                    if *name != "c" {
                        model["cost"] = json!({ "inputPerMillion": 1, "outputPerMillion": 1 });
                    }
                    let fallback = fallback.filter(|other| other != name).map_or(json!(null), |other| json!([other]));
                    for (key, value) in [
                        ("apis", apis),
                        ("capabilities", capabilities),
                        ("contextWindow", json!(window)),
                        ("fallback", fallback),
                    ] {
                        if !value.is_null() {
                            model[key] = value;
                        }
                    }
                    model
                });
            let tenants = tenants.into_iter().enumerate().map(
                |(nth, ((matches, continues), rights))| {
                    // Rules may ask for these labels, so somebody has each.
                    let labels = json!({ "team": &"abc"[nth..=nth], "region": if nth == 0 { "eu" } else { "us" } });
                    json!({
                        "name": format!("t{nth}"), "match": matches, "models": rights, "continue": continues, "labels": labels,
                    })
                },
            );
            let mut on_failure = json!({ "unknownTenant": if open { "allow" } else { "deny" } });
            if stands_in {
                on_failure["noCandidate"] = json!({ "model": "c" });
            }
            json!({
                "models": models.collect::<Value>(),
                "aliases": [{ "name": "auto" }, { "name": "old-*", "model": "b" }],
                "tenants": tenants.collect::<Value>(),
                "rules": rules,
                "default": { "action": if strict { "deny" } else { "allow" } },
                "onFailure": on_failure,
                "pathPrefixes": ["/team"],
            })
        })
}

fn requests() -> impl Strategy<Value = Exchange> {
    let member = prop_oneof![
        4 => select(vec!["a", "b", "c", "auto", "old-1", "x"]).prop_map(|name| format!(r#""model":"{name}""#)),
        2 => select(vec!["", "one", "two one", "a text that is longer than three tokens are, by far and wide, and longer still than that"])
            .prop_map(|text| format!(r#""messages":[{{"role":"user","content":"{text}"}}]"#)),
        1 => select(vec![r#""tools":[{"name":"f"}]"#, r#""tools":"odd""#, r#""stream":true"#, r#""stream":"odd""#, r#""stream":2"#]).prop_map(str::to_owned),
        1 => select(vec!["0", "4", "12", "-1", r#""odd""#, "{}"]).prop_map(|tokens| format!(r#""max_tokens":{tokens}"#)),
        1 => Just(r#""input":[{"type":"image_url","image_url":{"url":"data:x"}}]"#.to_owned()),
    ];
    let path = select(vec![
        "/v1/chat/completions",
        "/v1/chat/completions?a=b",
        "/team/v1/chat/completions",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/embeddings",
        "/foo/v1/chat/completions",
        "/openai/deployments/auto/chat/completions",
        "/model/a/converse",
        "/v1/messages/",
    ]);
    let headers = subsequence(
        vec![
            ("x-h", "v"),
            ("x-h", "vw"),
            ("x-h", "other"),
            ("x-i", ""),
            ("x-i", "v"),
            ("x-t", "v"),
            ("x-t", "vw"),
            ("x-t", "z"),
        ],
        0..5,
    );
    let caller = (
        prop::option::of(select(vec!["spiffe://x/1", "spiffe://x/2", "y"])),
        select(vec![
            json!({}),
            json!({ "c": "g" }),
            json!({ "c": "g h" }),
            json!({ "c": ["h"] }),
            json!({ "c": "gx" }),
        ]),
    );
    // No time, a Monday, a Tuesday.
    let now = select(vec![0_u64, 1_767_600_000_000, 1_767_686_400_000]);
    (prop::collection::vec(member, 0..5), path, headers, caller, now).prop_map(
        |(members, path, headers, (principal, claims), now)| {
            let mut all = vec![("content-type".to_owned(), b"application/json".to_vec())];
            all.extend(headers.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
            Exchange {
                method: "POST".into(),
                path: path.into(),
                headers: all,
                principal: principal.map(str::to_owned),
                claims,
                live: Live::default().spending(Vec::new(), now),
                body: format!("{{{}}}", members.join(",")).into_bytes(),
            }
        },
    )
}

/// Whether what became of a request shows that a finding is wrong.
fn is_witness(found: &Found, policy: &Value, record: &Record, exchange: &Exchange) -> bool {
    let item = |section: &str| {
        let nth: usize = found.at.strip_prefix(section)?.strip_prefix('[')?.split(']').next()?.parse().ok()?;
        policy[section][nth]["name"].as_str()
    };
    let is_tenant = || record.all_tenants().any(|tenant| item("tenants") == Some(tenant));
    let is_by = || record.rule.as_deref().is_some_and(|rule| item("rules") == Some(rule));
    let is_routed = || is_by() && record.action == Disposition::Route && record.reason == Reason::Rule;
    // Who only counts is left out for no length.
    let by_length = record.api.is_some_and(|api| api.only_counts()) && found.message.contains("tokens");
    let goes_to = |model: &str| {
        let all = record.chain.iter().chain(&record.model).chain(&record.mirror);
        all.into_iter().any(|other| **other == *model)
    };
    let quoted = || found.message.split('`').nth(1).unwrap_or_default();
    match found.kind {
        Kind::ShadowedRule | Kind::DeadRule => is_by(),
        Kind::UnservableRule => is_routed() && !by_length,
        Kind::TenantRefused => {
            let tenant = record.tenant.as_deref().unwrap_or_default();
            is_routed() && !by_length && found.message.contains(&format!("`{tenant}`"))
        }
        Kind::AlwaysLeftOut if found.at.ends_with("mirror.model") => {
            is_by() && record.mirror.as_deref() == Some(quoted()) && !by_length
        }
        Kind::AlwaysLeftOut if found.at.starts_with("models") => {
            let place = |model: Option<&str>| record.chain.iter().position(|other| Some(&**other) == model);
            place(item("models")).zip(place(Some(quoted()))).is_some_and(|(head, after)| head < after)
        }
        // A rule behind it may take up what it passes on.
        Kind::PassesOnToNone => {
            let place = |name: &str| policy["rules"].as_array().and_then(|all| all.iter().position(|it| it["name"] == name));
            let own = item("rules").and_then(place);
            let is_behind = record.rule.as_deref().and_then(place) > own;
            is_behind && was_passed_on(policy, item("rules").unwrap_or_default(), exchange)
        }
        Kind::AlwaysLeftOut => {
            !found.message.contains("the target itself") && is_routed() && chain_has(record, quoted()) && !by_length
        }
        Kind::ShadowedTenant => is_tenant(),
        Kind::TenantWithoutModels => is_tenant() && record.action == Disposition::Route,
        Kind::UnreachableModel | Kind::ModelWithoutApis => item("models").is_some_and(goes_to),
        Kind::AliasWithoutModel => {
            record.asked.as_deref() == item("aliases")
                && record.action == Disposition::Route
                && record.reason != Reason::OnFailure
        }
        Kind::IdlePart => {
            let without = explain(&read(&without(policy, &found.at)).0, exchange);
            without.is_none_or(|without| (&without.rule, &without.model) != (&record.rule, &record.model))
        }
        // Nobody is a tenant: that is the whole of it.
        Kind::RolloutWithoutTenants
        // These say nothing of any request.
        | Kind::IdleCondition
        | Kind::EmptyValue
        | Kind::ShareWithoutEffect
        | Kind::UnknownLabelValue
        | Kind::UnmatchedPattern
        | Kind::UnusedProfile
        | Kind::LiteralStar
        | Kind::PrincipalWithoutScheme
        | Kind::ReservedWindow
        | Kind::IdleBudget
        | Kind::ForgeableTenant
        | Kind::TenantToLeave
        | Kind::UnaskedLabel
        | Kind::AliasPastRefusal
        | Kind::AvoidableRefusal
        | Kind::ChosenAccount
        | Kind::DowngradeToNothing
        | Kind::MissingPrice => false,
    }
}

/// Whether a rule matches a request and can serve it by none of its models.
fn was_passed_on(policy: &Value, rule: &str, exchange: &Exchange) -> bool {
    let mut policy = policy.clone();
    let rules = policy["rules"].as_array_mut().expect("rules");
    rules.retain(|other| other["name"] == rule);
    rules[0]["route"]["otherwise"] = json!("deny");
    policy["default"] = json!({ "action": "deny" });
    explain(&read(&policy).0, exchange).is_some_and(|record| record.rule.as_deref() == Some(rule))
}

/// The policy without the condition of a rule at this place: `rules[0].match.any[1]`.
fn without(policy: &Value, at: &str) -> Value {
    let mut policy = policy.clone();
    let (rule, field) = at.strip_prefix("rules[").and_then(|rest| rest.split_once("].match.")).expect("a condition");
    let conditions = &mut policy["rules"][rule.parse::<usize>().expect("a number")]["match"];
    match field.strip_prefix("any[").and_then(|rest| rest.strip_suffix(']')) {
        Some(nth) => drop(conditions["any"].as_array_mut().expect("a list").remove(nth.parse().expect("a number"))),
        None => drop(conditions.as_object_mut().expect("conditions").remove(field)),
    }
    policy
}

fn chain_has(record: &Record, model: &str) -> bool {
    record.chain.iter().chain(&record.model).any(|other| **other == *model)
}

fn read(policy: &Value) -> (Arc<Policy>, Document) {
    let document = Document::from_json(policy.to_string().as_bytes()).expect("JSON");
    (Arc::new(Policy::from_document(&document).unwrap_or_else(|errors| panic!("{policy}: {errors}"))), document)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_has_no_witness(value in policies(), exchanges in prop::collection::vec(requests(), 60)) {
        let (policy, document) = read(&value);
        let found = of(&policy, &document, Extent::Whole);
        for exchange in &exchanges {
            let Some(record) = explain(&policy, exchange) else { continue };
            let wrong = found.iter().find(|found| is_witness(found, &value, &record, exchange));
            prop_assert!(wrong.is_none(), "{:?}\nby {}\nin {}", wrong, record.to_json(), value);
        }
    }
}

/// The search above would be worth nothing if policies and requests never met.
#[test]
fn random_policies_have_every_kind_of_finding_and_requests_meet_their_rules() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut met) = (std::collections::BTreeSet::new(), 0);
    for _ in 0..400 {
        let value = policies().new_tree(&mut runner).expect("a policy").current();
        let exchange = requests().new_tree(&mut runner).expect("a request").current();
        let (policy, document) = read(&value);
        kinds.extend(of(&policy, &document, Extent::Whole).into_iter().map(|found| found.kind));
        met += usize::from(explain(&policy, &exchange).is_some_and(|record| record.rule.is_some()));
    }
    for kind in [
        Kind::ShadowedRule,
        Kind::DeadRule,
        Kind::UnservableRule,
        Kind::TenantRefused,
        Kind::AlwaysLeftOut,
        Kind::ShadowedTenant,
        Kind::TenantWithoutModels,
        Kind::UnreachableModel,
        Kind::ModelWithoutApis,
        Kind::AliasWithoutModel,
        Kind::IdlePart,
        Kind::PassesOnToNone,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} is never found");
    }
    assert!(met > 40, "{met}");
}

/// What is found in the base policy with this part, as `kind field`.
fn check(part: &str, expected: &[(Kind, &str)]) {
    let policy = valid(part);
    let base = r#""models": [{"name": "gpt-4o", "cluster": "openai"}, {"name": "llama-small", "cluster": "llama"}]"#;
    let document = Document::from_json(format!("{{{part}, {base}}}").as_bytes()).expect("JSON");
    let found = of(&policy, &document, Extent::Part);
    let found: Vec<_> = found.iter().map(|found| (found.kind, found.at.as_str())).collect();
    assert_eq!(found, expected, "{part}");
}

/// Rules of these conditions, all of which route.
fn routes(conditions: &[&str]) -> String {
    let rules = conditions.iter().enumerate().map(|(nth, conditions)| {
        format!(r#"{{"name": "r{nth}", "match": {conditions}, "route": {{"targets": [{{"model": "gpt-4o"}}]}}}}"#)
    });
    format!(r#""rules": [{}]"#, rules.collect::<Vec<_>>().join(","))
}

#[test]
fn conditions_are_compared_by_what_they_mean() {
    for (wide, narrow) in [
        ("{}", r#"{"tools": true}"#),
        (r#"{"models": ["gpt-*", "auto"]}"#, r#"{"models": ["gpt-4*", "auto"], "stream": true}"#),
        (r#"{"inputTokens": {"max": 400}}"#, r#"{"inputTokens": {"min": 1, "max": 400}}"#),
        (
            r#"{"headers": [{"name": "x-a", "type": "Prefix", "value": "v"}]}"#,
            r#"{"headers": [{"name": "x-b", "value": ""}, {"name": "X-A", "value": "vw"}]}"#,
        ),
        (r#"{"paths": [{"type": "Prefix", "value": "/v1/"}]}"#, r#"{"paths": [{"value": "/v1/messages"}]}"#),
        (r#"{"keywords": ["b", "A  c"]}"#, r#"{"keywords": ["a c"]}"#),
        (r#"{"apis": ["messages", "responses"]}"#, r#"{"apis": ["messages"]}"#),
        (r#"{"any": [{"tools": true}, {"stream": true}]}"#, r#"{"any": [{"stream": true, "models": ["auto"]}]}"#),
        (r#"{"not": {"tools": true, "stream": true}}"#, r#"{"not": {"tools": true}, "models": ["auto"]}"#),
    ] {
        let empty = if narrow.contains(r#""value": """#) {
            vec![(Kind::EmptyValue, "rules[1].match.headers[0].value")]
        } else {
            vec![]
        };
        let expected: Vec<_> = [(Kind::ShadowedRule, "rules[1]")].into_iter().chain(empty).collect();
        check(&routes(&[wide, narrow]), &expected);
        let turned: Vec<_> = if narrow.contains(r#""value": """#) {
            vec![(Kind::EmptyValue, "rules[0].match.headers[0].value")]
        } else {
            vec![]
        };
        check(&routes(&[narrow, wide]), &turned);
    }
}

#[test]
fn a_star_in_an_exact_value_and_a_space_in_a_scope_stand_for_themselves() {
    let value = |header: &str| routes(&[&format!(r#"{{"headers": [{header}]}}"#)]);
    let found = [(Kind::LiteralStar, "rules[0].match.headers[0].value")];
    check(&value(r#"{"name": "x-team", "value": "search-*"}"#), &found);
    check(&value(r#"{"name": "x-team", "type": "Exact", "value": "*-search"}"#), &found);
    for header in [
        r#"{"name": "x-team", "type": "Prefix", "value": "search-*"}"#,
        r#"{"name": "x-team", "type": "RegularExpression", "value": "search-.*"}"#,
        r#"{"name": "Accept", "value": "*/*"}"#,
        r#"{"name": "x-team", "value": "search"}"#,
    ] {
        check(&value(header), &[]);
    }
    let tenant = |matches: &str| format!(r#""tenants": [{{"name": "t", "match": {matches}}}]"#);
    let claim =
        |name: &str, text: &str| tenant(&format!(r#"{{"claims": [{{"name": "{name}", "contains": "{text}"}}]}}"#));
    let found = [(Kind::LiteralStar, "tenants[0].match.claims[0].contains")];
    check(&claim("scope", "read write"), &found);
    check(&claim("groups", "team-*"), &found);
    check(&claim("groups", "Domain Admins"), &[]);
    check(&claim("scope", "read"), &[]);
    check(
        &tenant(r#"{"claims": [{"name": "iss", "value": "x"}], "headers": [{"name": "x-team", "value": "a*"}]}"#),
        &[(Kind::LiteralStar, "tenants[0].match.headers[0].value")],
    );
}

#[test]
fn principals_have_the_scheme_that_istio_leaves_out() {
    let principals =
        |text: &str| format!(r#""tenants": [{{"name": "t", "match": {{"principals": ["spiffe://x/*", "{text}"]}}}}]"#);
    let found = [(Kind::PrincipalWithoutScheme, "tenants[0].match.principals[1]")];
    for text in ["cluster.local/ns/a/sa/b", "cluster.local/ns/*", "*.local/ns/a/sa/b"] {
        check(&principals(text), if text.starts_with('*') { &[] } else { &found });
    }
    for text in ["spiffe://cluster.local/ns/a/sa/b", "*/ns/a/sa/b", "https://a.example/ns/a", "edge.example"] {
        check(&principals(text), &[]);
    }
}

#[test]
fn a_window_that_is_all_reserved_is_found() {
    for (reserved, is_found) in [(7999, false), (8000, true), (9000, true)] {
        let (policy, document) = read(&json!({ "models": [
            { "name": "a", "cluster": "c", "contextWindow": 8000, "reservedOutput": reserved },
            { "name": "b", "cluster": "c", "reservedOutput": reserved },
        ] }));
        let found = of(&policy, &document, Extent::Part);
        let found: Vec<_> = found.iter().map(|found| (found.kind, found.at.as_str())).collect();
        let expected = [(Kind::ReservedWindow, "models[0].reservedOutput")];
        assert_eq!(found, if is_found { &expected[..] } else { &[] }, "{reserved}");
    }
}

#[test]
fn a_rule_that_routes_does_not_stand_for_one_that_refuses_what_cannot_be_judged() {
    let rules = |wide: &str, conditions: &str| {
        format!(
            r#""rules": [{{"name": "w", "match": {conditions}, {wide}}}, {{"name": "n", "match": {conditions}, "deny": {{}}}}]"#
        )
    };
    let (route, deny) = (r#""route": {"targets": [{"model": "gpt-4o"}]}"#, r#""deny": {}"#);
    for conditions in [r#"{"tools": true}"#, r#"{"maxOutputTokens": {"max": 5}}"#] {
        check(&rules(route, conditions), &[]);
        check(&rules(deny, conditions), &[(Kind::ShadowedRule, "rules[1]")]);
    }
    check(&rules(route, r#"{"models": ["auto"]}"#), &[(Kind::ShadowedRule, "rules[1]")]);
}

/// Who only counts is refused for no length, and so gets past the first rule.
#[test]
fn a_refusal_by_length_leaves_those_who_count() {
    let length = r#"{"inputTokens": {"min": 1}}"#;
    let route = format!(r#"{{"name": "n", "match": {length}, "route": {{"targets": [{{"model": "gpt-4o"}}]}}}}"#);
    check(&format!(r#""rules": [{{"name": "w", "match": {length}, "deny": {{}}}}, {route}]"#), &[]);
}

#[test]
fn thousands_of_rules_and_tenants_are_compared_at_once() {
    let tenants = (0..3000).map(|nth| {
        json!({ "name": format!("t{nth}"), "match": { "principals": [format!("spiffe://x/ns/team-{nth}/*")] }, "models": { "deny": ["a"] } })
    });
    let rules = (0..10_000).map(|nth| {
        let conditions = match nth % 4 {
            0 => json!({ "models": [format!("m-{nth}*")], "tools": true }),
            1 => json!({ "tenants": [format!("t{}", nth % 3000)], "inputTokens": { "max": nth } }),
            2 => json!({ "inputTokens": { "min": nth, "max": nth + 1 } }),
            _ => json!({ "headers": [{ "name": "x-team", "value": format!("v{nth}") }], "stream": nth % 8 == 3 }),
        };
        json!({ "name": format!("r{nth}"), "match": conditions, "route": { "targets": [{ "model": "a" }], "fallback": ["b"] } })
    });
    let (policy, document) = read(&json!({
        "models": [{ "name": "a", "cluster": "c" }, { "name": "b", "cluster": "c" }],
        "tenants": tenants.collect::<Value>(),
        "rules": rules.collect::<Value>(),
    }));
    let start = Instant::now();
    let found = of(&policy, &document, Extent::Whole);
    let took = start.elapsed();
    assert!(found.iter().all(|found| found.kind != Kind::ShadowedTenant));
    // A tenth of that where nothing else runs.
    assert!(took < Duration::from_secs(20), "{took:?}");
    eprintln!("{took:?}, {} findings", found.len());
}
