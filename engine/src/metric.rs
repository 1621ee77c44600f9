//! What a proxy counts: for each request that has ended, what goes to which series.
//!
//! Names and units are those of OpenTelemetry's GenAI conventions where these have one; a proxy's histograms hold whole numbers, so
//! seconds became milliseconds and microseconds. A label is written as Istio's `extraStatTags` and `stats_tags` of Envoy read it,
//! `NAME=.=VALUE;.;`, and its value is a name of the policy or one of a fixed list: nothing that a client or a provider
//! sends makes a series.
//!
//! <https://github.com/open-telemetry/semantic-conventions-genai>

use crate::policy::{Label, Labels, Per, Policy};
use crate::record::{Disposition, Ending, Record};
use pointsman_document::Named as _;
use std::fmt::Write;

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

/// The name in a label of what a client asked for and the policy does not know.
const OTHER: &str = "other";

/// What goes to which series when a request has ended; nothing where the policy has nothing counted.
#[must_use]
pub fn samples(policy: &Policy, record: &Record) -> Vec<Sample> {
    let Some(labels) = policy.metrics() else { return Vec::new() };
    let of = Of { policy, record, labels };
    let mut samples = Vec::with_capacity(16);
    of.request(&mut samples);
    if let Some(ending) = record.answer.as_deref().filter(|_| record.action == Disposition::Route) {
        of.answer(ending, &mut samples);
    }
    samples
}

/// A request, with what its series are called by.
struct Of<'a> {
    policy: &'a Policy,
    record: &'a Record,
    labels: Labels,
}

impl Of<'_> {
    fn request(&self, samples: &mut Vec<Sample>) {
        let Record { action, reason, excluded, attempt, .. } = self.record;
        let outcome = self.record.answer.as_deref().map_or(action.name(), |ending| ending.outcome.name());
        let mut labels = self.labels(Label::CHOICES.iter().map(|(_, label)| *label));
        write(&mut labels, OUTCOME, Some(outcome));
        samples.push(Sample::new(Kind::Counter, REQUESTS, &labels, 1));
        match action {
            Disposition::Deny => {
                let mut labels = self.labels([Label::Tenant, Label::Rule]);
                write(&mut labels, REASON, Some(reason.code()));
                samples.push(Sample::new(Kind::Counter, REFUSALS, &labels, 1));
            }
            Disposition::Route => {
                let labels = self.labels([Label::Tenant, Label::Model, Label::Cluster]);
                samples.push(Sample::new(Kind::Counter, ATTEMPTS, &labels, attempt.unwrap_or(1)));
            }
            Disposition::Pass | Disposition::Models => {}
        }
        self.budgets(samples);
        for excluded in excluded {
            let model = Some(&*excluded.model).filter(|_| self.labels.has(Label::Model));
            let labels = labelled([("model", model), (REASON, Some(excluded.reason.code()))]);
            samples.push(Sample::new(Kind::Counter, EXCLUSIONS, &labels, 1));
        }
    }

    /// How much of its budgets is used, as the decision found it. Where clients' headers or claims name the accounts, there is
    /// nothing to say of the budget as a whole.
    fn budgets(&self, samples: &mut Vec<Sample>) {
        for used in &self.record.budgets {
            let budget = self.policy.budgets().iter().find(|budget| *budget.name == *used.budget);
            let Some(budget) = budget.filter(|budget| !matches!(budget.per, Per::Header(_) | Per::Claim(_))) else {
                continue;
            };
            let tenant = self.record.tenant.as_deref().filter(|_| budget.per == Per::Tenant);
            let labels =
                labelled([(BUDGET, Some(&*used.budget)), ("tenant", tenant), ("model", used.model.as_deref())]);
            let percent = u128::from(used.used) * 100 / u128::from(budget.limit.max(1));
            let percent = u64::try_from(percent).unwrap_or(u64::MAX);
            samples.push(Sample::new(Kind::Gauge, BUDGET_USED, &labels, percent));
        }
    }

    fn answer(&self, ending: &Ending, samples: &mut Vec<Sample>) {
        let whole = self.labels([Label::Tenant, Label::Rule, Label::Model, Label::Cluster]);
        let short = self.labels([Label::Tenant, Label::Model]);
        let mut add = |kind, name, labels: &str, value| samples.push(Sample::new(kind, name, labels, value));
        if let Some(usage) = &ending.usage {
            let parts = [
                ("input", usage.input, true),
                ("output", usage.output, true),
                ("input_cached", usage.cached, false),
                ("input_cache_write", usage.cache_write, false),
                ("output_reasoning", usage.reasoning, false),
            ];
            for (kind, tokens, is_whole) in parts {
                if tokens > 0 {
                    add(Kind::Counter, TOKENS, &with(&whole, TYPE, kind), tokens);
                }
                if is_whole {
                    add(Kind::Histogram, TOKEN_USAGE, &with(&short, TYPE, kind), tokens);
                }
            }
        }
        if let Some(unknown) = ending.unknown {
            let labels = self.labels([Label::Model, Label::Cluster]);
            add(Kind::Counter, UNKNOWN, &with(&labels, REASON, unknown.code()), 1);
        }
        if let Some(micros) = ending.cost_micros {
            add(Kind::Counter, COST, &whole, micros);
        }
        add(Kind::Histogram, DURATION, &short, ending.duration_ms);
        if let Some(first) = ending.first_token_ms {
            add(Kind::Histogram, FIRST_TOKEN, &short, first);
        }
        if let Some(per_token) = ending.per_output_token_micros {
            add(Kind::Histogram, PER_TOKEN, &short, per_token);
        }
    }

    /// Those of these labels that the policy has.
    fn labels(&self, wanted: impl IntoIterator<Item = Label>) -> String {
        let mut labels = String::with_capacity(96);
        for label in wanted.into_iter().filter(|label| self.labels.has(*label)) {
            write(&mut labels, label.name(), self.value(label));
        }
        labels
    }

    fn value(&self, label: Label) -> Option<&str> {
        let record = self.record;
        match label {
            Label::Tenant => record.tenant.as_deref(),
            Label::Rule => record.rule.as_deref(),
            Label::Variant => record.variant.as_deref(),
            Label::Asked => record.asked.as_deref().map(|asked| self.policy.name_of(asked).unwrap_or(OTHER)),
            Label::Model => record.answering().map(|model| &**model),
            Label::Cluster => record.answered_from.as_deref().or(record.cluster.as_deref()),
        }
    }
}

fn labelled<const N: usize>(labels: [(&str, Option<&str>); N]) -> String {
    let mut text = String::new();
    labels.into_iter().for_each(|(name, value)| write(&mut text, name, value));
    text
}

fn with(labels: &str, name: &str, value: &str) -> String {
    let mut labels = labels.to_owned();
    write(&mut labels, name, Some(value));
    labels
}

/// Appends a label. One without a value is left out, as Prometheus takes one that is empty.
fn write(labels: &mut String, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    if labels.is_empty() {
        labels.push('.');
    }
    labels.push_str(name);
    labels.push_str("=.=");
    for character in value.chars() {
        match character {
            // What ends a value, and what says so.
            ';' | '%' => _ = write!(labels, "%{:02X}", u32::from(character)),
            _ => labels.push(character),
        }
    }
    labels.push_str(";.;");
}
