//! How much goes to a cluster at once, and when an endpoint is left alone for a while.

use super::duration::Duration;
use pointsman_document::{MAX_WHOLE, Path, Report, Whole, object};

object! {
    /// Envoy's circuit breakers.
    #[derive(Copy, PartialEq, Eq)]
    pub(crate) struct CircuitBreakers {
        // Envoy's own defaults, 1024 requests and 3 retries at a time, are far too few: calls last for minutes, and under
        // an outage each of them is a retry until it ends.
        /// Connections at a time.
        "maxConnections" => max_connections: u32 = 10_000u32,
        /// Requests that wait for a connection.
        "maxPendingRequests" => max_pending_requests: u32 = 10_000u32,
        /// Requests at a time.
        "maxRequests" => max_requests: u32 = 10_000u32,
        /// Attempts after the first, at a time.
        "maxRetries" => max_retries: u32 = 10_000u32,
    }
}

object! {
    /// What Envoy as a whole may take from its clients.
    #[derive(Copy)]
    pub(crate) struct Overload {
        // Bodies that are held are most of it. The module's own memory is not counted.
        /// Memory that Envoy may allocate, in bytes. Above 95 % of it new requests get a 503, above 98 % no connection is
        /// accepted.
        "maxHeapBytes" => max_heap_bytes: Whole<67_108_864, MAX_WHOLE> = 2_147_483_648u32,
        /// Connections of clients at a time.
        "maxConnections" => max_connections: Whole<1, 1_000_000> = 10_000u32,
    }
}

object! {
    /// Envoy's outlier detection, per endpoint. A 0 switches a reason off.
    #[derive(Copy)]
    pub(crate) struct OutlierDetection {
        // A 429 is no sign of a broken endpoint and never counts. A 500 may be one client's doing and counts only if
        // asked for.
        /// Any 5xx in a row.
        "consecutive5xx" => consecutive_5xx: u32 = 0u32,
        /// 502, 503 and 504 in a row; so count connections refused or reset, and times run out.
        "consecutiveGatewayFailure" => consecutive_gateway_failure: u32 = 5u32,
        /// How often it is seen to that endpoints come back.
        "interval" => interval: Duration = "5s",
        /// For how long an endpoint is left out, the first time; it grows with each further time.
        "baseEjectionTime" => base_ejection_time: Duration = "30s",
        /// As far as it grows: nobody is kept from home for long after an outage.
        "maxEjectionTime" => max_ejection_time: Duration = "60s",
        /// How much of the cluster may be left out at once.
        "maxEjectionPercent" => max_ejection_percent: u32 = 100u32,
    }
}

object! {
    /// An active check of each endpoint, for servers that answer one without a key.
    pub(crate) struct HealthCheck {
        /// Asked by GET; 200 is healthy.
        "path" => path: String,
        /// The time between two checks.
        "interval" => interval: Duration = "10s",
        /// How long an answer may take.
        "timeout" => timeout: Duration = "2s",
        /// Failures in a row that make an endpoint unhealthy.
        "unhealthyThreshold" => unhealthy_threshold: u32 = 2u32,
        /// Answers in a row that make it healthy again.
        "healthyThreshold" => healthy_threshold: u32 = 1u32,
    }
}

impl CircuitBreakers {
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        let limits = [
            ("maxConnections", self.max_connections),
            ("maxPendingRequests", self.max_pending_requests),
            ("maxRequests", self.max_requests),
        ];
        for (name, _) in limits.iter().filter(|(_, limit)| *limit == 0) {
            report.add(&at.key(name), "must not be 0: nothing would get through".into());
        }
    }
}

impl OutlierDetection {
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        if self.max_ejection_percent > 100 {
            report.add(&at.key("maxEjectionPercent"), "must not be above 100".into());
        }
        if self.max_ejection_time < self.base_ejection_time && report.is_sound(at, &["baseEjectionTime"]) {
            report.add(&at.key("maxEjectionTime"), "must not be below `baseEjectionTime`".into());
        }
    }
}

impl HealthCheck {
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        if !self.path.starts_with('/') {
            report.add(&at.key("path"), "must begin with `/`".into());
        }
        for (name, threshold) in
            [("unhealthyThreshold", self.unhealthy_threshold), ("healthyThreshold", self.healthy_threshold)]
        {
            if threshold == 0 {
                report.add(&at.key(name), "must not be 0".into());
            }
        }
    }
}
