//! Where the clusters of a deployment are, as the mesh sees them: ServiceEntry and DestinationRule.

use crate::deployment::{Cluster, Deployment, Tls};
use crate::istio::Istio;
use crate::kubernetes::{Object, object_name};
use crate::yaml::{List, Map};
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

fn service_entry(destination: &Destination<'_>, ports: &[&Destination<'_>]) -> Map {
    let port = |port: &&Destination<'_>| {
        Map::line().with("number", port.port).with("name", port_name(port)).with("protocol", protocol(port))
    };
    let entry = Map::new()
        .with("hosts", List::line([&destination.host]))
        .noted(
            "Only here: applications elsewhere reach it by way of the policy, or not at all.",
            "exportTo",
            List::line(["."]),
        )
        .with("location", "MESH_EXTERNAL")
        .with("ports", List::of(ports.iter().map(port)));
    match destination.place {
        Place::Endpoints => entry.and(endpoints(destination)),
        Place::Service | Place::Name => entry.with("resolution", "DNS"),
    }
}

/// HTTPS, though the proxy speaks it and no application: with HTTP, a sidecar would read all traffic on the port.
fn protocol(destination: &Destination<'_>) -> &'static str {
    if destination.cluster.tls.is_some() { "HTTPS" } else { "HTTP" }
}

fn port_name(destination: &Destination<'_>) -> String {
    format!("{}-{}", protocol(destination).to_ascii_lowercase(), destination.port)
}

fn endpoints(destination: &Destination<'_>) -> Map {
    let places = destination.cluster.places(None);
    let resolution = if places.iter().all(|(address, _)| address.parse::<IpAddr>().is_ok()) { "STATIC" } else { "DNS" };
    let endpoint = |(address, port): &(&str, u16)| {
        Map::line().with("address", *address).with("ports", Map::line().with(port_name(destination), *port))
    };
    Map::new().with("resolution", resolution).with("endpoints", List::of(places.iter().map(endpoint)))
}

fn destination_rule(destination: &Destination<'_>, ports: &[&Destination<'_>]) -> Map {
    let settings =
        ports.iter().map(|port| Map::new().with("port", Map::line().with("number", port.port)).and(traffic(port)));
    Map::new()
        .with("host", &destination.host)
        .with("exportTo", List::line(["."]))
        .with("trafficPolicy", Map::new().with("portLevelSettings", List::of(settings)))
}

/// Connections, ejection and TLS of one port.
fn traffic(destination: &Destination<'_>) -> Map {
    let (limits, outliers) = (&destination.cluster.circuit_breakers, &destination.cluster.outlier_detection);
    let tcp = Map::new()
        .with("maxConnections", limits.max_connections)
        .with("connectTimeout", destination.cluster.connect_timeout.to_string())
        .with("tcpKeepalive", Map::line().with("time", "60s").with("interval", "15s"));
    let http = Map::line()
        .with("http1MaxPendingRequests", limits.max_pending_requests)
        .with("http2MaxRequests", limits.max_requests)
        .with("maxRetries", limits.max_retries)
        .with("idleTimeout", "60s");
    let pool = Map::new().with("tcp", tcp).noted(
        "An answer takes a connection for as long as the model speaks.",
        "http",
        http,
    );
    let detection = Map::new()
        .with("consecutive5xxErrors", outliers.consecutive_5xx)
        .with("consecutiveGatewayErrors", outliers.consecutive_gateway_failure)
        .with("interval", outliers.interval.to_string())
        .with("baseEjectionTime", outliers.base_ejection_time.to_string())
        .with("maxEjectionPercent", outliers.max_ejection_percent);
    let tls = destination.cluster.tls.as_ref().map(|tls| client_tls(tls, destination));
    Map::new()
        .with("connectionPool", pool)
        .noted(
            "A provider that only fails is left alone for a while. 429 and 529 never count.",
            "outlierDetection",
            detection,
        )
        .with_some("tls", tls)
}

fn client_tls(tls: &Tls, destination: &Destination<'_>) -> Map {
    let server = tls.sni.as_deref().or(destination.cluster.address.as_deref()).unwrap_or(&destination.host);
    // SNI has no addresses (RFC 6066, section 3).
    let sni = server.parse::<IpAddr>().is_err().then_some(server);
    let client = Map::new().with("mode", "SIMPLE").with_some("sni", sni).noted(
        "The name that its certificate must be valid for.",
        "subjectAltNames",
        List::line([server]),
    );
    match &tls.ca_file {
        Some(file) => client.with("caCertificates", file.display().to_string()),
        None => client.noted("What the proxy's own system trusts.", "caCertificates", "system"),
    }
}
