//! Circuit breakers, outlier detection and health checks of a cluster.

use crate::deployment::limits::{CircuitBreakers, HealthCheck, OutlierDetection};
use crate::yaml::{List, Map, Tree, quoted, shared};

pub(super) fn circuit_breakers(limits: &CircuitBreakers) -> Tree {
    let thresholds = Map::new()
        .with("max_connections", limits.max_connections)
        .with("max_pending_requests", limits.max_pending_requests)
        .with("max_requests", limits.max_requests)
        .noted(
            "Envoy's default of 3 would end failover in every real outage: each call is a retry then, until it ends.",
            "max_retries",
            limits.max_retries,
        );
    shared("circuit-breakers", Map::new().with("thresholds", List::of([thresholds])))
}

/// What is not counted is not enforced; Envoy's statistics over many hosts mean nothing for a handful of endpoints.
pub(super) fn outlier_detection(detection: &OutlierDetection) -> Tree {
    let counts = [("5xx", detection.consecutive_5xx), ("gateway_failure", detection.consecutive_gateway_failure)];
    let mut map = Map::new().noted(
        "Counted with the answers: refused and broken connections as 503, silence as 504. Apart from them, every connection
that comes about would end the row, and a provider that accepts requests and hangs would never be left out.",
        "split_external_local_origin_errors",
        false,
    );
    // Envoy accepts no 0 as a count.
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        map = map.with(format!("consecutive_{name}"), count);
    }
    for (name, count) in counts {
        map = map.with(format!("enforcing_consecutive_{name}"), if count == 0 { 0u32 } else { 100 });
    }
    let map = map
        .with("enforcing_success_rate", 0u32)
        .with("interval", detection.interval.to_string())
        .with("base_ejection_time", detection.base_ejection_time.to_string())
        .with("max_ejection_time", detection.max_ejection_time.to_string())
        .with("max_ejection_percent", detection.max_ejection_percent);
    shared("outlier-detection", map)
}

/// An item of `health_checks`; `host` is what a request would be sent to.
pub(super) fn health_check(check: &HealthCheck, host: &str) -> Map {
    let interval = check.interval.to_string();
    Map::new()
        .with("http_health_check", Map::line().with("host", quoted(host)).with("path", quoted(&check.path)))
        .with("timeout", check.timeout.to_string())
        .with("interval", &interval)
        .noted(
            "One that is out is asked again as often: conversations return home soon.",
            "no_traffic_interval",
            &interval,
        )
        .with("unhealthy_threshold", check.unhealthy_threshold)
        .with("healthy_threshold", check.healthy_threshold)
}
