//! How requests come to the proxy with the module: the Gateway, and the host that applications in the mesh call.

use super::plugin;
use super::settings::{Istio, Target};
use crate::kubernetes::Object;
use crate::yaml::{List, Map};

/// What has to be there in front of the module.
pub(super) fn objects(istio: &Istio) -> Vec<Object<'_>> {
    match istio.target {
        Target::IngressGateway if istio.gateway.is_none() && istio.gateways.is_empty() => vec![ingress(istio)],
        Target::IngressGateway => Vec::new(),
        Target::EgressGateway => vec![egress(istio), host(istio), to_gateway(istio), mutual_tls(istio)],
        Target::Sidecar | Target::Waypoint => vec![host(istio)],
    }
}

fn object<'a>(istio: &'a Istio, kind: &'static str, comment: &str, name: String, spec: Map) -> Object<'a> {
    Object {
        comment: comment.into(),
        api_version: "networking.istio.io/v1",
        kind,
        name,
        namespace: &istio.namespace,
        labels: Vec::new(),
        spec,
    }
}

fn port(number: u16, protocol: &str) -> Map {
    let name = protocol.to_ascii_lowercase();
    Map::line().with("number", number).with("name", name).with("protocol", protocol)
}

/// A Gateway of Istio's own API for the selected proxies.
fn servers(istio: &Istio, port: Map, tls: Option<Map>) -> Map {
    let server = Map::new().with("port", port).with("hosts", List::line(&istio.hosts)).with_some("tls", tls);
    Map::new().with("selector", plugin::labels(istio)).with("servers", List::of([server]))
}

fn ingress(istio: &Istio) -> Object<'_> {
    let (protocol, tls, comment) = match &istio.credential_name {
        Some(secret) => ("HTTPS", Some(Map::line().with("mode", "SIMPLE").with("credentialName", secret)), ""),
        None => ("HTTP", None, "Prompts and keys come in plain text here: name a certificate with `credentialName`."),
    };
    let spec = servers(istio, port(istio.port(), protocol), tls);
    object(istio, "Gateway", comment, istio.name.clone(), spec)
}

/// Mutual TLS from the applications' sidecars: so the router knows who calls (`match.principals`).
fn egress(istio: &Istio) -> Object<'_> {
    let spec = servers(istio, port(istio.proxy_port(), "HTTPS"), Some(Map::line().with("mode", "ISTIO_MUTUAL")));
    object(
        istio,
        "Gateway",
        "Mutual TLS from the applications' sidecars, so that the router knows who calls (`match.principals`).",
        istio.name.clone(),
        spec,
    )
}

/// The host that applications call. Nothing serves it but the routes.
fn host(istio: &Istio) -> Object<'_> {
    // Elsewhere, sidecars without the module would follow routes by a header that their application wrote.
    let export = (istio.target == Target::Sidecar).then(|| List::line(["."]));
    let spec = Map::new()
        .with("hosts", List::line(&istio.hosts))
        .with_some("exportTo", export)
        .with("location", "MESH_INTERNAL")
        .with("resolution", "STATIC")
        .with("ports", List::of([port(istio.port(), "HTTP")]));
    let comment = "What applications call, in plain HTTP. Istio gives it an address (sidecars need DNS capture:\nISTIO_META_DNS_CAPTURE); nothing stands behind it but the routes below.";
    let mut object = object(istio, "ServiceEntry", comment, istio.name.clone(), spec);
    if let (Target::Waypoint, Some(waypoint)) = (istio.target, &istio.gateway) {
        object.labels.push(("istio.io/use-waypoint", waypoint));
    }
    object
}

/// The egress gateway's service.
fn service(istio: &Istio) -> &str {
    istio.service.as_deref().unwrap_or_default()
}

fn to_gateway(istio: &Istio) -> Object<'_> {
    let destination = Map::line()
        .with("host", service(istio))
        .with("subset", &istio.name)
        .with("port", Map::line().with("number", istio.proxy_port()));
    let rule = Map::new()
        .with("match", List::line([Map::line().with("port", istio.port())]))
        .with("route", List::of([Map::new().with("destination", destination)]))
        .noted(
            "The gateway tries again; twice would be twice the price.",
            "retries",
            Map::line().with("attempts", 0u32),
        );
    let spec = Map::new()
        .with("hosts", List::line(&istio.hosts))
        .with("gateways", List::line(["mesh"]))
        .with("http", List::of([rule]));
    object(
        istio,
        "VirtualService",
        "From the applications to the egress gateway.",
        format!("{}-to-gateway", istio.name),
        spec,
    )
}

fn mutual_tls(istio: &Istio) -> Object<'_> {
    let tls = Map::line().with("mode", "ISTIO_MUTUAL").with_some("sni", istio.hosts.first());
    let settings = Map::new().with("port", Map::line().with("number", istio.proxy_port())).with("tls", tls);
    let subset = Map::new()
        .with("name", &istio.name)
        .with("trafficPolicy", Map::new().with("portLevelSettings", List::of([settings])));
    let spec = Map::new().with("host", service(istio)).with("subsets", List::of([subset]));
    object(istio, "DestinationRule", "", format!("{}-to-gateway", istio.name), spec)
}
