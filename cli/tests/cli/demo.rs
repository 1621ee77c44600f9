use crate::program::{command, pointsman};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A demo server named `lab`, ended with the test.
struct Demo {
    child: Child,
    address: String,
    control: String,
}

impl Demo {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(options: &[&str]) -> Self {
        let mut child = command(&[&["demo", "lab=0"], options].concat()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = |name: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(&format!("{name} http://")).unwrap().to_owned()
        };
        let (server, control) = (address("lab"), address("control"));
        Self { child, address: server, control }
    }

    /// The whole answer to a POST, headers included.
    fn post(&self, path: &str, body: &str) -> String {
        let (answer, end) = self.ask(path, "", body);
        assert_eq!(end, None, "after {answer}");
        answer
    }

    /// What comes back for a POST with these further headers, and how the connection broke.
    fn ask(&self, path: &str, headers: &str, body: &str) -> (String, Option<ErrorKind>) {
        match begin(&self.address, "POST", path, headers, body) {
            Ok(stream) => finish(stream),
            Err(kind) => (String::new(), Some(kind)),
        }
    }

    fn chat(&self) -> (String, Option<ErrorKind>) {
        self.ask("/v1/chat/completions", "", CHAT)
    }

    /// The last line that the control port says.
    fn control(&self, method: &str, path: &str, body: &str) -> String {
        let (answer, end) = finish(begin(&self.control, method, path, "", body).unwrap());
        assert_eq!(end, None);
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn tell(&self, behaviour: &str) {
        assert_eq!(self.control("PUT", "/lab", behaviour), format!("lab: {behaviour}\n"));
    }

    fn report(&self) -> serde_json::Value {
        serde_json::from_str(&self.control("GET", "/lab", "")).unwrap()
    }

    fn check(&self, path: &str, body: &str, parts: &[&str]) {
        let answer = self.post(path, body);
        for part in parts {
            assert!(answer.contains(part), "`{part}` is not in the answer to {path} {body}:\n{answer}");
        }
    }
}

fn begin(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Result<TcpStream, ErrorKind> {
    let mut stream = TcpStream::connect(address).map_err(|err| err.kind())?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: lab\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).map_err(|err| err.kind())?;
    Ok(stream)
}

fn finish(mut stream: TcpStream) -> (String, Option<ErrorKind>) {
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).err().map(|err| err.kind());
    (String::from_utf8(answer).unwrap(), end)
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CHAT: &str = r#"{"model": "m", "messages": []}"#;
const STREAM: &str = r#"{"model": "m", "messages": [], "stream": true}"#;
const RESET: Option<ErrorKind> = Some(ErrorKind::ConnectionReset);
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

/// A part of a form.
fn part(name: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

#[test]
fn forms_are_served() {
    let demo = Demo::start();
    let file = part("file\"; filename=\"a.wav", "RIFF\r\n--A");
    let check = |path: &str, parts: &[String], expected: &[&str]| {
        let body = format!("{}--B--\r\n", parts.concat());
        let (answer, end) = demo.ask(path, "content-type: multipart/form-data; boundary=B\r\n", &body);
        assert_eq!(end, None);
        for part in expected {
            assert!(answer.contains(part), "`{part}` is not in the answer to {path} {body}:\n{answer}");
        }
    };
    let model = || part("model", "m");
    check("/v1/audio/transcriptions", &[file.clone(), model()], &[OK, "\"text\":\"served by lab as m\""]);
    check("/v1/audio/translations", &[model(), file.clone()], &[OK, "served by lab as m"]);
    let text = part("response_format", "text");
    check(
        "/v1/audio/transcriptions",
        &[model(), file.clone(), text],
        &[OK, "text/plain", "\r\n\r\nserved by lab as m"],
    );
    let stream = part("stream", "true");
    check("/v1/audio/transcriptions", &[model(), file.clone(), stream], &["event: transcript.text.done\n"]);
    let image = || part("image[]\"; filename=\"a.png", "x");
    check("/v1/images/edits", &[image(), model(), part("n", "2")], &[OK, "served by lab as m", "},{"]);
    check("/v1/images/variations", &[image(), model()], &[OK, "b64_json"]);
    check("/v1/audio/transcriptions", &[file], &[BAD, "you must provide a model parameter"]);
    check("/v1/audio/transcriptions", &[model()], &[BAD, "file: field required"]);
    demo.check("/v1/images/edits", r#"{"model": "m", "prompt": "a"}"#, &[OK, "served by lab as m"]);
    assert_eq!(demo.report()["models"]["m"], serde_json::json!({"200": 7, "400": 1}));
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
    demo.check("/api/show", r#"{"model": "m"}"#, &[OK, "\"general.basename\":\"m\"", "\"capabilities\":["]);
}

#[test]
fn geminis_api_is_served_by_the_model_in_the_path() {
    let demo = Demo::start();
    let contents = r#"{"contents": [{"parts": [{"text": "a"}]}]}"#;
    let text = &[OK, "\"text\":\"served by lab as g-1\"", "\"finishReason\":\"STOP\""];
    demo.check("/v1beta/models/g-1:generateContent", contents, text);
    demo.check("/v1/projects/p/locations/l/publishers/google/models/g-1:generateContent", contents, text);
    let stream = "/v1/models/g-1:streamGenerateContent";
    demo.check(&format!("{stream}?alt=sse"), contents, &["text/event-stream", "data: {\"candidates\":"]);
    demo.check(stream, contents, &["application/json", "[{\"candidates\":"]);
    demo.check("/v1beta/models/g-1:countTokens", contents, &[OK, "\"totalTokens\":1"]);
    demo.check("/v1beta/models/g-1:embedContent", r#"{"content": {}}"#, &[OK, "\"values\":["]);
    let tools = r#"{"contents": [], "tools": [{"functionDeclarations": [{"name": "f"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}"#;
    demo.check("/v1beta/models/g-1:generateContent", tools, &[OK, "\"functionCall\":", "\"name\":\"f\""]);
    demo.check("/v1beta/models/g-1:generateContent", "{}", &[BAD, "\"status\":\"INVALID_ARGUMENT\""]);
    demo.check("/v1beta/models/g-1:sing", "{}", &["HTTP/1.1 404 ", "\"status\":\"NOT_FOUND\""]);
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

#[test]
fn a_server_that_refuses_has_a_closed_port_and_comes_back_on_it() {
    let demo = Demo::start_with(&["--behaviour", "lab=refuse"]);
    for _ in 0..3 {
        assert_eq!(demo.chat(), (String::new(), Some(ErrorKind::ConnectionRefused)));
        demo.tell("ok");
        // A connection without a request, which is there when the port closes.
        let idle = TcpStream::connect(&demo.address).unwrap();
        demo.post("/v1/chat/completions", CHAT);
        demo.tell("refuse");
        assert_eq!(finish(idle), (String::new(), RESET));
    }
    assert_eq!(demo.report()["models"], serde_json::json!({"m": {"200": 3}}));
}

#[test]
fn connections_are_reset_before_and_within_an_answer() {
    let demo = Demo::start();
    demo.tell("reset");
    assert_eq!(demo.chat(), (String::new(), RESET));
    demo.tell("dieMidStream");
    let (answer, end) = demo.ask("/v1/chat/completions", "", STREAM);
    assert_eq!((answer.matches("data: ").count(), end), (1, RESET), "{answer}");
    let (answer, end) = demo.chat();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    assert_eq!((body.len(), end), (length / 2, RESET));
    assert_eq!(demo.report()["models"], serde_json::json!({"m": {"reset": 1, "dieMidStream": 2}}));
}

#[test]
fn a_connection_is_reset_while_the_body_is_on_its_way() {
    let demo = Demo::start_with(&["--behaviour", "lab=resetMidBody"]);
    let mut stream = TcpStream::connect(&demo.address).unwrap();
    stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: lab\r\ncontent-length: 5000\r\n\r\n{").unwrap();
    assert_eq!(finish(stream), (String::new(), RESET));
    assert_eq!(demo.report()["withoutModel"], serde_json::json!({"resetMidBody": 1}));
}

#[test]
fn a_hanging_request_ends_when_the_server_is_told_otherwise() {
    let demo = Demo::start();
    demo.tell("hang");
    let mut stream = begin(&demo.address, "POST", "/v1/messages", "", CHAT).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_read_timeout(None).unwrap();
    demo.tell("ok");
    assert_eq!(finish(stream), (String::new(), RESET));
    assert!(demo.chat().0.starts_with(OK));
    // Who goes away while the server hangs does not harm it.
    demo.tell("hang");
    begin(&demo.address, "POST", "/v1/messages", "", CHAT).unwrap().shutdown(Shutdown::Both).unwrap();
    demo.tell("ok");
    assert!(demo.chat().0.starts_with(OK));
}

#[test]
fn a_slow_server_answers_late() {
    let demo = Demo::start_with(&["--behaviour", "lab=slowFirstByte,delayMs=400"]);
    let asked = Instant::now();
    assert!(demo.chat().0.starts_with(OK));
    assert!(asked.elapsed() >= Duration::from_millis(400));
}

#[test]
fn errors_are_each_apis_own_with_the_headers_that_go_with_them() {
    let demo = Demo::start();
    let says = |behaviour: &str, path: &str, parts: &[&str]| {
        demo.tell(behaviour);
        demo.check(path, CHAT, parts);
    };
    let (openai, anthropic) = ("/v1/chat/completions", "/v1/messages");
    says("500", openai, &["HTTP/1.1 500 ", "\"type\":\"server_error\"", "x-served-by: lab"]);
    says("503", anthropic, &["HTTP/1.1 503 ", "\"type\":\"api_error\""]);
    says("529", anthropic, &["HTTP/1.1 529 ", "\"type\":\"overloaded_error\""]);
    says("429,retryAfter=7", openai, &["HTTP/1.1 429 ", "rate_limit_exceeded", "retry-after: 7\r\n"]);
    says("429,retryAfter=7", anthropic, &["rate_limit_error", "retry-after: 7\r\n"]);
    says("404", "/api/chat", &["HTTP/1.1 404 ", "{\"error\":\""]);
    let (left, reset) = ("x-ratelimit-remaining-requests: 0\r\n", "x-ratelimit-reset-requests: 30s\r\n");
    says("ok,exhausted=30", openai, &[OK, left, reset]);
    let (left, reset) = ("anthropic-ratelimit-requests-remaining: 0\r\n", "anthropic-ratelimit-requests-reset: 2");
    says("429,exhausted=30", anthropic, &[left, reset, "Z\r\n"]);
    demo.tell("ok");
    assert!(!demo.chat().0.contains("ratelimit"));
}

#[test]
fn a_key_that_is_required_must_be_there_and_no_other() {
    let demo = Demo::start_with(&["--require-key", "lab=sk-1"]);
    let allowed = ["authorization: Bearer sk-1\r\n", "x-api-key: sk-1\r\n", "api-key: sk-1\r\n"];
    let refused = [
        "",
        "authorization: sk-1\r\n",
        "authorization: Bearer sk-12\r\n",
        "x-api-key: sk\r\n",
        "x-api-key: sk-1\r\nauthorization: Bearer sk-2\r\n",
    ];
    for headers in allowed {
        assert!(demo.ask("/v1/chat/completions", headers, CHAT).0.starts_with(OK), "{headers}");
    }
    for headers in refused {
        let answer = demo.ask("/v1/chat/completions", headers, CHAT).0;
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("invalid_api_key"), "{headers}: {answer}");
    }
    assert!(demo.post("/v1/messages", CHAT).contains("authentication_error"));
    assert_eq!(demo.report()["models"], serde_json::json!({"m": {"200": 3, "401": 6}}));
}

#[test]
fn the_control_port_says_what_it_saw_and_what_is_wrong() {
    let demo = Demo::start_with(&["--behaviour", "lab=503"]);
    demo.post("/v1/chat/completions", CHAT);
    demo.post("/v1/chat/completions", "{");
    demo.tell("ok");
    demo.post("/v1/chat/completions", &CHAT.replace("\"m\"", "\"n\""));
    let expected = serde_json::json!({
        "address": demo.address, "behaviour": "ok", "requests": 3,
        "models": {"m": {"503": 1}, "n": {"200": 1}}, "withoutModel": {"503": 1},
    });
    assert_eq!(demo.report(), expected);
    let all: serde_json::Value = serde_json::from_str(&demo.control("GET", "/", "")).unwrap();
    assert_eq!(all, serde_json::json!({ "lab": expected }));
    assert_eq!(demo.control("PUT", "/lib", "ok"), "there is no demo server `lib`, there are: lab\n");
    assert_eq!(demo.control("PUT", "/lab", "hang,x"), "`x`: expected NAME=NUMBER\n");
    assert_eq!(demo.report()["behaviour"], "ok");
}

#[test]
fn servers_that_cannot_be_meant_are_refused() {
    let refused = |arguments: &[&str], code: i32, why: &str| {
        let outcome = pointsman(arguments);
        assert_eq!(outcome.code, Some(code));
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    };
    refused(&["demo", "a=0", "a=0"], 1, "error: two servers are named `a`\n");
    refused(&["demo", "a=0", "--behaviour", "b=ok"], 1, "error: --behaviour: there is no server `b`");
    refused(&["demo", "a=0", "--require-key", "b=k"], 1, "error: --require-key: there is no server `b`");
    refused(&["demo", "a=0", "--behaviour", "a=down"], 2, "`down` is not a behaviour");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    refused(&["demo", &format!("a={port}")], 1, &format!("the demo server `a` cannot listen on port {port}: "));
    refused(&["demo", "a=0", "--control", &port.to_string()], 1, &format!("cannot listen on port {port} for"));
}
