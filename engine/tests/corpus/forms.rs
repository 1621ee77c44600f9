//! What a form says to the parsers in use, by readers that share no code with the engine: careful ones and careless ones.

use crate::readings::Reading;

/// How the model reads, as JSON: by those who look for a boundary behind CR LF, behind any end of a line, or anywhere.
pub(crate) fn models(body: &[u8]) -> Vec<Reading> {
    let text = String::from_utf8_lossy(body).into_owned();
    let boundary = text.split("\r\n").next().unwrap_or_default().to_owned();
    let boundary = boundary.strip_suffix("--").unwrap_or(&boundary);
    let any_line = text.replace("\r\n", "\n").replace('\r', "\n");
    let strict = format!("\r\n{text}");
    let careful = models_of(strict.split(&format!("\r\n{boundary}")), "\r\n");
    let by_lines = models_of(format!("\n{any_line}").split(&format!("\n{boundary}")), "\n");
    let anywhere = models_of(text.split(boundary), "\r\n");
    let first_and_last = |models: Vec<String>| (models.first().cloned(), models.last().cloned());
    let mut readings = Vec::new();
    for (names, models) in [
        (["behind CR LF, the first wins", "behind CR LF, the last wins"], careful),
        (["behind any line's end, the first wins", "behind any line's end, the last wins"], by_lines),
        (["anywhere, the first wins", "anywhere, the last wins"], anywhere),
    ] {
        let (first, last) = first_and_last(models);
        readings.extend([(names[0], first), (names[1], last)]);
    }
    readings
}

/// The content of every part that somebody would call `model`.
fn models_of<'a>(parts: impl Iterator<Item = &'a str>, end: &str) -> Vec<String> {
    let parts = parts.filter_map(|part| part.split_once(&format!("{end}{end}")));
    let named = parts.filter(|(head, _)| {
        let head = head.to_lowercase().replace([' ', '"', '\''], "");
        head.contains(";name=model;") || head.contains(";name=model\n") || head.contains(";name=model\r") || {
            head.ends_with(";name=model") || head.contains(";name=model[")
        }
    });
    named
        .map(|(_, content)| serde_json::to_string(content.strip_suffix(end).unwrap_or(content)).expect("a text"))
        .collect()
}

#[test]
fn a_form_that_reads_in_two_ways_is_seen() {
    let read = |body: &str| -> Vec<String> {
        models(body.replace('|', "\r\n").as_bytes()).into_iter().map(|(_, model)| model.unwrap_or_default()).collect()
    };
    let part = |model: &str| format!("--B|Content-Disposition: form-data; name=\"model\"||{model}|");
    assert_eq!(read(&format!("{}--B--|", part("a"))), [r#""a""#; 6]);
    let two = read(&format!("{}{}--B--|", part("a"), part("b")));
    assert_eq!(two, [r#""a""#, r#""b""#].repeat(3));
    let hidden = format!("--B|Content-Disposition: form-data; name=x||y\n{}--B--|", part("b"));
    assert_eq!(read(&hidden), ["", "", r#""b""#, r#""b""#, r#""b""#, r#""b""#]);
}
