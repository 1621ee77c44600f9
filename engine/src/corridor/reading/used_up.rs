//! Refusals for a budget, and what they tell of it.

use super::Reading;
use crate::budget::{Ask, Bill, Charge, bill};
use crate::decide::budget::Standing;
use crate::names::{self, REFUSAL_PROPERTIES};
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

    /// What Envoy says in our place, where the rate limit service finds that other proxies have used up a budget.
    pub(super) fn refusal_elsewhere(&self, bill: &Bill) -> Vec<(&'static str, String)> {
        let asked = bill.charges().iter().filter(|charge| charge.descriptor.is_some() && charge.ask != Ask::NOTHING);
        let names: Vec<&str> = asked.clone().map(|charge| &*charge.account.budget).collect();
        // Which one it was, Envoy does not know.
        let Some(end) = asked.map(|charge| charge.account.window.end(self.attributes.asked_at)).min() else {
            return Vec::new();
        };
        let refusal = Reason::BudgetExceeded.refuse_for(&names.join("` or `"));
        let body = String::from_utf8(reply::error_body(self.family(), &refusal)).unwrap_or_default();
        let seconds = end.saturating_sub(self.attributes.asked_at).div_ceil(1_000).max(1);
        REFUSAL_PROPERTIES.into_iter().zip([body, seconds.to_string()]).collect()
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
