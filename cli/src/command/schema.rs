//! `pointsman schema`: what an editor needs to complete and check a policy.

use super::{Failure, print};

/// Prints the JSON Schema of a policy
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<(), Failure> {
    print(&format!("{:#}\n", pointsman_engine::policy::schema()));
    Ok(())
}
