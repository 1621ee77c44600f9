//! Any plan in filter state or in a copy's header: never a panic, and every attempt it allows can be made.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::attempt::{Plan, Tried};

fuzz_target!(|json: &[u8]| {
    if let Some(tried) = Tried::read(json) {
        assert_eq!(Tried::read(tried.to_json().as_bytes()), Some(tried));
    }
    let Some(plan) = Plan::read(json) else { return };
    let written = serde_json::to_vec(&plan).expect("JSON");
    assert_eq!(Plan::read(&written), Some(plan.clone()));
    let tree: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
    for candidate in tree["models"].as_array().expect("a list") {
        let (name, cluster) = (candidate["name"].as_str().expect("text"), candidate["cluster"].as_str().expect("text"));
        // A path that the client's does not reach to makes no attempt.
        let Some(attempt) = plan.attempt(name.as_bytes(), None) else { continue };
        assert!(attempt.splices.iter().all(|splice| splice.keep <= splice.until));
        assert!(attempt.splices.windows(2).all(|pair| pair[0].until <= pair[1].keep));
        assert_eq!(attempt.content_length.is_some(), tree["length"].is_u64());
        // A name that stands twice is the first one's, and may be another cluster's.
        if let Some(there) = plan.attempt(name.as_bytes(), Some(cluster.as_bytes())) {
            assert_eq!(there, attempt);
        }
        // No candidate has a cluster longer than the whole plan.
        assert_eq!(plan.attempt(name.as_bytes(), Some(&written)), None);
    }
});
