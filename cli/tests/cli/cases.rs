//! `pointsman test`: what it says of cases that fail, of files that are wrong, and of what is not covered.

use crate::program::{command, folder, pointsman, without};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const POLICY: &str = "models:
- { name: small, cluster: own }
- { name: large, cluster: other, capabilities: [] }
tenants:
- { name: interns, match: { claims: [{ name: group, contains: interns }] } }
rules:
- name: no-streams
  match: { tenants: [interns], stream: true }
  deny: { status: 403 }
- name: tools
  match: { tools: true }
  route: { targets: [{ model: small }] }
onFailure: { unknownTenant: allow }
";

const CASES: &str = "cases:
- name: interns do not stream
  caller: { claims: { group: [interns] } }
  body: { model: small, stream: true, messages: [] }
  expect: { deny: 403, tenant: interns, rule: no-streams }
- name: others may
  body: { model: small, stream: true, messages: [] }
  expect: { model: small, reason: default, tenant: false, mirror: false }
";

fn written(test: &str, cases: &str) -> std::path::PathBuf {
    folder(test, &[("policy.yaml", POLICY), ("tests.yaml", cases)])
}

#[test]
fn all_examples_do_what_their_cases_say() {
    let with_policy = |example: &std::path::PathBuf| example.join("policy.yaml").exists();
    let examples = std::fs::read_dir(crate::program::project().join("examples")).unwrap();
    for example in examples.map(|example| example.unwrap().path()).filter(with_policy) {
        // One rule there is for requests that are too long to be written down.
        let least = if example.ends_with("organisation") { "80" } else { "100" };
        let outcome = pointsman(&["test", example.to_str().unwrap(), "--min-coverage", least]);
        assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn a_case_that_fails_says_why() {
    let cases = "cases:\n- name: tools\n  body: { model: large, tools: [] }\n  expect: { rule: tools, model: large, tenant: interns }\n";
    let folder = written("cases_fail", cases);
    let outcome = pointsman(&["test", folder.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert_eq!(
        without(&folder, &outcome.stdout),
        "tests.yaml (policy.yaml)
  FAIL  tools, tests.yaml:4:3
        rule    expected tools    got none
        tenant  expected interns  got none
        `tools` does not apply: `match.tools` fails
        large -> large on other (default)
  0 of 2 rules decide a case, 0 of 3 conditions hold in one and fail in one
0 passed, 1 failed; coverage 0%
"
    );
}

#[test]
fn an_excluded_model_and_a_rule_above_are_named() {
    let cases = "cases:
- name: a
  body: { model: large, tools: [{ type: function, function: { name: f } }], stream: true }
  caller: { claims: { group: interns } }
  expect: { rule: tools, model: small }
- name: b
  body: { model: large, response_format: { type: json_schema, json_schema: { name: x, schema: {} } } }
  expect: { model: large }
";
    let folder = written("cases_why", cases);
    let outcome = pointsman(&["test", folder.to_str().unwrap()]);
    assert!(outcome.stdout.contains("`tools` would apply, but a rule above it does"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("`large` cannot serve it: structuredOutput"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("action  expected route  got deny"), "{}", outcome.stdout);
}

#[test]
fn wrong_files_are_exit_code_2_each_with_its_place() {
    let cases = "cases:
- name: a
  request: missing.http
  bodi: {}
  expect: {}
- name: b
  api: chat
  headers: { 'x y': a }
  spent: { finance: 1 }
  expect: { model: smal, rule: tool, deny: whim }
- name: c
  body: {}
  expect: { model: smal, rule: tool, tenant: intern, chain: [larg], cluster: owm }
";
    let folder = written("cases_wrong", cases);
    let outcome = pointsman(&["test", folder.to_str().unwrap()]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        without(&folder, &outcome.stderr),
        "tests.yaml:4:3: cases[0].bodi: unknown field; did you mean `body`?
tests.yaml:5:11: cases[0].expect: needs at least one of `action`, `model`, `chain`, `cluster`, `rule`, `reason`, `variant`, `mirror`, `tenant`, `deny`
tests.yaml:10:44: cases[1].expect.deny: no reason `whim`
3 errors
"
    );
    std::fs::write(
        folder.join("tests.yaml"),
        cases.replace("  bodi: {}\n  expect: {}", "  expect: { action: none }").replace(", deny: whim", ""),
    )
    .unwrap();
    let outcome = pointsman(&["test", folder.to_str().unwrap()]);
    assert_eq!(
        without(&folder, &outcome.stderr),
        "tests.yaml:6:8: cases[1].api: no API `chat`
tests.yaml:7:21: cases[1].headers.x y: `x y: a` is no header that a server would take
tests.yaml:8:21: cases[1].spent.finance: no budget `finance` in the policy
tests.yaml:9:20: cases[1].expect.model: no model `smal` in the policy; did you mean `small`?
tests.yaml:9:32: cases[1].expect.rule: no rule `tool` in the policy; did you mean `tools`?
tests.yaml:12:20: cases[2].expect.model: no model `smal` in the policy; did you mean `small`?
tests.yaml:12:32: cases[2].expect.rule: no rule `tool` in the policy; did you mean `tools`?
tests.yaml:12:46: cases[2].expect.tenant: no tenant `intern` in the policy; did you mean `interns`?
tests.yaml:12:62: cases[2].expect.chain[0]: no model `larg` in the policy; did you mean `large`?
tests.yaml:12:78: cases[2].expect.cluster: no cluster `owm` in the policy; did you mean `own`?
10 errors
"
    );
    let missing = "cases:\n- { name: a, request: missing.http, expect: { action: none } }\n";
    std::fs::write(folder.join("tests.yaml"), missing).unwrap();
    let outcome = pointsman(&["test", folder.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("tests.yaml:2:23: cases[0].request: `"), "{}", outcome.stderr);
    std::fs::remove_file(folder.join("tests.yaml")).unwrap();
    let outcome = pointsman(&["test", folder.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("no `tests.yaml` and no `*.tests.yaml` here or below"), "{}", outcome.stderr);
}

#[test]
fn what_no_case_shows_is_a_gate() {
    let folder = written("cases_coverage", CASES);
    let path = folder.to_str().unwrap();
    assert_eq!(pointsman(&["test", path]).code, Some(0));
    let outcome = pointsman(&["test", path, "--min-coverage", "80"]);
    assert_eq!(outcome.code, Some(1));
    assert_eq!(
        without(&folder, &outcome.stdout),
        "tests.yaml (policy.yaml)
  ok    interns do not stream
  ok    others may
  1 of 2 rules decide a case, 1 of 3 conditions hold in one and fail in one
  policy.yaml:8:32: rules[0].match.stream: there is no case in which this condition of `no-streams` fails
  policy.yaml:10:9: rules[1].name: no case is decided by the rule `tools`
  policy.yaml:11:12: rules[1].match.tools: there is no case in which this condition of `tools` holds
2 passed, 0 failed; coverage 40%
"
    );
    assert_eq!(outcome.stderr, "error: coverage is 40%, below --min-coverage 80\n");
    assert_eq!(pointsman(&["test", path, "--min-coverage", "40"]).code, Some(0));
}

#[test]
fn machines_read_it() {
    let cases = CASES.replace("reason: default", "reason: alias").replace("others may", "others <may>");
    let folder = written("cases_machines", &cases);
    let path = folder.to_str().unwrap();
    let json = pointsman(&["test", path, "--output", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, &value["passed"], &value["failed"]), (Some(1), &1.into(), &1.into()));
    let case = &value["suites"][0]["cases"][1];
    assert_eq!(case["differences"][0], serde_json::json!({"field": "reason", "expected": "alias", "got": "default"}));
    assert_eq!(value["suites"][0]["coverage"]["percent"], 40);
    let junit = pointsman(&["test", path, "--output", "junit"]);
    assert!(junit.stdout.contains("<testsuites name=\"pointsman\" tests=\"2\" failures=\"1\">"), "{}", junit.stdout);
    assert!(junit.stdout.contains("name=\"others &lt;may&gt;\""), "{}", junit.stdout);
    assert!(junit.stdout.contains("<failure message=\"reason: expected alias, got default\">"), "{}", junit.stdout);
}

#[test]
fn a_watch_runs_again_when_a_file_changes() {
    let folder = written("cases_watch", CASES);
    let path = folder.to_str().unwrap();
    let mut child = command(&["test", path, "--watch"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut outcome = || lines.find(|line| line.contains(" passed, ")).unwrap();
    assert_eq!(outcome(), "2 passed, 0 failed; coverage 40%");
    std::fs::write(folder.join("policy.yaml"), POLICY.replace("status: 403", "status: 429")).unwrap();
    assert_eq!(outcome(), "1 passed, 1 failed; coverage 40%");
    child.kill().unwrap();
    child.wait().unwrap();
}
