//! A request in a file: a JSON body or a form alone, an HTTP/1.1 request as text, or a command line of curl.

mod curl;
mod words;

use pointsman_engine::Exchange;
use pointsman_source::reason;
use std::io::Read;
use std::path::Path;

/// The path at which a client reaches each API. Where it names the model, it names one that no policy has to know.
const PATHS: [(&str, &str); 22] = [
    ("chatCompletions", "/v1/chat/completions"),
    ("completions", "/v1/completions"),
    ("embeddings", "/v1/embeddings"),
    ("responses", "/v1/responses"),
    ("countInputTokens", "/v1/responses/input_tokens"),
    ("moderations", "/v1/moderations"),
    ("imageGenerations", "/v1/images/generations"),
    ("speech", "/v1/audio/speech"),
    ("rerank", "/v1/rerank"),
    ("messages", "/v1/messages"),
    ("countTokens", "/v1/messages/count_tokens"),
    ("ollamaChat", "/api/chat"),
    ("ollamaGenerate", "/api/generate"),
    ("ollamaEmbed", "/api/embed"),
    ("ollamaShow", "/api/show"),
    ("gemini", "/v1beta/models/NAME:generateContent"),
    ("vertex", "/v1/projects/P/locations/L/publishers/google/models/NAME:generateContent"),
    ("bedrock", "/model/NAME/converse"),
    ("transcriptions", "/v1/audio/transcriptions"),
    ("translations", "/v1/audio/translations"),
    ("imageEdits", "/v1/images/edits"),
    ("imageVariations", "/v1/images/variations"),
];

/// The names of the APIs.
pub fn apis() -> impl Iterator<Item = &'static str> {
    PATHS.iter().map(|(name, _)| *name)
}

pub fn path_of(api: &str) -> Option<&'static str> {
    PATHS.iter().find(|(name, _)| *name == api).map(|(_, path)| *path)
}

/// Reads `file`, or standard input for `-`. A bare body becomes a POST to `default_path`.
pub fn read(file: &Path, default_path: &str) -> Result<Exchange, String> {
    of(bytes(file)?, file, default_path)
}

/// The bytes of `file`, or of standard input for `-`.
pub fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    bytes.map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))
}

/// The request that stands in a file with these bytes.
pub fn of(bytes: Vec<u8>, file: &Path, default_path: &str) -> Result<Exchange, String> {
    let folder = file.parent().unwrap_or(Path::new(""));
    of_bytes(bytes, folder, default_path).map_err(|why| format!("`{}`: {why}", file.display()))
}

/// The same without a file. What a command line of curl sends stands in `folder`, as where it is typed.
pub fn of_bytes(bytes: Vec<u8>, folder: &Path, default_path: &str) -> Result<Exchange, String> {
    if let Some(command) = std::str::from_utf8(&bytes).ok().filter(|text| curl::is_one(text)) {
        return curl::read(command, folder);
    }
    match parse(&bytes) {
        Some(Ok(exchange)) => Ok(exchange),
        Some(Err(line)) => Err(format!("line {line}: expected a header as `name: value`")),
        None => Ok(bare_body(bytes, default_path)),
    }
}

/// What a client sends around a body: a form begins with its boundary, and everything else is JSON.
pub fn bare_body(body: Vec<u8>, path: &str) -> Exchange {
    let content_type = match split_line(&body).0.strip_prefix(b"--") {
        Some(boundary) => [b"multipart/form-data; boundary=\"", boundary, b"\""].concat(),
        None => b"application/json".to_vec(),
    };
    let headers = vec![("content-type".into(), content_type), length(&body)];
    Exchange { method: "POST".into(), path: path.into(), headers, body, ..Exchange::default() }
}

fn length(body: &[u8]) -> (String, Vec<u8>) {
    ("content-length".into(), body.len().to_string().into_bytes())
}

/// Takes the text apart when it begins with a request line; or says which line, counted from 1, is no header.
fn parse(bytes: &[u8]) -> Option<Result<Exchange, usize>> {
    let (request_line, mut rest) = split_line(bytes);
    let mut words = std::str::from_utf8(request_line).ok()?.split(' ');
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    // Not by httparse: whatever version a request was copied from, it is the same request.
    if !version.starts_with("HTTP/") || words.next().is_some() || !method.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        return None;
    }
    let mut headers = Vec::new();
    for number in 2.. {
        let (line, after) = split_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        match header(line) {
            Some(header) => headers.push(header),
            None => return Some(Err(number)),
        }
    }
    // An HTTP/1.1 client always says how a body ends.
    let is_framed = headers.iter().any(|(name, _)| name == "content-length" || name == "transfer-encoding");
    if !is_framed && !rest.is_empty() {
        headers.push(length(rest));
    }
    let (method, path, body) = (method.into(), path.into(), rest.to_vec());
    Some(Ok(Exchange { method, path, headers, body, ..Exchange::default() }))
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}

/// `Name: value`, the name in lower case as the proxy holds it. What no HTTP server would take is none.
pub fn header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let ended = [line, b"\r\n\r\n"].concat();
    let mut headers = [httparse::EMPTY_HEADER];
    match httparse::parse_headers(&ended, &mut headers) {
        Ok(httparse::Status::Complete((_, [header]))) => {
            Some((header.name.to_ascii_lowercase(), header.value.trim_ascii().to_vec()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_text_is_taken_apart() {
        let exchange = parse(b"POST /v1/messages HTTP/1.1\r\nX-Team: a\r\n\r\n{}\n").unwrap().unwrap();
        assert_eq!((exchange.method.as_str(), exchange.path.as_str()), ("POST", "/v1/messages"));
        assert_eq!(exchange.headers, [("x-team".into(), b"a".to_vec()), ("content-length".into(), b"3".to_vec())]);
        assert_eq!(exchange.body, b"{}\n");
    }

    #[test]
    fn a_bare_form_brings_its_boundary() {
        let content_type = |body: &str| bare_body(body.into(), "/").headers[0].1.clone();
        assert_eq!(content_type("{}"), b"application/json");
        assert_eq!(content_type("--a b\r\n\r\n--a b--"), b"multipart/form-data; boundary=\"a b\"");
    }

    #[test]
    fn a_request_may_have_no_body() {
        let exchange = parse(b"GET /v1/models HTTP/1.1\n").unwrap().unwrap();
        assert!(exchange.headers.is_empty() && exchange.body.is_empty());
    }

    #[test]
    fn json_is_no_request_text() {
        assert!(parse(b"{\"model\": \"a HTTP/1.1\"}").is_none());
        assert!(parse(b"").is_none());
    }

    #[test]
    fn a_line_that_is_no_header_is_named() {
        for (text, line) in [
            ("POST / HTTP/2\nhost: a\nno header\n\n{}", 3),
            ("POST / HTTP/1.1\r\n: a\r\n", 2),
            ("POST / HTTP/1.1\nna me: a\n", 2),
            ("POST / HTTP/1.1\na: b\nc: d\n{\"model\": 1}", 4),
            ("POST / HTTP/1.1\na: \u{0}\n", 2),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap().unwrap_err(), line, "{text}");
        }
    }

    #[test]
    fn a_header_is_what_a_server_would_take() {
        assert_eq!(header(b"X-Team:  a b "), Some(("x-team".into(), b"a b".to_vec())));
        assert_eq!(header("a: \u{e9}".as_bytes()), Some(("a".into(), "\u{e9}".as_bytes().to_vec())));
        assert_eq!(header(b"a:"), Some(("a".into(), Vec::new())));
        for bad in ["", "a", ": a", "a b: c", "a: b\r\nc: d", "\u{e9}: a"] {
            assert_eq!(header(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
