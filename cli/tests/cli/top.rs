use crate::program::{command, pointsman};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread::JoinHandle;

/// An admin interface that gives one answer after the other, and says what it was asked.
fn answering(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = std::thread::spawn(move || {
        let paths = answers.into_iter().map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).lines().next().unwrap().to_owned()
        });
        paths.collect()
    });
    (address, asked)
}

fn counted(requests: u32, input: u32) -> String {
    let labels = r#"tenant="finance",rule="short",model="small",cluster="llama""#;
    format!(
        "HTTP/1.1 200 OK\r\n\r\n# TYPE pointsman_requests_total counter\n\
         pointsman_requests_total{{{labels},outcome=\"served\"}} {requests}\n\
         pointsman_attempts_total{{tenant=\"finance\",model=\"small\",cluster=\"llama\"}} {requests}\n\
         pointsman_tokens_total{{{labels},gen_ai_token_type=\"input\"}} {input}\n\
         pointsman_cost_micros_total{{{labels}}} 2500000\n\
         pointsman_policy_info{{policy=\"7c069dc92917\"}} 1\n"
    )
}

const QUESTION: &str = "GET /stats/prometheus?filter=pointsman_%7Cgen_ai_ HTTP/1.1";

#[test]
fn a_script_gets_two_looks_as_text() {
    let (address, asked) = answering(vec![counted(3, 100), counted(13, 100)]);
    let outcome = pointsman(&["top", &address, "--once", "--interval", "0.2", "--by", "model"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], format!("envoy {address}   policy 7c069dc92917"));
    assert!(lines[1].ends_with("   0 refused/s   1.00 attempts a request   usage unknown of 0 %"), "{}", lines[1]);
    assert!(lines[3].starts_with("model  req/s  ↓requests  in/s  out/s  "), "{}", lines[3]);
    let cells: Vec<_> = lines[4].split_whitespace().collect();
    let rate: f64 = cells[1].parse().unwrap();
    // Ten in 0.2 s, or in longer on a busy machine.
    assert!((0.2..=50.0).contains(&rate), "{rate}");
    assert_eq!((cells[0], &cells[2..]), ("small", &["13", "0", "0", "100", "0", "2.50", "0", "0", "-", "-"][..]));
    assert_eq!((lines.len(), asked.join().unwrap()), (5, vec![QUESTION.to_owned(); 2]));
}

#[test]
fn machines_get_json() {
    let (address, asked) = answering(vec![counted(3, 100), counted(13, 300)]);
    let admin = format!("http://{address}/admin/");
    let outcome = pointsman(&["top", &admin, "--once", "--interval", "0.1", "--output", "json", "--by", "rule"]);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let row = &report["rows"][0];
    assert_eq!((row["rule"].as_str(), row["total"]["inputTokens"].as_u64()), (Some("short"), Some(300)));
    let (rate, seconds) = (row["perSecond"]["inputTokens"].as_f64().unwrap(), report["seconds"].as_f64().unwrap());
    assert!((rate * seconds - 200.0).abs() < 1e-6, "{rate} {seconds}");
    assert!(asked.join().unwrap()[0].starts_with("GET /admin/stats/prometheus?"));
}

#[test]
fn without_a_terminal_it_is_one_look_as_text() {
    let (address, asked) = answering(vec![counted(3, 100), counted(3, 100)]);
    let outcome = pointsman(&["top", &address, "--interval", "0.1"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert!(outcome.stdout.contains("\nfinance ") && !outcome.stdout.contains('\u{1b}'), "{}", outcome.stdout);
    assert_eq!(asked.join().unwrap().len(), 2);
}

#[test]
fn an_envoy_that_counts_nothing_is_told_what_it_lacks() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "this Envoy counts nothing for Pointsman: the policy needs `metrics: {}`"),
        ("HTTP/1.1 200 OK\r\n\r\npointsman_requests_total_model___small___{} 2\n", "`stats_config`"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "was answered with 404"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", "the answer is no HTTP, or is cut off"),
        ("220 smtp.example\r\n", "the answer is no HTTP, or is cut off"),
    ] {
        let (address, asked) = answering(vec![answer.to_owned()]);
        let outcome = pointsman(&["top", &address, "--once"]);
        asked.join().unwrap();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{answer}");
        let stderr = &outcome.stderr;
        assert!(stderr.starts_with(&format!("error: `{address}`: ")) && stderr.contains(expected), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn an_answer_of_megabytes_is_no_trouble() {
    let lines: String =
        (0..100_000).map(|n| format!("pointsman_requests_total{{tenant=\"{n:080}\"}} 1\n{{{{\n")).collect();
    let answer = format!("HTTP/1.1 200 OK\r\n\r\n{lines}");
    let (address, asked) = answering(vec![answer.clone(), answer]);
    let outcome = command(&["top", &address, "--once", "--interval", "0.1"]).stdin(Stdio::null()).output().unwrap();
    asked.join().unwrap();
    let printed = String::from_utf8(outcome.stdout).unwrap();
    assert!(printed.contains("\n100000 lines of Envoy's answer are not read\n"), "{:.300}", printed);
    assert_eq!(printed.lines().count(), 100_005);
}
