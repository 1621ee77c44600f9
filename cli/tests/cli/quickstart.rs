//! The quickstart's requests and the decisions its README promises. `UPDATE_CASES=1` writes them anew.

use crate::program::{pointsman, project};

const FOLDER: &str = "examples/quickstart";

#[test]
fn the_quickstart_is_valid() {
    let outcome = pointsman(&["check", FOLDER]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
}

#[test]
fn every_request_is_decided_as_recorded() {
    let requests = project().join(FOLDER).join("requests");
    let mut requests: Vec<_> = std::fs::read_dir(requests).unwrap().map(|entry| entry.unwrap().path()).collect();
    requests.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    assert!(requests.len() >= 10, "{requests:?}");
    for request in requests {
        let policy = format!("{FOLDER}/policy.yaml");
        let outcome = pointsman(&["explain", &policy, "--request", request.to_str().unwrap(), "--output", "json"]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let mut record: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        // The version changes with every edit of the policy, and no decision with it.
        record.as_object_mut().unwrap().remove("policy").unwrap();
        let recorded = request.with_extension("json");
        let text = format!("{record:#}\n");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&recorded, text).unwrap();
        } else {
            assert_eq!(text, std::fs::read_to_string(&recorded).unwrap(), "{}", request.display());
        }
    }
}
