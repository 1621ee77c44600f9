//! EnvoyFilters: what Istio's own objects cannot say.

use super::plugin;
use super::settings::{Istio, Target};
use crate::envoy::yaml::indent;
use crate::kubernetes::Object;
use crate::kubernetes::object::scalar;

/// One change to the configuration that Istio makes.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) apply_to: &'static str,
    /// Further lines of `match`, below its context.
    pub(super) place: String,
    pub(super) operation: &'static str,
    pub(super) value: String,
}

/// Where HTTP filters stand in a listener.
pub(super) const MANAGER: &str = "listener:
  filterChain:
    filter:
      name: envoy.filters.network.http_connection_manager";

/// In front of Envoy's own router, and so behind the module.
pub(super) fn before_router() -> String {
    format!("{MANAGER}\n      subFilter: {{ name: envoy.filters.http.router }}")
}

/// An EnvoyFilter for the proxy with the module. Those with a higher priority are applied later.
pub(super) fn object<'a>(istio: &'a Istio, part: &str, comment: &str, priority: i32, patches: &[Patch]) -> Object<'a> {
    let patches: String = patches.iter().map(|patch| render(istio, patch)).collect();
    Object {
        comment: comment.into(),
        api_version: "networking.istio.io/v1alpha3",
        kind: "EnvoyFilter",
        name: format!("{}-{part}", istio.name),
        namespace: &istio.namespace,
        labels: Vec::new(),
        spec: format!("{}priority: {priority}\nconfigPatches:\n{patches}", scope(istio)),
    }
}

fn scope(istio: &Istio) -> String {
    match &istio.gateway {
        Some(gateway) => {
            let gateway = scalar(gateway);
            format!("targetRefs:\n- {{ group: gateway.networking.k8s.io, kind: Gateway, name: {gateway} }}\n")
        }
        None => format!("workloadSelector:\n  labels: {}\n", plugin::labels(istio)),
    }
}

fn render(istio: &Istio, patch: &Patch) -> String {
    let context = match istio.target {
        Target::IngressGateway | Target::EgressGateway => "GATEWAY",
        Target::Sidecar => "SIDECAR_OUTBOUND",
        Target::Waypoint => "WAYPOINT",
    };
    let place = if patch.place.is_empty() { String::new() } else { format!("\n{}", patch.place) };
    format!(
        "- applyTo: {apply_to}
  match:
    context: {context}{place}
  patch:
    operation: {operation}
    value:
      {value}
",
        apply_to = patch.apply_to,
        place = indent(&place, 4),
        operation = patch.operation,
        value = indent(&patch.value, 6),
    )
}
