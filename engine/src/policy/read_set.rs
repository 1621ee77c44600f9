//! What a policy needs to know of a request. Whatever none of its rules and models can ask for is not read.

use super::budget::Budget;
use super::catalog::{Catalog, Model};
use super::condition::Conditions;
use super::rule::Rule;
use super::state::ProviderState;
use super::tenant::Tenant;
use super::when::AsksOfCallers;
use crate::naming::Allowed;
use crate::request::flag::{Flag, FlagSet};
use crate::request::reader::Wanted;
use crate::request::text::WantedText;

/// The facts that can matter under a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadSet {
    /// Facts in the body.
    pub(crate) body: Wanted,
    /// The caller's certificate.
    pub(crate) principal: bool,
    /// When the request comes.
    pub(crate) time: bool,
    /// The caller, for expressions.
    pub(crate) expressions: AsksOfCallers,
}

impl ReadSet {
    #[inline(never)]
    pub(super) fn of(catalog: &Catalog, tenants: &[Tenant], rules: &[Rule], state: &ProviderState) -> Self {
        let models = &catalog.models;
        let mut flags = flags(models, rules);
        if state.can_matter(catalog, rules) {
            flags.insert(Flag::Held);
        }
        let conditions = || rules.iter().flat_map(|rule| rule.conditions.all());
        let text = WantedText {
            length: conditions().any(Conditions::ask_length)
                || models.iter().any(|model| model.context_window.is_some())
                || rules.iter().filter_map(|rule| rule.action.route()).any(|route| route.compares_lengths(catalog)),
            identity: rules.iter().any(Rule::needs_identity),
            excerpt: false,
        };
        Self {
            body: Wanted { flags, text, ..Wanted::default() },
            time: conditions().any(|conditions| conditions.schedule.is_some()),
            principal: tenants
                .iter()
                .flat_map(|tenant| tenant.matches.parts())
                .any(|credentials| !credentials.principals.is_empty()),
            expressions: AsksOfCallers::of(conditions().filter_map(|conditions| conditions.when.as_deref())),
        }
    }

    /// The same, where the policy allows some of what would name a model besides `model`.
    pub(super) fn allowing(self, allowed: Allowed) -> Self {
        Self { body: Wanted { allowed, names_besides: allowed.names_models(), ..self.body }, ..self }
    }

    /// The same, where everything that a policy can ask for is written down.
    pub(super) fn recording(self, writes_facts: bool) -> Self {
        if !writes_facts {
            return self;
        }
        let text = WantedText { length: true, identity: true, ..self.body.text };
        Self { body: Wanted { flags: Flag::ALL.iter().copied().collect(), text, ..self.body }, ..self }
    }

    /// The same, where budgets have to be told how long a request is.
    pub(super) fn counting(self, budgets: &[Budget]) -> Self {
        let length = self.body.text.length || budgets.iter().any(Budget::needs_length);
        Self { body: Wanted { text: WantedText { length, ..self.body.text }, ..self.body }, ..self }
    }
}

/// The flags that rules test, and those for which some model lacks the capability.
fn flags(models: &[Model], rules: &[Rule]) -> FlagSet {
    let conditions = || rules.iter().flat_map(|rule| rule.conditions.all());
    let tested = conditions().flat_map(|conditions| conditions.flags.iter()).map(|(flag, _)| flag);
    let asked = conditions().filter_map(|conditions| conditions.when.as_ref()).flat_map(|when| when.flags());
    let is_lacking =
        |flag: &Flag| flag.need().is_some_and(|(capability, _)| models.iter().any(|model| !model.can(capability)));
    tested.chain(asked).chain(Flag::ALL.iter().copied().filter(is_lacking)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::valid;

    /// What a policy reads of bodies, as words: flags, `length`, `identity`.
    fn check(part: &str, expected: &str) {
        let wanted = valid(part).wanted();
        let mut words: Vec<String> = wanted.flags.iter().map(|flag| format!("{flag:?}")).collect();
        words.extend(wanted.text.length.then(|| "length".to_owned()));
        words.extend(wanted.text.identity.then(|| "identity".to_owned()));
        words.extend(wanted.text.excerpt.then(|| "excerpt".to_owned()));
        assert_eq!(words.join(" "), expected, "{part}");
    }

    fn check_rule(conditions: &str, expected: &str) {
        check(&format!(r#""rules": [{{"name": "r", "match": {conditions}, "deny": {{}}}}]"#), expected);
    }

    #[test]
    fn a_policy_of_names_reads_nothing_else() {
        check("", "");
        check_rule(r#"{"models": ["gpt-*"], "keywords": ["x"]}"#, "");
        // Counted where they stand: nothing inside of them matters.
        check_rule(r#"{"messages": {"min": 3}}"#, "");
    }

    #[test]
    fn conditions_ask_for_what_they_test() {
        check_rule(r#"{"images": false}"#, "Images");
        check_rule(r#"{"stream": true, "tools": true, "cached": false}"#, "Stream Tools Cached");
        check_rule(r#"{"inputTokens": {"max": 400}}"#, "length");
        check_rule(
            r#"{"any": [{"tools": true}, {"not": {"inputTokens": {"max": 4}}}], "not": {"any": [{"not": {"images": true}}]}}"#,
            "Tools Images length",
        );
    }

    #[test]
    fn what_stands_at_the_top_level_enters_nothing_else() {
        let nested: Vec<_> = Flag::ALL.iter().copied().filter(|flag| flag.is_nested()).collect();
        assert_eq!(nested, [Flag::Images, Flag::Audio, Flag::Cached, Flag::Held]);
    }

    #[test]
    fn models_ask_for_what_excludes_them() {
        check(
            r#""models": [{"name": "a", "cluster": "c", "capabilities": ["tools"]}]"#,
            "Images Audio StructuredOutput Reasoning",
        );
        check(
            r#""models": [{"name": "a", "cluster": "c", "capabilities": ["vision", "audio", "structuredOutput", "reasoning"]}]"#,
            "Tools",
        );
        check(r#""models": [{"name": "a", "cluster": "c", "contextWindow": 1000}]"#, "length");
    }

    #[test]
    fn a_choice_asks_for_the_conversation() {
        let route = |targets: &str| format!(r#""rules": [{{"name": "r", "route": {{"targets": [{targets}]}}}}]"#);
        let apart = route(r#"{"model": "gpt-4o"}, {"model": "llama-small"}"#);
        check(&apart, "Held identity");
        check(&format!(r#""providerState": {{"shared": [["openai", "llama"]]}}, {apart}"#), "identity");
        check(&format!(r#""providerState": {{"holds": false}}, {apart}"#), "identity");
        check(&route(r#"{"model": "gpt-4o"}, {"model": "llama-small", "weight": 0}"#), "");
    }
}
