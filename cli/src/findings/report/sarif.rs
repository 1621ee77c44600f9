//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use super::Report;
use crate::findings::Finding;
use crate::findings::severity::Severity;
use crate::findings::table::Code;
use pointsman_document::Visible;
use pointsman_source::Finding as Placed;
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn print(report: &Report) -> String {
    let run = json!({
        "tool": { "driver": {
            "name": "pointsman",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Value>(),
        } },
        // Columns count characters, and not UTF-16.
        "columnKind": "unicodeCodePoints",
        "results": report.findings.iter().map(result).collect::<Value>(),
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.explanation() },
        "help": { "text": code.explanation() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn result(finding: &Finding) -> Value {
    let place = Code::ALL.iter().position(|code| *code == finding.code);
    let mut result = json!({
        "ruleId": finding.code.name(),
        "ruleIndex": place,
        "level": level(finding.severity()),
        "message": { "text": sentence(&finding.placed) },
        "locations": [location(&finding.placed)],
    });
    if let Some(related) = &finding.related {
        let mut location = location(related);
        if let Some(location) = location.as_object_mut() {
            location.insert("message".to_owned(), json!({ "text": sentence(related) }));
        }
        set(&mut result, "relatedLocations", json!([location]));
    }
    if finding.is_allowed {
        set(&mut result, "suppressions", json!([{ "kind": "inSource" }]));
    }
    result
}

fn set(result: &mut Value, key: &str, value: Value) {
    if let Some(result) = result.as_object_mut() {
        result.insert(key.to_owned(), value);
    }
}

fn sentence(placed: &Placed) -> String {
    match placed.path.as_str() {
        "" => Visible(&placed.message).to_string(),
        path => format!("{}: {}", Visible(path), Visible(&placed.message)),
    }
}

fn location(placed: &Placed) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(&placed.file) } });
    if let Some(at) = placed.at {
        set(&mut physical, "region", json!({ "startLine": at.line, "startColumn": at.column }));
    }
    json!({ "physicalLocation": physical })
}

/// A path as a relative reference; one that begins at the root is a URI of its own.
fn uri(file: &Path) -> String {
    let path = file.to_string_lossy();
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri(Path::new("./a b/ü:c.yaml")), "a%20b/%C3%BC%3Ac.yaml");
        assert_eq!(uri(Path::new("/a/b.yaml")), "file:///a/b.yaml");
    }
}
