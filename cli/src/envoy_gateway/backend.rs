//! The clusters of a deployment as Backends, and how their certificates are checked.

use super::settings::EnvoyGateway;
use crate::deployment::{Cluster, Deployment};
use crate::kubernetes::{Object, object_name};
use crate::yaml::{List, Map};
use std::net::IpAddr;

/// A cluster and its Backend's name.
#[derive(Debug)]
pub(super) struct Backend<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) name: String,
}

impl Backend<'_> {
    /// The item of a route's `backendRefs`.
    pub(super) fn reference(&self) -> Map {
        Map::line().with("group", "gateway.envoyproxy.io").with("kind", "Backend").with("name", &self.name)
    }
}

/// The backends of all clusters, or why some cannot be: each with its place in the file.
pub(super) fn all<'a>(
    settings: &EnvoyGateway,
    deployment: &'a Deployment,
) -> Result<Vec<Backend<'a>>, Vec<(String, String)>> {
    let mut problems = Vec::new();
    let mut backends = Vec::new();
    for (index, cluster) in deployment.clusters.iter().enumerate() {
        if let Some((field, why)) = problem(settings, cluster) {
            problems.push((format!("clusters[{index}]{field}"), why.to_owned()));
        }
        backends.push(Backend { cluster, name: object_name(&settings.name, &cluster.name, index) });
    }
    if problems.is_empty() { Ok(backends) } else { Err(problems) }
}

fn problem(settings: &EnvoyGateway, cluster: &Cluster) -> Option<(&'static str, &'static str)> {
    if cluster.demo {
        return Some(("", "a demo server runs only with `pointsman run`: a gateway needs its address and port"));
    }
    if cluster.credential.is_some() {
        return Some((
            ".credential",
            "a key from a file is not for Envoy Gateway: put it into a Secret, and an HTTPRouteFilter with `credentialInjection` on the route",
        ));
    }
    let tls = cluster.tls.as_ref()?;
    if tls.ca_file.is_some() && settings.ca_config_map.is_none() {
        return Some((
            ".tls.caFile",
            "a BackendTLSPolicy takes certificates from a ConfigMap: name it in `envoyGateway.caConfigMap`",
        ));
    }
    if server(cluster).is_none_or(|server| server.parse::<IpAddr>().is_ok()) {
        return Some((".tls", "a BackendTLSPolicy checks a host name: give it as `sni`"));
    }
    None
}

/// The name that the certificate must be valid for.
fn server(cluster: &Cluster) -> Option<&str> {
    cluster.tls.as_ref()?.sni.as_deref().or(cluster.address.as_deref())
}

pub(super) fn objects<'a>(settings: &'a EnvoyGateway, backends: &[Backend<'_>]) -> Vec<Object<'a>> {
    let mut objects = Vec::new();
    for (number, backend) in backends.iter().enumerate() {
        let object = |api_version, kind, comment: &str, spec| Object {
            comment: comment.into(),
            api_version,
            kind,
            name: backend.name.clone(),
            namespace: &settings.namespace,
            labels: Vec::new(),
            spec,
        };
        let comment = if number == 0 { "Backends are off by default: extensionApis.enableBackend." } else { "" };
        let endpoints = List::of(backend.cluster.places(None).iter().map(endpoint));
        let spec = Map::new().with("endpoints", endpoints);
        objects.push(object("gateway.envoyproxy.io/v1alpha1", "Backend", comment, spec));
        if let Some(server) = server(backend.cluster) {
            let spec = tls_policy(settings, backend, server);
            objects.push(object("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "", spec));
        }
    }
    objects
}

fn endpoint((address, port): &(&str, u16)) -> Map {
    let (kind, field) = if address.parse::<IpAddr>().is_ok() { ("ip", "address") } else { ("fqdn", "hostname") };
    Map::new().with(kind, Map::line().with(field, *address).with("port", *port))
}

fn tls_policy(settings: &EnvoyGateway, backend: &Backend<'_>, server: &str) -> Map {
    let has_file = backend.cluster.tls.as_ref().is_some_and(|tls| tls.ca_file.is_some());
    let validation = Map::new().with("hostname", server);
    let validation = match settings.ca_config_map.as_ref().filter(|_| has_file) {
        Some(map) => {
            let map = Map::line().with("group", "").with("kind", "ConfigMap").with("name", map);
            validation.with("caCertificateRefs", List::line([map]))
        }
        None => validation.with("wellKnownCACertificates", "System"),
    };
    Map::new().with("targetRefs", List::of([backend.reference()])).with("validation", validation)
}
