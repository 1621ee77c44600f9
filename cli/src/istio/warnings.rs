//! What works in a mesh, but not as one would expect.

use super::settings::{Istio, Target};
use pointsman_engine::Policy;

/// Places below `istio` in the deployment file, and sentences.
pub(crate) fn warnings(istio: &Istio, policy: &Policy) -> Vec<(String, String)> {
    let why = match istio.target {
        _ if !policy.tells_apart_by().principals => None,
        Target::IngressGateway if istio.gateway.is_some() || !istio.gateways.is_empty() => None,
        Target::IngressGateway => Some(
            "the Gateway that is made here asks clients for no certificate: name one of your own with `tls.mode: MUTUAL` or `OPTIONAL_MUTUAL` in `gateways`",
        ),
        Target::Sidecar => Some(
            "an application speaks with its own sidecar in plain text: use an egress gateway or a waypoint, or match tenants on something else",
        ),
        Target::Waypoint => Some(
            "at a waypoint the certificate belongs to the mesh's tunnel, and is not known to reach the module: match tenants on something else",
        ),
        // Mutual TLS of the mesh.
        Target::EgressGateway => None,
    };
    let message = |why| format!("warning: no caller will ever be one of the policy's `principals`: {why}");
    why.map(|why| ("istio.target".to_owned(), message(why))).into_iter().collect()
}
