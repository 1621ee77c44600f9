//! `pointsman render envoy-gateway`.

use super::istio::placed;
use crate::command::{Failure, print, warn_of};
use crate::envoy_gateway::render;
use crate::policy_file::Values;
use crate::project;
use std::path::PathBuf;

/// Prints the Kubernetes objects that put the module into a gateway of Envoy Gateway (1.9)
///
/// The deployment file says which gateway, in its section `envoyGateway`. One EnvoyExtensionPolicy with router and gate,
/// and their routes and backends.
#[derive(Debug, clap::Args)]
pub(super) struct EnvoyGatewayArguments {
    /// A deployment file with a section `envoyGateway`, or a folder with such a deployment.yaml
    deployment: PathBuf,
    #[command(flatten)]
    values: Values,
}

pub(super) fn run(arguments: &EnvoyGatewayArguments) -> Result<(), Failure> {
    let project = project::load(&arguments.deployment, &arguments.values)?;
    let Some(settings) = &project.deployment.envoy_gateway else {
        let missing = (String::new(), "has no section `envoyGateway`, which says which gateway".into());
        return Err(placed(&arguments.deployment, &[missing]));
    };
    warn_of(&project);
    let text = render(settings, &project.deployment, &project.policy);
    print(&text.map_err(|problems| placed(&arguments.deployment, &problems))?);
    Ok(())
}
