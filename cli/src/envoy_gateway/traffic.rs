//! How the gateway treats providers and clients: BackendTrafficPolicy and ClientTrafficPolicy.

use super::backend::Backend;
use super::plugin::targets;
use super::settings::EnvoyGateway;
use crate::deployment::Deployment;
use crate::envoy::bootstrap::windows;
use crate::kubernetes::Object;
use crate::kubernetes::object::scalar;

const API: &str = "gateway.envoyproxy.io/v1alpha1";

/// One for all providers: the policy is for routes, and its limits are those of the deployment's first cluster.
pub(super) fn backend<'a>(
    settings: &'a EnvoyGateway,
    deployment: &Deployment,
    backends: &[Backend<'_>],
    routes: &[String],
) -> Option<Object<'a>> {
    let cluster = deployment.clusters.first()?;
    let (limits, outliers) = (&cluster.circuit_breakers, &cluster.outlier_detection);
    let differs = backends.iter().any(|backend| backend.cluster.circuit_breakers != *limits);
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
        spec: format!(
            "targetRefs:
{targets}timeout:
  tcp: {{ connectTimeout: {connect_timeout} }}
  # No limit: a model may speak for many minutes.
  http: {{ requestTimeout: 0s }}
retry:
  numRetries: 2
  retryOn:
    triggers: [connect-failure, refused-stream, retriable-status-codes]
    httpStatusCodes: [503, 529]
circuitBreaker:
  maxConnections: {connections}
  maxPendingRequests: {pending}
  maxParallelRequests: {requests}
  maxParallelRetries: {retries}
healthCheck:
  passive:
    consecutiveGatewayErrors: {errors}
    interval: {interval}
    baseEjectionTime: {ejection}
    maxEjectionPercent: {percent}
",
            targets = targets(routes),
            connect_timeout = cluster.connect_timeout,
            connections = limits.max_connections,
            pending = limits.max_pending_requests,
            requests = limits.max_requests,
            retries = limits.max_retries,
            errors = outliers.consecutive_gateway_failure,
            interval = outliers.interval,
            ejection = outliers.base_ejection_time,
            percent = outliers.max_ejection_percent,
        ),
    })
}

/// Envoy Gateway allows 32 KiB of a request to be held.
pub(super) fn client<'a>(settings: &'a EnvoyGateway, bytes: u32) -> Object<'a> {
    let (stream_window, connection_window) = windows(bytes);
    // Envoy reads 0 as no limit, a quantity cannot say that.
    let limit = if bytes == 0 { u32::MAX } else { bytes };
    Object {
        comment: "A request is held while the router reads it, and Envoy answers 413 beyond this limit, by default 32 KiB. A Gateway
has one such policy: if yours has one already, add these lines to it instead."
            .into(),
        api_version: API,
        kind: "ClientTrafficPolicy",
        name: settings.name.clone(),
        namespace: &settings.namespace,
        labels: Vec::new(),
        spec: format!(
            "targetRefs:
- {{ group: gateway.networking.k8s.io, kind: Gateway, name: {gateway} }}
connection: {{ bufferLimit: {limit} }}
# The same for HTTP/2, where the window of a stream is the limit.
http2: {{ initialStreamWindowSize: {stream_window}, initialConnectionWindowSize: {connection_window} }}
",
            gateway = scalar(&settings.gateway),
        ),
    }
}
