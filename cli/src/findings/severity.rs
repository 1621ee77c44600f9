//! How severe findings are, and from which severity on a command fails.

use std::fmt;

/// How severe a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It may well be meant.
    Note,
    /// It works, but hardly as one would expect.
    Warning,
    /// The proxy would refuse it.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// From which severity on a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FailOn {
    /// Errors, warnings and notes
    Note,
    /// Errors and warnings
    Warning,
    /// Only what the proxy would refuse
    Error,
    /// Never: whoever reads the output decides
    Never,
}

impl FailOn {
    /// Whether a finding of this severity fails the check.
    pub(crate) fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Note => true,
            Self::Warning => severity >= Severity::Warning,
            Self::Error => severity >= Severity::Error,
            Self::Never => false,
        }
    }
}
