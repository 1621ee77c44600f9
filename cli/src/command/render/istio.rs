//! `pointsman render istio`.

use crate::command::{Failure, print, warn_of};
use crate::deployment;
use crate::istio::{Rendering, render};
use crate::policy_file::Values;
use crate::project;
use pointsman_engine::config::Hold;
use pointsman_source::{Finding, Part};
use std::path::{Path, PathBuf};

/// Prints the Kubernetes objects that put the module into an Istio mesh (Istio 1.26 or newer)
///
/// The deployment file says where, in its section `istio`. Two WasmPlugins, their routes and destinations; with
/// `--hold stop` an EnvoyFilter instead of the WasmPlugins.
#[derive(Debug, clap::Args)]
pub(super) struct IstioArguments {
    /// A deployment file with a section `istio`, or a folder with such a deployment.yaml
    deployment: PathBuf,
    #[command(flatten)]
    values: Values,
    /// How requests wait while their bodies are read, instead of what the section says
    #[arg(long, value_enum)]
    hold: Option<HoldArgument>,
    /// Print EnvoyFilters for a policy with fallback, rollout or mirror (Istio 1.28 or newer)
    #[arg(long)]
    failover: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum HoldArgument {
    /// Two WasmPlugins
    Gate,
    /// One EnvoyFilter (Istio 1.28 or newer)
    Stop,
}

pub(super) fn run(arguments: &IstioArguments) -> Result<(), Failure> {
    let project = project::load(&arguments.deployment, &arguments.values)?;
    let Some(istio) = &project.deployment.istio else {
        let missing = (String::new(), "has no section `istio`, which says where in the mesh".into());
        return Err(placed(&arguments.deployment, &[missing]));
    };
    warn_of(&project);
    // Whoever the issuer is, Istio has this name for what a RequestAuthentication has verified.
    let policy = project.policy.with_payload("payload")?;
    let file = arguments.deployment.as_path();
    let rendering = Rendering {
        deployment: &project.deployment,
        folder: if file.is_dir() { file } else { file.parent().unwrap_or(Path::new("")) },
        istio,
        policy: &policy,
        hold: match arguments.hold {
            Some(HoldArgument::Gate) => Hold::Gate,
            Some(HoldArgument::Stop) => Hold::Stop,
            None => istio.hold,
        },
        failover: arguments.failover,
    };
    print(&render(&rendering).map_err(|problems| placed(&arguments.deployment, &problems))?);
    Ok(())
}

/// Problems with a deployment that was loaded, at their places in its file.
pub(super) fn placed(file: &Path, problems: &[(String, String)]) -> Failure {
    Failure::Findings(finding_at(file, problems))
}

fn finding_at(file: &Path, problems: &[(String, String)]) -> Vec<Finding> {
    match deployment::load(file) {
        Ok((_, source)) => {
            let finding = |(path, message): &(String, String)| source.finding(path, Part::Value, message);
            problems.iter().map(finding).collect()
        }
        Err(findings) => findings,
    }
}
