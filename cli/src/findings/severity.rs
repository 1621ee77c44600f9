//! From which severity on a command fails.

pub(crate) use pointsman_check::findings::Severity;

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
