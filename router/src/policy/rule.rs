//! Rules: conditions and an action. The first that applies acts.

use super::catalog::ModelId;
use super::condition::{Conditions, ConditionsSpec, Scope};
use super::document::Document;
use super::error::{PolicyErrorKind, Report};
use super::header::{HeaderName, HeaderSlot};
use super::model_set::ModelSet;
use super::object::object;
use super::path::Path;
use super::read::{Some1, Whole};
use super::text::{Message, Name};
use std::collections::BTreeMap;

/// The status of a `deny` that does not say.
const FORBIDDEN: u32 = 403;

object! {
    /// A rule: conditions and an action. Rules are tried in order, the first that applies acts.
    pub(crate) struct RuleSpec {
        /// Its name. Unique.
        "name" => name: Name,
        /// When it applies. Default: always.
        "match" => matches: ConditionsSpec = Document::EMPTY,
        /// Where the request goes.
        "route" => route: Option<RouteSpec>,
        /// Refuses the request.
        "deny" => deny: Option<DenySpec>,
    }
    exactly_one_of("route", "deny");
}

object! {
    /// Where a request goes.
    pub(crate) struct RouteSpec {
        /// The models to choose from. Those that the caller may not use, or that cannot serve the request, are
        /// left out.
        "targets" => targets: Some1<TargetSpec>,
        /// What keeps requests on the model that was chosen first. Default: the conversation itself.
        "sticky" => sticky: Option<StickySpec>,
    }
}

object! {
    /// One of the models to choose from.
    pub(crate) struct TargetSpec {
        /// The model.
        "model" => model: Name,
        /// Its share, relative to the other targets.
        "weight" => weight: Whole<0, 1_000_000> = 1u32,
    }
}

object! {
    /// What keeps requests on one model.
    pub(crate) struct StickySpec {
        /// Requests with the same value of this header stay together; those without it, by conversation.
        "header" => header: HeaderName,
    }
}

object! {
    /// A refusal.
    pub(crate) struct DenySpec {
        /// The HTTP status.
        "status" => status: Whole<400, 599> = FORBIDDEN,
        /// What the client is told.
        "message" => message: Message = "the policy refuses this request",
    }
}

/// The place of a rule in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RuleId(pub(crate) u32);

/// Conditions and an action.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) conditions: Conditions,
    pub(crate) action: Action,
}

/// What a rule does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Route(Route),
    Deny(Deny),
}

/// A choice between models.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Each model once, some weight above 0.
    pub(crate) targets: Vec<Target>,
    /// The header that keeps requests together; those without it are kept together by conversation.
    pub(crate) sticky: Option<HeaderSlot>,
}

/// One of the models to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) model: ModelId,
    pub(crate) weight: u32,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deny {
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl Action {
    /// Whether the conversation's identity can decide which target is chosen: there is a choice, and a request
    /// may come without the sticky header.
    pub(super) fn needs_identity(&self) -> bool {
        match self {
            Action::Route(route) => route.targets.iter().filter(|target| target.weight > 0).count() > 1,
            Action::Deny(_) => false,
        }
    }
}

/// Compiles the rules, in their order.
pub(super) fn compile(specs: Vec<RuleSpec>, scope: &mut Scope<'_>, at: &Path<'_>, report: &mut Report) -> Vec<Rule> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut rules = Vec::with_capacity(specs.len());
    for (nth, spec) in specs.into_iter().enumerate() {
        let at = at.index(nth);
        let name = spec.name.0;
        if let Some(first) = taken.get(&name) {
            report.add(&at.key("name"), PolicyErrorKind::Taken { name: name.clone(), by: format!("rules[{first}]") });
        } else if !report.is_lost(&at.key("name")) {
            taken.insert(name.clone(), nth);
        }
        let conditions = spec.matches.compile(scope, &at.key("match"), report);
        let action = match (spec.route, spec.deny) {
            (Some(route), _) => Action::Route(route.compile(scope, &at.key("route"), report)),
            (None, deny) => Action::Deny(deny.unwrap_or_default().compile()),
        };
        rules.push(Rule { name, conditions, action });
    }
    rules
}

impl RouteSpec {
    fn compile(self, scope: &mut Scope<'_>, at: &Path<'_>, report: &mut Report) -> Route {
        let at_targets = at.key("targets");
        let mut targets: Vec<Target> = Vec::with_capacity(self.targets.0.len());
        let mut seen = ModelSet::default();
        let mut has_weight = report.is_lost(&at_targets);
        for (nth, target) in self.targets.0.into_iter().enumerate() {
            let at = at_targets.index(nth);
            has_weight |= target.weight.0 > 0 || report.is_lost(&at.key("weight"));
            let Some(model) = scope.catalog.resolve(&target.model, &at.key("model"), report) else { continue };
            if seen.contains(model) {
                report.add(
                    &at.key("model"),
                    PolicyErrorKind::Taken { name: target.model.0, by: "an earlier target".to_owned() },
                );
                continue;
            }
            seen.insert(model);
            targets.push(Target { model, weight: u32::try_from(target.weight.0).unwrap_or(u32::MAX) });
        }
        if !has_weight {
            report.add(&at_targets, PolicyErrorKind::NoWeight);
        }
        let at_sticky = at.key("sticky");
        let sticky = self.sticky.map(|sticky| scope.slots.slot(sticky.header, &at_sticky.key("header"), report));
        Route { targets, sticky }
    }
}

impl DenySpec {
    fn compile(self) -> Deny {
        Deny { status: u16::try_from(self.status.0).unwrap_or(403), message: self.message.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::{check, valid};

    #[test]
    fn a_rule_does_one_thing() {
        check(
            r#""rules": [{"name": "a"}, {"name": "b", "route": {"targets": [{"model": "gpt-4o"}]}, "deny": {}}]"#,
            &["rules[0]: needs exactly one of `route`, `deny`", "rules[1]: needs exactly one of `route`, `deny`"],
        );
    }

    #[test]
    fn names_are_unique() {
        check(
            r#""rules": [{"name": "a", "deny": {}}, {"name": "a", "deny": {}}, {"deny": {}}]"#,
            &["rules[2].name: is required", "rules[1].name: `a` is taken by rules[0]"],
        );
    }

    #[test]
    fn targets_exist_once_and_can_be_chosen() {
        check(
            r#""rules": [
                {"name": "a", "route": {"targets": []}},
                {"name": "b", "route": {"targets": [{"model": "gpt-5x"}, {"model": "llama-smal", "weight": 2000000}]}},
                {"name": "c", "route": {"targets": [{"model": "gpt-4o", "weight": 0}]}},
                {"name": "d", "route": {"targets": [{"model": "gpt-4o"}, {"model": "gpt-4o"}]}},
                {"name": "e", "route": {"targets": [{"model": "auto"}]}}
            ]"#,
            &[
                "rules[0].route.targets: needs at least one item",
                "rules[1].route.targets[1].weight: must be from 0 to 1000000",
                "rules[1].route.targets[0].model: no model `gpt-5x` in the catalog; did you mean `gpt-4o`?",
                "rules[1].route.targets[1].model: no model `llama-smal` in the catalog; did you mean `llama-small`?",
                "rules[2].route.targets: needs at least one weight above 0",
                "rules[3].route.targets[1].model: `gpt-4o` is taken by an earlier target",
                "rules[4].route.targets[0].model: no model `auto` in the catalog",
            ],
        );
    }

    #[test]
    fn a_refusal_is_an_error_status() {
        check(
            r#""rules": [{"name": "a", "deny": {"status": 200, "message": ""}}]"#,
            &[
                "rules[0].deny.status: must be from 400 to 599",
                "rules[0].deny.message: is empty, expected a text of 1 to 1024 characters without control characters",
            ],
        );
    }

    #[test]
    fn defaults_are_filled_in() {
        let policy = valid(
            r#""rules": [{"name": "a", "deny": {}},
                {"name": "b", "route": {"targets": [{"model": "gpt-4o"}], "sticky": {"header": "X-Session"}}}]"#,
        );
        let action = |id: u32| policy.rule(RuleId(id)).map(|rule| rule.action.clone());
        assert!(matches!(action(0), Some(Action::Deny(Deny { status: 403, .. }))));
        let Some(Action::Route(route)) = action(1) else { panic!("a route") };
        assert_eq!(route.targets, [Target { model: ModelId(0), weight: 1 }]);
        assert_eq!(route.sticky.map(|HeaderSlot(slot)| usize::from(slot)), Some(0));
        assert_eq!(policy.header_names(), ["x-session"]);
        assert!(policy.rule(RuleId(2)).is_none());
    }
}
