//! The deployment file: where Envoy listens, which policy it runs and where the clusters are.

mod cluster;
pub(crate) mod duration;
pub(crate) mod failover;
pub(crate) mod limits;
pub(crate) mod version;

pub(crate) use cluster::{Cluster, Credential, Tls};
pub(crate) use failover::{Failover, Mechanism};
pub(crate) use version::EnvoyVersion;

use crate::envoy_gateway::EnvoyGateway;
use crate::istio::Istio;
use pointsman_source::{Finding, Part, Source};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file looked for when a folder is named.
const FILE_NAME: &str = "deployment.yaml";

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Deployment {
    /// The Envoy that `render` writes for; `run` asks the one it starts.
    #[serde(default)]
    pub(crate) envoy_version: Option<EnvoyVersion>,
    #[serde(default = "Endpoint::listener")]
    pub(crate) listener: Endpoint,
    #[serde(default = "Endpoint::admin")]
    pub(crate) admin: Endpoint,
    /// Relative to the deployment file; after [`load`], a path that can be opened.
    #[serde(default = "default_policy")]
    pub(crate) policy: PathBuf,
    #[serde(default)]
    pub(crate) hold: Hold,
    /// What may be held of a request while it is read; 0 stands for no limit, as in Envoy.
    #[serde(default = "default_buffer_limit")]
    pub(crate) buffer_limit_bytes: u32,
    /// Serves what is not an LLM call; without it, such a request gets a 404.
    #[serde(default)]
    pub(crate) default_cluster: Option<String>,
    #[serde(default)]
    pub(crate) failover: Failover,
    pub(crate) clusters: Vec<Cluster>,
    /// Where in a mesh the module goes, for `render istio`.
    #[serde(default)]
    pub(crate) istio: Option<Istio>,
    /// Into which of Envoy Gateway's gateways it goes, for `render envoy-gateway`.
    #[serde(default)]
    pub(crate) envoy_gateway: Option<EnvoyGateway>,
}

/// An address and a port. To listen on, port 0 stands for any free port.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoint {
    #[serde(default = "loopback")]
    pub(crate) address: String,
    pub(crate) port: u16,
}

/// How the request headers wait while the body is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Hold {
    #[default]
    Stop,
    Gate,
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

impl Endpoint {
    fn listener() -> Self {
        Self { address: loopback(), port: 10000 }
    }

    fn admin() -> Self {
        Self { address: loopback(), port: 0 }
    }
}

fn loopback() -> String {
    "127.0.0.1".into()
}

fn default_policy() -> PathBuf {
    "policy.yaml".into()
}

/// Above the default of a policy's `limits.maxBodyBytes`, so that a body beyond that is refused by the module, in the
/// words of the client's API. Envoy's own default is 1 MiB.
fn default_buffer_limit() -> u32 {
    40 * 1024 * 1024
}

/// Reads a deployment file, or `deployment.yaml` in the folder `path`. The source is for findings about it.
pub(crate) fn load(path: &Path) -> Result<(Deployment, Source), Vec<Finding>> {
    let file = if path.is_dir() { path.join(FILE_NAME) } else { path.to_path_buf() };
    let source = Source::read(&file).map_err(|finding| vec![finding])?;
    let value = serde_json::to_value(&source.document).unwrap_or_default();
    let mut deployment: Deployment = serde_path_to_error::deserialize(value).map_err(|err| {
        let path = err.path().to_string();
        let message = plain(&err.into_inner().to_string());
        let part = if message.starts_with("unknown field") { Part::Key } else { Part::Value };
        vec![source.finding(if path == "." { "" } else { &path }, part, &message)]
    })?;
    let findings: Vec<_> =
        problems(&deployment).iter().map(|(path, message)| source.finding(path, Part::Value, message)).collect();
    if !findings.is_empty() {
        return Err(findings);
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    deployment.policy = folder.join(&deployment.policy);
    for cluster in &mut deployment.clusters {
        let ca_file = cluster.tls.as_mut().and_then(|tls| tls.ca_file.as_mut());
        let secret = cluster.credential.as_mut().map(|credential| &mut credential.sds);
        for file in ca_file.into_iter().chain(secret) {
            *file = folder.join(&*file);
        }
    }
    Ok((deployment, source))
}

/// serde's sentences in this program's words: no Rust type names.
fn plain(message: &str) -> String {
    let message =
        message.replace("invalid type: ", "wrong type: ").replace("a sequence", "a list").replace("sequence", "list");
    let message = message
        .replace("expected u16", "expected a whole number up to 65535")
        .replace("expected u32", "expected a whole number up to 4294967295");
    match message.split_once("expected struct ") {
        Some((start, _)) => format!("{start}expected an object"),
        None => message,
    }
}

/// How the names of the clusters begin that chains and copies need.
const RESERVED: [&str; 4] = ["model:", "mirror:", "failover:", "own-key:"];

/// What the types alone do not rule out.
fn problems(deployment: &Deployment) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let clusters = &deployment.clusters;
    for (index, cluster) in clusters.iter().enumerate() {
        let own = format!("clusters[{index}]");
        for (field, message) in cluster.problems() {
            problems.push((if field.is_empty() { own.clone() } else { format!("{own}.{field}") }, message));
        }
        if let Some(prefix) = RESERVED.iter().find(|prefix| cluster.name.starts_with(**prefix)) {
            problems.push((format!("{own}.name"), format!("clusters that begin with `{prefix}` are made by `render`")));
        }
        if clusters.iter().take(index).any(|earlier| earlier.name == cluster.name) {
            problems.push((format!("{own}.name"), format!("a cluster `{}` is already there", cluster.name)));
        }
    }
    let failover = deployment.failover.problems().into_iter();
    problems.extend(failover.map(|(field, message)| (format!("failover.{field}"), message)));
    if let Some(name) = &deployment.default_cluster
        && !clusters.iter().any(|cluster| cluster.name == *name)
    {
        problems.push(("defaultCluster".into(), format!("no cluster `{name}` in this file")));
    }
    let istio = deployment.istio.iter().flat_map(Istio::problems);
    problems.extend(istio.map(|(field, message)| (format!("istio.{field}"), message)));
    let envoy_gateway = deployment.envoy_gateway.iter().flat_map(EnvoyGateway::problems);
    problems.extend(envoy_gateway.map(|(field, message)| (format!("envoyGateway.{field}"), message)));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn read(text: &str) -> Result<Deployment, Vec<String>> {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let (process, nth) = (std::process::id(), FILES.fetch_add(1, Ordering::Relaxed));
        let file = std::env::temp_dir().join(format!("pointsman-deployment-{process}-{nth}.yaml"));
        std::fs::write(&file, text).unwrap();
        let read = load(&file).map(|(deployment, _)| deployment).map_err(|findings| {
            findings.iter().map(|finding| format!("{finding}").replace(&format!("{}", file.display()), "f")).collect()
        });
        std::fs::remove_file(file).unwrap();
        read
    }

    fn refused(text: &str, finding: &str) {
        assert_eq!(read(text).unwrap_err(), [finding], "{text}");
    }

    #[test]
    fn defaults_are_filled_in() {
        let deployment = read("clusters: [{ name: a, demo: true }]").unwrap();
        assert_eq!((deployment.listener.port, deployment.admin.port, deployment.hold), (10000, 0, Hold::Stop));
        assert_eq!(deployment.buffer_limit_bytes, 41_943_040);
        assert!(deployment.policy.ends_with("policy.yaml") && deployment.policy.is_absolute());
    }

    #[test]
    fn mistakes_are_placed() {
        refused(
            "clusters:\n- { name: a, adress: b }\n",
            "f:2:14: clusters[0].adress: unknown field `adress`, expected one of `name`, `address`, `port`, `endpoints`, `tls`, `authority`, `credential`, `connectTimeout`, `circuitBreakers`, `outlierDetection`, `healthCheck`, `demo`, `demoKey`",
        );
        refused(
            "clusters: [{ name: a }]",
            "f:1:12: clusters[0]: needs an address and a port, or `endpoints`, or `demo: true`",
        );
        refused(
            "clusters: [{ name: a, address: b, port: 1, demoKey: k }]",
            "f:1:53: clusters[0].demoKey: only a cluster with `demo: true` has one",
        );
        refused(
            "defaultCluster: b\nclusters: [{ name: a, demo: true }]",
            "f:1:17: defaultCluster: no cluster `b` in this file",
        );
        refused(
            "clusters: [{ name: a, demo: true }, { name: a, demo: true }]",
            "f:1:45: clusters[1].name: a cluster `a` is already there",
        );
        refused(
            "clusters: [{ name: \"model:a\", demo: true }]",
            "f:1:20: clusters[0].name: clusters that begin with `model:` are made by `render`",
        );
        refused("hold: never\nclusters: []", "f:1:7: hold: unknown variant `never`, expected `stop` or `gate`");
        refused("listener: 5\nclusters: []", "f:1:11: listener: wrong type: integer `5`, expected an object");
        refused(
            "bufferLimitBytes: 40MiB\nclusters: []",
            "f:1:19: bufferLimitBytes: wrong type: string \"40MiB\", expected a whole number up to 4294967295",
        );
        refused(
            "listener: { port: 70000 }\nclusters: []",
            "f:1:19: listener.port: invalid value: integer `70000`, expected a whole number up to 65535",
        );
    }
    #[test]
    fn failover_has_defaults_that_fit_llms() {
        let deployment = read("clusters: [{ name: a, demo: true }]").unwrap();
        let failover = &deployment.failover;
        assert_eq!((deployment.version().to_string().as_str(), failover.mechanism), ("1.36", Mechanism::Aggregate));
        assert_eq!((failover.per_try_idle_timeout.to_string().as_str(), failover.per_try_timeout), ("120s", None));
        assert_eq!(failover.retriable_status_codes, [429, 529]);
        assert_eq!(deployment.clusters[0].circuit_breakers.max_retries, 10_000);
        assert!(read("envoyVersion: \"1.40\"\nfailover: { mechanism: priorityGroup }\nclusters: []").is_ok());
    }

    #[test]
    fn files_are_found_beside_the_deployment() {
        let deployment = read(
            "clusters: [{ name: a, address: x, port: 1, tls: { caFile: ca.pem }, credential: { sds: key.yaml } }]",
        )
        .unwrap();
        let cluster = &deployment.clusters[0];
        let credential = cluster.credential.as_ref().unwrap();
        assert_eq!((credential.header.as_str(), &credential.secret_name), ("authorization", &None));
        assert!(credential.sds.is_absolute() && credential.sds.ends_with("key.yaml"));
        assert!(cluster.tls.as_ref().unwrap().ca_file.as_ref().unwrap().is_absolute());
    }

    #[test]
    fn mistakes_in_failover_are_placed() {
        let clusters = "\nclusters: []";
        let one = |text: &str, finding: &str| refused(&format!("{text}{clusters}"), finding);
        one("envoyVersion: 1.40", "f:1:15: envoyVersion: a version needs quotes, as in \"1.36\"");
        one(
            "envoyVersion: \"1.35\"",
            "f:1:15: envoyVersion: expected an Envoy version from \"1.36\" to \"1.40\", found `1.35`",
        );
        one(
            "failover: { mechanism: cascade }",
            "f:1:24: failover.mechanism: unknown variant `cascade`, expected one of `aggregate`, `composite`, `priorityGroup`",
        );
        one(
            "failover: { perTryTimeout: 5 }",
            "f:1:28: failover.perTryTimeout: wrong type: integer `5`, expected a string",
        );
        one(
            "failover: { perTryIdleTimeout: 5d }",
            "f:1:32: failover.perTryIdleTimeout: expected a time such as 500ms, 120s or 5m, found `5d`",
        );
        one(
            "failover: { retryOn: [] }",
            "f:1:22: failover.retryOn: must not be empty: no fallback would ever be tried",
        );
        one(
            "failover: { retriableStatusCodes: [200] }",
            "f:1:36: failover.retriableStatusCodes[0]: expected a status of a failure, from 400 to 599, found 200",
        );
        one(
            "failover: { backOff: { baseInterval: 1s } }",
            "f:1:22: failover.backOff.maxInterval: must not be below `baseInterval`",
        );
        assert!(
            read("failover: { retryOn: [5xx, 5xy] }\nclusters: []").unwrap_err()[0]
                .starts_with("f:1:28: failover.retryOn[1]: unknown condition `5xy`, expected one of 5xx, ")
        );
    }

    #[test]
    fn mistakes_in_a_cluster_are_placed() {
        let one = |cluster: &str, finding: &str| refused(&format!("clusters:\n- {{ name: a, {cluster} }}"), finding);
        one(
            "demo: true, endpoints: [{ port: 1 }]",
            "f:2:3: clusters[0]: a demo cluster has no address, port, endpoints or tls",
        );
        one(
            "address: x, port: 1, endpoints: [{ port: 1 }]",
            "f:2:46: clusters[0].endpoints: a cluster has either an address and a port, or `endpoints`",
        );
        one("endpoints: [{ port: 1 }, { port: 0 }]", "f:2:47: clusters[0].endpoints[1].port: must not be 0");
        one(
            "endpoints: [{ port: 1 }], tls: {}",
            "f:2:45: clusters[0].tls: several endpoints need `sni`: the name that their certificates are valid for",
        );
        one(
            "demo: true, authority: \"a b\"",
            "f:2:37: clusters[0].authority: expected a host, visible ASCII characters",
        );
        one(
            "demo: true, credential: { sds: k, header: Authorization }",
            "f:2:56: clusters[0].credential.header: expected a header's name, in lower case",
        );
        one(
            "demo: true, credential: { sds: k, header: x-pointsman-plan }",
            "f:2:56: clusters[0].credential.header: expected a header's name, in lower case",
        );
        one("demo: true, credential: {}", "f:2:38: clusters[0].credential: missing field `sds`");
        one(
            "demo: true, circuitBreakers: { maxRequests: 0 }",
            "f:2:58: clusters[0].circuitBreakers.maxRequests: must not be 0: nothing would get through",
        );
        one(
            "demo: true, outlierDetection: { maxEjectionPercent: 101 }",
            "f:2:66: clusters[0].outlierDetection.maxEjectionPercent: must not be above 100",
        );
        one("demo: true, healthCheck: { path: health }", "f:2:47: clusters[0].healthCheck.path: must begin with `/`");
    }
}
