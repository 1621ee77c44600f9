//! `pointsman render`: the same configuration that `run` uses, for a proxy of one's own.

use super::{Failure, print, warn};
use crate::deployment::Cluster;
use crate::envoy::bootstrap::Bootstrap;
use crate::envoy::filter::{self, Plugin};
use crate::project;
use crate::source::reason;
use std::collections::HashMap;
use std::path::PathBuf;

/// Prints proxy configuration for a policy
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, clap::Subcommand)]
enum Target {
    Envoy(EnvoyArguments),
}

/// Prints a complete Envoy bootstrap (Envoy 1.36 or newer)
///
/// The policy is checked first and written into the configuration. With --ecds-dir it is written into files of its own
/// beside it, which Envoy reads again whenever one is replaced: run the same command again after a change.
#[derive(Debug, clap::Args)]
struct EnvoyArguments {
    /// A deployment file, or a folder with a deployment.yaml
    deployment: PathBuf,
    /// The module, as Envoy will see it
    #[arg(long, value_name = "PATH", default_value = "dist/pointsman.wasm")]
    wasm: String,
    /// Write the filters' configuration into this folder, for Envoy to follow
    #[arg(long, value_name = "DIR")]
    ecds_dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.target {
        Target::Envoy(arguments) => envoy(arguments),
    }
}

/// Where demo servers are expected when nobody has started them yet.
const FIRST_DEMO_PORT: u16 = 18001;

fn envoy(arguments: &EnvoyArguments) -> Result<(), Failure> {
    let project = project::load(&arguments.deployment)?;
    warn(&project.warnings);
    let plugin = Plugin {
        hold: project.deployment.hold,
        wasm: arguments.wasm.clone(),
        policy: project.policy.json(),
        version: project.policy.policy.version().to_owned(),
    };
    if let Some(folder) = &arguments.ecds_dir {
        let written = std::fs::create_dir_all(folder).and_then(|()| filter::write(folder, &plugin));
        written.map_err(|err| format!("`{}`: {}", folder.display(), reason(&err)))?;
    }
    let demo: Vec<&Cluster> = project.deployment.clusters.iter().filter(|cluster| cluster.demo).collect();
    let demo_ports: HashMap<_, _> = demo.iter().map(|cluster| cluster.name.clone()).zip(FIRST_DEMO_PORT..).collect();
    let bootstrap = Bootstrap {
        deployment: &project.deployment,
        plugin: &plugin,
        ecds_folder: arguments.ecds_dir.clone(),
        demo_ports: &demo_ports,
    };
    if !demo.is_empty() {
        let servers: Vec<_> =
            demo.iter().zip(FIRST_DEMO_PORT..).map(|(cluster, port)| format!("{}={port}", cluster.name)).collect();
        print(&format!("# Its demo servers: pointsman demo {}\n", servers.join(" ")));
    }
    print(&bootstrap.render());
    Ok(())
}
