//! Where the clusters of a deployment are, as the mesh sees them: ServiceEntry and DestinationRule.

use crate::deployment::{Cluster, Deployment, Tls};
use crate::envoy::yaml::indent;
use crate::istio::Istio;
use crate::kubernetes::object::{list, scalar};
use crate::kubernetes::{Object, object_name};
use std::net::IpAddr;
use std::path::Path;

/// A cluster and the host that stands for it in routes.
#[derive(Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) host: String,
    pub(crate) port: u16,
    place: Place,
}

/// How the mesh knows a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A Kubernetes service.
    Service,
    /// A name in DNS.
    Name,
    /// Addresses, or several names, which need one name to be called by.
    Endpoints,
}

impl Destination<'_> {
    /// Served by a Kubernetes service, where the mesh does the encryption.
    pub(crate) fn is_service(&self) -> bool {
        self.place == Place::Service
    }
}

/// The destinations of all clusters, or why some cannot be reached from a mesh: each with its place in the file.
pub(crate) fn all<'a>(
    deployment: &'a Deployment,
    folder: &Path,
    name: &str,
) -> Result<Vec<Destination<'a>>, Vec<(String, &'static str)>> {
    let mut problems = Vec::new();
    let mut destinations: Vec<Destination<'a>> = Vec::new();
    for (index, cluster) in deployment.clusters.iter().enumerate() {
        match destination(cluster, folder, name, index) {
            Ok(destination) => {
                let differs = destinations.iter().any(|other| {
                    (&other.host, other.port) == (&destination.host, destination.port)
                        && !is_same(other.cluster, cluster)
                });
                if differs {
                    let why = "another cluster has the same address and port, but other `tls` or another `credential`: to the mesh, both are one";
                    problems.push((format!("clusters[{index}]"), why));
                }
                destinations.push(destination);
            }
            Err((field, why)) => problems.push((format!("clusters[{index}]{field}"), why)),
        }
    }
    if problems.is_empty() { Ok(destinations) } else { Err(problems) }
}

fn destination<'a>(
    cluster: &'a Cluster,
    folder: &Path,
    name: &str,
    index: usize,
) -> Result<Destination<'a>, (&'static str, &'static str)> {
    let places = cluster.places(None);
    let Some((address, port)) = places.first().copied() else {
        return Err(("", "a demo server runs only with `pointsman run`: a mesh needs its address and port"));
    };
    let ca_file = cluster.tls.as_ref().and_then(|tls| tls.ca_file.as_ref());
    if ca_file.is_some_and(|file| is_beside(file, folder)) {
        return Err((".tls.caFile", "must be a path from the root, as the proxy sees it"));
    }
    if cluster.credential.as_ref().is_some_and(|credential| is_beside(&credential.sds, folder)) {
        return Err((".credential.sds", "must be a path from the root, as the proxy sees it"));
    }
    let is_short =
        |address: &str| address.parse::<IpAddr>().is_err() && (!address.contains('.') || address.ends_with(".svc"));
    if places.iter().any(|(address, _)| is_short(address)) {
        let field = if cluster.address.is_some() { ".address" } else { ".endpoints" };
        return Err((field, "write a Kubernetes service in full: name.namespace.svc.cluster.local"));
    }
    let (host, place) = if places.len() > 1 || address.parse::<IpAddr>().is_ok() {
        (format!("{}.pointsman.internal", object_name(name, &cluster.name, index)), Place::Endpoints)
    } else if address.contains(".svc.") {
        (address.to_owned(), Place::Service)
    } else {
        (address.to_owned(), Place::Name)
    };
    Ok(Destination { cluster, host, port, place })
}

/// Was the file's path written as one from the deployment's folder? The proxy has no such folder.
fn is_beside(file: &Path, folder: &Path) -> bool {
    !file.is_absolute() || (folder.is_absolute() && file.starts_with(folder))
}

fn is_same(one: &Cluster, other: &Cluster) -> bool {
    let tls = |cluster: &Cluster| cluster.tls.as_ref().map(|tls| (tls.sni.clone(), tls.ca_file.clone()));
    let key = |cluster: &Cluster| {
        let key = cluster.credential.as_ref()?;
        Some((key.header.clone(), key.sds.clone(), key.secret_name.clone()))
    };
    (tls(one), key(one)) == (tls(other), key(other))
}

/// Makes the mesh know the hosts, and says how to speak with them. Clusters with one host share its objects.
pub(crate) fn objects<'a>(istio: &'a Istio, destinations: &[Destination<'_>]) -> Vec<Object<'a>> {
    let mut objects = Vec::new();
    for (index, destination) in destinations.iter().enumerate() {
        if destinations.iter().take(index).any(|earlier| earlier.host == destination.host) {
            continue;
        }
        let mut ports: Vec<&Destination<'_>> = Vec::new();
        for other in destinations.iter().filter(|other| other.host == destination.host) {
            if !ports.iter().any(|known| known.port == other.port) {
                ports.push(other);
            }
        }
        let name = object_name(&istio.name, &destination.cluster.name, index);
        if !destination.is_service() {
            objects.push(Object {
                comment: String::new(),
                api_version: "networking.istio.io/v1",
                kind: "ServiceEntry",
                name: name.clone(),
                namespace: &istio.namespace,
                labels: Vec::new(),
                spec: service_entry(destination, &ports),
            });
        }
        objects.push(Object {
            comment: String::new(),
            api_version: "networking.istio.io/v1",
            kind: "DestinationRule",
            name,
            namespace: &istio.namespace,
            labels: Vec::new(),
            spec: destination_rule(destination, &ports),
        });
    }
    objects
}

fn service_entry(destination: &Destination<'_>, ports: &[&Destination<'_>]) -> String {
    let items: String = ports
        .iter()
        .map(|port| format!("- {{ number: {}, name: {}, protocol: {} }}\n", port.port, port_name(port), protocol(port)))
        .collect();
    format!(
        "hosts: {hosts}
# Only here: applications elsewhere reach it by way of the policy, or not at all.
exportTo: [\".\"]
location: MESH_EXTERNAL
ports:
{items}{place}
",
        hosts = list([destination.host.as_str()]),
        place = if destination.place == Place::Endpoints { endpoints(destination) } else { "resolution: DNS".into() },
    )
}

/// HTTPS, though the proxy speaks it and no application: with HTTP, a sidecar would read all traffic on the port.
fn protocol(destination: &Destination<'_>) -> &'static str {
    if destination.cluster.tls.is_some() { "HTTPS" } else { "HTTP" }
}

fn port_name(destination: &Destination<'_>) -> String {
    format!("{}-{}", protocol(destination).to_ascii_lowercase(), destination.port)
}

fn endpoints(destination: &Destination<'_>) -> String {
    let places = destination.cluster.places(None);
    let resolution = if places.iter().all(|(address, _)| address.parse::<IpAddr>().is_ok()) { "STATIC" } else { "DNS" };
    let endpoint = |(address, port): &(&str, u16)| {
        format!("\n- {{ address: {}, ports: {{ {}: {port} }} }}", scalar(address), port_name(destination))
    };
    format!("resolution: {resolution}\nendpoints:{}", places.iter().map(endpoint).collect::<String>())
}

fn destination_rule(destination: &Destination<'_>, ports: &[&Destination<'_>]) -> String {
    let settings: String = ports
        .iter()
        .map(|port| format!("  - port: {{ number: {} }}\n    {}\n", port.port, indent(&traffic(port), 4)))
        .collect();
    format!(
        "host: {host}
exportTo: [\".\"]
trafficPolicy:
  portLevelSettings:
{settings}",
        host = scalar(&destination.host),
    )
}

/// Connections, ejection and TLS of one port.
fn traffic(destination: &Destination<'_>) -> String {
    let cluster = destination.cluster;
    let (limits, outliers) = (&cluster.circuit_breakers, &cluster.outlier_detection);
    format!(
        "connectionPool:
  tcp:
    maxConnections: {connections}
    connectTimeout: {connect_timeout}
    tcpKeepalive: {{ time: 60s, interval: 15s }}
  # An answer takes a connection for as long as the model speaks.
  http: {{ http1MaxPendingRequests: {pending}, http2MaxRequests: {requests}, maxRetries: {retries}, idleTimeout: 60s }}
# A provider that only fails is left alone for a while. 429 and 529 never count.
outlierDetection:
  consecutive5xxErrors: {errors}
  consecutiveGatewayErrors: {gateway_errors}
  interval: {interval}
  baseEjectionTime: {ejection}
  maxEjectionPercent: {percent}
{tls}",
        connections = limits.max_connections,
        connect_timeout = cluster.connect_timeout,
        pending = limits.max_pending_requests,
        requests = limits.max_requests,
        retries = limits.max_retries,
        errors = outliers.consecutive_5xx,
        gateway_errors = outliers.consecutive_gateway_failure,
        interval = outliers.interval,
        ejection = outliers.base_ejection_time,
        percent = outliers.max_ejection_percent,
        tls = cluster.tls.as_ref().map(|tls| client_tls(tls, destination)).unwrap_or_default(),
    )
}

fn client_tls(tls: &Tls, destination: &Destination<'_>) -> String {
    let server = tls.sni.as_deref().or(destination.cluster.address.as_deref()).unwrap_or(&destination.host);
    // SNI has no addresses (RFC 6066, section 3).
    let sni = if server.parse::<IpAddr>().is_ok() { String::new() } else { format!("\n  sni: {}", scalar(server)) };
    let ca = match &tls.ca_file {
        Some(file) => format!("\n  caCertificates: {}", scalar(&file.display().to_string())),
        None => "\n  # What the proxy's own system trusts.\n  caCertificates: system".into(),
    };
    format!(
        "tls:
  mode: SIMPLE{sni}
  # The name that its certificate must be valid for.
  subjectAltNames: {names}{ca}
",
        names = list([server]),
    )
}
