//! `pointsman check`: every error of a policy, each with its place.

use super::{Failure, listed, print, size, warn};
use crate::{policy_file, project};
use std::path::PathBuf;

/// Prints every error of a policy as `file:line:column: field: message`
///
/// Given a folder, checks its deployment.yaml, the policy it names, and that every model's cluster is there.
/// What works, but not as one would expect, is a warning and no error.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Policy files (YAML, or JSON when the name ends in .json), or folders with a deployment.yaml
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut findings = Vec::new();
    for path in &arguments.policies {
        let mut made = None;
        let loaded = if path.is_dir() {
            project::load(path).map(|project| {
                warn(&project.warnings);
                made = size(&project, project.deployment.version());
                project.policy
            })
        } else {
            policy_file::load(path)
        };
        match loaded {
            Ok(policy) => {
                print(&format!("{}: ok, version {}\n", path.display(), policy.policy.version()));
                made.iter().for_each(|made| print(&format!("{}: {made}\n", path.display())));
            }
            Err(found) => findings.extend(found),
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    print(&listed(&findings));
    Err(Failure::Said)
}
