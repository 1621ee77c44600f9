//! One object with everything.

use super::Report;
use crate::findings::Finding;
use pointsman_source::Finding as Placed;
use serde_json::{Value, json};

pub(super) fn print(report: &Report) -> String {
    let fine =
        report.fine.iter().map(|(file, version)| json!({ "file": file.display().to_string(), "version": version }));
    let findings = report.findings.iter().map(finding);
    let whole = json!({ "valid": fine.collect::<Value>(), "findings": findings.collect::<Value>() });
    format!("{whole:#}\n")
}

fn finding(finding: &Finding) -> Value {
    let Finding { code, placed: at, related, is_allowed } = finding;
    let mut value = json!({
        "code": code.name(), "severity": finding.severity().to_string(), "title": code.title(), "message": at.message,
        "allowed": is_allowed,
    });
    if let Some(object) = value.as_object_mut() {
        object.extend(place(at));
        object.extend(related.iter().map(|related| ("related".to_owned(), Value::Object(place(related)))));
    }
    value
}

fn place(placed: &Placed) -> serde_json::Map<String, Value> {
    let mut place = serde_json::Map::new();
    place.insert("file".to_owned(), placed.file.display().to_string().into());
    if let Some(at) = placed.at {
        place.insert("line".to_owned(), at.line.into());
        place.insert("column".to_owned(), at.column.into());
    }
    place.insert("field".to_owned(), placed.path.clone().into());
    place
}
