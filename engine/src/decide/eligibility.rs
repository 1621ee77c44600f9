//! The one candidate set: whether a model may and can serve this request. Nothing is routed past it.

use super::Need;
use super::attributes::Attributes;
use crate::policy::{Capability, ModelId, Policy, Range};
use crate::reason::Reason;
use crate::request::facts::Facts;

/// Why a model cannot serve the request, or `None` if it can. The questions come in a fixed order, and an
/// open one stops the rest, so that the reason does not depend on how much of the body has been read.
pub(super) fn exclusion(
    policy: &Policy,
    id: ModelId,
    attributes: &Attributes,
    facts: &Facts,
) -> Result<Option<Reason>, Need> {
    if let Some(reason) = policy.exclusion(attributes.tenant, id) {
        return Ok(Some(reason));
    }
    let Some(model) = policy.model(id) else { return Ok(Some(Reason::Tenant)) };
    if !model.apis.contains(attributes.api) {
        return Ok(Some(Reason::Api));
    }
    let needs = [
        (Capability::Tools, facts.tools(), Need::Tools, Reason::Tools),
        (Capability::Vision, facts.images(), Need::Images, Reason::Vision),
        (Capability::Audio, facts.audio(), Need::Audio, Reason::Audio),
        (Capability::StructuredOutput, facts.structured_output(), Need::StructuredOutput, Reason::StructuredOutput),
        (Capability::Reasoning, facts.reasoning(), Need::Reasoning, Reason::Reasoning),
    ];
    for (capability, needed, need, reason) in needs {
        if !model.can(capability) && needed.ok_or(need)? {
            return Ok(Some(reason));
        }
    }
    if let Some(window) = model.context_window {
        let fitting = Range { min: 0, max: window };
        if !facts.input_tokens().within(fitting).ok_or(Need::InputTokens(fitting))? {
            return Ok(Some(Reason::ContextWindow));
        }
    }
    Ok(None)
}
