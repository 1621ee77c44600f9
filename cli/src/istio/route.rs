//! From the router's header to a destination: VirtualService, or HTTPRoute where the proxy is the Gateway API's.

use super::destination::Destination;
use super::settings::{Istio, Target};
use crate::deployment::Deployment;
use crate::kubernetes::Object;
use crate::kubernetes::http_route::{self, Backend, HttpRoute};
use crate::kubernetes::object::{list, scalar};
use pointsman_engine::names::CLUSTER_HEADER;

/// The routes for what the router decides, and for what is no LLM call.
pub(super) fn objects<'a>(
    istio: &'a Istio,
    deployment: &Deployment,
    destinations: &[Destination<'_>],
) -> Vec<Object<'a>> {
    if istio.uses_gateway_api() {
        return http_routes(istio, deployment, destinations);
    }
    vec![virtual_service(istio, deployment, destinations)]
}

fn virtual_service<'a>(istio: &'a Istio, deployment: &Deployment, destinations: &[Destination<'_>]) -> Object<'a> {
    let own = format!("{}/{}", istio.namespace, istio.name);
    let gateways = match istio.target {
        Target::Sidecar => "# Only here, where the sidecars have the module.\nexportTo: [\".\"]\n".into(),
        _ if istio.gateways.is_empty() => format!("gateways: {}\n", list([own.as_str()])),
        _ => format!("gateways: {}\n", list(istio.gateways.iter().map(String::as_str))),
    };
    let chosen: String = destinations.iter().map(chosen).collect();
    let spec = format!(
        "hosts: {hosts}
{gateways}http:
# An LLM call: the router set this header. What a client sends under that name never gets here.
{chosen}# A cluster that has no route yet: nothing that was routed may go where everything else goes.
- name: no-route
  match:
  - headers: {{ {CLUSTER_HEADER}: {{}} }}
  directResponse: {{ status: 503, body: {{ string: \"no route leads to the cluster that was chosen\\n\" }} }}
# Everything else.
- name: other
{other}",
        hosts = list(istio.hosts.iter().map(String::as_str)),
        other = other(deployment, destinations),
    );
    Object {
        comment: COMMENT.into(),
        api_version: "networking.istio.io/v1",
        kind: "VirtualService",
        name: istio.name.clone(),
        namespace: &istio.namespace,
        labels: Vec::new(),
        spec,
    }
}

const COMMENT: &str = "Without `timeout` there is no limit: a model may speak for many minutes. Tried again is only what the provider has not
begun to work on, or says that it cannot (503): each try is paid for. 429 is for the client to see. A provider's 529 for
\"overloaded\" is not tried again: Istio takes no status that has no name in HTTP.";

fn chosen(destination: &Destination<'_>) -> String {
    format!(
        "- name: {name}
  match:
  - headers: {{ {CLUSTER_HEADER}: {{ exact: {name} }} }}
{rewrite}  headers: {{ request: {{ remove: [{CLUSTER_HEADER}] }} }}
  {route}
  retries: {{ attempts: 2, retryOn: \"connect-failure,refused-stream,reset-before-request,503\" }}
",
        name = scalar(&destination.cluster.name),
        rewrite = destination
            .cluster
            .host()
            .map(|host| format!("  rewrite: {{ authority: {} }}\n", scalar(host)))
            .unwrap_or_default(),
        route = to(destination),
    )
}

fn to(destination: &Destination<'_>) -> String {
    format!(
        "route: [{{ destination: {{ host: {}, port: {{ number: {} }} }} }}]",
        scalar(&destination.host),
        destination.port
    )
}

fn other(deployment: &Deployment, destinations: &[Destination<'_>]) -> String {
    let default = deployment.default_cluster.as_deref();
    match destinations.iter().find(|destination| Some(destination.cluster.name.as_str()) == default) {
        Some(destination) => format!("  {}\n", to(destination)),
        None => "  directResponse: { status: 404, body: { string: \"not an LLM call, and no default cluster\\n\" } }\n"
            .into(),
    }
}

fn http_routes<'a>(istio: &'a Istio, deployment: &Deployment, destinations: &[Destination<'_>]) -> Vec<Object<'a>> {
    let parent = match (istio.target, &istio.gateway) {
        (Target::Waypoint, _) => format!("{{ group: networking.istio.io, kind: ServiceEntry, name: {} }}", istio.name),
        (_, gateway) => format!("{{ name: {} }}", scalar(gateway.as_deref().unwrap_or_default())),
    };
    let backend = |destination: &Destination<'_>| {
        // A host that is no service of this namespace: Istio's own kind of reference.
        let host = scalar(&destination.host);
        let port = destination.port;
        Backend {
            value: destination.cluster.name.clone(),
            authority: destination.cluster.host().map(str::to_owned),
            reference: format!("{{ group: networking.istio.io, kind: Hostname, name: {host}, port: {port} }}"),
            filters: Vec::new(),
        }
    };
    let default = deployment.default_cluster.as_deref();
    let other = destinations.iter().find(|destination| Some(destination.cluster.name.as_str()) == default).map(backend);
    http_route::objects(&HttpRoute {
        comment: "No time limit: a model may speak for many minutes. Istio's own retries are for connections that fail, and 503.",
        name: &istio.name,
        namespace: &istio.namespace,
        parent,
        // A service entry brings its own hosts.
        hosts: if istio.target == Target::Waypoint { &[] } else { &istio.hosts },
        backends: destinations.iter().map(backend).collect(),
        other: other.map(|backend| Backend { authority: None, ..backend }),
        other_filters: Vec::new(),
    })
}
