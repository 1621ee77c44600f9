//! How requests come to the proxy with the module: the Gateway, and the host that applications in the mesh call.

use super::plugin;
use super::settings::{Istio, Target};
use crate::kubernetes::Object;
use crate::kubernetes::object::{list, scalar};

/// What has to be there in front of the module.
pub(super) fn objects(istio: &Istio) -> Vec<Object<'_>> {
    match istio.target {
        Target::IngressGateway if istio.gateway.is_none() && istio.gateways.is_empty() => vec![ingress(istio)],
        Target::IngressGateway => Vec::new(),
        Target::EgressGateway => vec![egress(istio), host(istio), to_gateway(istio), mutual_tls(istio)],
        Target::Sidecar | Target::Waypoint => vec![host(istio)],
    }
}

fn object<'a>(istio: &'a Istio, kind: &'static str, comment: &str, name: String, spec: String) -> Object<'a> {
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

fn hosts(istio: &Istio) -> String {
    list(istio.hosts.iter().map(String::as_str))
}

fn ingress(istio: &Istio) -> Object<'_> {
    let (protocol, tls, comment) = match &istio.credential_name {
        Some(secret) => ("HTTPS", format!("\n  tls: {{ mode: SIMPLE, credentialName: {} }}", scalar(secret)), ""),
        None => (
            "HTTP",
            String::new(),
            "Prompts and keys come in plain text here: name a certificate with `credentialName`.",
        ),
    };
    let spec = format!(
        "selector: {labels}
servers:
- port: {{ number: {port}, name: {name}, protocol: {protocol} }}
  hosts: {hosts}{tls}
",
        labels = plugin::labels(istio),
        port = istio.port(),
        name = protocol.to_ascii_lowercase(),
        hosts = hosts(istio),
    );
    object(istio, "Gateway", comment, istio.name.clone(), spec)
}

/// Mutual TLS from the applications' sidecars: so the router knows who calls (`match.principals`).
fn egress(istio: &Istio) -> Object<'_> {
    let spec = format!(
        "selector: {labels}
servers:
- port: {{ number: {port}, name: https, protocol: HTTPS }}
  hosts: {hosts}
  tls: {{ mode: ISTIO_MUTUAL }}
",
        labels = plugin::labels(istio),
        port = istio.proxy_port(),
        hosts = hosts(istio),
    );
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
    let export = if istio.target == Target::Sidecar { "exportTo: [\".\"]\n" } else { "" };
    let spec = format!(
        "hosts: {hosts}
{export}location: MESH_INTERNAL
resolution: STATIC
ports:
- {{ number: {port}, name: http, protocol: HTTP }}
",
        hosts = hosts(istio),
        port = istio.port(),
    );
    let comment = "What applications call, in plain HTTP. Istio gives it an address (sidecars need DNS capture:\nISTIO_META_DNS_CAPTURE); nothing stands behind it but the routes below.";
    let mut object = object(istio, "ServiceEntry", comment, istio.name.clone(), spec);
    if let (Target::Waypoint, Some(waypoint)) = (istio.target, &istio.gateway) {
        object.labels.push(("istio.io/use-waypoint", waypoint));
    }
    object
}

fn to_gateway(istio: &Istio) -> Object<'_> {
    let spec = format!(
        "hosts: {hosts}
gateways: [mesh]
http:
- match: [{{ port: {port} }}]
  route:
  - destination: {{ host: {service}, subset: {subset}, port: {{ number: {proxy_port} }} }}
  # The gateway tries again; twice would be twice the price.
  retries: {{ attempts: 0 }}
",
        hosts = hosts(istio),
        port = istio.port(),
        service = scalar(istio.service.as_deref().unwrap_or_default()),
        subset = istio.name,
        proxy_port = istio.proxy_port(),
    );
    object(
        istio,
        "VirtualService",
        "From the applications to the egress gateway.",
        format!("{}-to-gateway", istio.name),
        spec,
    )
}

fn mutual_tls(istio: &Istio) -> Object<'_> {
    let spec = format!(
        "host: {service}
subsets:
- name: {subset}
  trafficPolicy:
    portLevelSettings:
    - port: {{ number: {port} }}
      tls: {{ mode: ISTIO_MUTUAL, sni: {sni} }}
",
        service = scalar(istio.service.as_deref().unwrap_or_default()),
        subset = istio.name,
        port = istio.proxy_port(),
        sni = istio.hosts.first().map(|host| scalar(host)).unwrap_or_default(),
    );
    object(istio, "DestinationRule", "", format!("{}-to-gateway", istio.name), spec)
}
