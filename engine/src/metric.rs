//! What a proxy counts: for each request that has ended, what goes to which series.
//!
//! Names and units are those of OpenTelemetry's GenAI conventions where these have one; a proxy's histograms hold whole numbers, so
//! seconds became milliseconds and microseconds. A label is written as Istio's `extraStatTags` and `stats_tags` of Envoy read it,
//! `NAME=.=VALUE;.;`, and its value is a name of the policy or one of a fixed list: nothing that a client or a provider
//! sends makes a series.
//!
//! ```text
//! counts      what a request that has ended adds to which series
//! series      those that nearly every request adds to, and which requests share them
//! label       how labels are written into names
//! ```
//!
//! <https://github.com/open-telemetry/semantic-conventions-genai>

mod counts;
mod label;
mod series;

pub use counts::Counts;
use label::labelled;
pub use series::{Alike, Series};

/// What is done with the values of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They are added up.
    Counter,
    /// The latest is kept.
    Gauge,
    /// It is counted how many fall where.
    Histogram,
}

/// A value for a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What is done with it.
    pub kind: Kind,
    /// The name of the series, its labels included.
    pub name: String,
    /// The value.
    pub value: u64,
}

impl Sample {
    /// A policy was taken, or rejected.
    #[must_use]
    pub fn load(is_accepted: bool) -> Self {
        let result = if is_accepted { "accepted" } else { "rejected" };
        Self::new(Kind::Counter, POLICY_LOADS, &labelled([("result", Some(result))]), 1)
    }

    /// So many series are there already that this one was not made.
    #[must_use]
    pub fn missing() -> Self {
        Self::new(Kind::Counter, MISSING, "", 1)
    }

    /// A policy decides, or does so no more.
    #[must_use]
    pub fn policy(version: &str, is_in_force: bool) -> Self {
        let version = version.get(..SHORT).unwrap_or(version);
        Self::new(Kind::Gauge, POLICY_INFO, &labelled([("policy", Some(version))]), u64::from(is_in_force))
    }

    fn new(kind: Kind, name: &str, labels: &str, value: u64) -> Self {
        Self { kind, name: [name, labels].concat(), value }
    }
}

/// How much of a policy's version a label has.
const SHORT: usize = 12;

const POLICY_LOADS: &str = "pointsman_policy_loads_total";
/// Series that were not made, since there were too many.
pub const MISSING: &str = "pointsman_series_missing_total";
/// 1 for the policy that decides, whose version is its label.
pub const POLICY_INFO: &str = "pointsman_policy_info";
/// Requests, by what became of them.
pub const REQUESTS: &str = "pointsman_requests_total";
const REFUSALS: &str = "pointsman_refusals_total";
const EXCLUSIONS: &str = "pointsman_exclusions_total";
/// Attempts of the requests that were sent.
pub const ATTEMPTS: &str = "pointsman_attempts_total";
/// Tokens, by their type.
pub const TOKENS: &str = "pointsman_tokens_total";
/// What they cost, in millionths of the policy's currency.
pub const COST: &str = "pointsman_cost_micros_total";
/// Answers whose tokens are not known, by the reason.
pub const UNKNOWN: &str = "pointsman_usage_unknown_total";
/// How full a budget was when it was last asked.
pub const BUDGET_USED: &str = "pointsman_budget_used_percent";
const TOKEN_USAGE: &str = "gen_ai_client_token_usage";
const DURATION: &str = "gen_ai_server_request_duration_milliseconds";
/// How long the first token took.
pub const FIRST_TOKEN: &str = "gen_ai_server_time_to_first_token_milliseconds";
const PER_TOKEN: &str = "gen_ai_server_time_per_output_token_microseconds";

/// A label that every policy has: it tells tokens apart.
pub const TYPE: &str = "gen_ai_token_type";
/// And this one says what became of a request.
pub const OUTCOME: &str = "outcome";
const REASON: &str = "reason";
/// The label that names a budget.
pub const BUDGET: &str = "budget";

/// Every label that a series can have: what a proxy is told to take out of names.
pub const LABELS: [&str; 12] =
    ["tenant", "rule", "variant", "asked", "model", "cluster", BUDGET, OUTCOME, REASON, TYPE, "result", "policy"];

/// The histograms, and the bounds of their buckets: those of the conventions, in the unit of the name.
pub const HISTOGRAMS: [(&str, &[u32]); 4] = [
    (
        TOKEN_USAGE,
        &[1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864],
    ),
    (DURATION, &[10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 40_960, 81_920]),
    (FIRST_TOKEN, &[1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000]),
    (
        PER_TOKEN,
        &[
            10_000, 25_000, 50_000, 75_000, 100_000, 150_000, 200_000, 300_000, 400_000, 500_000, 750_000, 1_000_000,
            2_500_000,
        ],
    ),
];
