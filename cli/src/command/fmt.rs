//! `pointsman fmt`: policy files as everybody writes them alike.

mod diff;

use super::{Failure, print};
use pointsman_source::{Finding, Format, format, reason};
use std::path::{Path, PathBuf};

/// Formats policy files in place: indentation, spaces, quotes and what stands on one line; comments stay
///
/// Any YAML file can be formatted, also one that another includes, and a deployment. What a file means is never changed: one
/// that cannot be written anew without a risk stays as it is, and is named. Formatting again changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman fmt policy.yaml teams/*.yaml
  pointsman fmt --check policy.yaml        # for CI: prints what would change, exit code 1")]
pub(crate) struct Arguments {
    /// YAML files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing, and print what would change: the exit code is 1 where something would
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (mut findings, mut differs) = (Vec::new(), false);
    for file in &arguments.files {
        match formatted(file) {
            Ok((before, after)) if before == after => {}
            Ok((before, after)) if arguments.check => {
                differs = true;
                print(&diff::unified(file, &before, &after));
            }
            Ok((_, after)) => match std::fs::write(file, after) {
                Ok(()) => print(&format!("{}: formatted\n", file.display())),
                Err(err) => findings.push(Finding::of_file(file, reason(&err))),
            },
            Err(finding) => findings.push(finding),
        }
    }
    match (findings.is_empty(), differs) {
        (true, false) => Ok(()),
        (true, true) => Err(Failure::Said),
        (false, _) => Err(findings.into()),
    }
}

/// The text of a file before and after.
fn formatted(file: &Path) -> Result<(String, String), Finding> {
    if Format::of(file) == Format::Json {
        return Err(Finding::of_file(file, "is JSON, and only YAML files are formatted"));
    }
    let bytes = std::fs::read(file).map_err(|err| Finding::of_file(file, reason(&err)))?;
    let text = String::from_utf8(bytes).map_err(|_| Finding::of_file(file, "is not UTF-8 text"))?;
    let after = format(file, &text)?;
    Ok((text, after))
}
