//! Refusals for a budget, and what they tell of it.

use super::Reading;
use crate::budget::{Charge, bill};
use crate::decide::budget::Standing;
use crate::names;
use crate::reason::Reason;
use crate::record::{Disposition, Excluded, Record, UsedBudget};
use crate::reply::{self, Reply};
use std::sync::Arc;

impl Reading {
    /// Refuses a request that was given a model because others were faster: nothing is left of the budget of this charge.
    #[must_use]
    pub fn used_up(&mut self, record: &Record, charge: &Charge) -> Box<Reply> {
        let budget = Arc::clone(&charge.account.budget);
        let refusal = Reason::BudgetExceeded.refuse_for(&budget);
        let model = charge.model.and_then(|model| self.policy.model(model)).map(|model| Arc::clone(&model.name));
        let mut excluded = record.excluded.clone();
        excluded.extend(record.model.clone().map(|model| Excluded { model, reason: Reason::Budget }));
        let record = Record {
            excluded,
            budgets: vec![UsedBudget { budget, model, used: charge.account.limit }],
            asked: record.asked.clone(),
            rule: record.rule.clone(),
            unreadable: record.unreadable.clone(),
            kept_by: record.kept_by.clone(),
            demoted: record.demoted.clone(),
            ..self.attributes.record(&self.policy, Disposition::Deny, refusal.reason)
        };
        let mut reply = self.refusal(record, &refusal);
        let is_it = |standing: &&Standing| (standing.budget, standing.model) == (charge.budget, charge.model);
        let standing = self.attributes.standings.iter().find(is_it);
        let rest = standing.map(|standing| self.rest(standing, charge.account.limit));
        reply.headers.extend(rest.unwrap_or_default());
        reply
    }

    /// What a refusal tells of a budget.
    pub(super) fn rest(&self, standing: &Standing, used: u64) -> Vec<(&'static str, String)> {
        let Some(budget) = self.policy.budget(standing.budget) else { return Vec::new() };
        let rest = reply::budget::Rest { used, until: standing.until, now: self.attributes.asked_at };
        let mut headers = reply::budget::headers(self.family(), budget, rest);
        if self.policy.tells_clients() {
            let percent = bill::percent(used, budget.limit);
            headers.push((names::BUDGET_HEADER, format!("{}={percent}%", budget.name)));
        }
        headers
    }
}
