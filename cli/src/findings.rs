//! What `check` and `render` find in files that are valid, or would be: each with a code, a severity and a place.
//!
//! What is found in a policy is the business of `pointsman-check`, which the playground has, too. `deployment` is the same for
//! what the deployment brings along.

mod deployment;
pub(crate) mod report;
pub(crate) mod severity;

/// Every finding: its code, how severe it is, a title, and what `check --explain` says.
pub(crate) mod table {
    pub(crate) use pointsman_check::findings::Code;
}

pub(crate) use deployment::of_project;
pub(crate) use pointsman_check::findings::{Allowance, Finding, beside, of_policy, sort};
