//! What was found, for people and for machines.

mod github;
mod json;
mod sarif;
mod text;

use super::Finding;
use std::path::PathBuf;

/// What is printed for machines and people.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Files and folders without errors, each with its policy's version.
    pub(crate) fine: Vec<(PathBuf, String)>,
    /// Folders, and how much each makes for Envoy to hold: for people.
    pub(crate) sizes: Vec<(PathBuf, String)>,
    pub(crate) findings: Vec<Finding>,
}

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// A line for each finding, for people
    Text,
    /// One object, for programs
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands, which GitHub shows at the lines of a pull request
    Github,
}

impl Report {
    /// What was found and not allowed.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.is_allowed)
    }

    /// The text for standard output.
    pub(crate) fn print(&self, output: Output) -> String {
        match output {
            Output::Text => text::outcome(self),
            Output::Json => json::print(self),
            Output::Sarif => sarif::print(self),
            Output::Github => github::print(self),
        }
    }
}

pub(crate) use text::line;
