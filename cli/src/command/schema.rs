//! `pointsman schema`: what an editor needs to complete and check a policy, a deployment or cases, and a reader of records to know them.

use super::{Failure, print};
use crate::{cases, deployment, policy_file};

/// Prints the JSON Schema of a policy, of a deployment file, of one file of a policy, of a file of cases, or of a decision record
///
/// Editors complete and check a YAML file by it whose first line is `# yaml-language-server: $schema=` and the schema's
/// path. `pointsman check` knows more: what a schema cannot say is whether names exist and values go together.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman schema > policy.schema.json
  pointsman schema deployment > deployment.schema.json
  pointsman schema record > record.schema.json")]
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
    /// Requests, and what a policy makes of each
    Cases,
    /// The decision record, one of which Envoy's access log has for each LLM call
    Record,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let schema = match arguments.file {
        FileKind::Policy => pointsman_engine::policy::schema(),
        FileKind::Deployment => deployment::schema(),
        FileKind::PolicyFile => policy_file::schema(),
        FileKind::Cases => cases::schema(),
        FileKind::Record => pointsman_engine::record::schema(),
    };
    print(&format!("{schema:#}\n"));
    Ok(())
}
