//! Forms as curl writes them.

use std::path::Path;

/// What stands between the parts. curl draws one for each request; this is the same every time, as everything here is.
const BOUNDARY: &str = "------------------------pointsman";

/// A part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    name: String,
    content: Vec<u8>,
    file: Option<String>,
    kind: Option<String>,
}

/// `name=text`, `name=@file` or `name=<file`, and behind these `;type=…` and `;filename=…`.
pub(super) fn part(text: &str, is_text: bool, read: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Result<Part, String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is no part of a form, expected NAME=VALUE"))?;
    let name = name.to_owned();
    if is_text {
        return Ok(Part { name, content: value.into(), file: None, kind: None });
    }
    let (mut value, mut kind, mut file_name) = (value, None, None);
    while let Some((before, setting)) = value.rsplit_once(';') {
        match setting.trim().split_once('=') {
            Some(("type", given)) => kind = kind.or(Some(given.to_owned())),
            Some(("filename", given)) => file_name = file_name.or(Some(given.trim_matches('"').to_owned())),
            _ => break,
        }
        value = before;
    }
    if let Some(file) = value.strip_prefix('<') {
        return Ok(Part { name, content: read(file)?, file: file_name, kind });
    }
    let Some(file) = value.strip_prefix('@') else {
        let plain = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
        return Ok(Part { name, content: plain.into(), file: file_name, kind });
    };
    let file = file.trim_matches('"');
    let own = Path::new(file).file_name().map_or_else(|| file.to_owned(), |name| name.to_string_lossy().into_owned());
    let kind = kind.or_else(|| Some(kind_of(file).to_owned()));
    Ok(Part { name, content: read(file)?, file: file_name.or(Some(own)), kind })
}

/// As curl guesses it, by the end of the name.
fn kind_of(file: &str) -> &'static str {
    const KINDS: [(&str, &str); 8] = [
        ("gif", "image/gif"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("png", "image/png"),
        ("svg", "image/svg+xml"),
        ("txt", "text/plain"),
        ("htm", "text/html"),
        ("html", "text/html"),
    ];
    let end = Path::new(file).extension().and_then(|end| end.to_str()).unwrap_or_default();
    KINDS.iter().find(|(known, _)| end.eq_ignore_ascii_case(known)).map_or("application/octet-stream", |(_, kind)| kind)
}

/// The content type, and the form.
pub(super) fn written(parts: &[Part]) -> (String, Vec<u8>) {
    // Whatever is sent, nothing in it looks like what stands between the parts.
    let is_free = |boundary: &str| {
        let line = format!("--{boundary}");
        !parts.iter().any(|part| part.content.windows(line.len()).any(|window| window == line.as_bytes()))
    };
    let mut boundaries =
        (0..=parts.len()).map(|nth| if nth == 0 { BOUNDARY.to_owned() } else { format!("{BOUNDARY}-{nth}.") });
    let boundary = boundaries.find(|boundary| is_free(boundary)).unwrap_or_else(|| BOUNDARY.to_owned());
    let mut form = Vec::new();
    for part in parts {
        let quoted = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(&part.name));
        if let Some(file) = &part.file {
            head.push_str(&format!("; filename=\"{}\"", quoted(file)));
        }
        if let Some(kind) = &part.kind {
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(b"\r\n\r\n");
        form.extend_from_slice(&part.content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), form)
}
