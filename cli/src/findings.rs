//! What `check` and `render` find in files that are valid, or would be: each with a code, a severity and a place.
//!
//! What a policy means is judged by the engine (`policy::findings`), which knows its compiled form; here it gets its code and
//! its place, and an author can allow it. `deployment` is the same for what the deployment brings along.

mod allow;
mod deployment;
mod policy;
pub(crate) mod report;
pub(crate) mod severity;
mod sound;
pub(crate) mod table;

pub(crate) use allow::Allowance;
pub(crate) use deployment::of_project;
pub(crate) use policy::{of_policy, of_rest};

use pointsman_source::Finding as Placed;
use severity::Severity;
use table::Code;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    /// Where, and a sentence.
    pub(crate) placed: Placed,
    /// Another place that it is about, with what stands there.
    pub(crate) related: Option<Placed>,
    /// Whether the author has said that it is meant.
    pub(crate) is_allowed: bool,
}

impl Finding {
    fn new(code: Code, placed: Placed) -> Self {
        Self { code, placed, related: None, is_allowed: false }
    }

    /// What keeps a file from being used.
    pub(crate) fn error(placed: Placed) -> Self {
        Self::new(Code::P0001, placed)
    }

    pub(crate) fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// In the order in which people read: by file, then by line.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (&a.placed.file, a.placed.at, a.code).cmp(&(&b.placed.file, b.placed.at, b.code)));
}
