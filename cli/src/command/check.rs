//! `pointsman check`: every error of a policy, and what is valid in it and cannot be meant, each with its place.

use super::{Failure, print, size};
use crate::deployment;
use crate::findings::report::{Output, Report, line};
use crate::findings::severity::{FailOn, Severity};
use crate::findings::table::Code;
use crate::findings::{self, Allowance, Finding};
use crate::policy_file::{self, Values, assemble};
use crate::project;
use pointsman_source::Finding as Placed;
use std::path::{Path, PathBuf};

/// Prints every error of a policy as `file:line:column: field: message`, and what can hardly be meant
///
/// Given a folder, checks its deployment.yaml, the policy it names, and that every model's cluster is there.
/// What works, but not as one would expect, is a warning, and what may well be meant a note; each has a code. A comment
/// `# pointsman: allow CODE` at its line, or above it, says that it is meant.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman check policy.yaml
  pointsman check examples/quickstart --fail-on warning
  pointsman check policies/*.yaml --output sarif > check.sarif
  pointsman check --explain P0012")]
pub(crate) struct Arguments {
    /// Policy files (YAML, or JSON when the name ends in .json), or folders with a deployment.yaml
    #[arg(required_unless_present = "explain", value_name = "POLICY")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    values: Values,
    /// Say what a code means, and what to do
    #[arg(long, value_name = "CODE", conflicts_with = "policies")]
    explain: Option<Code>,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// The least severe finding that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Allow a kind of finding, or only that at a field and below it: `P0010@rules[3]`
    #[arg(long, value_name = "CODE[@FIELD]")]
    allow: Vec<Allowance>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(code) = arguments.explain {
        print(&explained(code));
        return Ok(());
    }
    let mut report = Report::default();
    for path in &arguments.policies {
        examine(path, arguments, &mut report);
    }
    findings::sort(&mut report.findings);
    print(&report.print(arguments.output));
    if arguments.output == Output::Text {
        report.sizes.iter().for_each(|(path, size)| print(&format!("{}: {size}\n", path.display())));
        report.open().filter(|it| it.severity() < Severity::Error).for_each(|finding| eprintln!("{}", line(finding)));
    }
    let fails = report.open().any(|finding| arguments.fail_on.fails(finding.severity()));
    if fails { Err(Failure::Said) } else { Ok(()) }
}

fn explained(code: Code) -> String {
    format!("{code}: {} ({})\n\n{}\n", code.title(), code.severity(), code.explanation())
}

fn examine(path: &Path, arguments: &Arguments, report: &mut Report) {
    let Arguments { values, allow: allowed, .. } = arguments;
    let outcome = if path.is_dir() {
        project::load(path, values).map(|project| {
            report.sizes.extend(size(&project, project.deployment.version()).map(|size| (path.to_path_buf(), size)));
            (findings::of_project(&project, allowed), project.policy)
        })
    } else {
        policy_file::load(path, values).map(|file| (findings::of_policy(&file.source, &file.policy, allowed), file))
    };
    match outcome {
        Ok((found, file)) => {
            report.fine.push((path.to_path_buf(), file.policy.version().to_owned()));
            report.findings.extend(found);
        }
        Err(errors) => {
            report.findings.extend(beside(path, &errors, arguments));
            report.findings.extend(errors.into_iter().map(Finding::error));
        }
    }
}

/// What is found in the sound part of a policy that has errors.
fn beside(path: &Path, errors: &[Placed], arguments: &Arguments) -> Vec<Finding> {
    let file = match path.is_dir() {
        true => deployment::load(path).ok().map(|(deployment, _)| deployment.policy),
        false => Some(path.to_path_buf()),
    };
    let assembly = file.map(|file| assemble(&file, &arguments.values));
    assembly.map(|assembly| findings::beside(&assembly, errors, &arguments.allow)).unwrap_or_default()
}
