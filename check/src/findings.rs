//! What is found in a policy that is valid, or would be: each with a code, a severity and a place.
//!
//! What a policy means is judged by the engine (`policy::findings`), which knows its compiled form; here it gets its code and
//! its place, and an author can allow it.

mod allow;
mod json;
mod policy;
mod severity;
mod sound;
mod table;

pub use allow::{Allowance, apply, unused};
pub use policy::{beside, of_policy, of_rest, of_text};
pub use severity::Severity;
pub use table::Code;

use pointsman_source::Finding as Placed;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub code: Code,
    /// Where, and a sentence.
    pub placed: Placed,
    /// Another place that it is about, with what stands there.
    pub related: Option<Placed>,
    /// Whether the author has said that it is meant.
    pub is_allowed: bool,
}

impl Finding {
    /// A finding that is about one place, and that nobody has allowed so far.
    pub fn new(code: Code, placed: Placed) -> Self {
        Self { code, placed, related: None, is_allowed: false }
    }

    /// What keeps a file from being used.
    pub fn error(placed: Placed) -> Self {
        Self::new(Code::P0001, placed)
    }

    /// How severe it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// In the order in which people read: by file, then by line.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (&a.placed.file, a.placed.at, a.code).cmp(&(&b.placed.file, b.placed.at, b.code)));
}
