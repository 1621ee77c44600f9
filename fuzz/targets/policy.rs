//! Any policy text: never a panic; what is accepted decides without one, and keeps its version.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::config::PluginConfig;
use pointsman_engine::{Exchange, Policy, explain};
use std::sync::Arc;

fuzz_target!(|json: &[u8]| {
    let _ = PluginConfig::from_json(json, "", &|| None);
    match Policy::from_json(json) {
        Err(errors) => assert!(!errors.to_string().is_empty()),
        Ok(policy) => {
            assert_eq!(policy.version().len(), 64);
            let policy = Arc::new(policy);
            let exchange = Exchange {
                method: "POST".into(),
                path: "/v1/chat/completions".into(),
                headers: vec![("content-type".into(), b"application/json".to_vec())],
                body: br#"{"model":"a","messages":[{"role":"user","content":"a contract"}]}"#.to_vec(),
                ..Exchange::default()
            };
            let record = explain(&policy, &exchange).expect("a record");
            assert_eq!(record.policy.as_deref(), Some(policy.version()));
        }
    }
});
