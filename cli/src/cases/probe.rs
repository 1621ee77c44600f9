//! Which conditions of which rules hold for a request.
//!
//! Each condition is asked alone: of a policy that has nothing but a rule with it, and is otherwise the same. So whatever a rule
//! may say is asked as the proxy asks it, and nothing here knows what conditions there are.

use pointsman_document::Document;
use pointsman_engine::{Exchange, Policy, explain};
use std::sync::Arc;

/// The rules of a policy, each taken apart.
#[derive(Debug, Default)]
pub(super) struct Probe {
    pub(super) rules: Vec<Apart>,
}

/// A rule, and each of its conditions alone.
#[derive(Debug)]
pub(super) struct Apart {
    pub(super) name: String,
    /// Without any condition: whether rules are asked at all.
    bare: Option<Arc<Policy>>,
    pub(super) conditions: Vec<Alone>,
}

/// A condition, as the only one of its rule.
#[derive(Debug)]
pub(super) struct Alone {
    /// Its key in `match`.
    pub(super) key: String,
    /// Nothing, where a rule cannot be without what else this one says.
    policy: Option<Arc<Policy>>,
}

impl Probe {
    pub(super) fn of(policy: &Document) -> Self {
        let rules = policy.get("rules").map(Document::items).unwrap_or_default();
        Self { rules: rules.iter().filter_map(|rule| Apart::of(policy, rule)).collect() }
    }

    /// The conditions of a rule that do not hold for a request, and whether rules are asked for it at all.
    pub(super) fn failing(&self, rule: &str, exchange: &Exchange) -> Option<Vec<&str>> {
        let apart = self.rules.iter().find(|apart| apart.name == rule)?;
        let failing = |alone: &&Alone| apart.holds(&alone.policy, exchange) == Some(false);
        apart.is_asked(exchange).then(|| apart.conditions.iter().filter(failing).map(|it| it.key.as_str()).collect())
    }
}

impl Apart {
    fn of(policy: &Document, rule: &Document) -> Option<Self> {
        let name = rule.get("name")?.as_str()?.to_owned();
        let keys = match rule.get("match") {
            Some(Document::Object(members)) => members.as_slice(),
            _ => &[],
        };
        let conditions = keys.iter().map(|(key, value)| Alone {
            key: key.clone(),
            policy: only(policy, rule, Document::Object(vec![(key.clone(), value.clone())])),
        });
        Some(Self { conditions: conditions.collect(), bare: only(policy, rule, Document::EMPTY), name })
    }

    /// Whether rules are asked for such a request: some are refused or let through before.
    pub(super) fn is_asked(&self, exchange: &Exchange) -> bool {
        self.holds(&self.bare, exchange) == Some(true)
    }

    /// Whether a condition holds.
    pub(super) fn is_true(&self, alone: &Alone, exchange: &Exchange) -> Option<bool> {
        self.holds(&alone.policy, exchange)
    }

    fn holds(&self, policy: &Option<Arc<Policy>>, exchange: &Exchange) -> Option<bool> {
        let record = explain(policy.as_ref()?, exchange);
        Some(record.is_some_and(|record| record.rule.as_deref() == Some(self.name.as_str())))
    }
}

/// The policy with this rule alone, under these conditions.
fn only(policy: &Document, rule: &Document, conditions: Document) -> Option<Arc<Policy>> {
    let with = |object: &Document, key: &str, value: Document| match object {
        Document::Object(members) => {
            let kept = members.iter().filter(|(name, _)| name != key).cloned();
            Document::Object(kept.chain([(key.to_owned(), value)]).collect())
        }
        other => other.clone(),
    };
    let alone = with(policy, "rules", Document::Array(vec![with(rule, "match", conditions)]));
    Policy::from_document(&alone).ok().map(Arc::new)
}
