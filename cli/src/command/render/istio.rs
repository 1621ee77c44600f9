//! `pointsman render istio`.

use crate::command::{Failure, print, warn};
use crate::deployment::{self, Hold};
use crate::istio::{Rendering, render};
use crate::project;
use crate::source::Part;
use std::path::PathBuf;

/// Prints the Kubernetes objects that put the module into an Istio mesh (Istio 1.26 or newer)
///
/// The deployment file says where, in its section `istio`. Two WasmPlugins, their routes and destinations; with
/// `--hold stop` an EnvoyFilter instead of the WasmPlugins.
#[derive(Debug, clap::Args)]
pub(super) struct IstioArguments {
    /// A deployment file with a section `istio`, or a folder with such a deployment.yaml
    deployment: PathBuf,
    /// How requests wait while their bodies are read, instead of what the section says
    #[arg(long, value_enum)]
    hold: Option<HoldArgument>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum HoldArgument {
    /// Two WasmPlugins
    Gate,
    /// One EnvoyFilter (Istio 1.28 or newer)
    Stop,
}

pub(super) fn run(arguments: &IstioArguments) -> Result<(), Failure> {
    let project = project::load(&arguments.deployment)?;
    let findings = |problems: Vec<(String, String)>| -> Failure {
        match deployment::load(&arguments.deployment) {
            Ok((_, source)) => {
                let placed = problems.iter().map(|(path, message)| source.finding(path, Part::Value, message));
                Failure::Findings(placed.collect())
            }
            Err(findings) => Failure::Findings(findings),
        }
    };
    let Some(istio) = &project.deployment.istio else {
        return Err(findings(vec![(String::new(), "has no section `istio`, which says where in the mesh".into())]));
    };
    warn(&project.warnings);
    let rendering = Rendering {
        deployment: &project.deployment,
        istio,
        policy: project.policy.json(),
        version: project.policy.policy.version(),
        hold: match arguments.hold {
            Some(HoldArgument::Gate) => Hold::Gate,
            Some(HoldArgument::Stop) => Hold::Stop,
            None => istio.hold,
        },
    };
    print(&render(&rendering).map_err(findings)?);
    Ok(())
}
