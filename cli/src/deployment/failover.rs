//! How a request moves on to the next model of its chain.

use super::duration::Duration;
use super::version::EnvoyVersion;
use pointsman_document::{Definitions, Document, Path, Read, Report, Value, choose, names, object, schema};
use std::borrow::Borrow;
use std::fmt;

/// One of Envoy's reasons to try again, among those that HTTP without gRPC can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Condition(&'static str);

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

impl Read for Condition {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        choose(document, &CONDITIONS.map(|name| (name, Self(name))), at, report)
    }

    fn schema(_: &mut Definitions) -> Value {
        schema::choices(&CONDITIONS)
    }
}

/// So that a list of them can be joined.
impl Borrow<str> for Condition {
    fn borrow(&self) -> &str {
        self.0
    }
}

object! {
    /// How a request moves on to the next model of its chain.
    pub(crate) struct Failover {
        /// What in Envoy makes the next attempt go to the next model.
        /// Default: `matcher` for Envoy 1.39 and newer, else `aggregate`.
        "mechanism" => mechanism: Option<Mechanism>,
        /// What makes a next attempt: Envoy's `retry_on`.
        "retryOn" => retry_on: Vec<Condition> = vec![
            "connect-failure",
            "refused-stream",
            "reset",
            "5xx",
            "retriable-status-codes",
            "retriable-headers",
            "envoy-ratelimited",
        ],
        /// The statuses that `retriable-status-codes` stands for. Default: too many requests, and Anthropic's
        /// "overloaded".
        // The latter is a 5xx; it stays when `5xx` is taken out.
        "retriableStatusCodes" => retriable_status_codes: Vec<u16> = vec![429u32, 529],
        /// How long nothing may come from a provider, before its first byte and between two. A model that thinks for
        /// long without streaming sends nothing all that time.
        "perTryIdleTimeout" => per_try_idle_timeout: Duration = "120s",
        /// How long an attempt may take as a whole, its answer included.
        "perTryTimeout" => per_try_timeout: Option<Duration>,
        /// How many series of statistics Envoy may have to keep for a policy before `check` and `render` warn of it.
        // Envoy writes some 100,000 of them in a second, in its main thread, and a scraper stores them anew every few seconds.
        "warnAboveSeries" => warn_above_series: u32 = 20_000u32,
        /// The pause before an attempt. Short, since the next one goes to another provider.
        "backOff" => back_off: BackOff = Document::EMPTY,
    }
}

object! {
    /// The pause before an attempt.
    #[derive(Copy)]
    pub(crate) struct BackOff {
        /// The first.
        "baseInterval" => base_interval: Duration = "10ms",
        /// The longest.
        "maxInterval" => max_interval: Duration = "100ms",
    }
}

names! {
    /// What in Envoy makes the next attempt go to the next model.
    pub(crate) enum Mechanism {
        /// An aggregate cluster whose priorities are tried one after the other. The only one that skips a provider
        /// without healthy endpoints in every version.
        Aggregate => "aggregate",
        /// A composite cluster: the number of the attempt chooses.
        Composite => "composite",
        /// A route whose cluster is chosen anew for each attempt.
        PriorityGroup => "priorityGroup",
        /// The same, with one cluster for each model and not one thing for each chain.
        Matcher => "matcher",
    }
}

impl Mechanism {
    fn since(self) -> EnvoyVersion {
        match self {
            Self::Aggregate => EnvoyVersion::OLDEST,
            Self::Composite => EnvoyVersion::V1_37,
            Self::PriorityGroup => EnvoyVersion::V1_40,
            Self::Matcher => EnvoyVersion::V1_39,
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
            Self::Matcher => "matcher",
        })
    }
}

impl Failover {
    /// What an Envoy of this version is to do it by.
    pub(crate) fn mechanism_in(&self, version: EnvoyVersion) -> Mechanism {
        let newest = if version < Mechanism::Matcher.since() { Mechanism::Aggregate } else { Mechanism::Matcher };
        self.mechanism.unwrap_or(newest)
    }

    /// What the types alone do not rule out.
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        let (at_conditions, at_codes, at_pause) =
            (at.key("retryOn"), at.key("retriableStatusCodes"), at.key("backOff"));
        if self.retry_on.is_empty() {
            report.add(&at_conditions, "must not be empty: no fallback would ever be tried".into());
        }
        for (index, code) in self.retriable_status_codes.iter().enumerate() {
            if !(400..=599).contains(code) {
                let message = format!("expected a status of a failure, from 400 to 599, found {code}");
                report.add(&at_codes.index(index), message.into());
            }
        }
        let is_falling = self.back_off.max_interval < self.back_off.base_interval;
        if is_falling && report.is_sound(&at_pause, &["baseInterval"]) {
            report.add(&at_pause.key("maxInterval"), "must not be below `baseInterval`".into());
        }
    }
}
