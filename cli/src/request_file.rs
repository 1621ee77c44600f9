//! A request in a file: a JSON body alone, or an HTTP/1.1 request as text.

use pointsman_engine::Exchange;
use pointsman_source::reason;
use std::io::Read;
use std::path::Path;

/// The path at which a client reaches each API.
const PATHS: [(&str, &str); 13] = [
    ("chatCompletions", "/v1/chat/completions"),
    ("completions", "/v1/completions"),
    ("embeddings", "/v1/embeddings"),
    ("responses", "/v1/responses"),
    ("moderations", "/v1/moderations"),
    ("imageGenerations", "/v1/images/generations"),
    ("speech", "/v1/audio/speech"),
    ("rerank", "/v1/rerank"),
    ("messages", "/v1/messages"),
    ("countTokens", "/v1/messages/count_tokens"),
    ("ollamaChat", "/api/chat"),
    ("ollamaGenerate", "/api/generate"),
    ("ollamaEmbed", "/api/embed"),
];

pub(crate) fn path_of(api: &str) -> Option<&'static str> {
    PATHS.iter().find(|(name, _)| *name == api).map(|(_, path)| *path)
}

/// Reads `file`, or standard input for `-`. A bare body becomes a POST to `default_path`.
pub(crate) fn read(file: &Path, default_path: &str) -> Result<Exchange, String> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = bytes.map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))?;
    Ok(match parse(&bytes) {
        Some(exchange) => exchange,
        None => bare_body(bytes, default_path),
    })
}

/// What a client sends around a JSON body.
pub(crate) fn bare_body(body: Vec<u8>, path: &str) -> Exchange {
    let headers = vec![("content-type".into(), b"application/json".to_vec()), length(&body)];
    Exchange { method: "POST".into(), path: path.into(), headers, body, ..Exchange::default() }
}

fn length(body: &[u8]) -> (String, Vec<u8>) {
    ("content-length".into(), body.len().to_string().into_bytes())
}

/// Takes the text apart when it begins with a request line.
fn parse(bytes: &[u8]) -> Option<Exchange> {
    let (request_line, mut rest) = split_line(bytes);
    let mut words = std::str::from_utf8(request_line).ok()?.split(' ');
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    if !version.starts_with("HTTP/") || words.next().is_some() || !method.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        return None;
    }
    let mut headers = Vec::new();
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        headers.push(header(line)?);
    }
    // An HTTP/1.1 client always says how a body ends.
    let is_framed = headers.iter().any(|(name, _)| name == "content-length" || name == "transfer-encoding");
    if !is_framed && !rest.is_empty() {
        headers.push(length(rest));
    }
    Some(Exchange { method: method.into(), path: path.into(), headers, body: rest.to_vec(), ..Exchange::default() })
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}

/// `Name: value`, the name in lower case as the proxy holds it.
pub(crate) fn header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':').filter(|at| *at > 0)?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = std::str::from_utf8(name).ok()?.trim().to_ascii_lowercase();
    Some((name, value.get(1..)?.trim_ascii().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_text_is_taken_apart() {
        let exchange = parse(b"POST /v1/messages HTTP/1.1\r\nX-Team: a\r\n\r\n{}\n").unwrap();
        assert_eq!((exchange.method.as_str(), exchange.path.as_str()), ("POST", "/v1/messages"));
        assert_eq!(exchange.headers, [("x-team".into(), b"a".to_vec()), ("content-length".into(), b"3".to_vec())]);
        assert_eq!(exchange.body, b"{}\n");
    }

    #[test]
    fn a_request_may_have_no_body() {
        let exchange = parse(b"GET /v1/models HTTP/1.1\n").unwrap();
        assert!(exchange.headers.is_empty() && exchange.body.is_empty());
    }

    #[test]
    fn json_is_no_request_text() {
        assert!(parse(b"{\"model\": \"a HTTP/1.1\"}").is_none());
        assert!(parse(b"").is_none());
    }
}
