//! What `explain` takes for a request, and what it says besides the record.

use crate::program::{folder, pointsman, pointsman_with_input, without};
use serde_json::{Value, json};

const POLICY: &str = r#"
record: facts
currency: EUR
models:
- { name: small, cluster: llama, upstreamModel: llama-3, contextWindow: 8000, labels: { region: eu }, cost: { inputPerMillion: 1, outputPerMillion: 2 } }
- { name: big, cluster: mistral, labels: { region: eu }, cost: { inputPerMillion: 10, outputPerMillion: 20 } }
- { name: us, cluster: openai, labels: { region: us }, cost: { inputPerMillion: 0.1, outputPerMillion: 0.2 } }
aliases: [{ name: auto }]
tenants:
- { name: lab, match: { any: [{ principals: ["spiffe://mesh/lab/*"] }, { claims: [{ name: team, value: lab }] }] } }
- { name: finance, match: { headers: [{ name: x-team, value: finance }] }, models: { require: { region: eu } } }
- { name: rest, match: { headers: [{ name: x-team, type: Prefix, value: "" }] } }
rules:
- name: agents-get-the-big-one
  match: { any: [{ tools: true }, { inputTokens: { min: 4000 } }] }
  route: { targets: [{ model: big }] }
- name: secrets-stay
  match: { keywords: ["project aurora"], not: { tenants: [finance] } }
  deny: { status: 451 }
- name: beta
  match: { when: "'x-beta' in request.headers" }
  route: { targets: [{ model: big }] }
- name: cheap
  match: { models: [auto] }
  route: { targets: [{ model: us }, { model: big }, { model: small }], prefer: cheapest }
- name: never
  match: { models: [auto] }
  deny: {}
onFailure: { unknownTenant: allow }
"#;

const BODY: &str =
    r#"{"model": "auto", "max_tokens": 100, "messages": [{"role": "user", "content": "About Project Aurora: é?"}]}"#;

const PLAIN: &str = r#"{"model": "auto", "messages": []}"#;

fn explain(test: &str, request: &str, more: &[&str]) -> crate::program::Outcome {
    let folder = folder(test, &[("policy.yaml", POLICY)]);
    let policy = folder.join("policy.yaml");
    let arguments = [&["explain", policy.to_str().unwrap(), "--request", "-"], more].concat();
    pointsman_with_input(&arguments, request)
}

#[test]
fn the_page_says_all_that_a_decision_went_by() {
    let shown = explain("explained-page", BODY, &["--header", "x-team: finance"]);
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    let (_, below) = shown.stdout.split_once("\n\n").unwrap();
    // How long a text is taken to be is another test's business.
    let about = |start: &str| below.split_once(start).and_then(|(_, rest)| rest.split_once(' ')).unwrap().0.to_owned();
    let tokens: u64 = about("message, about ").parse().unwrap();
    let prices = [tokens + 200, 10 * (tokens + 200), (tokens + 200).div_ceil(10)]
        .map(|micros| format!("{} EUR", format!("0.{micros:06}").trim_end_matches('0')));
    let width = prices.iter().map(String::len).max().unwrap();
    let [small, big, us] = prices.map(|price| format!("{price:width$}"));
    assert_eq!(
        below,
        format!(
            r#"facts     108 bytes, 1 message, about {tokens} tokens of input, at most 100 of output
          keywords: project aurora
          session by conversation

tenants   lab      no: none of `any`: any[0].principals: wants spiffe://mesh/lab/*, there is none; any[1].claims[0]: wants team is lab, there is none
          finance  yes
          1 more not tried

rules     agents-get-the-big-one  none of `any`: any[0].tools: wants true, found false; any[1].inputTokens: wants at least 4000, found {tokens}
          secrets-stay            not: wants not all of: tenants, found all of them hold
          beta                    when: wants 'x-beta' in request.headers, found false
          cheap                   matches: route
          1 more not reached

models    small  llama    {small}  attempt 1
          big    mistral  {big}  attempt 2
          us     openai   {us}  left out: label (for tenant finance)
          prices for {tokens} input and 100 output tokens

sends small on llama, /v1/chat/completions
  - content-length: 108
  + content-length: 111
  + x-envoy-max-retries: 1
  + x-pointsman-cluster: failover:small>llama,big>mistral
  @ body, byte 10
  - {{"model": "auto", "max_tokens": 100, "messages": [{{"role
  + {{"model": "llama-3", "max_tokens": 100, "messages": [{{"role

attempt 2, if that fails, sends big on mistral, /v1/chat/completions
  - content-length: 108
  + content-length: 107
  @ body, byte 10
  - {{"model": "auto", "max_tokens": 100, "messages": [{{"role
  + {{"model": "big", "max_tokens": 100, "messages": [{{"role
"#
        ),
        "{below}"
    );
}

#[test]
fn a_trace_is_the_record_and_more() {
    let json = |test: &str, output: &str| {
        serde_json::from_str::<Value>(&explain(test, PLAIN, &["--output", output]).stdout).unwrap()
    };
    let (record, trace) = (json("explained-json", "json"), json("explained-trace", "trace"));
    assert_eq!(trace["record"], record);
    assert_eq!((&trace["rules"][3]["outcome"], &trace["attempts"][0]["model"]), (&json!("matched"), &json!("us")));
    let other = explain("explained-other", "GET / HTTP/1.1\n\n", &["--output", "trace"]);
    assert_eq!(other.stdout, "null\n");
}

#[test]
fn a_command_of_curl_is_the_request_that_it_sends() {
    let raw = format!("POST /v1/chat/completions HTTP/1.1\ncontent-type: application/json\nx-team: finance\n\n{BODY}");
    let command = format!(
        "$ curl https://api.example.com/v1/chat/completions \\\n  -H 'Content-Type: application/json' -H \"X-Team: finance\" \\\n  --data-binary @- <<'EOF' | jq .\n{BODY}\nEOF\n"
    );
    let explained = |test: &str, request: &str| explain(test, request, &["--output", "json"]).stdout;
    let (raw, command) = (explained("explained-raw", &format!("{raw}\n")), explained("explained-curl", &command));
    assert!(raw.contains(r#""rule":"cheap""#) && raw == command, "{raw}{command}");
    let wrong = explain("explained-curl-wrong", "curl http://a --upload-file x", &[]);
    assert_eq!(wrong.stderr, "error: `-`: curl's `--upload-file` is not understood here\n");
}

#[test]
fn a_record_with_facts_is_decided_again() {
    let record = explain("explained-recorded", BODY, &["--output", "json", "--header", "x-team: finance"]).stdout;
    let told = POLICY.replace("match: { when:", "match: { claims: [{ name: team, value: x }], when:");
    let folder = folder("explained-told", &[("policy.yaml", POLICY), ("asks.yaml", &told), ("one.json", &record)]);
    let files = ["policy.yaml", "asks.yaml", "one.json"].map(|name| folder.join(name));
    let [policy, asks, file] = files.each_ref().map(|file| file.to_str().unwrap());
    let unknown = pointsman(&["explain", asks, "--request", file]);
    assert_eq!(unknown.stderr, "error: the decision is unknown: the record does not tell `claims`\n");
    let shown = pointsman(&["explain", policy, "--request", file, "--principal", "x"]);
    assert_eq!(
        shown.stderr,
        "warning: what a record tells is taken from it: options about the request change nothing\n"
    );
    assert!(
        shown
            .stdout
            .contains("\nrules     agents-get-the-big-one  none of `any`: any[0].tools: wants true, found false"),
        "{}",
        shown.stdout
    );
    assert!(shown.stdout.contains("          cheap                   matches: route\n"), "{}", shown.stdout);
    let without_facts = explain(
        "explained-bare",
        "{\"v\":1,\"action\":\"route\",\"api\":\"messages\",\"asked\":\"auto\",\"reason\":\"default\",\"model\":\"us\"}",
        &[],
    );
    assert!(without_facts.stderr.starts_with("error: the decision is unknown"), "{}", without_facts.stderr);
}

#[test]
fn a_folder_is_as_good_as_a_file() {
    let record = explain("explained-line", PLAIN, &["--output", "json"]).stdout;
    let files = [
        ("policy.yaml", POLICY),
        ("requests/auto.json", PLAIN),
        ("requests/big.http", "POST /v1/messages HTTP/1.1\ncontent-type: application/json\n\n{\"model\": \"big\"}"),
        (
            "requests/call.sh",
            "# how\ncurl http://h/v1/chat/completions -H 'content-type: application/json' -d @auto.json\n",
        ),
        ("requests/decided.json", r#"{"action":"route","reason":"rule","model":"big"}"#),
        ("requests/other.http", "GET / HTTP/1.1\n\n"),
        ("requests/wrong.sh", "curl 'http://h"),
        ("requests/.hidden", ""),
        ("empty/.hidden", ""),
        ("records/many.jsonl", &format!("{record}no record\n{record}")),
    ];
    let folder = folder("explained-folder", &files);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let run = |what: &str, more: &[&str]| {
        let (policy, requests) = (path("policy.yaml"), path(what));
        pointsman(&[&["explain", policy.as_str(), "--request", requests.as_str()], more].concat())
    };
    let lines = run("requests", &[]);
    assert_eq!(
        (lines.code, without(&folder, &lines.stderr)),
        (Some(1), "error: `requests/wrong.sh`: a `'` is not closed\n".into())
    );
    assert_eq!(
        lines.stdout,
        "auto.json: auto -> us on openai, else small, then big, rule cheap (rule), variant us
big.http: big -> big on mistral (default)
call.sh: auto -> us on openai, else small, then big, rule cheap (rule), variant us
other.http: not an LLM call, it passes untouched
"
    );
    let details = run("requests", &["--details"]).stdout;
    assert!(
        details.starts_with("== auto.json\naction    route\n") && details.contains("\n\n== big.http\naction "),
        "{details}"
    );
    let json = run("requests", &["--output", "json"]).stdout;
    let records: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((records.len(), &records[1]["model"], &records[3]), (4, &json!("big"), &Value::Null));
    let many = run("records", &[]);
    assert_eq!(without(&folder, &many.stderr), "error: `records/many.jsonl`: line 2 is no record\n");
    let lines = ["many.jsonl:1: auto -> us on", "many.jsonl:3: auto -> us on"];
    assert_eq!(many.stdout.lines().count(), lines.len(), "{}", many.stdout);
    assert!(many.stdout.lines().zip(lines).all(|(line, begins)| line.starts_with(begins)), "{}", many.stdout);
    assert_eq!(
        without(&folder, &run("empty", &[]).stderr),
        "error: `empty`: no request in it, and no record with facts\n"
    );
}

#[test]
fn a_token_is_believed_and_said_not_to_be_verified() {
    // {"alg":"none"} and {"team":"lab","groups":["a","b"],"exp":1000000000}
    let token = "eyJhbGciOiJub25lIn0.eyJ0ZWFtIjoibGFiIiwiZ3JvdXBzIjpbImEiLCJiIl0sImV4cCI6MTAwMDAwMDAwMH0.c2ln";
    let folder =
        folder("explained-token", &[("token", token), ("wrong", "a.b"), ("body.json", BODY), ("policy.yaml", POLICY)]);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let run = |token: &str, more: &[&str]| {
        let (policy, body, token) = (path("policy.yaml"), path("body.json"), path(token));
        pointsman(&[&["explain", &*policy, "--request", &*body, "--jwt", &*token], more].concat())
    };
    let shown = run("token", &[]);
    let lines: Vec<_> = shown.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", shown.stderr);
    assert!(lines[0].starts_with("warning: --jwt: the signature is not verified here"), "{}", lines[0]);
    assert!(lines[1].contains("the token has expired (2001-09-09T01:46:40Z)"), "{}", lines[1]);
    assert!(shown.stdout.contains("\ntenant    lab\n"), "{}", shown.stdout);
    let other = run("token", &["--claim", "team=other"]).stdout;
    assert!(!other.contains("\ntenant    lab\n") && other.contains("wants team is lab, found other"), "{other}");
    assert!(run("token", &["--at", "999999999"]).stderr.lines().all(|line| !line.contains("expired")));
    let wrong = run("wrong", &[]);
    assert_eq!((wrong.code, wrong.stderr.contains("expected a JWT")), (Some(1), true), "{}", wrong.stderr);
}

/// What clients write is shown, and moves no cursor.
#[test]
fn nothing_of_a_request_reaches_the_terminal_as_a_command() {
    let body = "{\"model\": \"auto\", \"x\": \"\u{202e}\\u001b[31m\u{9b}2J\", \"messages\": []}";
    let request = format!(
        "POST /v1/chat/completions?\u{9b}=\u{202e} HTTP/1.1\ncontent-type: application/json\nx-team: \u{9b}2J\u{202e}\n\n{body}"
    );
    for more in [&[][..], &["--details"], &["--output", "trace"]] {
        let shown = explain("explained-hostile", &request, more).stdout;
        let is_safe = |letter: char| letter == '\n' || !(letter.is_control() || letter == '\u{202e}');
        assert!(shown.contains("attempt") && shown.chars().all(is_safe), "{shown:?}");
    }
}
