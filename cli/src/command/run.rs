//! `pointsman run`: Envoy with a policy in front of its clusters, in the foreground.

mod folder;
mod watch;

use super::{Failure, block_on, print, warn};
use crate::demo::{Demo, Options};
use crate::deployment::listener::Listener;
use crate::deployment::{Deployment, EnvoyVersion};
use crate::envoy::config::Config;
use crate::envoy::filter::Plugin;
use crate::envoy::module::{self, Fault};
use crate::envoy::needs::Needs;
use crate::envoy::process::Envoy;
use crate::envoy::{access_log, binary, bootstrap, xds};
use crate::example;
use crate::policy_file::Values;
use crate::project::{self, Project};
use folder::Folder;
use pointsman_engine::Policy;
use pointsman_source::reason;
use std::collections::HashMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};
use watch::{Running, Watch};

/// Runs Envoy with a policy, and prints each decision
///
/// Renders the Envoy configuration, starts the demo LLM servers and Envoy, and prints one line per request. A change of
/// the policy file takes over without a restart; one with errors is reported and the old policy stays. Ctrl-C ends all.
#[derive(Debug, clap::Args)]
#[command(after_help = "Envoy is taken from $ENVOY, else from where `make setup` put it, else from the PATH.")]
pub(crate) struct Arguments {
    /// A deployment file, or a folder with a deployment.yaml
    deployment: PathBuf,
    #[command(flatten)]
    values: Values,
    /// The module; default: dist/pointsman-answers.wasm of the project, or pointsman-answers.wasm beside this program, else
    /// pointsman.wasm there
    #[arg(long, value_name = "PATH")]
    wasm: Option<PathBuf>,
    /// Port to listen on instead of the deployment's; 0 takes a free one
    #[arg(long)]
    port: Option<u16>,
    /// Port on which the demo servers are told how to behave; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    control: u16,
    /// Worker threads of Envoy; default: one per core
    #[arg(long, value_name = "N")]
    concurrency: Option<u16>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let project = project::load(&arguments.deployment, &arguments.values)?;
    warn(&project.warnings);
    block_on(serve(arguments, project))
}

/// Ends when the terminal or the system asks for it. It listens from now on, and not from when it is waited for: whoever has said
/// that it is there can be asked to stop.
pub(crate) fn asked_to_stop() -> impl Future<Output = ()> {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()));
    async {
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

async fn serve(arguments: &Arguments, mut project: Project) -> Result<(), Failure> {
    let wasm = find_module(arguments.wasm.as_deref(), &project.policy.policy)?;
    let binary = binary::find()?;
    let version = find_version(&binary).await?;
    project.fits(version)?;
    if let Some(port) = arguments.port {
        project.deployment.listener.port = port;
    }
    let listener = &mut project.deployment.listener;
    claim(&listener.address, &mut listener.port)?;
    if project.deployment.admin.port != 0 {
        let admin = &mut project.deployment.admin;
        claim(&admin.address, &mut admin.port)?;
    }
    say("policy", &format!("{}, version {}", project.deployment.policy.display(), project.policy.short_version()));
    let demo_ports = start_demo_servers(&project.deployment, arguments.control).await?;
    let folder = Folder::create()?;
    let plugin = Plugin::new(&project, wasm.display().to_string());
    let needs = Needs::of(&project.policy.policy);
    let running = Running { project, plugin, needs, version, demo_ports };
    let config = write_configuration(&running.config(), &folder)?;
    let stop = asked_to_stop();
    say("envoy", &format!("{}, for {version}, starting", binary.display()));
    let mut envoy = Envoy::start(&binary, &config, &folder.path, arguments.concurrency)?;
    let outcome = tokio::select! {
        outcome = follow(&mut envoy, running, &folder) => outcome,
        () = stop => Ok(()),
    };
    envoy.stop().await;
    outcome
}

/// Waits for Envoy, then prints what happens until Envoy ends by itself.
async fn follow(envoy: &mut Envoy, running: Running, folder: &Folder) -> Result<(), Failure> {
    envoy.wait_until_ready().await?;
    let project = &running.project;
    let Listener { address, port, tls } = &project.deployment.listener;
    let scheme = if tls.is_some() { "https" } else { "http" };
    say("admin", &format!("http://{}", envoy.admin));
    say("ready", &format!("{scheme}://{address}:{port}, Ctrl-C stops it"));
    print(&example::curl_lines(&project.policy, &format!("{scheme}://{address}:{port}")));
    let Some(mut access_log) = envoy.access_log.take() else {
        return Ok(());
    };
    let mut watch = Watch::new(running);
    loop {
        tokio::select! {
            line = access_log.next_line() => match line {
                Ok(Some(line)) => print(&format!("{}\n", access_log::readable(&line).unwrap_or(line))),
                _ => return Err(Failure::Sentence(format!("Envoy ended: {}", envoy.last_error()))),
            },
            () = watch.changed() => watch.take_over(envoy, &folder.path).await,
        }
    }
}

/// One line of progress.
fn say(what: &str, text: &str) {
    print(&format!("{what:<8} {text}\n"));
}

/// The module to load, as an absolute path.
///
/// A policy that comes later may want to know of answers where this one does not: where it can be found, the module is the one
/// that looks at them.
fn find_module(named: Option<&Path>, policy: &Policy) -> Result<PathBuf, String> {
    let found = match named {
        Some(named) if named.is_file() => Some(named.to_path_buf()),
        Some(named) => return Err(format!("the module `{}` is not there", named.display())),
        None => binary::project_folders()
            .flat_map(|folder| {
                [module::ANSWERS, module::REQUESTS].map(|name| [folder.join("dist").join(name), folder.join(name)])
            })
            .flatten()
            .find(|candidate| candidate.is_file()),
    };
    let found = found.ok_or("the module is missing: run `make wasm`, or name it with --wasm")?;
    module::check(&found, policy).map_err(|fault| match fault {
        Fault::Unread(why) => format!("the module `{}`: {why}", found.display()),
        Fault::Other(why) => why,
    })?;
    std::path::absolute(&found).map_err(|err| reason(&err))
}

/// Makes sure the port is free, since Envoy would share it with another Envoy; a port of 0 becomes a free one.
fn claim(address: &str, port: &mut u16) -> Result<(), String> {
    let bound = TcpListener::bind((address, *port)).and_then(|listener| listener.local_addr());
    match bound {
        Ok(bound) => {
            *port = bound.port();
            Ok(())
        }
        Err(err) if err.kind() == std::io::ErrorKind::AddrInUse => Err(format!(
            "port {port} on {address} is taken: end the program that listens there, or choose another with --port"
        )),
        Err(err) => Err(format!("cannot listen on {address}:{port}: {}", reason(&err))),
    }
}

/// Starts the demo servers and says how to make them fail.
async fn start_demo_servers(deployment: &Deployment, control: u16) -> Result<HashMap<String, u16>, String> {
    let (demo, mut ports) = (Demo::default(), HashMap::new());
    for cluster in deployment.clusters.iter().filter(|cluster| cluster.demo) {
        let options = Options { key: cluster.demo_key.clone(), ..Options::default() };
        let port = demo.start(&cluster.name, options).await?;
        say("demo", &format!("{} on 127.0.0.1:{port}", cluster.name));
        ports.insert(cluster.name.clone(), port);
    }
    if let Some(cluster) = deployment.clusters.iter().find(|cluster| cluster.demo) {
        let url = format!("http://127.0.0.1:{}", demo.control(control).await?);
        say(
            "control",
            &format!(
                "{url}: `curl -X PUT {url}/{} -d 503` makes a demo server fail, `-d ok` serve again",
                cluster.name
            ),
        );
    }
    Ok(ports)
}

/// What the Envoy that is started can do.
async fn find_version(binary: &Path) -> Result<EnvoyVersion, String> {
    let version = binary::version(binary).await?;
    if version < EnvoyVersion::OLDEST {
        return Err(format!(
            "`{}` is Envoy {version}: Pointsman needs {} or newer",
            binary.display(),
            EnvoyVersion::OLDEST
        ));
    }
    Ok(version)
}

fn write_configuration(config: &Config<'_>, folder: &Folder) -> Result<PathBuf, String> {
    let file = folder.path.join("envoy.yaml");
    let bootstrap = bootstrap::render(config, Some(&folder.path));
    let written = xds::write(&folder.path, config).and_then(|()| std::fs::write(&file, bootstrap));
    written.map(|()| file).map_err(|err| format!("`{}`: {}", folder.path.display(), reason(&err)))
}
