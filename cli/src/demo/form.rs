//! Forms (`multipart/form-data`), as far as a demo server needs them: which parts there are, and the texts among them.

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value, json};

/// The parts as an object: texts, and for a file how long it is. `None` for what is no form.
pub(super) fn read(headers: &HeaderMap, body: &Bytes) -> Option<Value> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let parameters = content_type.strip_prefix("multipart/form-data;")?;
    let boundary = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    let line = format!("\r\n--{}", boundary.trim_matches('"'));
    let mut rest = body.strip_prefix(line.trim_start().as_bytes())?;
    let mut members = Map::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let (part, behind) = part.split_at_checked(find(part, line.as_bytes())?)?;
        members.extend([member(part)?]);
        rest = behind.strip_prefix(line.as_bytes())?;
    }
    rest.starts_with(b"--").then_some(Value::Object(members))
}

fn member(part: &[u8]) -> Option<(String, Value)> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let Ok(httparse::Status::Complete((length, headers))) = httparse::parse_headers(part, &mut headers) else {
        return None;
    };
    let disposition = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-disposition"))?;
    let disposition = std::str::from_utf8(disposition.value).ok()?;
    let mut parameters = disposition.split(';').map(str::trim);
    let name = parameters.clone().find_map(|parameter| parameter.strip_prefix("name="))?.trim_matches('"').to_owned();
    let content = part.get(length..)?;
    let is_file = parameters.any(|parameter| parameter.starts_with("filename="));
    let text = std::str::from_utf8(content).ok().filter(|_| !is_file);
    Some((name, text.map_or_else(|| json!({"bytes": content.len()}), Into::into)))
}

/// Where `needle`, which begins with a line's end, stands. A recording is long: only its line ends are looked at.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| Some(byte) == needle.first())?;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}
