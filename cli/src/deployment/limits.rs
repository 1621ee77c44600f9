//! How much goes to a cluster at once, and when an endpoint is left alone for a while.

use super::duration::Duration;
use serde::Deserialize;

/// Envoy's circuit breakers. Its own defaults, 1024 requests and 3 retries at a time, are far too few: calls last for
/// minutes, and under an outage each of them is a retry until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct CircuitBreakers {
    pub(crate) max_connections: u32,
    pub(crate) max_pending_requests: u32,
    pub(crate) max_requests: u32,
    pub(crate) max_retries: u32,
}

impl Default for CircuitBreakers {
    fn default() -> Self {
        Self { max_connections: 10_000, max_pending_requests: 10_000, max_requests: 10_000, max_retries: 10_000 }
    }
}

/// Envoy's outlier detection, per endpoint. A 0 switches a reason off.
///
/// A 429 is no sign of a broken endpoint and never counts. A 500 may be one client's doing and counts only if asked for.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct OutlierDetection {
    /// Any 5xx in a row.
    #[serde(rename = "consecutive5xx")]
    pub(crate) consecutive_5xx: u32,
    /// 502, 503 and 504 in a row; so count connections refused or reset, and times run out.
    pub(crate) consecutive_gateway_failure: u32,
    /// How often it is seen to that endpoints come back.
    pub(crate) interval: Duration,
    /// For how long an endpoint is left out, the first time; it grows with each further time.
    pub(crate) base_ejection_time: Duration,
    /// As far as it grows: nobody is kept from home for long after an outage.
    pub(crate) max_ejection_time: Duration,
    pub(crate) max_ejection_percent: u32,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self {
            consecutive_5xx: 0,
            consecutive_gateway_failure: 5,
            interval: Duration::seconds(5),
            base_ejection_time: Duration::seconds(30),
            max_ejection_time: Duration::seconds(60),
            max_ejection_percent: 100,
        }
    }
}

/// An active check of each endpoint, for servers that answer one without a key.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HealthCheck {
    /// Asked by GET; 200 is healthy.
    pub(crate) path: String,
    #[serde(default = "every")]
    pub(crate) interval: Duration,
    #[serde(default = "within")]
    pub(crate) timeout: Duration,
    #[serde(default = "twice")]
    pub(crate) unhealthy_threshold: u32,
    #[serde(default = "once")]
    pub(crate) healthy_threshold: u32,
}

fn every() -> Duration {
    Duration::seconds(10)
}

fn within() -> Duration {
    Duration::seconds(2)
}

fn twice() -> u32 {
    2
}

fn once() -> u32 {
    1
}

impl CircuitBreakers {
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let limits = [
            ("maxConnections", self.max_connections),
            ("maxPendingRequests", self.max_pending_requests),
            ("maxRequests", self.max_requests),
        ];
        let zero = limits.iter().filter(|(_, limit)| *limit == 0);
        zero.map(|(name, _)| ((*name).to_owned(), "must not be 0: nothing would get through".to_owned())).collect()
    }
}

impl OutlierDetection {
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if self.max_ejection_percent > 100 {
            problems.push(("maxEjectionPercent".into(), "must not be above 100".into()));
        }
        if self.max_ejection_time < self.base_ejection_time {
            problems.push(("maxEjectionTime".into(), "must not be below `baseEjectionTime`".into()));
        }
        problems
    }
}

impl HealthCheck {
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if !self.path.starts_with('/') {
            problems.push(("path".into(), "must begin with `/`".into()));
        }
        for (name, threshold) in
            [("unhealthyThreshold", self.unhealthy_threshold), ("healthyThreshold", self.healthy_threshold)]
        {
            if threshold == 0 {
                problems.push((name.into(), "must not be 0".into()));
            }
        }
        problems
    }
}
