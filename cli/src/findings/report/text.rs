//! Lines for people, as compilers write them.

use super::Report;
use crate::findings::Finding;
use crate::findings::severity::Severity;
use pointsman_source::Finding as Placed;

/// `file:line:column: field: warning: sentence (code)`.
pub(crate) fn line(finding: &Finding) -> String {
    let Finding { code, placed, .. } = finding;
    let message = match finding.severity() {
        Severity::Error => return placed.to_string(),
        severity => format!("{severity}: {} ({code})", placed.message),
    };
    Placed { message, ..placed.clone() }.to_string()
}

/// What is fine and what is not; warnings and notes go to standard error, as with all commands.
pub(super) fn outcome(report: &Report) -> String {
    let fine = report.fine.iter().map(|(file, version)| format!("{}: ok, version {version}\n", file.display()));
    let errors: Vec<String> =
        report.open().filter(|it| it.severity() == Severity::Error).map(|it| line(it) + "\n").collect();
    let count = match errors.len() {
        0 => String::new(),
        1 => "1 error\n".to_owned(),
        count => format!("{count} errors\n"),
    };
    fine.chain(errors.clone()).collect::<String>() + &count
}
