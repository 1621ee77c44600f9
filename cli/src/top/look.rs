//! One look at what Envoy counts: figures since it started, and by how much they have grown since the look before.

use super::exposition::{Sample, samples};
use super::figures::{By, Figures, Groups};
use pointsman_document::Named as _;
use pointsman_engine::metric::{
    ATTEMPTS, BUDGET, BUDGET_USED, COST, FIRST_TOKEN, MISSING, OUTCOME, POLICY_INFO, REQUESTS, TOKENS, TYPE, UNKNOWN,
};
use pointsman_engine::record::Outcome;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Far more than a policy of 200 tenants, 50 models and 100 rules gets in use. What comes behind them is not looked at.
const MOST_SERIES: usize = 1 << 18;

/// What a look has found.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(super) total: Groups,
    /// By how much they have grown; nothing at the first look.
    pub(super) grown: Option<Groups>,
    /// The versions of the policies that decide, as short as the label has them.
    pub(super) policies: BTreeSet<Box<str>>,
    /// How many percent of each budget are used, by its name and whose it is.
    pub(super) budgets: BTreeMap<Box<str>, f64>,
    /// How often Envoy did not count, since the policy lets it have no more series.
    pub(super) missing: f64,
    /// Lines that are no series, and series that were too many.
    pub(super) unread: usize,
}

impl Look {
    /// How many rows there are.
    pub(super) fn count(&self, by: By) -> usize {
        self.total.parts(by).count()
    }
}

/// Why there is nothing to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Envoy counts nothing of ours.
    Uncounted,
    /// It does, and does not know labels.
    Unlabelled,
}

impl Fault {
    /// What is so, and what to do.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Uncounted => {
                "this Envoy counts nothing for Pointsman: the policy needs `metrics: {}`, with `usage: {}` for tokens and cost, and \
                    the filter the module pointsman-answers.wasm"
            }
            Self::Unlabelled => {
                "this Envoy does not know the labels of what it counts: its bootstrap needs the `stats_config` that `pointsman \
                    render envoy` writes, in Istio `extraStatTags`, and it has to be started anew"
            }
        }
    }
}

/// Looks again and again. It keeps every series of the look before, since one that is smaller now began anew.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    before: Option<HashMap<Box<str>, f64>>,
}

impl Looking {
    /// Takes in Envoy's answer.
    pub(crate) fn look(&mut self, text: &str) -> Result<Look, Fault> {
        let (mut look, mut seen) = (Look::default(), HashMap::new());
        let mut grown = self.before.is_some().then(Groups::default);
        let mut is_unlabelled = false;
        for sample in samples(text) {
            let Some(sample) = sample.filter(|sample| sample.value >= 0.0 && seen.len() < MOST_SERIES) else {
                look.unread += 1;
                continue;
            };
            is_unlabelled |= has_labels_in_its_name(sample.name);
            if sample.name == POLICY_INFO {
                look.policies.extend(sample.label("policy").filter(|_| sample.value > 0.0).map(Box::from));
            }
            if sample.name == MISSING {
                look.missing += sample.value;
            }
            if sample.name == BUDGET_USED {
                look.budgets.insert(budget(&sample).into(), sample.value);
            }
            let Some(series) = Series::of(&sample) else { continue };
            series.add(&mut look.total, sample.value);
            if let Some(grown) = &mut grown {
                let before = self.before.as_ref().and_then(|before| before.get(sample.series)).copied();
                series.add(grown, growth(before.unwrap_or_default(), sample.value));
            }
            seen.insert(sample.series.into(), sample.value);
        }
        if seen.is_empty() && look.policies.is_empty() {
            return Err(if is_unlabelled { Fault::Unlabelled } else { Fault::Uncounted });
        }
        self.before = Some(seen);
        Ok(Look { grown, ..look })
    }
}

/// A budget as `explain --spent` names it: `NAME/KEY` where each tenant or model has one of its own.
fn budget(sample: &Sample<'_>) -> String {
    let parts = [BUDGET, By::Tenant.name(), By::Model.name()].into_iter().filter_map(|label| sample.label(label));
    parts.map(meant).collect::<Vec<_>>().join("/")
}

/// What came on top. A counter that is smaller than before has begun anew: the proxy was restarted.
fn growth(before: f64, now: f64) -> f64 {
    if now < before { now } else { now - before }
}

/// Without `stats_tags`, Envoy writes `pointsman_requests_total_model___small___…`.
fn has_labels_in_its_name(name: &str) -> bool {
    [REQUESTS, ATTEMPTS, POLICY_INFO]
        .iter()
        .any(|known| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('_')))
}

/// A series that a row is made of.
struct Series<'s> {
    sample: &'s Sample<'s>,
    /// The labels that the series of this name have.
    labels: &'static [By],
    /// Where its value goes.
    add: Add,
}

type Add = fn(&mut Figures, &Sample<'_>, f64);

impl<'s> Series<'s> {
    fn of(sample: &'s Sample<'s>) -> Option<Self> {
        let (labels, add): (&[By], Add) = match sample.name {
            REQUESTS => (&By::ALL, requests),
            ATTEMPTS => (&[By::Tenant, By::Model, By::Cluster], |figures, _, value| figures.attempts += value),
            TOKENS => (&By::ALL, tokens),
            COST => (&By::ALL, |figures, _, value| figures.cost_micros += value),
            UNKNOWN => (&[By::Model, By::Cluster], |figures, _, value| figures.unknown += value),
            name if name.strip_suffix("_bucket") == Some(FIRST_TOKEN) => (&[By::Tenant, By::Model], first_token),
            _ => return None,
        };
        Some(Self { sample, labels, add })
    }

    fn add(&self, groups: &mut Groups, value: f64) {
        let Self { sample, labels, add } = self;
        let name = |by: By| labels.contains(&by).then(|| meant(sample.label(by.name()).unwrap_or_default()));
        groups.add(name, |figures| add(figures, sample, value));
    }
}

/// A name of the policy, of which a label has two characters in another spelling.
fn meant(label: &str) -> Cow<'_, str> {
    if label.contains('%') { label.replace("%3B", ";").replace("%25", "%").into() } else { label.into() }
}

fn requests(figures: &mut Figures, sample: &Sample<'_>, value: f64) {
    figures.requests += value;
    let outcome = sample.label(OUTCOME).and_then(Outcome::named);
    let part = match outcome {
        Some(Outcome::Served) => &mut figures.served,
        Some(Outcome::ProviderError | Outcome::ProxyError) => &mut figures.errors,
        Some(Outcome::ClientError) => &mut figures.client_errors,
        Some(Outcome::Deny) => &mut figures.refused,
        Some(Outcome::Abandoned) => &mut figures.abandoned,
        Some(Outcome::Pass | Outcome::Models) | None => return,
    };
    *part += value;
    if outcome != Some(Outcome::Deny) {
        figures.sent += value;
    }
}

fn tokens(figures: &mut Figures, sample: &Sample<'_>, value: f64) {
    let part = match sample.label(TYPE) {
        Some("input") => &mut figures.input,
        Some("output") => &mut figures.output,
        Some("input_cached") => &mut figures.cached,
        Some("output_reasoning") => &mut figures.reasoning,
        _ => return,
    };
    *part += value;
}

fn first_token(figures: &mut Figures, sample: &Sample<'_>, value: f64) {
    if let Some(bound) = sample.label("le") {
        figures.first_token.add(bound, value);
    }
}
