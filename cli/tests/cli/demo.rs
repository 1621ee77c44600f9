use crate::program::command;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// A demo server named `lab`, ended with the test.
struct Demo {
    child: Child,
    address: String,
}

impl Demo {
    fn start() -> Self {
        let mut child = command(&["demo", "lab=0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("lab http://").unwrap().to_owned();
        Self { child, address }
    }

    /// The whole answer to a POST, headers included.
    fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: lab\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn check(&self, path: &str, body: &str, parts: &[&str]) {
        let answer = self.post(path, body);
        for part in parts {
            assert!(answer.contains(part), "`{part}` is not in the answer to {path} {body}:\n{answer}");
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const OK: &str = "HTTP/1.1 200 OK";
const BAD: &str = "HTTP/1.1 400 Bad Request";

#[test]
fn openai_apis_are_served() {
    let demo = Demo::start();
    let chat = r#"{"model": "m", "messages": [{"role": "user", "content": "Hi"}]"#;
    demo.check(
        "/v1/chat/completions",
        &format!("{chat}}}"),
        &[OK, "x-served-by: lab", "served by lab as m", "\"total_tokens\":"],
    );
    let streamed = format!("{chat}, \"stream\": true, \"stream_options\": {{\"include_usage\": true}}}}");
    demo.check(
        "/v1/chat/completions",
        &streamed,
        &["text/event-stream", "\"content\":\"served \"", "\"choices\":[],", "data: [DONE]\n\n"],
    );
    let forced = format!(
        "{chat}, \"tools\": [{{\"type\": \"function\", \"function\": {{\"name\": \"f\"}}}}], \"tool_choice\": \"required\"}}"
    );
    demo.check("/v1/chat/completions", &forced, &["\"finish_reason\":\"tool_calls\"", "\"name\":\"f\""]);
    demo.check("/v1/completions", r#"{"model": "m", "prompt": "Hi"}"#, &[OK, "served by lab as m"]);
    demo.check("/v1/embeddings", r#"{"model": "m", "input": ["a", "b"]}"#, &[OK, "\"index\":1"]);
    demo.check("/v1/responses", r#"{"model": "m", "input": "a"}"#, &[OK, "served by lab as m"]);
    demo.check(
        "/v1/responses",
        r#"{"model": "m", "input": "a", "stream": true}"#,
        &["event: response.created\n", "event: response.completed\n"],
    );
    demo.check("/v1/moderations", r#"{"model": "m", "input": "a"}"#, &[OK, "\"flagged\":false"]);
    demo.check("/v1/images/generations", r#"{"model": "m", "prompt": "a"}"#, &[OK, "b64_json", "served by lab as m"]);
    demo.check("/v1/rerank", r#"{"model": "m", "query": "a", "documents": ["b"]}"#, &[OK, "relevance_score"]);
}

#[test]
fn anthropic_apis_are_served() {
    let demo = Demo::start();
    let messages = r#"{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]"#;
    demo.check("/v1/messages", &format!("{messages}}}"), &[OK, "served by lab as m", "\"stop_reason\":\"end_turn\""]);
    demo.check(
        "/v1/messages",
        &format!("{messages}, \"stream\": true}}"),
        &["event: message_start\n", "event: ping\n", "event: content_block_delta\n", "event: message_stop\n"],
    );
    demo.check("/v1/messages/count_tokens", &format!("{messages}}}"), &[OK, "\"input_tokens\":"]);
}

#[test]
fn ollama_apis_are_served_and_stream_by_default() {
    let demo = Demo::start();
    demo.check("/api/chat", r#"{"model": "m", "messages": []}"#, &["application/x-ndjson", "\"done\":true"]);
    demo.check(
        "/api/generate",
        r#"{"model": "m", "prompt": "a", "stream": false}"#,
        &["application/json", "served by lab as m"],
    );
    demo.check("/api/embed", r#"{"model": "m", "input": "a"}"#, &[OK, "\"embeddings\":[["]);
}

#[test]
fn errors_have_each_familys_shape() {
    let demo = Demo::start();
    demo.check("/v1/chat/completions", "{", &[BAD, "{\"error\":{"]);
    demo.check(
        "/v1/messages",
        r#"{"model": "m", "messages": []}"#,
        &[BAD, "max_tokens: field required", "\"type\":\"error\""],
    );
    demo.check("/api/chat", "{}", &[BAD, "{\"error\":\""]);
    demo.check("/v2/nothing", "{}", &["HTTP/1.1 404 Not Found", "{\"error\":{"]);
}
