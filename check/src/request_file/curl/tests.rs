use super::*;

/// Where a file `auto.json` is.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/teams/requests")
}

fn sent(text: &str) -> Exchange {
    read(text, &folder()).unwrap_or_else(|err| panic!("{text}: {err}"))
}

fn value(exchange: &Exchange, name: &str) -> Option<String> {
    let found = exchange.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

#[test]
fn the_command_of_a_provider_is_the_request_that_it_sends() {
    let exchange = sent(
        "curl https://user:pass@api.example.com:8443/v1/chat/completions?a=b#c \\
  -H \"Content-Type: application/json\" \\
  -H \"Authorization: Bearer $KEY\" \\
  -d '{
    \"model\": \"gpt-4o\",
    \"messages\": [{\"role\": \"user\", \"content\": \"it'\\''s\"}]
  }' | jq .",
    );
    assert_eq!((&*exchange.method, &*exchange.path), ("POST", "/v1/chat/completions?a=b"));
    assert_eq!(value(&exchange, "host").as_deref(), Some("api.example.com:8443"));
    assert_eq!(value(&exchange, "content-type").as_deref(), Some("application/json"));
    assert_eq!(value(&exchange, "authorization").as_deref(), Some("Bearer $KEY"));
    let body = String::from_utf8(exchange.body.clone()).unwrap();
    assert!(body.starts_with("{\n    \"model\"") && body.contains("it's"), "{body}");
    assert_eq!(value(&exchange, "content-length"), Some(body.len().to_string()));
}

#[test]
fn data_are_taken_as_curl_takes_them() {
    let whole = std::fs::read_to_string(folder().join("auto.json")).unwrap();
    let flat = whole.replace('\n', "");
    assert_ne!(whole, flat);
    let (whole, flat) = (whole.as_str(), flat.as_str());
    for (command, body, kind) in [
        ("curl a -d @auto.json", flat, "application/x-www-form-urlencoded"),
        ("curl a --data-binary @auto.json", whole, "application/x-www-form-urlencoded"),
        ("curl a --data-raw @auto.json", "@auto.json", "application/x-www-form-urlencoded"),
        ("curl a --json @auto.json", whole, "application/json"),
        ("curl a --json '{' --json '}'", "{}", "application/json"),
        ("curl a -da -d b", "a&b", "application/x-www-form-urlencoded"),
        ("curl a -H 'content-type: text/x' -d @- <<E\nx\nE", "x", "text/x"),
    ] {
        let exchange = sent(command);
        assert_eq!(String::from_utf8_lossy(&exchange.body), body, "{command}");
        assert_eq!(value(&exchange, "content-type").as_deref(), Some(kind), "{command}");
        assert_eq!((&*exchange.method, &*exchange.path), ("POST", "/"), "{command}");
    }
}

#[test]
fn options_stand_together_apart_or_after_the_url() {
    let exchange =
        sent("curl -sSXPUT --max-time 3 -o /dev/null -uann:secret -H'X-A: 1' -H 'Accept:' -H 'X-B;' -- http://h/p");
    assert_eq!((&*exchange.method, &*exchange.path), ("PUT", "/p"));
    assert_eq!(value(&exchange, "authorization").as_deref(), Some("Basic YW5uOnNlY3JldA=="));
    assert_eq!((value(&exchange, "x-a"), value(&exchange, "x-b")), (Some("1".into()), Some(String::new())));
    assert_eq!((value(&exchange, "accept"), value(&exchange, "content-length")), (None, None));
    assert_eq!(sent("curl -G http://h/p?a -d b=c").path, "/p?a&b=c");
    assert_eq!(sent("curl -I http://h/p").method, "HEAD");
}

#[test]
fn a_form_has_its_parts() {
    let exchange = sent("curl h -F model=whisper -F 'file=@auto.json;type=audio/mpeg' -F 'note=<auto.json'");
    let kind = value(&exchange, "content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8(exchange.body).unwrap();
    let first =
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--{boundary}\r\n");
    assert!(body.starts_with(&first) && body.ends_with(&format!("\r\n--{boundary}--\r\n")), "{body}");
    assert!(body.contains("name=\"file\"; filename=\"auto.json\"\r\nContent-Type: audio/mpeg\r\n\r\n{"), "{body}");
    assert!(body.contains("name=\"note\"\r\n\r\n{"), "{body}");
}

#[test]
fn what_is_not_understood_is_said() {
    for (command, expected) in [
        ("curl", "curl is given no URL"),
        ("curl a b", "curl is given more than one URL"),
        ("curl a --upload-file x", "curl's `--upload-file` is not understood here"),
        ("curl a -T x", "curl's `-T` is not understood here"),
        ("curl a -H", "curl's `-H` needs a value"),
        ("curl a -H 'no header'", "`no header` is no header, expected `NAME: VALUE`"),
        ("curl ftp://a/b", "`ftp://a/b`: `ftp` is not HTTP"),
        ("curl a -d @-", "curl reads `-`, and there is no here-document (`<<EOF`)"),
        ("curl a -F x", "`x` is no part of a form, expected NAME=VALUE"),
    ] {
        assert_eq!(read(command, Path::new("/")).unwrap_err(), expected, "{command}");
    }
    assert!(read("curl a -d @nowhere.json", Path::new("/")).unwrap_err().contains("no such file"));
    assert!(read("curl a -d @zero", Path::new("/dev")).unwrap_err().contains("is no file"));
}

#[test]
fn a_command_is_told_from_bodies() {
    for text in ["curl http://a", "$ curl\ta", "\n# how\n  curl \\\n a"] {
        assert!(is_one(text), "{text}");
    }
    for text in ["", "{\"model\": \"curl a\"}", "curly a", "POST / HTTP/1.1\n\ncurl a", "echo curl a"] {
        assert!(!is_one(text), "{text}");
    }
}
