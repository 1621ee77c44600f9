//! Circuit breakers, outlier detection and health checks of a cluster.

use super::yaml::quote;
use crate::deployment::limits::{CircuitBreakers, HealthCheck, OutlierDetection};

pub(super) fn circuit_breakers(limits: &CircuitBreakers) -> String {
    let CircuitBreakers { max_connections, max_pending_requests, max_requests, max_retries } = limits;
    format!(
        "thresholds:
- max_connections: {max_connections}
  max_pending_requests: {max_pending_requests}
  max_requests: {max_requests}
  # Envoy's default of 3 would end failover in every real outage: each call is a retry then, until it ends.
  max_retries: {max_retries}
"
    )
}

/// What is not counted is not enforced; Envoy's statistics over many hosts mean nothing for a handful of endpoints.
pub(super) fn outlier_detection(detection: &OutlierDetection) -> String {
    let enforced = |count: u32| if count == 0 { 0 } else { 100 };
    let OutlierDetection { interval, base_ejection_time, max_ejection_time, max_ejection_percent, .. } = detection;
    let counts = [("5xx", detection.consecutive_5xx), ("gateway_failure", detection.consecutive_gateway_failure)];
    // Envoy accepts no 0 as a count.
    let counted =
        counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("consecutive_{name}: {count}\n"));
    let enforcing = counts.iter().map(|(name, count)| format!("enforcing_consecutive_{name}: {}\n", enforced(*count)));
    format!(
        "# Counted with the answers: refused and broken connections as 503, silence as 504. Apart from them, every connection
# that comes about would end the row, and a provider that accepts requests and hangs would never be left out.
split_external_local_origin_errors: false
{counted}{enforcing}enforcing_success_rate: 0
interval: {interval}
base_ejection_time: {base_ejection_time}
max_ejection_time: {max_ejection_time}
max_ejection_percent: {max_ejection_percent}
",
        counted = counted.collect::<String>(),
        enforcing = enforcing.collect::<String>(),
    )
}

/// An item of `health_checks`; `host` is what a request would be sent to.
pub(super) fn health_check(check: &HealthCheck, host: &str) -> String {
    let HealthCheck { path, interval, timeout, unhealthy_threshold, healthy_threshold } = check;
    format!(
        "- http_health_check: {{ host: {host}, path: {path} }}
  timeout: {timeout}
  interval: {interval}
  # One that is out is asked again as often: conversations return home soon.
  no_traffic_interval: {interval}
  unhealthy_threshold: {unhealthy_threshold}
  healthy_threshold: {healthy_threshold}
",
        host = quote(host),
        path = quote(path),
    )
}
