//! What a request that has ended adds to which series.

use super::label::{self, labelled};
use super::{Alike, BUDGET, BUDGET_USED, EXCLUSIONS, Kind, OUTCOME, REASON, REFUSALS, Sample, Series, TYPE, UNKNOWN};
use crate::policy::{Label, Labels, Per, Policy};
use crate::record::{Disposition, Ending, Record};
use pointsman_document::Named as _;

/// The name in a label of what a client asked for and the policy does not know.
const OTHER: &str = "other";

/// A request that has ended, with what its series are called by.
#[derive(Debug)]
pub struct Counts<'a> {
    policy: &'a Policy,
    record: &'a Record,
    labels: Labels,
}

impl<'a> Counts<'a> {
    /// `None` where the policy has nothing counted.
    #[must_use]
    pub fn of(policy: &'a Policy, record: &'a Record) -> Option<Self> {
        policy.metrics().map(|labels| Self { policy, record, labels })
    }

    /// The most series that there may be.
    #[must_use]
    pub fn most_series(&self) -> usize {
        usize::try_from(self.labels.most).unwrap_or(usize::MAX)
    }

    /// Requests of which this is the same have the same names for each [`Series`].
    #[must_use]
    pub fn alike(&self) -> Alike {
        let labels = Label::CHOICES.iter().map(|(_, label)| *label).filter(|label| self.labels.has(*label));
        let values = labels.map(|label| self.value(label));
        Alike::of(self.labels.bits(), values.chain([Some(self.outcome())]))
    }

    /// The name of a series, its labels included.
    #[must_use]
    pub fn name(&self, series: Series) -> String {
        let mut name = series.family().to_owned();
        let mut labels = match series {
            Series::Requests => self.labels(Label::CHOICES.iter().map(|(_, label)| *label)),
            Series::Attempts => self.labels([Label::Tenant, Label::Model, Label::Cluster]),
            Series::Input | Series::Output | Series::Cached | Series::CacheWrite | Series::Reasoning | Series::Cost => {
                self.labels([Label::Tenant, Label::Rule, Label::Model, Label::Cluster])
            }
            Series::InputUsage | Series::OutputUsage | Series::Duration | Series::FirstToken | Series::PerToken => {
                self.labels([Label::Tenant, Label::Model])
            }
        };
        match series {
            Series::Requests => label::write(&mut labels, OUTCOME, Some(self.outcome())),
            _ => label::write(&mut labels, TYPE, series.token_type()),
        }
        name.push_str(&labels);
        name
    }

    /// What goes to series that requests share.
    pub fn values(&self, mut put: impl FnMut(Series, u64)) {
        let Record { action, attempt, .. } = self.record;
        put(Series::Requests, 1);
        if *action != Disposition::Route {
            return;
        }
        put(Series::Attempts, attempt.unwrap_or(1));
        let Some(ending) = self.record.answer.as_deref() else { return };
        if let Some(usage) = &ending.usage {
            let parts = [
                (Series::Input, usage.input),
                (Series::Output, usage.output),
                (Series::Cached, usage.cached),
                (Series::CacheWrite, usage.cache_write),
                (Series::Reasoning, usage.reasoning),
            ];
            parts.into_iter().filter(|(_, tokens)| *tokens > 0).for_each(|(series, tokens)| put(series, tokens));
            put(Series::InputUsage, usage.input);
            put(Series::OutputUsage, usage.output);
        }
        let Ending { cost_micros, first_token_ms, per_output_token_micros, .. } = ending;
        put(Series::Duration, ending.duration_ms);
        let others = [
            (Series::Cost, cost_micros),
            (Series::FirstToken, first_token_ms),
            (Series::PerToken, per_output_token_micros),
        ];
        others
            .into_iter()
            .filter_map(|(series, value)| Some((series, (*value)?)))
            .for_each(|(series, value)| put(series, value));
    }

    /// What goes to series that only some requests have.
    #[must_use]
    pub fn others(&self) -> Vec<Sample> {
        let Record { action, reason, excluded, answer, .. } = self.record;
        let mut samples = Vec::new();
        let mut count = |name, labels: &str| samples.push(Sample::new(Kind::Counter, name, labels, 1));
        if *action == Disposition::Deny {
            count(REFUSALS, &self.labelled([Label::Tenant, Label::Rule], reason.code()));
        }
        for excluded in excluded {
            let model = Some(&*excluded.model).filter(|_| self.labels.has(Label::Model));
            count(EXCLUSIONS, &labelled([("model", model), (REASON, Some(excluded.reason.code()))]));
        }
        let unknown = answer.as_deref().filter(|_| *action == Disposition::Route).and_then(|ending| ending.unknown);
        if let Some(unknown) = unknown {
            count(UNKNOWN, &self.labelled([Label::Model, Label::Cluster], unknown.code()));
        }
        self.budgets(&mut samples);
        samples
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

    /// Those of these labels that the policy has, and a reason.
    fn labelled<const N: usize>(&self, wanted: [Label; N], reason: &str) -> String {
        let mut labels = self.labels(wanted);
        label::write(&mut labels, REASON, Some(reason));
        labels
    }

    /// Those of these labels that the policy has.
    fn labels(&self, wanted: impl IntoIterator<Item = Label>) -> String {
        let mut labels = String::with_capacity(96);
        for label in wanted.into_iter().filter(|label| self.labels.has(*label)) {
            label::write(&mut labels, label.name(), self.value(label));
        }
        labels
    }

    fn outcome(&self) -> &'static str {
        self.record.answer.as_deref().map_or(self.record.action.name(), |ending| ending.outcome.name())
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

#[cfg(test)]
mod tests;
