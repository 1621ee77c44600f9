//! Models without a price, where others of the same provider have one: what runs in one's own house may well have none.

use super::{Kind, Search};
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
