//! What a policy needs to know of a request. Whatever none of its rules and models can ask for is not read.

use super::capability::Capability;
use super::catalog::Model;
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
    #[inline(never)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::valid;

    fn check(part: &str, structure: bool, text: bool, identity: bool) {
        assert_eq!(valid(part).wanted(), Wanted { structure, text, identity }, "{part}");
    }

    fn check_rule(conditions: &str, structure: bool, text: bool) {
        check(&format!(r#""rules": [{{"name": "r", "match": {conditions}, "deny": {{}}}}]"#), structure, text, false);
    }

    #[test]
    fn a_policy_of_names_reads_nothing_else() {
        check("", false, false, false);
        check_rule(r#"{"models": ["gpt-*"], "stream": true, "tools": true, "keywords": ["x"]}"#, false, false);
    }

    #[test]
    fn conditions_ask_for_what_they_test() {
        check_rule(r#"{"images": false}"#, true, false);
        check_rule(r#"{"messages": {"min": 3}}"#, true, false);
        check_rule(r#"{"inputTokens": {"max": 400}}"#, false, true);
    }

    #[test]
    fn models_ask_for_what_excludes_them() {
        check(r#""models": [{"name": "a", "cluster": "c", "capabilities": ["tools"]}]"#, true, false, false);
        check(
            r#""models": [{"name": "a", "cluster": "c", "capabilities": ["vision", "audio", "structuredOutput", "reasoning"]}]"#,
            false,
            false,
            false,
        );
        check(r#""models": [{"name": "a", "cluster": "c", "contextWindow": 1000}]"#, false, true, false);
    }

    #[test]
    fn a_choice_asks_for_the_conversation() {
        let route = |targets: &str| format!(r#""rules": [{{"name": "r", "route": {{"targets": [{targets}]}}}}]"#);
        check(&route(r#"{"model": "gpt-4o"}, {"model": "llama-small"}"#), false, false, true);
        check(&route(r#"{"model": "gpt-4o"}, {"model": "llama-small", "weight": 0}"#), false, false, false);
    }
}
