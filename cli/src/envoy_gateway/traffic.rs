//! How the gateway treats providers and clients: BackendTrafficPolicy and ClientTrafficPolicy.

use super::backend::Backend;
use super::plugin::targets;
use super::settings::EnvoyGateway;
use crate::deployment::{Cluster, Deployment};
use crate::envoy::bootstrap::windows;
use crate::kubernetes::Object;
use crate::yaml::{List, Map};
use pointsman_engine::names::CLUSTER_HEADER;

const API: &str = "gateway.envoyproxy.io/v1alpha1";

/// One for all providers: the policy is for routes, and its limits are those of the deployment's first cluster.
pub(super) fn backend<'a>(
    settings: &'a EnvoyGateway,
    deployment: &Deployment,
    backends: &[Backend<'_>],
    routes: &[String],
) -> Option<Object<'a>> {
    let cluster = deployment.clusters.first()?;
    let differs = backends.iter().any(|backend| backend.cluster.circuit_breakers != cluster.circuit_breakers);
    let mut comment = String::from(
        "Tried again is only what the provider has not begun to work on, or says that it cannot (503, and 529 for
\"overloaded\"): each try is paid for. 429 is for the client to see.",
    );
    if differs {
        comment.push_str("\nThe circuit breakers are those of the first cluster: one policy serves all of them.");
    }
    Some(Object {
        comment,
        api_version: API,
        kind: "BackendTrafficPolicy",
        name: settings.name.clone(),
        namespace: &settings.namespace,
        labels: Vec::new(),
        spec: Map::new().with("targetRefs", targets(routes)).and(patience(cluster)),
    })
}

/// How long a provider is waited for, and when it is left alone.
fn patience(cluster: &Cluster) -> Map {
    let (limits, outliers) = (&cluster.circuit_breakers, &cluster.outlier_detection);
    let timeout = Map::new()
        .with("tcp", Map::line().with("connectTimeout", cluster.connect_timeout.to_string()))
        .noted("No limit: a model may speak for many minutes.", "http", Map::line().with("requestTimeout", "0s"));
    let retry_on = Map::new()
        .with("triggers", List::line(["connect-failure", "refused-stream", "retriable-status-codes"]))
        .with("httpStatusCodes", List::line([503u16, 529]));
    let breaker = Map::new()
        .with("maxConnections", limits.max_connections)
        .with("maxPendingRequests", limits.max_pending_requests)
        .with("maxParallelRequests", limits.max_requests)
        .with("maxParallelRetries", limits.max_retries);
    let passive = Map::new()
        .with("consecutiveGatewayErrors", outliers.consecutive_gateway_failure)
        .with("interval", outliers.interval.to_string())
        .with("baseEjectionTime", outliers.base_ejection_time.to_string())
        .with("maxEjectionPercent", outliers.max_ejection_percent);
    Map::new()
        .with("timeout", timeout)
        .with("retry", Map::new().with("numRetries", 2u32).with("retryOn", retry_on))
        .with("circuitBreaker", breaker)
        .with("healthCheck", Map::new().with("passive", passive))
}

/// Envoy Gateway allows 32 KiB of a request to be held.
pub(super) fn client<'a>(settings: &'a EnvoyGateway, bytes: u32) -> Object<'a> {
    let (stream_window, connection_window) = windows(bytes);
    // Envoy reads 0 as no limit, a quantity cannot say that.
    let limit = if bytes == 0 { u32::MAX } else { bytes };
    let gateway =
        Map::line().with("group", "gateway.networking.k8s.io").with("kind", "Gateway").with("name", &settings.gateway);
    let http2 = Map::line()
        .with("initialStreamWindowSize", stream_window)
        .with("initialConnectionWindowSize", connection_window);
    let early = Map::line().with("remove", List::line([CLUSTER_HEADER]));
    Object {
        comment: "A request is held while the router reads it, and Envoy answers 413 beyond this limit, by default 32 KiB. A Gateway
has one such policy: if yours has one already, add these lines to it instead."
            .into(),
        api_version: API,
        kind: "ClientTrafficPolicy",
        name: settings.name.clone(),
        namespace: &settings.namespace,
        labels: Vec::new(),
        spec: Map::new()
            .with("targetRefs", List::of([gateway]))
            .noted(
                "Routes by this header can be in force some seconds before the router is: no client may choose meanwhile.",
                "headers",
                Map::line().with("earlyRequestHeaders", early),
            )
            .with("connection", Map::line().with("bufferLimit", limit))
            .noted("The same for HTTP/2, where the window of a stream is the limit.", "http2", http2),
    }
}
