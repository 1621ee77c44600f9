//! Models without a price, where others have one.

use super::{Kind, Search};

pub(super) fn check(search: &mut Search<'_>) {
    let policy = search.policy;
    if policy.catalog.models.iter().all(|model| model.cost.is_none()) {
        return;
    }
    for (nth, model) in policy.catalog.models.iter().enumerate() {
        if model.cost.is_none() {
            let message = "has no `cost`, and other models have: what it costs is missing wherever costs are shown";
            search.find(Kind::MissingPrice, format!("models[{nth}]"), message);
        }
    }
}
