//! Workflow commands: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use super::Report;
use crate::findings::Finding;
use crate::findings::severity::Severity;
use pointsman_document::Visible;

pub(super) fn print(report: &Report) -> String {
    report.open().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let command = match finding.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let placed = &finding.placed;
    let mut properties = vec![format!("file={}", property(&placed.file.to_string_lossy()))];
    if let Some(at) = placed.at {
        properties.push(format!("line={},col={}", at.line, at.column));
    }
    properties.push(format!("title={}", property(&format!("{}: {}", finding.code, finding.code.title()))));
    let field = if placed.path.is_empty() { String::new() } else { format!("{}: ", Visible(&placed.path)) };
    let message = data(&format!("{field}{}", Visible(&placed.message)));
    format!("::{command} {}::{message}\n", properties.join(","))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::table::Code;
    use pointsman_source::{Finding as Placed, Position};

    #[test]
    fn nothing_in_a_finding_ends_its_command() {
        let placed = Placed {
            file: "a,b:c%.yaml".into(),
            at: Some(Position { line: 3, column: 5 }),
            path: "rules[0]".into(),
            message: "50% of\nit".into(),
        };
        let line = command(&Finding::new(Code::P0017, placed));
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.starts_with("::notice file=a%2Cb%3Ac%25.yaml,line=3,col=5,title=P0017%3A a weight"), "{line}");
        assert!(line.contains("::rules[0]: 50%25 of"), "{line}");
    }
}
