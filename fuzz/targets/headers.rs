//! Any headers: never a panic, and whatever ends at an LLM API was spelled as that API spells it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::record::Disposition;
use pointsman_engine::{Exchange, Policy, explain};
use std::sync::{Arc, LazyLock};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let json = br#"{
        "pathPrefixes": ["/openai"],
        "models": [{"name": "a", "cluster": "a"}],
        "tenants": [{"name": "t", "match": {"headers": [{"name": "x-team", "type": "RegularExpression", "value": "[a-z]+(-[0-9]+)*"}]}}],
        "onFailure": {"unknownTenant": "allow"},
        "rules": [{"name": "r", "match": {"paths": [{"type": "Prefix", "value": "/openai"}]}, "deny": {}}]
    }"#;
    Policy::from_json(json).expect("a valid policy")
});

fuzz_target!(|input: (String, String, Vec<(String, Vec<u8>)>)| {
    let (method, path, headers) = input;
    let exchange = Exchange { method, path, headers, body: br#"{"model":"a"}"#.to_vec(), ..Exchange::default() };
    let record = explain(&Arc::new(POLICY.clone()), &exchange);
    if record.is_some_and(|record| record.action == Disposition::Route) {
        assert_eq!(exchange.method, "POST");
        let bare = exchange.path.split('?').next().unwrap_or_default();
        assert!(
            bare.starts_with("/v1/") || bare.starts_with("/v2/") || bare.starts_with("/api/") || bare == "/rerank",
            "{bare}"
        );
    }
});
