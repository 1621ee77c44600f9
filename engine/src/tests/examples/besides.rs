//! Bodies that name models besides the one asked for.

use super::check;
use crate::tests::chat;
use serde_json::{Value, json};

fn policy(allowed: &[&str]) -> Value {
    let model =
        |name: &str, cluster: &str| json!({ "name": name, "cluster": cluster, "upstreamModel": format!("{name}-1") });
    json!({
        "models": [
            model("small", "here"), model("large", "here"), model("secret", "here"), model("far", "there"),
            { "name": "paint", "cluster": "here", "apis": ["imageGenerations"] },
        ],
        "aliases": [{ "name": "fast", "model": "small" }, { "name": "auto" }],
        "tenants": [{
            "name": "team", "match": { "headers": [{ "name": "x-team", "value": "team" }] },
            "models": { "deny": ["secret"] },
        }],
        "onFailure": { "unknownTenant": "allow" },
        "rules": [
            { "name": "no-large-at-night", "match": { "models": ["large"], "headers": [{ "name": "x-night", "value": "1" }] }, "deny": {} },
            { "name": "both", "match": { "models": ["auto"] }, "route": { "targets": [{ "model": "far" }], "fallback": ["small"] } },
        ],
        "steering": { "allowKeys": allowed },
    })
}

fn routed(allowed: &[&str], body: &str, also: &[&str]) {
    let also = if also.is_empty() { Value::Null } else { json!(also) };
    check(&policy(allowed), &chat(body), &[("action", json!("route")), ("also", also)]);
}

fn refused(allowed: &[&str], body: &str, reason: &str) {
    let mut request = chat(body);
    request.headers.push(("x-team".into(), b"team".to_vec()));
    check(&policy(allowed), &request, &[("action", json!("deny")), ("reason", json!(reason))]);
}

#[test]
fn names_are_found_in_all_shapes() {
    routed(&["models"], r#"{"model":"small","models":["large","fast"]}"#, &["large", "small"]);
    routed(&["models"], r#"{"model":"small","models":[]}"#, &[]);
    routed(
        &["fallbacks"],
        r#"{"fallbacks":["large",{"model":"fast","top_k":1}],"model":"small"}"#,
        &["large", "small"],
    );
    routed(&["deployment_id"], r#"{"model":"small","deployment_id":"large"}"#, &["large"]);
    routed(&["extra_body"], r#"{"model":"small","extra_body":{"model":"large","top_k":{"model":"x"}}}"#, &["large"]);
    routed(&["extra_body", "models"], r#"{"model":"small","extra_body":{"models":["fast"]}}"#, &["small"]);
    routed(
        &["providerOptions", "models"],
        r#"{"model":"small","providerOptions":{"gateway":{"order":["azure"],"models":["large"]},"openai":{"user":"x"}}}"#,
        &["large"],
    );
    routed(
        &["tools[].model"],
        r#"{"model":"small","tools":[{"type":"image_generation","model":"paint"},{"type":"function"}]}"#,
        &["paint"],
    );
    // No names of models: what they are is the policy's word.
    routed(&["provider"], r#"{"model":"small","provider":{"model":"x"}}"#, &[]);
}

#[test]
fn every_name_is_held_to_what_the_caller_may_use() {
    for name in ["secret", "unheard-of", "auto", ""] {
        let reason = if name.is_empty() { "modelName" } else { "namedBesides" };
        refused(&["models"], &format!(r#"{{"model":"small","models":["fast","{name}"]}}"#), reason);
        refused(&["tools[].model"], &format!(r#"{{"tools":[{{"model":"{name}"}}],"model":"small"}}"#), reason);
        refused(&["extra_body"], &format!(r#"{{"model":"small","extra_body":{{"model":"{name}"}}}}"#), reason);
    }
    let body = r#"{"model":"small","models":["large"]}"#;
    let mut at_night = chat(body);
    at_night.headers.push(("x-night".into(), b"1".to_vec()));
    let rule = [("reason", json!("denied")), ("rule", json!("no-large-at-night"))];
    check(&policy(&["models"]), &at_night, &rule);
    let mut strict = policy(&["models"]);
    strict["default"] = json!({ "action": "deny" });
    check(&strict, &chat(body.replace("small", "auto")), &[("reason", json!("defaultDeny"))]);
}

#[test]
fn only_their_own_provider_serves_them() {
    let excluded = json!([{ "model": "small", "reason": "namedBesides" }]);
    check(
        &policy(&["models"]),
        &chat(r#"{"model":"small","models":["far"]}"#),
        &[("reason", json!("noCandidate")), ("excluded", excluded)],
    );
    let excluded = json!([{ "model": "far", "reason": "namedBesides" }]);
    check(
        &policy(&["models"]),
        &chat(r#"{"model":"auto","models":["large"]}"#),
        &[("model", json!("small")), ("chain", Value::Null), ("excluded", excluded)],
    );
}

#[test]
fn what_is_not_allowed_or_cannot_be_told_is_refused() {
    refused(&["models"], r#"{"model":"small","fallbacks":["large"]}"#, "modelList");
    refused(&["extra_body"], r#"{"model":"small","extra_body":{"models":["fast"]}}"#, "modelList");
    refused(&["extra_body"], r#"{"model":"small","extra_body":{"Model":"fast"}}"#, "keyCase");
    refused(&["extra_body"], r#"{"model":"small","extra_body":{"messages":[]}}"#, "duplicateKey");
    refused(&["extra_body"], r#"{"model":"small","extra_body":["fast"]}"#, "wrongType");
    refused(&["models"], r#"{"model":"small","models":[1]}"#, "wrongType");
    refused(&["models"], r#"{"model":"small","models":[["x"]]}"#, "namedBesides");
    refused(&["tools[].model"], r#"{"model":"small","tools":[{"Model":"large"}]}"#, "keyCase");
    refused(&["tools[].model"], r#"{"model":"small","tools":[{"model":{"id":"large"}}]}"#, "wrongType");
    // Nobody looks at anything else here: the tools of an item are seen all the same.
    for items in ["input", "messages"] {
        for (allowed, reason) in [(&[][..], "modelList"), (&["tools[].model"], "namedBesides")] {
            let item = r#"{"type":"additional_tools","tools":[{"type":"namespace","tools":[{"model":"secret"}]}]}"#;
            refused(allowed, &format!(r#"{{"model":"small","{items}":[{{"content":"x"}},{item}]}}"#), reason);
        }
    }
    // Google's settings may stand in there, and name nothing.
    let google = r#"{"model":"small","extra_body":{"google":{"thinking_config":{"thinking_budget":8}},"models":[]}}"#;
    refused(&["extra_body"], google, "modelList");
    // LiteLLM's mapping has names as keys.
    refused(&["fallbacks"], r#"{"model":"small","fallbacks":[{"small":["large"]}]}"#, "wrongType");
    let many = vec!["\"small\""; 65].join(",");
    refused(&["models"], &format!(r#"{{"model":"small","models":[{many}]}}"#), "modelList");
}
