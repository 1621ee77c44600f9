//! What a policy needs to know of a request. Whatever none of its rules and models can ask for is not read.

use super::catalog::{Capability, Model};
use super::condition::Conditions;
use super::rule::Rule;
use super::tenant::Tenant;
use crate::request::reader::Wanted;

/// The facts that can matter under a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadSet {
    /// Facts in the body.
    pub(crate) body: Wanted,
    /// The caller's certificate.
    pub(crate) principal: bool,
    /// The request path.
    pub(crate) path: bool,
}

impl ReadSet {
    pub(super) fn of(models: &[Model], tenants: &[Tenant], rules: &[Rule]) -> Self {
        let conditions = || rules.iter().map(|rule| &rule.conditions);
        // Whether there are tools is told by a top-level key, what the others need is further inside.
        let inside = [Capability::Vision, Capability::Audio, Capability::StructuredOutput, Capability::Reasoning];
        let body = Wanted {
            structure: conditions().any(looks_inside)
                || models.iter().any(|model| inside.iter().any(|capability| !model.can(*capability))),
            text: conditions().any(|conditions| conditions.input_tokens.is_some())
                || models.iter().any(|model| model.context_window.is_some()),
            identity: rules.iter().any(|rule| rule.action.needs_identity()),
        };
        Self {
            body,
            principal: tenants.iter().any(|tenant| !tenant.principals.is_empty()),
            path: conditions().any(|conditions| !conditions.paths.is_empty()),
        }
    }
}

fn looks_inside(conditions: &Conditions) -> bool {
    let answers = [conditions.images, conditions.audio, conditions.structured_output, conditions.reasoning];
    conditions.messages.is_some() || answers.iter().any(Option::is_some)
}
