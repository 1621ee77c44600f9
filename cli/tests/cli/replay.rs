//! `pointsman replay`: what moves, what it costs, what is not known, and the gates.

use crate::program::{folder, pointsman, pointsman_with_input, without};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const BEFORE: &str = "record: facts
currency: EUR
models:
- { name: small, cluster: own, capabilities: [], cost: { inputPerMillion: 1, outputPerMillion: 2 } }
- { name: large, cluster: other, cost: { inputPerMillion: 10, outputPerMillion: 20 } }
aliases: [{ name: auto }]
tenants:
- { name: finance, match: { headers: [{ name: x-team, value: finance }] } }
- { name: search, match: { headers: [{ name: x-team, value: search }] } }
rules:
- name: all
  match: { models: [auto] }
  route: { targets: [{ model: large }] }
onFailure: { unknownTenant: allow }
";

/// Streams go to the small model, finance does not bring images, and there is a rule for nobody.
fn after() -> String {
    BEFORE.replace(
        "rules:\n",
        "rules:
- name: no-images
  match: { tenants: [finance], images: true }
  deny: { status: 403 }
- name: streams
  match: { models: [auto], stream: true }
  route: { targets: [{ model: small }] }
- name: nobody
  match: { tenants: [finance], keywords: [xyzzy] }
  deny: {}
",
    )
}

const IMAGE: &str = r#"{"model":"auto","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]}"#;
const STREAM: &str =
    r#"{"model":"auto","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"Hello to you"}]}"#;
const PLAIN: &str = r#"{"model":"auto","max_tokens":100,"messages":[{"role":"user","content":"Hello to you"}]}"#;

fn record(policy: &Path, body: &str, team: Option<&str>) -> String {
    let mut arguments = vec!["explain", policy.to_str().unwrap(), "--request", "-", "--output", "json"];
    let header = team.map(|team| format!("x-team: {team}"));
    arguments.extend(header.iter().flat_map(|header| ["--header", header.as_str()]));
    let outcome = pointsman_with_input(&arguments, body);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.stdout
}

/// Both policies, and traffic of the first: streams, images of two teams, plain requests, one with its usage, and lines that
/// are nothing.
fn recorded(test: &str) -> PathBuf {
    let folder = folder(test, &[("before.yaml", BEFORE), ("after.yaml", &after())]);
    let policy = folder.join("before.yaml");
    let mut used: Value = serde_json::from_str(&record(&policy, STREAM, Some("search"))).unwrap();
    used["answer"] = json!({ "outcome": "served", "durationMs": 5, "costMicros": 12_000, "usage": { "input": 1000, "output": 100 } });
    let logged = json!({ "request_id": "id-1", "decision": record(&policy, STREAM, None).trim() });
    let lines = [
        record(&policy, IMAGE, Some("finance")),
        record(&policy, IMAGE, Some("search")),
        record(&policy, PLAIN, Some("finance")),
        format!("{used}\n"),
        format!("{logged}\n"),
        record(&policy, "{", None),
        "no record\n\n".to_owned(),
    ];
    std::fs::write(folder.join("traffic.jsonl"), lines.concat()).unwrap();
    folder
}

fn replay(folder: &Path, arguments: &[&str]) -> crate::program::Outcome {
    let (policy, traffic) = (folder.join("after.yaml"), folder.join("traffic.jsonl"));
    let mut all = vec!["replay", policy.to_str().unwrap(), traffic.to_str().unwrap()];
    all.extend(arguments);
    pointsman(&all)
}

#[test]
fn what_moves_is_said_with_its_price() {
    let folder = recorded("replay_text");
    let outcome = replay(&folder, &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let shown = without(&folder, &outcome.stdout);
    let (head, rest) = shown.split_once("\n\n").unwrap();
    let lines: Vec<_> = head.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "against   what the records say",
            "traffic   6 requests, 4 compared, 1 unknown, 1 no rule is asked for, 1 line is no record",
            "moved     3 (75.0%)",
            "denied    1 that were served",
            "allowed   0 that were refused",
            "cost      0.012 EUR -> 0.0012 EUR (-90.0%), 1 request",
            "estimated 0.04299 EUR -> 0.020683 EUR (-51.9%), 3 requests",
        ]
    );
    assert!(rest.contains("large  refused (denied)  traffic.jsonl:1"), "{rest}");
    assert!(rest.contains("traffic.jsonl:4, traffic.jsonl:5 (id-1)"), "{rest}");
    assert!(rest.contains("rules that decide nothing: nobody"), "{rest}");
    assert!(rest.contains("first line that is no record: traffic.jsonl:7"), "{rest}");
}

#[test]
fn programs_read_all_of_it() {
    let folder = recorded("replay_json");
    let outcome = replay(&folder, &["--output", "json"]);
    let found: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(found["figures"]["moved"], 3);
    assert_eq!(found["figures"]["denied"], 1);
    assert_eq!(found["tenants"]["search"]["moved"], 1);
    assert_eq!(found["rules"]["streams"], json!({ "before": 0, "after": 2, "moved": 2 }));
    assert_eq!(found["rulesNeverHit"], json!(["nobody"]));
    assert_eq!(found["cost"]["counted"], json!({ "requests": 1, "beforeMicros": 12000, "afterMicros": 1200 }));
    // The order in which threads come to lines changes nothing.
    assert_eq!(found["moves"][0]["examples"][0]["line"], 4);
}

#[test]
fn another_policy_is_compared_with() {
    let folder = recorded("replay_against");
    let before = folder.join("before.yaml");
    let outcome = replay(&folder, &["--against", before.to_str().unwrap(), "--output", "json"]);
    let found: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(found["figures"]["moved"], 3);
    assert_eq!(found["notes"], json!([]));
    // Usage is priced by each policy, whatever was paid.
    assert_eq!(found["cost"]["counted"], json!({ "requests": 1, "beforeMicros": 12000, "afterMicros": 1200 }));
    std::fs::write(
        &before,
        after().replace("value: search", "value: seeking").replace("rules:\n", "limits: { maxDepth: 64 }\nrules:\n"),
    )
    .unwrap();
    let outcome = replay(&folder, &["--against", before.to_str().unwrap()]);
    assert!(outcome.stdout.contains("moved     0 (0.0%)"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("note      the policies tell callers apart in different ways"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stdout.contains("note      the policies differ in `limits`"), "{}", outcome.stdout);
}

#[test]
fn what_records_do_not_tell_is_unknown() {
    let folder = recorded("replay_unknown");
    let plain = folder.join("plain.yaml");
    std::fs::write(&plain, BEFORE.replace("record: facts\n", "")).unwrap();
    std::fs::write(folder.join("traffic.jsonl"), record(&plain, STREAM, Some("search")).repeat(3)).unwrap();
    let outcome = replay(&folder, &[]);
    assert!(outcome.stdout.contains("3 requests, 0 compared, 3 unknown\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("3        stream\n"), "{}", outcome.stdout);
}

#[test]
fn gates_make_the_exit_code() {
    let folder = recorded("replay_gates");
    assert_eq!(replay(&folder, &["--fail-if", "denied > 1 or cost_change_percent > 0"]).code, Some(0));
    let outcome = replay(&folder, &["--fail-if", "denied > 0", "--fail-if", "unknown > 10"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), "error: --fail-if denied > 0\n"));
    let outcome = replay(&folder, &["--fail-if", "deneid > 0"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("no figure `deneid`; did you mean `denied`?"), "{}", outcome.stderr);
    std::fs::write(folder.join("traffic.jsonl"), "").unwrap();
    let outcome = replay(&folder, &["--fail-if", "moved_percent > 10"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.ends_with("`moved_percent` is not known from this traffic\n"), "{}", outcome.stderr);
}

#[test]
fn folders_of_requests_are_traffic_between_policies() {
    let folder = recorded("replay_requests");
    let outcome = replay(&folder, &["examples/quickstart/requests"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("name a policy to compare with, by --against"), "{}", outcome.stderr);
    let quickstart = "examples/quickstart/policy.yaml";
    let outcome = pointsman(&["replay", quickstart, "--against", quickstart, "examples/quickstart/requests"]);
    assert!(outcome.stdout.contains("12 requests, 12 compared\nmoved     0 (0.0%)\n"), "{}", outcome.stdout);
    // What is refused costs nothing, and of everything else the tokens are estimated.
    assert!(outcome.stdout.contains(", 8 requests\n") && !outcome.stdout.contains("unpriced"), "{}", outcome.stdout);
    let outcome = pointsman(&["replay", quickstart, "--against", folder.join("none.yaml").to_str().unwrap(), "-"]);
    assert_eq!(outcome.code, Some(2));
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let folder = recorded("replay_html");
    let hostile = r#"{"v":1,"action":"route","api":"chatCompletions","tenant":"<script>alert(1)</script>","asked":"auto","reason":"rule","rule":"all","model":"<img src=x onerror=alert(1)>","cluster":"x"}"#;
    let traffic = folder.join("traffic.jsonl");
    let lines = std::fs::read_to_string(&traffic).unwrap()
        + hostile
        + "\n"
        + &hostile.replace("<script>alert(1)</script>", "search");
    std::fs::write(&traffic, lines).unwrap();
    let page = replay(&folder, &["--output", "html"]).stdout;
    assert!(
        page.starts_with("<!doctype html>") && page.contains("<svg ") && page.contains("prefers-color-scheme: dark")
    );
    for wrong in ["<script", "<img", "http://", "https://", "url(", "@import", " src=x onerror", "<link"] {
        let found = page.replace("&lt;img src=x onerror", "").contains(wrong);
        assert!(!found, "{wrong}");
    }
    assert!(page.contains("&lt;script&gt;"), "a name is shown as it is");
}

#[test]
fn standard_input_is_traffic() {
    let folder = recorded("replay_stdin");
    let (policy, before) = (folder.join("after.yaml"), folder.join("before.yaml"));
    let lines = record(&before, STREAM, None).repeat(5_000);
    let outcome = pointsman_with_input(&["replay", policy.to_str().unwrap(), "-", "--output", "json"], &lines);
    let found: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(found["figures"]["records"], 5_000);
    assert_eq!(found["figures"]["unknown"], 0);
}
