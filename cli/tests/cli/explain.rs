use crate::program::{command, folder, pointsman, pointsman_with_input};
use serde_json::Value;

const POLICY: &str = "
models:
- { name: small, cluster: llama, upstreamModel: llama-3, cost: { inputPerMillion: 0.15, outputPerMillion: 0.6 } }
- { name: big, cluster: openai }
tenants:
- { name: lab, match: { headers: [{ name: x-team, value: lab }] }, models: { deny: [big] } }
- { name: mesh, match: { principals: [\"spiffe://cluster.local/ns/mesh/*\"] }, models: { deny: [small] } }
onFailure: { unknownTenant: allow }
";

/// The record for a chat body on standard input.
fn explain(test: &str, body: &str, more: &[&str]) -> Value {
    let folder = folder(test, &[("policy.yaml", POLICY)]);
    let policy = folder.join("policy.yaml");
    let arguments = [&["explain", policy.to_str().unwrap(), "--request", "-", "--output", "json"], more].concat();
    let outcome = pointsman_with_input(&arguments, body);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

const SMALL: &str = r#"{"model": "small", "messages": [{"role": "user", "content": "Hi"}]}"#;
const BIG: &str = r#"{"model": "big", "messages": [{"role": "user", "content": "Hi"}]}"#;

/// Whoever has no key believes nobody.
#[test]
fn a_signed_id_is_believed_with_the_key() {
    const KEY: &str = "0123456789abcdef0123456789abcdef";
    let policy = POLICY.replace("onFailure:", "providerState: { signedIds: {} }\nonFailure:");
    let folder = folder("explain-signed", &[("policy.yaml", &policy)]);
    let file = folder.join("policy.yaml");
    let request = folder.join("request.json");
    std::fs::write(&request, r#"{"model":"big","input":"x","previous_response_id":"resp_psm1LrnGsawahyoOCXqoh1ab1"}"#)
        .unwrap();
    let explained = |keys: Option<&str>| {
        let arguments =
            ["explain", file.to_str().unwrap(), "--request", request.to_str().unwrap(), "--api", "responses"];
        let mut command = command(&arguments);
        if let Some(keys) = keys {
            command.env("POINTSMAN_ID_KEYS", keys);
        }
        let outcome = command.output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr))
    };
    assert!(explained(None).contains("foreignId"), "{}", explained(None));
    assert!(
        explained(Some(KEY)).contains("openai") && !explained(Some(KEY)).contains("foreignId"),
        "{}",
        explained(Some(KEY))
    );
    let short = explained(Some("secret"));
    assert!(short.contains("at least 32 characters") && !short.contains("secret"), "{short}");
}

#[test]
fn a_body_alone_is_a_chat_completion() {
    let record = explain("explain-body", SMALL, &[]);
    assert_eq!(
        (&record["action"], &record["api"], &record["upstreamModel"]),
        (&"route".into(), &"chatCompletions".into(), &"llama-3".into())
    );
}

#[test]
fn the_api_can_be_named() {
    assert_eq!(explain("explain-api", SMALL, &["--api", "messages"])["api"], "messages");
    assert_eq!(explain("explain-path", SMALL, &["--path", "/api/chat"])["api"], "ollamaChat");
}

#[test]
fn a_bare_form_is_read() {
    let form = |name: &str, more: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\nsmall\r\n--B--\r\n")
    };
    let record = explain("explain-form", &form("model", ""), &["--api", "transcriptions"]);
    assert_eq!(
        (&record["action"], &record["api"], &record["upstreamModel"]),
        (&"route".into(), &"transcriptions".into(), &"llama-3".into())
    );
    let record = explain("explain-odd-form", &form("model", "; filename=\"a\""), &["--api", "imageEdits"]);
    assert_eq!(record["reason"], "partType");
    let whole = format!(
        "POST /v1/audio/translations HTTP/1.1\nContent-Type: multipart/form-data; boundary=B\n\n{}",
        form("model", "")
    );
    assert_eq!(explain("explain-whole-form", &whole, &[])["asked"], "small");
}

#[test]
fn a_header_can_name_the_tenant() {
    let record = explain("explain-header", BIG, &["--header", "X-Team: lab"]);
    assert_eq!((&record["tenant"], &record["action"]), (&"lab".into(), &"deny".into()));
}

#[test]
fn a_principal_can_name_the_tenant() {
    let record = explain("explain-principal", BIG, &["--principal", "spiffe://cluster.local/ns/mesh/sa/a"]);
    assert_eq!((&record["tenant"], &record["action"]), (&"mesh".into(), &"route".into()));
}

#[test]
fn a_whole_request_can_be_given() {
    let request = format!("POST /v1/messages HTTP/1.1\r\ncontent-type: application/json\r\nx-team: lab\r\n\r\n{SMALL}");
    let record = explain("explain-request", &request, &[]);
    assert_eq!((&record["api"], &record["tenant"]), (&"messages".into(), &"lab".into()));
}

#[test]
fn people_get_a_page() {
    let folder = folder("explain-text", &[("policy.yaml", POLICY), ("body.json", BIG)]);
    let outcome = pointsman(&[
        "explain",
        folder.join("policy.yaml").to_str().unwrap(),
        "--request",
        folder.join("body.json").to_str().unwrap(),
    ]);
    assert!(
        outcome.stdout.starts_with(
            "action    route\napi       chatCompletions\nasked     big\nmodel     big\ncluster   openai\n"
        ),
        "{}",
        outcome.stdout
    );
}

#[test]
fn the_page_says_what_the_model_costs() {
    let folder = folder("explain-cost", &[("policy.yaml", POLICY)]);
    let policy = folder.join("policy.yaml");
    let outcome = pointsman_with_input(&["explain", policy.to_str().unwrap(), "--request", "-"], SMALL);
    let row = "\ncluster   llama\ncost      0.15 per million input tokens, 0.6 per million output\n";
    assert!(outcome.stdout.contains(row), "{}", outcome.stdout);
}

const CHAIN: &str = "
models:
- { name: small, cluster: llama }
- { name: big, cluster: openai }
- { name: next, cluster: openai }
- { name: new, cluster: lab }
aliases: [{ name: auto }]
rules:
- name: careful
  match: { models: [auto] }
  route:
    targets: [{ model: next }]
    rollout: { model: big, percent: 100, variant: today }
    fallback: [small]
    mirror: { model: new, percent: 100 }
    sticky: { header: x-session-id }
feedback: { rateLimits: true }
";

/// The page for a chat body under the policy above.
fn page(test: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = folder(test, &[("policy.yaml", CHAIN)]);
    let policy = folder.join("policy.yaml");
    let arguments = [&["explain", policy.to_str().unwrap(), "--request", "-"], more].concat();
    let outcome = pointsman_with_input(&arguments, r#"{"model": "auto", "messages": []}"#);
    (outcome.code, outcome.stdout, outcome.stderr)
}

#[test]
fn the_page_shows_chain_variant_and_mirror() {
    let (_, page, _) = page("explain-chain", &[]);
    for row in ["\nmodel     big\n", "\nchain     big > small\n", "\nvariant   today\n", "\nmirror    new\n"] {
        assert!(page.contains(row), "{page}");
    }
}

#[test]
fn a_demoted_model_is_left_out() {
    let (code, page, stderr) = page("explain-demoted", &["--demoted", "big"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(page.contains("\nmodel     next\n") && page.contains("\nexcluded  big (rateLimited)\n"), "{page}");
    assert!(page.contains("\nchain     next > small\n"), "{page}");
}

#[test]
fn only_models_of_the_catalog_can_be_demoted() {
    let (code, _, stderr) = page("explain-demoted-unknown", &["--demoted", "bigg"]);
    assert_eq!((code, stderr.as_str()), (Some(1), "error: --demoted: no model `bigg` in the catalog\n"));
}

#[test]
fn demoting_is_said_to_be_idle_when_the_policy_takes_no_feedback() {
    let folder = folder("explain-demoted-idle", &[("policy.yaml", POLICY)]);
    let policy = folder.join("policy.yaml");
    let arguments = ["explain", policy.to_str().unwrap(), "--request", "-", "--demoted", "small"];
    let outcome = pointsman_with_input(&arguments, SMALL);
    assert!(outcome.stderr.starts_with("warning: --demoted changes nothing"), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("\nmodel     small (upstream as llama-3)\n"), "{}", outcome.stdout);
}

#[test]
fn a_missing_request_is_one_sentence() {
    let outcome = pointsman(&["explain", "examples/quickstart/policy.yaml", "--request", "nowhere.json"]);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (Some(1), "error: `nowhere.json`: no such file or directory\n")
    );
}

const BUDGETS: &str = "
models:
- { name: dear, cluster: openai, fallback: [cheap], cost: { inputPerMillion: 10, outputPerMillion: 40 } }
- { name: cheap, cluster: llama, cost: { inputPerMillion: 1, outputPerMillion: 4 } }
tenants:
- { name: finance, match: { headers: [{ name: x-team, value: finance }] } }
- { name: lab, match: { headers: [{ name: x-team, value: lab }] } }
budgets:
- { name: teams, per: { each: tenant }, window: { every: minute }, requests: 1000 }
- { name: dear-money, match: { models: [dear] }, window: { every: month }, money: 950, action: downgrade }
";

#[test]
fn what_is_spent_shows_what_would_happen() {
    let folder = folder("explain-spent", &[("policy.yaml", BUDGETS)]);
    let policy = folder.join("policy.yaml");
    let explain = |more: &[&str]| {
        let start = ["explain", policy.to_str().unwrap(), "--request", "-", "--header", "x-team: finance"];
        pointsman_with_input(&[&start, more].concat(), &SMALL.replace("small", "dear"))
    };
    assert!(explain(&[]).stdout.contains("chain     dear > cheap\n"));
    let refused = explain(&["--spent", "teams=1000"]).stdout;
    assert!(refused.contains("status    429\n") && refused.contains("budgets   teams 1000\n"), "{refused}");
    assert!(explain(&["--spent", "teams/finance=1000"]).stdout.contains("budgetExceeded"));
    assert!(explain(&["--spent", "teams/lab=1000", "--spent", "teams=999"]).stdout.contains("route\n"));
    let cheaper = explain(&["--spent", "dear-money=949.99"]).stdout;
    assert!(cheaper.contains("model     dear\n"), "{cheaper}");
    let cheaper = explain(&["--spent", "dear-money=950"]).stdout;
    assert!(cheaper.contains("model     cheap\n") && cheaper.contains("excluded  dear (budget)\n"), "{cheaper}");
    let unknown = explain(&["--spent", "team=1"]);
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.stderr.contains("no budget `team` in the policy; there is `teams`, `dear-money`"),
        "{}",
        unknown.stderr
    );
    assert_eq!(explain(&["--spent", "teams"]).code, Some(2));
    assert_eq!(explain(&["--spent", "teams=-1"]).code, Some(2));
}

#[test]
fn a_schedule_is_explained_for_any_time() {
    let scheduled = r#"
models: [{ name: day, cluster: c }, { name: night, cluster: c }]
aliases: [{ name: auto }]
rules:
- name: at-night
  match: { schedule: { hours: "22:00-06:00", timeZone: "+01:00" } }
  route: { targets: [{ model: night }] }
- name: by-day
  route: { targets: [{ model: day }] }
"#;
    let folder = folder("explain-at", &[("policy.yaml", scheduled), ("body.json", r#"{"model": "auto"}"#)]);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let explained = |at: &[&str]| {
        let (policy, body) = (path("policy.yaml"), path("body.json"));
        let arguments = [&["explain", &policy, "--request", &body, "--output", "json"], at].concat();
        let outcome = pointsman(&arguments);
        serde_json::from_str::<Value>(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.stderr))
    };
    for (at, rule) in [("2026-11-28T20:59:59Z", "by-day"), ("2026-11-28T22:00:00+01:00", "at-night")] {
        let record = explained(&["--at", at]);
        assert_eq!(record["rule"], rule, "{at}");
    }
    assert_eq!(explained(&["--at", "1795867200"])["at"], 1_795_867_200);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(explained(&[])["at"].as_u64().unwrap().abs_diff(now) < 600);
}
