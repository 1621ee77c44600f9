//! EnvoyFilters: what Istio's own objects cannot say.

use super::plugin;
use super::settings::{Istio, Target};
use crate::kubernetes::Object;
use crate::yaml::{List, Map};

/// One change to the configuration that Istio makes.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) apply_to: &'static str,
    /// What `match` says besides its context.
    pub(super) place: Map,
    pub(super) operation: &'static str,
    pub(super) value: Map,
}

/// Where HTTP filters stand in a listener: all of them, or one.
pub(super) fn manager(filter: Option<&str>) -> Map {
    let manager = Map::new()
        .with("name", "envoy.filters.network.http_connection_manager")
        .with_some("subFilter", filter.map(|name| Map::line().with("name", name)));
    Map::new().with("listener", Map::new().with("filterChain", Map::new().with("filter", manager)))
}

/// In front of Envoy's own router, and so behind the module.
pub(super) fn before_router() -> Map {
    manager(Some("envoy.filters.http.router"))
}

/// An EnvoyFilter for the proxy with the module. Those with a higher priority are applied later.
pub(super) fn object<'a>(istio: &'a Istio, part: &str, comment: &str, priority: i32, patches: &[Patch]) -> Object<'a> {
    let patches = patches.iter().map(|patch| render(istio, patch));
    Object {
        comment: comment.into(),
        api_version: "networking.istio.io/v1alpha3",
        kind: "EnvoyFilter",
        name: format!("{}-{part}", istio.name),
        namespace: &istio.namespace,
        labels: Vec::new(),
        spec: scope(istio).with("priority", priority).with("configPatches", List::of(patches)),
    }
}

fn scope(istio: &Istio) -> Map {
    match &istio.gateway {
        Some(gateway) => Map::new().with("targetRefs", List::of([plugin::gateway(gateway)])),
        None => Map::new().with("workloadSelector", Map::new().with("labels", plugin::labels(istio))),
    }
}

fn render(istio: &Istio, patch: &Patch) -> Map {
    let context = match istio.target {
        Target::IngressGateway | Target::EgressGateway => "GATEWAY",
        Target::Sidecar => "SIDECAR_OUTBOUND",
        Target::Waypoint => "WAYPOINT",
    };
    Map::new()
        .with("applyTo", patch.apply_to)
        .with("match", Map::new().with("context", context).and(patch.place.clone()))
        .with("patch", Map::new().with("operation", patch.operation).with("value", patch.value.clone()))
}
