//! Policies that have a mistake, each beside one that nearly has it.

use super::{Extent, Kind, of, read};
use serde_json::{Value, json};

/// The base with the sections of `part` in place of its own.
fn policy(part: &Value) -> Value {
    let mut policy = json!({
        "models": [
            { "name": "gpt-4o", "cluster": "openai", "labels": { "region": "us" } },
            { "name": "llama", "cluster": "vllm", "labels": { "region": "eu" } },
        ],
        "aliases": [{ "name": "auto" }],
        "rules": [to("auto", json!({ "models": ["auto"] }), "gpt-4o"), to("llama", json!({ "models": ["auto"], "tools": true }), "llama")],
    });
    for (key, value) in part.as_object().expect("sections") {
        policy[key] = value.clone();
    }
    policy
}

/// A rule that routes.
fn to(name: &str, conditions: Value, model: &str) -> Value {
    json!({ "name": name, "match": conditions, "route": { "targets": [{ "model": model }] } })
}

fn deny(name: &str, conditions: Value) -> Value {
    json!({ "name": name, "match": conditions, "deny": {} })
}

fn found(part: &Value, kind: Kind) -> Vec<String> {
    let (policy, document) = read(&policy(part));
    let found = of(&policy, &document, Extent::Whole);
    found.into_iter().filter(|found| found.kind == kind).map(|found| found.at).collect()
}

/// `has` has the mistake at this place and nowhere else, `nearly` has none of that kind.
fn check(kind: Kind, at: &str, has: Value, nearly: Value) {
    assert_eq!(found(&has, kind), [at], "{has}");
    assert_eq!(found(&nearly, kind), Vec::<String>::new(), "{nearly}");
}

#[test]
fn a_part_of_conditions_can_change_nothing() {
    let rules = |conditions: Value| json!({ "rules": [to("r", conditions, "gpt-4o")] });
    check(
        Kind::IdlePart,
        "rules[0].match.any[1]",
        rules(json!({ "inputTokens": { "max": 100 }, "any": [{ "tools": true }, { "inputTokens": { "min": 101 } }] })),
        rules(json!({ "inputTokens": { "max": 100 }, "any": [{ "tools": true }, { "inputTokens": { "min": 100 } }] })),
    );
    check(
        Kind::IdlePart,
        "rules[0].match.not",
        rules(json!({ "models": ["auto"], "not": { "models": ["gpt-*"], "tools": true } })),
        rules(json!({ "models": ["auto"], "not": { "models": ["a*"], "tools": true } })),
    );
    let refuse = |conditions: Value| json!({ "rules": [deny("r", conditions)] });
    // What a client writes so that nobody can read it is both for a rule that refuses.
    check(
        Kind::IdlePart,
        "rules[0].match.any[0]",
        refuse(json!({ "apis": ["messages"], "any": [{ "apis": ["embeddings"] }, { "tools": true }] })),
        refuse(json!({ "stream": true, "any": [{ "stream": false }, { "tools": true }] })),
    );
}

#[test]
fn conditions_can_contradict_each_other() {
    let rules = |conditions: Value| json!({ "rules": [to("r", conditions, "gpt-4o")] });
    for (field, has, nearly) in [
        (
            "any",
            json!({ "tools": true, "any": [{ "tools": false }, { "tools": false, "stream": true }] }),
            json!({ "tools": true, "any": [{ "tools": false }, { "stream": true }] }),
        ),
        (
            "not",
            json!({ "models": ["gpt-4o", "auto"], "stream": true, "not": { "stream": true } }),
            json!({ "models": ["gpt-4o", "auto"], "stream": true, "not": { "stream": true, "models": ["auto"] } }),
        ),
        (
            "not",
            json!({ "not": { "models": ["a*"] }, "any": [{ "models": ["auto"] }, { "models": ["auto", "ab*"] }] }),
            json!({ "not": { "models": ["a*"] }, "any": [{ "models": ["auto"] }, { "models": ["gpt-4o", "ab*"] }] }),
        ),
        (
            "any",
            json!({ "headers": [{ "name": "x-a", "value": "v" }], "any": [{ "headers": [{ "name": "x-a", "value": "w" }] }] }),
            json!({ "headers": [{ "name": "x-a", "value": "v" }], "any": [{ "headers": [{ "name": "x-b", "value": "w" }] }] }),
        ),
    ] {
        check(Kind::DeadRule, &format!("rules[0].match.{field}"), rules(has), rules(nearly));
    }
    let refuse = |conditions: Value| json!({ "rules": [deny("r", conditions)] });
    check(
        Kind::DeadRule,
        "rules[0].match.not",
        refuse(json!({ "models": ["auto"], "messages": { "min": 3 }, "not": { "messages": { "min": 2 } } })),
        refuse(json!({ "models": ["auto"], "stream": true, "not": { "stream": true } })),
    );
}

#[test]
fn what_a_rule_takes_is_seen_through_its_alternatives() {
    let rules = |wide: Value, narrow: Value| json!({ "rules": [to("w", wide, "gpt-4o"), to("n", narrow, "gpt-4o")] });
    let alternatives =
        json!({ "any": [{ "models": ["auto"], "tools": true }, { "models": ["gpt-4o"], "stream": true }] });
    for (wide, nearly) in [
        (json!({ "models": ["auto", "gpt-*"] }), json!({ "models": ["auto"] })),
        (json!({ "not": { "models": ["llama"] } }), json!({ "not": { "models": ["llama", "g*"] } })),
        (
            json!({ "any": [{ "tools": true }, { "stream": true }] }),
            json!({ "any": [{ "tools": true }, { "images": true }] }),
        ),
    ] {
        check(Kind::ShadowedRule, "rules[1]", rules(wide, alternatives.clone()), rules(nearly, alternatives.clone()));
    }
    check(
        Kind::ShadowedRule,
        "rules[1]",
        rules(json!({ "not": { "stream": true } }), json!({ "stream": false, "models": ["auto"] })),
        rules(json!({ "not": { "stream": true } }), json!({ "tools": false, "models": ["auto"] })),
    );
}

#[test]
fn a_rule_passes_on_to_somebody() {
    let passing = json!({ "name": "p", "match": { "models": ["auto"] },
        "route": { "targets": [{ "model": "gpt-4o" }], "otherwise": "next" } });
    let at = "rules[0].route.otherwise";
    check(
        Kind::PassesOnToNone,
        at,
        json!({ "rules": [passing, to("n", json!({ "models": ["llama"] }), "llama")] }),
        json!({ "rules": [passing, to("n", json!({ "models": ["l*", "a*"], "tools": true }), "llama")] }),
    );
    // A model that is asked for by its name goes on to the default, where that lets it.
    let by_name = json!({ "name": "p", "match": { "models": ["gpt-4o"] },
        "route": { "targets": [{ "model": "llama" }], "otherwise": "next" } });
    check(
        Kind::PassesOnToNone,
        at,
        json!({ "rules": [by_name], "default": { "action": "deny" } }),
        json!({ "rules": [by_name] }),
    );
}

#[test]
fn a_caller_cannot_leave_out_what_limits_it() {
    let interns = json!({ "name": "interns", "match": { "claims": [{ "name": "roles", "contains": "intern" }] },
        "continue": true, "models": { "deny": ["gpt-4o"] } });
    let by_certificate = json!({ "principals": ["spiffe://x/ns/search/*"] });
    let by_token = json!({ "claims": [{ "name": "groups", "contains": "search" }] });
    let tenants = |first: &Value, matches: Value| json!({ "tenants": [first, { "name": "search", "match": matches }] });
    check(
        Kind::TenantToLeave,
        "tenants[0].continue",
        tenants(&interns, json!({ "any": [by_certificate, by_token] })),
        tenants(&interns, by_token.clone()),
    );
    let mut ends = interns.clone();
    ends["continue"] = json!(false);
    check(
        Kind::TenantToLeave,
        "tenants[0].continue",
        tenants(&interns, by_certificate.clone()),
        tenants(&ends, by_certificate),
    );
}

#[test]
fn labels_are_asked_for() {
    let tenants = json!([{ "name": "a", "match": { "principals": ["x"] }, "labels": { "region": "eu", "taem": "a" } }]);
    let asking = |label: &str| to("r", json!({ "not": { "tenantLabels": { label: "a" } } }), "gpt-4o");
    let mut right = tenants.clone();
    right[0]["labels"] = json!({ "team": "a" });
    check(
        Kind::UnaskedLabel,
        "tenants[0].labels.taem",
        json!({ "tenants": tenants, "rules": [to("r", json!({ "tenantLabels": { "region": "eu" } }), "gpt-4o")] }),
        json!({ "tenants": right, "rules": [asking("team")] }),
    );
    assert!(found(&json!({ "tenants": tenants }), Kind::UnaskedLabel).is_empty(), "no rule looks at labels");
}

#[test]
fn a_refused_model_has_no_other_name() {
    let aliases = json!([{ "name": "auto" }, { "name": "gpt-4*", "model": "gpt-4o" }]);
    let policy = |models: Value| json!({ "aliases": aliases, "rules": [deny("d", json!({ "models": models, "stream": true }))] });
    check(Kind::AliasPastRefusal, "rules[0].match.models", policy(json!(["gpt-4o"])), policy(json!(["gpt-4*"])));
    let taken = json!({ "aliases": aliases,
        "rules": [deny("d", json!({ "models": ["gpt-4o"] })), to("r", json!({ "models": ["gpt-4*"] }), "llama")] });
    let other = json!({ "aliases": [{ "name": "auto" }, { "name": "old", "model": "llama" }],
        "rules": [deny("d", json!({ "models": ["gpt-4o"] }))] });
    for nearly in [taken, other] {
        check(Kind::AliasPastRefusal, "rules[0].match.models", policy(json!(["gpt-4o"])), nearly);
    }
}

#[test]
fn a_refusal_does_not_depend_on_what_clients_like() {
    let header = |name: &str| json!({ "headers": [{ "name": name, "value": "yes" }] });
    let refusing = |conditions: Value| json!({ "rules": [deny("d", conditions)] });
    for (field, has, nearly) in [
        ("headers[0]", header("x-intern"), header("anthropic-beta")),
        ("not.headers[0]", json!({ "not": header("x-approved") }), json!({ "not": { "tools": true } })),
        (
            "any[0].headers[0]",
            json!({ "any": [header("x-a"), { "tools": true }] }),
            json!({ "any": [header("user-agent"), { "tools": true }] }),
        ),
        ("maxOutputTokens", json!({ "maxOutputTokens": { "min": 5000 } }), json!({ "maxOutputTokens": { "max": 5 } })),
    ] {
        check(Kind::AvoidableRefusal, &format!("rules[0].match.{field}"), refusing(has), refusing(nearly));
    }
    let opened = |by: Value, behind: Value| json!({ "rules": [to("r", by, "gpt-4o"), behind] });
    let images = json!({ "images": true });
    let mut with_header = header("x-approved");
    with_header["images"] = json!(true);
    check(
        Kind::AvoidableRefusal,
        "rules[0].match.headers[0]",
        opened(with_header.clone(), deny("d", images.clone())),
        opened(with_header.clone(), deny("d", json!({ "images": true, "tools": true }))),
    );
    // Who is served without it has nothing of it but another model.
    check(
        Kind::AvoidableRefusal,
        "rules[0].match.headers[0]",
        json!({ "rules": [to("r", with_header.clone(), "gpt-4o")], "default": { "action": "deny" } }),
        json!({ "rules": [to("r", with_header, "gpt-4o"), to("s", images, "llama")], "default": { "action": "deny" } }),
    );
}

#[test]
fn a_models_own_fallback_stands_in_for_somebody() {
    let models = |apis: Value| {
        json!([
            { "name": "a", "cluster": "c", "labels": { "region": "us" }, "fallback": ["b"] },
            { "name": "b", "cluster": "c", "labels": { "region": "eu" }, "apis": apis },
        ])
    };
    let tenant =
        |name: &str, models: Value| json!({ "name": name, "match": { "principals": [name] }, "models": models });
    let us = tenant("us", json!({ "require": { "region": "us" } }));
    let eu = tenant("eu", json!({ "require": { "region": "eu" } }));
    let policy =
        |models: Value, tenants: Value| json!({ "models": models, "aliases": [], "rules": [], "tenants": tenants });
    let at = "models[0].fallback[0]";
    let all = || models(json!(["chatCompletions"]));
    check(
        Kind::AlwaysLeftOut,
        at,
        policy(all(), json!([us, eu])),
        policy(all(), json!([us, eu, tenant("both", json!({}))])),
    );
    let without_tenants = |models: Value| json!({ "models": models, "aliases": [], "rules": [] });
    check(
        Kind::AlwaysLeftOut,
        at,
        without_tenants(models(json!(["gemini"]))),
        without_tenants(models(json!(["gemini", "messages"]))),
    );
}

#[test]
fn every_tenant_gets_something() {
    let tenants = |continues: bool| {
        json!([
            { "name": "a", "match": { "principals": ["a"] }, "continue": continues },
            { "name": "b", "match": { "principals": ["b"] }, "models": { "require": { "region": "eu" } } },
        ])
    };
    let policy = |tenants: Value, model: &str| {
        let rule = to("r", json!({ "tenants": ["a"] }), model);
        json!({ "tenants": tenants, "rules": [rule], "default": { "action": "deny" }, "aliases": [] })
    };
    // Who is a and b gets to the rule as well.
    check(Kind::TenantWithoutModels, "tenants[1]", policy(tenants(false), "llama"), policy(tenants(true), "llama"));
    let mut stands_in = policy(tenants(false), "llama");
    stands_in["onFailure"] = json!({ "unknownModel": { "model": "llama" } });
    check(Kind::TenantWithoutModels, "tenants[1]", policy(tenants(true), "gpt-4o"), stands_in);
}

#[test]
fn an_alias_leads_somewhere() {
    let policy = |action: &str| {
        let aliases = json!([{ "name": "auto" }, { "name": "old", "model": "llama" }]);
        json!({ "aliases": aliases, "rules": [to("r", json!({ "models": ["auto"] }), "llama")], "default": { "action": action } })
    };
    check(Kind::AliasWithoutModel, "aliases[1]", policy("deny"), policy("allow"));
}

#[test]
fn a_rollout_is_of_something_else() {
    let policy = |rollout: Value| {
        let route = json!({ "targets": [{ "model": "gpt-4o" }], "rollout": rollout });
        json!({ "rules": [{ "name": "r", "match": { "models": ["auto"] }, "route": route }] })
    };
    check(
        Kind::ShareWithoutEffect,
        "rules[0].route.rollout.model",
        policy(json!({ "model": "gpt-4o", "percent": 5 })),
        // The same model twice, told apart in the record: that is how one tries out the comparison itself.
        policy(json!({ "model": "gpt-4o", "percent": 5, "variant": "again" })),
    );
}
