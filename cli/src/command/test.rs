//! `pointsman test`: whether a policy decides its cases as it is meant to.

use super::{listed, print};
use crate::cases::report::{self, Gaps, Output};
use crate::cases::{Suite, find, read, watch};
use crate::policy_file::Values;
use pointsman_source::Finding;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs cases: requests, and what a policy is expected to make of each
///
/// A file of cases names its policy, and for each case a request and what should become of it: model, rule, chain, refusal.
/// What fails is shown with what was expected, what was decided, and why. It also says which rules no case is
/// decided by, and which of their conditions no case has seen both hold and fail.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman test examples/quickstart
  pointsman test policies --min-coverage 100 --coverage
  pointsman test policies --output junit > report.xml
  pointsman test policies --watch

Exit codes: 0 all pass, 1 a case fails or too little is covered, 2 a file is wrong.")]
pub(crate) struct Arguments {
    /// Files of cases, or folders with a `tests.yaml` or `*.tests.yaml` in them or below
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// How to print what came of them
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// List which rules and conditions no case shows
    #[arg(long)]
    coverage: bool,
    /// The share of rules and conditions, in percent, that cases have to show
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Run again whenever a file changes
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    values: Values,
}

/// What is wrong with a file of cases, its policy or a request.
const WRONG_FILES: u8 = 2;

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    loop {
        let mut files = arguments.paths.clone();
        let known = gather(arguments, &mut files);
        let code = once(arguments);
        if !arguments.watch {
            return code;
        }
        eprintln!("watching {} files, Ctrl-C ends", files.iter().filter(|file| file.is_file()).count());
        watch::until_changed(&files, &known);
    }
}

/// The files that the outcome depends on, and what is in them before they are looked at.
fn gather(arguments: &Arguments, files: &mut Vec<PathBuf>) -> Vec<Option<Vec<u8>>> {
    if arguments.watch {
        let found: Vec<_> = arguments.paths.iter().filter_map(|path| find(path).ok()).flatten().collect();
        files.extend(found.iter().cloned());
        for file in &found {
            match read(file, &arguments.values) {
                Ok(loaded) => files.extend(loaded.files()),
                // The file that is wrong may be another than this one.
                Err(findings) => files.extend(findings.into_iter().map(|finding| finding.file)),
            }
        }
        files.sort();
        files.dedup();
    }
    watch::contents(files)
}

fn once(arguments: &Arguments) -> ExitCode {
    let suites = match suites(arguments) {
        Ok(suites) => suites,
        Err(findings) => {
            eprint!("{}", listed(&findings));
            return WRONG_FILES.into();
        }
    };
    let percent = report::coverage(&suites).percent();
    let is_covered = arguments.min_coverage.is_none_or(|least| percent >= usize::from(least));
    let gaps = if arguments.coverage || !is_covered { Gaps::Listed } else { Gaps::Counted };
    print(&report::print(&suites, arguments.output, gaps));
    if let Some(least) = arguments.min_coverage.filter(|_| !is_covered) {
        eprintln!("error: coverage is {percent}%, below --min-coverage {least}");
    }
    let passes = suites.iter().flat_map(|suite| &suite.cases).all(|outcome| outcome.passed());
    if passes && is_covered { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs everything; every wrong file is named, not only the first.
fn suites(arguments: &Arguments) -> Result<Vec<Suite>, Vec<Finding>> {
    let (mut suites, mut wrong) = (Vec::new(), Vec::new());
    let mut files = Vec::new();
    for path in &arguments.paths {
        match find(path) {
            Ok(found) => files.extend(found),
            Err(findings) => wrong.extend(findings),
        }
    }
    for file in files {
        match read(&file, &arguments.values).and_then(|loaded| loaded.run()) {
            Ok(suite) => suites.push(suite),
            Err(findings) => wrong.extend(findings),
        }
    }
    if wrong.is_empty() { Ok(suites) } else { Err(wrong) }
}
