//! `pointsman schema`: what an editor needs to complete and check a policy or a deployment.

use super::{Failure, print};
use crate::{deployment, policy_file};

/// Prints the JSON Schema of a policy, of a deployment file, or of one file of a policy
///
/// Editors complete and check a YAML file by it whose first line is `# yaml-language-server: $schema=` and the schema's
/// path. `pointsman check` knows more: what a schema cannot say is whether names exist and values go together.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which file it is for
    #[arg(value_enum, default_value = "policy")]
    file: FileKind,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FileKind {
    /// What clients may ask for and where it goes
    Policy,
    /// Where Envoy listens, which policy it runs and where the clusters are
    Deployment,
    /// One file of a policy, with `include`, `variables` and `${name}` in place of values
    PolicyFile,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let schema = match arguments.file {
        FileKind::Policy => pointsman_engine::policy::schema(),
        FileKind::Deployment => deployment::schema(),
        FileKind::PolicyFile => policy_file::schema(),
    };
    print(&format!("{schema:#}\n"));
    Ok(())
}
