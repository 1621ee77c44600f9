//! From the router's header to a destination: VirtualService, or HTTPRoute where the proxy is the Gateway API's.

use super::destination::Destination;
use super::plugin;
use super::settings::{Istio, Target};
use crate::deployment::Deployment;
use crate::kubernetes::Object;
use crate::kubernetes::http_route::{self, Backend, HttpRoute};
use crate::yaml::{List, Map};
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
    let hosts = Map::new().with("hosts", List::line(&istio.hosts));
    let spec = match istio.target {
        Target::Sidecar => hosts.noted("Only here, where the sidecars have the module.", "exportTo", List::line(["."])),
        _ if istio.gateways.is_empty() => {
            hosts.with("gateways", List::line([format!("{}/{}", istio.namespace, istio.name)]))
        }
        _ => hosts.with("gateways", List::line(&istio.gateways)),
    };
    Object {
        comment: COMMENT.into(),
        api_version: "networking.istio.io/v1",
        kind: "VirtualService",
        name: istio.name.clone(),
        namespace: &istio.namespace,
        labels: Vec::new(),
        spec: spec.with("http", rules(deployment, destinations)),
    }
}

const COMMENT: &str = "Without `timeout` there is no limit: a model may speak for many minutes. Tried again is only what the provider has not
begun to work on, or says that it cannot (503): each try is paid for. 429 is for the client to see. A provider's 529 for
\"overloaded\" is not tried again: Istio takes no status that has no name in HTTP.";

/// Istio takes the first that matches.
fn rules(deployment: &Deployment, destinations: &[Destination<'_>]) -> List {
    let mut why = "An LLM call: the router set this header. What a client sends under that name never gets here.";
    let mut rules = List::new();
    for destination in destinations {
        rules = rules.noted(std::mem::take(&mut why), chosen(destination));
    }
    let no_route = Map::new()
        .with("name", "no-route")
        .with("match", headers(Map::new()))
        .with("directResponse", answer(503, "no route leads to the cluster that was chosen\n"));
    rules
        .noted("A cluster that has no route yet: nothing that was routed may go where everything else goes.", no_route)
        .noted("Everything else.", Map::new().with("name", "other").and(other(deployment, destinations)))
}

/// The `match` of a rule by the header that the router sets.
fn headers(value: Map) -> List {
    List::of([Map::new().with("headers", Map::line().with(CLUSTER_HEADER, value))])
}

fn answer(status: u16, text: &str) -> Map {
    Map::line().with("status", status).with("body", Map::line().with("string", text))
}

fn chosen(destination: &Destination<'_>) -> Map {
    let name = &destination.cluster.name;
    let removed = Map::line().with("remove", List::line([CLUSTER_HEADER]));
    let retries =
        Map::line().with("attempts", 2u32).with("retryOn", "connect-failure,refused-stream,reset-before-request,503");
    Map::new()
        .with("name", name)
        .with("match", headers(Map::line().with("exact", name)))
        .with_some("rewrite", destination.cluster.host().map(|host| Map::line().with("authority", host)))
        .with("headers", Map::line().with("request", removed))
        .with("route", to(destination))
        .with("retries", retries)
}

fn to(destination: &Destination<'_>) -> List {
    let port = Map::line().with("number", destination.port);
    let place = Map::line().with("host", &destination.host).with("port", port);
    List::line([Map::line().with("destination", place)])
}

fn other(deployment: &Deployment, destinations: &[Destination<'_>]) -> Map {
    let default = deployment.default_cluster.as_deref();
    match destinations.iter().find(|destination| Some(destination.cluster.name.as_str()) == default) {
        Some(destination) => Map::new().with("route", to(destination)),
        None => Map::new().with("directResponse", answer(404, "not an LLM call, and no default cluster\n")),
    }
}

fn http_routes<'a>(istio: &'a Istio, deployment: &Deployment, destinations: &[Destination<'_>]) -> Vec<Object<'a>> {
    let parent = match (istio.target, &istio.gateway) {
        (Target::Waypoint, _) => plugin::service_entry(istio),
        (_, gateway) => Map::line().with("name", gateway.as_deref().unwrap_or_default()),
    };
    let backend = |destination: &Destination<'_>| Backend {
        value: destination.cluster.name.clone(),
        authority: destination.cluster.host().map(str::to_owned),
        // A host that is no service of this namespace: Istio's own kind of reference.
        reference: Map::line()
            .with("group", "networking.istio.io")
            .with("kind", "Hostname")
            .with("name", &destination.host)
            .with("port", destination.port),
        filters: Vec::new(),
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
