//! The one candidate set: whether a model may and can serve this request. Nothing is routed past it.

use super::Need;
use super::attributes::Attributes;
use super::budget;
use crate::policy::{BudgetAction, ModelId, Policy};
use crate::reason::Reason;
use crate::request::facts::Facts;
use crate::request::flag::Flag;

/// Why a model cannot serve the request, or `None` if it can. The questions come in a fixed order, and an
/// open one stops the rest, so that the reason does not depend on how much of the body has been read.
pub(super) fn exclusion(
    policy: &Policy,
    id: ModelId,
    attributes: &Attributes,
    facts: &Facts,
    besides: &[ModelId],
) -> Result<Option<Reason>, Need> {
    if let Some(reason) = policy.exclusion(&attributes.tenants, id) {
        return Ok(Some(reason));
    }
    let Some(model) = policy.model(id) else { return Ok(Some(Reason::Tenant)) };
    if !model.apis.contains(attributes.api) {
        return Ok(Some(Reason::Api));
    }
    // What else the body names, this one's provider is to serve as well.
    let is_there = |other: &ModelId| policy.model(*other).is_some_and(|other| other.cluster == model.cluster);
    if !besides.iter().all(is_there) {
        return Ok(Some(Reason::NamedBesides));
    }
    for flag in Flag::ALL.iter().copied() {
        if let Some((capability, reason)) = flag.need()
            && !model.can(capability)
            && facts.flag(flag).ok_or(Need::Flag(flag))?
        {
            return Ok(Some(reason));
        }
    }
    // Who only counts wants to know how long it is.
    if let Some(window) = model.context_window
        && !attributes.only_counts
        && !facts.fit(window).ok_or(Need::Fit(window))?
    {
        return Ok(Some(Reason::ContextWindow));
    }
    let used_up = budget::used_up(policy, id, attributes, facts, BudgetAction::Downgrade)?;
    Ok(used_up.map(|_| Reason::Budget))
}
