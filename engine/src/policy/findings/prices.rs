//! Models without a price, where others of the same provider have one: what runs in one's own house may well have none. And those
//! that a rule compares by their prices.

use super::{Kind, Search, listed};
use crate::policy::Prefer;
use std::collections::BTreeSet;

pub(super) fn check(search: &mut Search<'_>) {
    let models = &search.policy.catalog.models;
    let billing: BTreeSet<&str> =
        models.iter().filter(|model| model.cost.is_some()).map(|model| model.cluster()).collect();
    for (nth, model) in models.iter().enumerate() {
        if model.cost.is_none() && billing.contains(model.cluster()) {
            let message = format!("has no `cost`, and other models of the cluster `{}` have", model.cluster());
            search.find(Kind::MissingPrice, format!("models[{nth}]"), message);
        }
    }
}

/// Rules that prefer what is cheapest, of models whose price nobody knows.
pub(super) fn compared(search: &mut Search<'_>) {
    let policy = search.policy;
    for (nth, rule) in policy.rules.iter().enumerate() {
        let Some(route) = rule.action.route().filter(|route| route.prefer == Some(Prefer::Cheapest)) else { continue };
        let models = route.targets.iter().filter_map(|target| policy.model(target.model));
        let unpriced: Vec<&str> = models.filter(|model| model.cost.is_none()).map(|model| model.name()).collect();
        if !unpriced.is_empty() {
            let (have, are) = if unpriced.len() == 1 { ("has", "is") } else { ("have", "are") };
            let message = format!("{} {have} no `cost`, and {are} tried behind all that have one", listed(unpriced));
            search.find(Kind::MissingPrice, format!("rules[{nth}].route.prefer"), message);
        }
    }
}
