//! The models that were considered: what became of each, why it was left out, and what it would cost.

use super::Seen;
use crate::decide;
use crate::policy::{self, ModelId, Prefer, RuleId};
use crate::reason::Reason;
use crate::record::Disposition;
use serde::Serialize;
use std::sync::Arc;

/// A model that was considered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Its name in the catalog.
    pub model: Arc<str>,
    /// The cluster that serves it.
    pub cluster: Arc<str>,
    /// The rule that considered it; none where no rule applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Arc<str>>,
    /// What became of it.
    pub outcome: CandidateOutcome,
    /// Which attempt goes to it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<usize>,
    /// Why it was left out, as the record says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Other reasons, of one that was considered more than once: as a fallback, and for a copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Reason>,
    /// More of why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the request costs there, as it is estimated, if the model has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// What became of a model that was considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CandidateOutcome {
    /// It is tried first.
    Chosen,
    /// It is tried if those before it fail.
    Fallback,
    /// It gets a copy.
    Mirror,
    /// It may not or cannot serve the request.
    Excluded,
    /// It could serve, and another is preferred, or was drawn.
    NotChosen,
}

/// What a request costs at a model, estimated before there is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// The input, as it is estimated.
    pub input_tokens: u64,
    /// The output that is reserved: what the client wants at most, what its tenant gets at most, or else what is guessed.
    pub output_tokens: u64,
    /// Millionths of the policy's currency.
    pub micros: u64,
}

impl Seen<'_> {
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let mut all: Vec<(Option<RuleId>, ModelId, Vec<Reason>)> = Vec::new();
        let considered = self.notes.considered.iter().map(|one| (one.rule, one.model, one.excluded));
        // Budgets that refuse are asked when the rule has chosen: of them, only the record tells.
        let last = self.notes.considered.last().and_then(|one| one.rule);
        let left_out = self.record.excluded.iter();
        let left_out = left_out.filter_map(|one| Some((last, self.policy.find_model(&one.model)?, Some(one.reason))));
        for (rule, model, reason) in considered.chain(left_out) {
            match all.iter_mut().find(|known| (known.0, known.1) == (rule, model)) {
                Some((.., reasons)) => reasons.extend(reason.filter(|reason| !reasons.contains(reason))),
                None => all.push((rule, model, reason.into_iter().collect())),
            }
        }
        let mut candidates: Vec<Candidate> =
            all.into_iter().filter_map(|(rule, model, reasons)| self.candidate(rule, model, reasons)).collect();
        // In the order in which they are tried; the others stay as they were considered.
        candidates.sort_by_key(|candidate| candidate.attempt.unwrap_or(usize::MAX));
        candidates
    }

    fn candidate(&self, rule: Option<RuleId>, id: ModelId, mut reasons: Vec<Reason>) -> Option<Candidate> {
        let (model, record) = (self.policy.model(id)?, self.record);
        let rule = rule.and_then(|rule| self.policy.rule(rule));
        let name = rule.map(|rule| &rule.name);
        // What another rule has considered before it passed on is none of the decision's.
        let is_decisive = name == record.rule.as_ref() && record.action == Disposition::Route;
        let chain = if record.chain.is_empty() { record.model.as_slice() } else { &record.chain };
        let attempt = chain.iter().position(|name| *name == model.name).filter(|_| is_decisive);
        let outcome = match attempt {
            Some(0) => CandidateOutcome::Chosen,
            Some(_) => CandidateOutcome::Fallback,
            None if is_decisive && record.mirror.as_ref() == Some(&model.name) => CandidateOutcome::Mirror,
            None if !reasons.is_empty() => CandidateOutcome::Excluded,
            None => CandidateOutcome::NotChosen,
        };
        // Who has reached a limit, and is tried last because nobody else would be left, was left out before.
        reasons.retain(|reason| attempt.is_none() || record.excludes(&model.name, *reason));
        let mut reasons = reasons.into_iter();
        let reason = reasons.next();
        Some(Candidate {
            model: Arc::clone(&model.name),
            cluster: Arc::clone(&model.cluster),
            rule: name.cloned(),
            outcome,
            attempt: attempt.map(|nth| nth + 1),
            detail: match (reason, outcome) {
                (Some(reason), _) => self.detail(id, reason),
                (None, CandidateOutcome::NotChosen) => self.preferred(rule),
                _ => None,
            },
            reason,
            further: reasons.collect(),
            cost: self.cost(id),
        })
    }

    /// By the tokens that models are compared by.
    fn cost(&self, id: ModelId) -> Option<Cost> {
        let tokens = decide::compared(self.policy, self.attributes, self.facts?)?;
        let micros = self.policy.model(id)?.cost_of(tokens.input, 0, 0, tokens.output)?;
        Some(Cost { input_tokens: tokens.input, output_tokens: tokens.output, micros })
    }
}

impl Seen<'_> {
    /// What speaks for the others.
    fn preferred(&self, rule: Option<&policy::Rule>) -> Option<String> {
        if self.record.action != Disposition::Route {
            return None;
        }
        let text = match rule?.action.route()?.prefer {
            None => "by weight",
            Some(Prefer::First) => "by the order of the targets",
            Some(Prefer::Cheapest) => "by price",
        };
        Some(text.to_owned())
    }

    /// What of the request or the caller a model was left out for.
    fn detail(&self, id: ModelId, reason: Reason) -> Option<String> {
        let (model, facts) = (self.policy.model(id)?, self.facts?);
        match reason {
            Reason::ContextWindow => {
                let window = model.context_window?;
                let input = facts.input_tokens().low;
                let output = facts.max_output_tokens().and_then(crate::request::limit::Limit::tokens);
                let output = output.unwrap_or(window.reserved);
                Some(format!("{input} + {output} tokens of {}", window.tokens))
            }
            Reason::Tenant | Reason::Label => {
                let by = self
                    .attributes
                    .tenants
                    .into_iter()
                    .find(|tenant| self.policy.exclusion([*tenant], id) == Some(reason));
                self.policy.tenant_name(by).map(|name| format!("for tenant {name}"))
            }
            Reason::Budget => {
                let used: Vec<_> =
                    self.record.budgets.iter().map(|used| format!("{} {}", used.budget, used.used)).collect();
                Some(format!("used: {}", used.join(", "))).filter(|_| !used.is_empty())
            }
            _ => None,
        }
    }
}
