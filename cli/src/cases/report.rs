//! What came of cases, for people and for machines.

mod json;
mod junit;
mod text;

use super::Suite;
use super::coverage::Share;

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// One object, for programs
    Json,
    /// JUnit's XML, for what shows the tests of a build
    Junit,
}

/// Whether what no case has shown is listed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gaps {
    Listed,
    Counted,
}

/// The text for standard output.
pub(crate) fn print(suites: &[Suite], output: Output, gaps: Gaps) -> String {
    match output {
        Output::Text => text::print(suites, gaps),
        Output::Json => json::print(suites),
        Output::Junit => junit::print(suites),
    }
}

/// The coverage of all.
pub(crate) fn coverage(suites: &[Suite]) -> Share {
    suites.iter().fold(Share::default(), |all, suite| all.and(suite.coverage))
}

/// How many cases passed, and how many failed.
fn counts(suites: &[Suite]) -> (usize, usize) {
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let (passed, failed): (Vec<_>, Vec<_>) = all.partition(|outcome| outcome.passed());
    (passed.len(), failed.len())
}
