//! The deployment file: where Envoy listens, which policy it runs and where the clusters are.

mod cluster;
pub(crate) mod cors;
pub(crate) mod failover;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod rate_limit_service;
pub(crate) mod timeouts;
pub(crate) mod version;

pub(crate) use cluster::{Cluster, Credential, Tls};
use cors::Cors;
pub(crate) use failover::{Failover, Mechanism};
use listener::Listener;
/// How the request headers wait while the body is read.
pub(crate) use pointsman_engine::config::Hold;
use rate_limit_service::RateLimitService;
use timeouts::Timeouts;
pub(crate) use version::EnvoyVersion;

use crate::envoy_gateway::EnvoyGateway;
use crate::istio::Istio;
use limits::Overload;
pub(crate) use pointsman_document::duration;
use pointsman_document::{Document, Path as Field, Read, Report, Value, object, schema_of};
use pointsman_source::{Finding, Source};
use std::path::{Path, PathBuf};

/// The file looked for when a folder is named.
const FILE_NAME: &str = "deployment.yaml";

object! {
    /// Where Envoy listens, which policy it runs and where the clusters are.
    pub(crate) struct Deployment {
        /// The Envoy that `render` writes for; `run` asks the one it starts. Default: the oldest, whose configuration
        /// works in every later one.
        "envoyVersion" => envoy_version: Option<EnvoyVersion>,
        /// Where clients call.
        "listener" => listener: Listener = Document::EMPTY,
        /// Where Envoy's admin interface listens.
        "admin" => admin: Endpoint = Document::object([("port", 0u32.into())]),
        /// The policy's file, relative to the deployment file.
        "policy" => policy: PathBuf = "policy.yaml",
        /// How the request headers wait while the body is read.
        "hold" => hold: Hold = "stop",
        /// What may be held of a request while it is read; 0 stands for no limit, as in Envoy. Above the default of a
        /// policy's `limits.maxBodyBytes`, a body beyond that is refused by the module, in the words of the client's API.
        // Envoy's own default is 1 MiB.
        "bufferLimitBytes" => buffer_limit_bytes: u32 = 40u32 * 1024 * 1024,
        /// What Envoy as a whole may take from its clients.
        "overload" => overload: Overload = Document::EMPTY,
        /// The cluster that serves what is not an LLM call; without it, such a request gets a 404.
        "defaultCluster" => default_cluster: Option<String>,
        /// Which pages of other origins may call from a browser.
        "cors" => cors: Option<Cors>,
        /// How long requests may take.
        "timeouts" => timeouts: Timeouts = Document::EMPTY,
        /// How a request moves on to the next model of its chain.
        "failover" => failover: Failover = Document::EMPTY,
        /// Who counts the policy's budgets with `scope: global`, for all proxies that ask it.
        "rateLimitService" => rate_limit_service: Option<RateLimitService>,
        /// The providers and servers that the policy's models are at.
        "clusters" => clusters: Vec<Cluster>,
        /// Where in a mesh the module goes, for `render istio`.
        "istio" => istio: Option<Istio>,
        /// Into which of Envoy Gateway's gateways it goes, for `render envoy-gateway`.
        "envoyGateway" => envoy_gateway: Option<EnvoyGateway>,
    }
    required("clusters");
}

object! {
    /// An address and a port.
    pub(crate) struct Endpoint {
        /// The address.
        "address" => address: String = "127.0.0.1",
        /// The port. To listen on, port 0 stands for any free port.
        "port" => port: u16,
    }
}

impl Deployment {
    /// The cluster of that name.
    pub(crate) fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// The version that is rendered for when nobody says another.
    pub(crate) fn version(&self) -> EnvoyVersion {
        self.envoy_version.unwrap_or(EnvoyVersion::OLDEST)
    }
}

/// The JSON Schema of a deployment file. It knows the shape; [`load`] also knows what does not go together.
pub(crate) fn schema() -> Value {
    schema_of::<Deployment>("Pointsman deployment")
}

/// Reads a deployment file, or `deployment.yaml` in the folder `path`. The source is for findings about it.
///
/// In what comes back, files are paths that can be opened.
pub(crate) fn load(path: &Path) -> Result<(Deployment, Source), Vec<Finding>> {
    let file = if path.is_dir() { path.join(FILE_NAME) } else { path.to_path_buf() };
    let source = Source::read(&file).map_err(|finding| vec![finding])?;
    let (root, mut report) = (Field::Root, Report::default());
    let deployment = Deployment::read(&source.document, &root, &mut report);
    deployment.check(&root, &mut report);
    let mut deployment = report.finish(deployment).map_err(|errors| source.findings(&errors))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    deployment.policy = folder.join(&deployment.policy);
    if let Some(tls) = &mut deployment.listener.tls {
        let files = [&mut tls.certificate_file, &mut tls.key_file].into_iter();
        files.chain(tls.client_ca_file.as_mut()).for_each(|file| *file = folder.join(&*file));
    }
    if let Some(file) =
        deployment.rate_limit_service.as_mut().and_then(|service| service.tls.as_mut()?.ca_file.as_mut())
    {
        *file = folder.join(&*file);
    }
    for cluster in &mut deployment.clusters {
        let ca_file = cluster.tls.as_mut().and_then(|tls| tls.ca_file.as_mut());
        let secret = cluster.credential.as_mut().map(|credential| &mut credential.sds);
        for file in ca_file.into_iter().chain(secret) {
            *file = folder.join(&*file);
        }
    }
    Ok((deployment, source))
}

/// How the names of the clusters begin that chains and copies need.
const RESERVED: [&str; 6] = ["model:", "mirror:", "failover:", "own-key:", "try:", "pointsman-"];

impl Deployment {
    /// What the types alone do not rule out. What could not be read is held against nothing.
    fn check(&self, at: &Field<'_>, report: &mut Report) {
        let at_clusters = at.key("clusters");
        let mut are_named = !report.is_lost(&at_clusters);
        for (index, cluster) in self.clusters.iter().enumerate() {
            let (at, name) = (at_clusters.index(index), &cluster.name);
            are_named &= report.is_sound(&at, &["name"]);
            cluster.check(&at, report);
            if let Some(prefix) = RESERVED.iter().find(|prefix| name.starts_with(**prefix)) {
                let message = format!("clusters that begin with `{prefix}` are made by `render`");
                report.add(&at.key("name"), message.into());
            }
            if self.clusters.iter().take(index).any(|earlier| earlier.name == *name) {
                report.add(&at.key("name"), format!("a cluster `{name}` is already there").into());
            }
        }
        self.listener.check(&at.key("listener"), report);
        if report.is_sound(at, &["listener", "admin"]) {
            self.admin.check_admin(&self.listener, &at.key("admin"), report);
        }
        self.failover.check(&at.key("failover"), report);
        if let Some(cors) = &self.cors {
            cors.check(&at.key("cors"), report);
        }
        if let Some(name) = self.default_cluster.as_deref().filter(|name| are_named && self.cluster(name).is_none()) {
            report.add(&at.key("defaultCluster"), format!("no cluster `{name}` in this file").into());
        }
        if let Some(service) = &self.rate_limit_service {
            service.check(&at.key("rateLimitService"), report);
        }
        if let Some(istio) = &self.istio {
            istio.check(&at.key("istio"), report);
        }
        if let Some(envoy_gateway) = &self.envoy_gateway {
            envoy_gateway.check(&at.key("envoyGateway"), report);
        }
    }
}

#[cfg(test)]
mod tests;
