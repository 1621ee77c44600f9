//! How much of a request the proxy may hold while the router reads it.

use super::envoy_filter::{self, Patch, manager};
use super::settings::{Istio, Target};
use super::version::Version;
use crate::envoy::{listener, typed};
use crate::kubernetes::Object;
use crate::yaml::Map;

/// Istio leaves Envoy's limit of 1 MiB, or sets 32 KiB: an LLM request with an image is larger.
pub(super) fn object(istio: &Istio, bytes: u32) -> Option<Object<'_>> {
    if istio.target == Target::Waypoint {
        return None;
    }
    let limit = limit(istio, bytes);
    let place = match istio.target {
        Target::Sidecar => Map::new().with("listener", Map::line().with("portNumber", istio.proxy_port())),
        _ => Map::new(),
    };
    let listener = Patch {
        apply_to: "LISTENER",
        place,
        operation: "MERGE",
        value: Map::new().with("per_connection_buffer_limit_bytes", limit),
    };
    // The same for HTTP/2, where the window of a stream is the limit.
    let settings = typed::message(listener::MANAGER).with("http2_protocol_options", listener::http2_windows(limit));
    let windows = Patch {
        apply_to: "NETWORK_FILTER",
        place: manager(None),
        operation: "MERGE",
        value: typed::extension("envoy.filters.network.http_connection_manager", settings),
    };
    Some(envoy_filter::object(istio, "buffer", &comment(istio), 0, &[listener, windows]))
}

/// Envoy before 1.38 counts a held body twice, and one beyond half of the limit silently loses its retries.
fn limit(istio: &Istio, bytes: u32) -> u32 {
    if istio.version < Version::TRAFFIC_EXTENSION { bytes.saturating_mul(2) } else { bytes }
}

fn comment(istio: &Istio) -> String {
    let mut text = String::from(
        "A request is held while the router reads it, and Envoy answers 413 beyond this limit: by default 1 MiB, and 32 KiB
where a gateway has Istio 1.31's profile EDGE. From 1.31 the same can be said without an EnvoyFilter, in the proxy's
`connectionSettings` (listenerPerConnectionBufferLimitBytes, http2InitialStreamWindowSize).",
    );
    if istio.version < Version::TRAFFIC_EXTENSION {
        text.push_str(
            "\nTwice `bufferLimitBytes`: Envoy before 1.38 gives up retries of a body beyond half of the limit.",
        );
    }
    text
}
