//! The rules in order, and what came of each.

use super::conditions::Failed;
use super::{Seen, wording};
use crate::decide;
use crate::decide::witness::Verdict;
use crate::policy::{self, RuleAction, RuleId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A rule, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its name.
    pub name: Arc<str>,
    /// `route` or `deny`.
    pub action: &'static str,
    /// What came of it.
    pub outcome: RuleOutcome,
    /// The first of its conditions that did not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// What is not known of the request, where the rule depends on it: a record tells less than the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<&'static str>,
}

/// What came of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleOutcome {
    /// It has decided.
    Matched,
    /// A condition did not hold.
    Failed,
    /// It applies, and another has decided: none of its models may and can serve, or the body names a model besides that
    /// another rule refuses.
    PassedOn,
    /// Another had decided before.
    NotReached,
    /// It depends on something that is not known.
    Unknown,
}

impl Seen<'_> {
    pub(super) fn rules(&self) -> Vec<Rule> {
        let Some(last) = self.last_reached() else { return Vec::new() };
        let rules = (0..).map(RuleId).zip(self.policy.rules());
        // One that was asked again has the answer that came last.
        let asked: BTreeMap<RuleId, &Verdict> = self.notes.rules.iter().map(|(id, verdict)| (*id, verdict)).collect();
        rules
            .map(|(id, rule)| self.rule(id, rule, asked.get(&id).map(|verdict| Verdict::clone(verdict)), last))
            .collect()
    }

    /// The last rule that could have decided; `None` where none was asked.
    fn last_reached(&self) -> Option<RuleId> {
        let asked = self.notes.rules.iter().map(|(id, _)| *id).max();
        if self.notes.exhausted { Some(RuleId(u32::MAX)) } else { asked }
    }

    /// `asked` is what came of it, if it was asked.
    fn rule(&self, id: RuleId, rule: &policy::Rule, asked: Option<Verdict>, last: RuleId) -> Rule {
        let is_decisive = self.record.rule.as_ref() == Some(&rule.name);
        // The index has left it out: which condition it could do so for, the rule's own judge says.
        let is_left_out = asked.is_none() && id <= last && !is_decisive;
        let verdict = if is_left_out {
            self.facts.and_then(|facts| decide::judged(self.policy, id, self.attributes, facts))
        } else {
            asked
        };
        let outcome = match &verdict {
            _ if is_decisive => RuleOutcome::Matched,
            None => RuleOutcome::NotReached,
            Some(Verdict::Holds) => RuleOutcome::PassedOn,
            Some(Verdict::Fails(_)) => RuleOutcome::Failed,
            // Whatever else could not be read of the body.
            Some(Verdict::Waits(_)) if is_left_out => RuleOutcome::Failed,
            Some(Verdict::Waits(_)) => RuleOutcome::Unknown,
        };
        let failed = match &verdict {
            Some(Verdict::Fails(missing)) if !is_decisive => self.failed(rule, missing),
            _ => None,
        };
        let unknown = match verdict {
            Some(Verdict::Waits(need)) if !is_left_out => Some(wording::need(need)),
            _ => None,
        };
        let action = if matches!(rule.action, RuleAction::Deny(_)) { "deny" } else { "route" };
        Rule { name: Arc::clone(&rule.name), action, outcome, failed, unknown }
    }
}
