//! `pointsman render envoy`.

use crate::command::{Failure, block_on, print, size, warn, warn_of};
use crate::deployment::{Cluster, EnvoyVersion};
use crate::envoy::config::Config;
use crate::envoy::filter::Plugin;
use crate::envoy::module::{self, Fault};
use crate::envoy::needs::Needs;
use crate::envoy::{bootstrap, uptake, xds};
use crate::policy_file::Values;
use crate::project;
use crate::yaml::comment;
use pointsman_engine::Policy;
use pointsman_source::reason;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Prints a complete Envoy bootstrap (Envoy 1.36 or newer)
///
/// The policy is checked first and written into the configuration. With --xds-dir it is written into files of its own
/// beside it, with the clusters and routes that it needs. Envoy reads them again whenever one is replaced: run the same
/// command again after a change, with --admin, so that Envoy has the clusters before the policy that needs them.
#[derive(Debug, clap::Args)]
pub(super) struct EnvoyArguments {
    /// A deployment file, or a folder with a deployment.yaml
    deployment: PathBuf,
    #[command(flatten)]
    values: Values,
    /// The module, as Envoy will see it; default: dist/pointsman.wasm, or dist/pointsman-answers.wasm where the policy has
    /// answers read
    #[arg(long, value_name = "PATH")]
    wasm: Option<PathBuf>,
    /// The oldest Envoy that will read it, from 1.36 to 1.40; default: the deployment's `envoyVersion`, else 1.36
    #[arg(long, value_name = "VERSION")]
    envoy_version: Option<EnvoyVersion>,
    /// Write what a policy can change into this folder, for Envoy to follow
    #[arg(long, value_name = "DIR", alias = "ecds-dir")]
    xds_dir: Option<PathBuf>,
    /// The admin interface of the Envoy that follows the folder: it gets each file once it has taken the one before
    #[arg(long, value_name = "HOST:PORT", requires = "xds_dir")]
    admin: Option<String>,
}

/// Where demo servers are expected when nobody has started them yet.
const FIRST_DEMO_PORT: u16 = 18001;

/// Where the modules are, when none is named.
const MODULES: &str = "dist";

pub(super) fn run(arguments: &EnvoyArguments) -> Result<(), Failure> {
    let project = project::load(&arguments.deployment, &arguments.values)?;
    let wasm = arguments.wasm.as_deref();
    let policy = &project.policy.policy;
    wasm.map(|wasm| look_at(wasm, policy)).transpose()?;
    let wasm = wasm.map_or_else(|| Path::new(MODULES).join(module::name_for(policy)), Path::to_path_buf);
    let version = arguments.envoy_version.unwrap_or(project.deployment.version());
    project.fits(version)?;
    warn_of(&project);
    // `check` takes the listener of such a deployment for one that nobody reaches.
    if project.deployment.istio.is_some() || project.deployment.envoy_gateway.is_some() {
        warn(project.unproven_principals().as_slice());
    }
    if let Some(made) = size(&project, version) {
        eprintln!("{made}");
    }
    let demo: Vec<&Cluster> = project.deployment.clusters.iter().filter(|cluster| cluster.demo).collect();
    let demo_ports: HashMap<_, _> = demo.iter().map(|cluster| cluster.name.clone()).zip(FIRST_DEMO_PORT..).collect();
    let config = Config {
        deployment: &project.deployment,
        plugin: &Plugin::new(&project, wasm.display().to_string()),
        version,
        needs: &Needs::of(&project.policy.policy),
        demo_ports: &demo_ports,
        owns_listeners: true,
    };
    if let Some(folder) = &arguments.xds_dir {
        hand_over(folder, &config, arguments.admin.as_deref())?;
    }
    if !demo.is_empty() {
        let servers: Vec<_> =
            demo.iter().zip(FIRST_DEMO_PORT..).map(|(cluster, port)| format!("{}={port}", cluster.name)).collect();
        print(&comment(&format!("Its demo servers: pointsman demo {}", servers.join(" "))));
    }
    print(&bootstrap::render(&config, arguments.xds_dir.as_deref()));
    Ok(())
}

/// What is rendered may be for another machine, where the module is; something else in its place is a mistake here as there.
fn look_at(wasm: &Path, policy: &Policy) -> Result<(), Failure> {
    match module::check(wasm, policy) {
        Ok(()) => Ok(()),
        Err(Fault::Other(why)) => Err(why.into()),
        Err(Fault::Unread(why)) => {
            eprintln!("{}: warning: {why}; Envoy will refuse the configuration where that is so", wasm.display());
            Ok(())
        }
    }
}

/// Without an Envoy to ask, the files are written one right after the other.
fn hand_over(folder: &Path, config: &Config<'_>, admin: Option<&str>) -> Result<(), Failure> {
    let unwritten = |err| format!("`{}`: {}", folder.display(), reason(&err));
    std::fs::create_dir_all(folder).map_err(unwritten)?;
    let Some(admin) = admin else { return Ok(xds::write(folder, config).map_err(unwritten)?) };
    block_on(async { uptake::hand_over(admin, folder, config).await.map_err(|why| why.to_string().into()) })
}
