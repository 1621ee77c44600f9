//! When Envoy takes no more: memory and connections that no crowd of clients gets past.

use super::typed;
use crate::deployment::limits::Overload;
use crate::yaml::{List, Map};

/// The value of `overload_manager`.
pub(super) fn manager(limits: &Overload) -> Map {
    let heap = typed::message("envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig")
        .with("max_heap_size_bytes", limits.max_heap_bytes.0.to_string());
    let connections =
        typed::message("envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig")
            .with("max_active_downstream_connections", limits.max_connections.0.to_string());
    let monitors = [
        typed::extension(HEAP, heap),
        typed::extension("envoy.resource_monitors.global_downstream_max_connections", connections),
    ];
    Map::new().with("refresh_interval", "0.25s").with("resource_monitors", List::of(monitors)).noted(
        "Before the memory is gone: what is not needed is given back, then requests get a 503, then connections wait.",
        "actions",
        List::of([
            action("shrink_heap", "0.90"),
            action("stop_accepting_requests", "0.95"),
            action("stop_accepting_connections", "0.98"),
        ]),
    )
}

const HEAP: &str = "envoy.resource_monitors.fixed_heap";

fn action(name: &str, share: &str) -> Map {
    let threshold = Map::line().with("value", share);
    let trigger = Map::line().with("name", HEAP).with("threshold", threshold);
    Map::new().with("name", format!("envoy.overload_actions.{name}")).with("triggers", List::of([trigger]))
}
