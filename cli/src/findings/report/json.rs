//! One object with everything.

use super::Report;
use crate::findings::Finding;
use serde_json::{Value, json};

pub(super) fn print(report: &Report) -> String {
    let fine =
        report.fine.iter().map(|(file, version)| json!({ "file": file.display().to_string(), "version": version }));
    let findings = report.findings.iter().map(Finding::to_json);
    let whole = json!({ "valid": fine.collect::<Value>(), "findings": findings.collect::<Value>() });
    format!("{whole:#}\n")
}
