//! How a request moves on to the next model of its chain.

use super::duration::Duration;
use super::version::EnvoyVersion;
use serde::Deserialize;
use std::fmt;

/// What Envoy counts as a reason to try again, among what HTTP without gRPC can have.
const CONDITIONS: [&str; 11] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "http3-post-connect-failure",
];

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Failover {
    pub(crate) mechanism: Mechanism,
    /// Envoy's `retry_on`.
    pub(crate) retry_on: Vec<String>,
    pub(crate) retriable_status_codes: Vec<u16>,
    /// How long nothing may come from a provider, before its first byte and between two. A model that thinks for long
    /// without streaming sends nothing all that time.
    pub(crate) per_try_idle_timeout: Duration,
    /// How long an attempt may take as a whole, its answer included.
    pub(crate) per_try_timeout: Option<Duration>,
    pub(crate) back_off: BackOff,
}

/// The pause before an attempt. Short, since the next one goes to another provider.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct BackOff {
    pub(crate) base_interval: Duration,
    pub(crate) max_interval: Duration,
}

/// What in Envoy makes the next attempt go to the next model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mechanism {
    /// An aggregate cluster whose priorities are tried one after the other. The only one that skips a provider without
    /// healthy endpoints in every version.
    #[default]
    Aggregate,
    /// A composite cluster: the number of the attempt chooses.
    Composite,
    /// A route whose cluster is chosen anew for each attempt.
    PriorityGroup,
}

impl Default for Failover {
    fn default() -> Self {
        let conditions = [
            "connect-failure",
            "refused-stream",
            "reset",
            "5xx",
            "retriable-status-codes",
            "retriable-headers",
            "envoy-ratelimited",
        ];
        Self {
            mechanism: Mechanism::default(),
            retry_on: conditions.map(str::to_owned).to_vec(),
            // Too many requests, and Anthropic's "overloaded". The latter is a 5xx; it stays when `5xx` is taken out.
            retriable_status_codes: vec![429, 529],
            per_try_idle_timeout: Duration::seconds(120),
            per_try_timeout: None,
            back_off: BackOff::default(),
        }
    }
}

impl Default for BackOff {
    fn default() -> Self {
        Self { base_interval: Duration::milliseconds(10), max_interval: Duration::milliseconds(100) }
    }
}

impl Mechanism {
    fn since(self) -> EnvoyVersion {
        match self {
            Self::Aggregate => EnvoyVersion::OLDEST,
            Self::Composite => EnvoyVersion::V1_37,
            Self::PriorityGroup => EnvoyVersion::V1_40,
        }
    }

    /// Why an Envoy of this version cannot have it.
    pub(crate) fn problem(self, version: EnvoyVersion) -> Option<String> {
        let since = self.since();
        (version < since).then(|| {
            format!("`{self}` needs Envoy {since} or newer, and this is for {version}: say `envoyVersion: \"{since}\"`, or use `{}`", Self::Aggregate)
        })
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aggregate => "aggregate",
            Self::Composite => "composite",
            Self::PriorityGroup => "priorityGroup",
        })
    }
}

impl Failover {
    /// What the types alone do not rule out, by field.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if self.retry_on.is_empty() {
            problems.push(("retryOn".into(), "must not be empty: no fallback would ever be tried".into()));
        }
        for (index, condition) in self.retry_on.iter().enumerate() {
            if !CONDITIONS.contains(&condition.as_str()) {
                let message = format!("unknown condition `{condition}`, expected one of {}", CONDITIONS.join(", "));
                problems.push((format!("retryOn[{index}]"), message));
            }
        }
        for (index, code) in self.retriable_status_codes.iter().enumerate() {
            if !(400..=599).contains(code) {
                let message = format!("expected a status of a failure, from 400 to 599, found {code}");
                problems.push((format!("retriableStatusCodes[{index}]"), message));
            }
        }
        if self.back_off.max_interval < self.back_off.base_interval {
            problems.push(("backOff.maxInterval".into(), "must not be below `baseInterval`".into()));
        }
        problems
    }
}
