//! The page's own way, bytes in and bytes out, against the command line's: the same policy and request, the same answer.

use crate::exports::{pointsman_check, pointsman_explain, pointsman_input, pointsman_output};
use pointsman_check::findings::of_policy;
use pointsman_check::{Values, policy_file, request_file};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// As the page asks.
fn ask(what: extern "C" fn() -> usize, question: &str) -> Value {
    let at = pointsman_input(question.len());
    assert!(!at.is_null());
    crate::exports::write(question.as_bytes());
    let length = what();
    assert!(!pointsman_output().is_null());
    let answer = crate::exports::answered();
    assert_eq!(answer.len(), length);
    serde_json::from_slice(&answer).unwrap()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|file| file.to_str().unwrap().ends_with(ending)).collect();
    files.sort();
    files
}

/// Policies of one file.
fn policies() -> Vec<(PathBuf, String)> {
    let folders = files(Path::new(EXAMPLES), "");
    let texts = folders.iter().flat_map(|folder| files(folder, "policy.yaml"));
    let texts = texts.map(|file| (file.clone(), std::fs::read_to_string(file).unwrap()));
    let alone: Vec<_> = texts.filter(|(_, text)| !text.contains("\ninclude:")).collect();
    assert!(alone.len() >= 6, "{alone:?}");
    alone
}

#[test]
fn a_policy_is_checked_as_the_command_line_checks_it() {
    for (path, text) in policies() {
        let file = policy_file::load(&path, &Values::default()).unwrap();
        let expected = of_policy(&file.source, &file.policy, &[]);
        let answer = ask(pointsman_check, &text);
        assert_eq!(answer["version"], file.policy.version());
        let found = answer["findings"].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{}", path.display());
        for (found, expected) in found.iter().zip(expected) {
            let expected = expected.to_json();
            for key in ["code", "severity", "line", "column", "field", "message", "allowed"] {
                assert_eq!(found[key], expected[key], "{}: {key}", path.display());
            }
        }
    }
}

#[test]
fn a_request_is_explained_as_the_command_line_explains_it() {
    let requests = files(&Path::new(EXAMPLES).join("quickstart/requests"), ".http");
    assert!(requests.len() > 5);
    for (path, text) in policies() {
        let file = policy_file::load(&path, &Values::default()).unwrap();
        for request in &requests {
            for (principal, claims) in [(None, json!({})), (Some("spiffe://a/ns/b/sa/c"), json!({"team": "finance"}))] {
                let mut exchange = request_file::read(request, "/").unwrap();
                exchange.principal = principal.map(str::to_owned);
                exchange.claims = claims.clone();
                let expected = pointsman_engine::explain(&file.policy, &exchange);
                let expected = expected.map(|record| serde_json::from_str::<Value>(&record.to_json()).unwrap());
                let request = std::fs::read_to_string(request).unwrap();
                let question = json!({
                    "policy": text, "request": request, "principal": principal, "claims": claims.to_string(),
                });
                let answer = ask(pointsman_explain, &question.to_string());
                assert_eq!(answer["trace"]["record"], expected.unwrap_or_default(), "{}: {request}", path.display());
            }
        }
    }
}

fn explained(question: &Value) -> Value {
    const POLICY: &str = "
models: [{ name: a, cluster: c }, { name: b, cluster: d }]
budgets: [{ name: all, window: { every: hour }, requests: 10 }]
rules:
- { name: night, match: { schedule: { hours: '22:00-06:00' } }, route: { targets: [{ model: b }] } }
";
    let mut whole = json!({ "policy": POLICY, "request": "{\"model\": \"a\", \"messages\": []}" });
    whole.as_object_mut().unwrap().extend(question.as_object().unwrap().clone());
    ask(pointsman_explain, &whole.to_string())
}

#[test]
fn what_is_known_at_that_moment_counts() {
    let model = |question: Value| explained(&question)["trace"]["record"]["model"].clone();
    assert_eq!(model(json!({ "at": 1_795_867_200_000_u64 })), "a");
    assert_eq!(model(json!({ "at": 1_795_867_200_000_u64 - 10 * 3_600_000 })), "b");
    let answer = explained(&json!({ "spent": [["all", 10.0]] }));
    assert_eq!(answer["trace"]["record"]["reason"], "budgetExceeded", "{answer:#}");
    assert_eq!(answer["tellsTime"], true);
}

#[test]
fn what_cannot_be_answered_is_said_of_its_field() {
    let field = |question: Value| explained(&question)["fault"]["field"].clone();
    assert_eq!(field(json!({ "policy": "models: 1" })), "policy");
    assert_eq!(field(json!({ "request": "POST / HTTP/1.1\nno header\n\n" })), "request");
    assert_eq!(field(json!({ "api": "chat" })), "api");
    assert_eq!(field(json!({ "claims": "[1]" })), "claims");
    assert_eq!(field(json!({ "claims": "{" })), "claims");
    assert_eq!(field(json!({ "demoted": ["x"] })), "demoted");
    assert_eq!(field(json!({ "spent": [["x", 1.0]] })), "spent");
    assert_eq!(field(json!({ "spent": [["all", -1.0]] })), "spent");
}

#[test]
fn what_is_no_question_is_answered_too() {
    for question in ["", "{", "{\"polcy\": \"\"}", "{\"policy\": 1}", "null"] {
        let answer = ask(pointsman_explain, question);
        assert!(answer["error"].is_string(), "{question}: {answer}");
    }
    let answer = explained(&json!({ "request": "" }));
    assert!(answer["fault"].is_null(), "{answer}");
    let answer = explained(&json!({ "request": "GET /health HTTP/1.1\n\n" }));
    assert!(answer["trace"].is_null() && answer["fault"].is_null(), "{answer}");
}
