//! Models and aliases that no request gets to.

use super::callers::Callers;
use super::cover::shape;
use super::rules::Dead;
use super::{Kind, Search};
use crate::policy::model_set::ModelSet;
use crate::policy::pattern::Pattern;
use crate::policy::rule::Rule;
use crate::policy::{DefaultAction, ModelId, Policy};
use pointsman_document::Document;

pub(super) fn check(search: &mut Search<'_>, dead: &Dead) {
    let policy = search.policy;
    let alive: Vec<&Rule> = policy.rules.iter().zip(dead).filter(|(_, dead)| !**dead).map(|(rule, _)| rule).collect();
    models(search, &alive);
    aliases(search, &alive);
}

/// Whether some request comes to the end of the rules: none of them takes every request.
fn has_default(policy: &Policy, alive: &[&Rule]) -> bool {
    policy.default_action() == DefaultAction::Allow
        && !alive.iter().any(|rule| shape(rule) == 0 && !rule.action.passes_on())
}

fn models(search: &mut Search<'_>, alive: &[&Rule]) {
    let policy = search.policy;
    let named = named(policy, search.document, alive);
    let callers = Callers::of(policy);
    for (id, model) in policy.models() {
        let at = format!("models[{}]", id.0);
        if model.apis.is_empty() {
            search.find(
                Kind::ModelWithoutApis,
                format!("{at}.apis"),
                "is empty: no request can be served by this model",
            );
        } else if !callers.may_use(id) {
            search.find(Kind::UnreachableModel, at, "no request gets to this model: no tenant may use it");
        } else if !named.contains(id) {
            let message = "no request gets to this model: no rule, fallback or alias leads to it, and asking for its name does not";
            search.find(Kind::UnreachableModel, at, message);
        }
    }
}

/// The models that something leads to.
fn named(policy: &Policy, document: &Document, alive: &[&Rule]) -> ModelSet {
    let catalog = policy.catalog();
    let mut first: Vec<ModelId> =
        alive.iter().filter_map(|rule| rule.action.route()).flat_map(|route| route.all(catalog)).collect();
    if has_default(policy, alive) || lets_bodies_name_models(document) {
        first.extend(policy.models().map(|(id, _)| id));
    }
    let on_failure = policy.on_failure();
    first.extend([on_failure.unknown_model, on_failure.missing_model, on_failure.no_candidate].into_iter().flatten());
    let after = |id: &ModelId| policy.model(*id).into_iter().flat_map(|model| model.fallback.iter().copied());
    first.iter().copied().chain(first.iter().flat_map(after)).collect()
}

/// Whether a body may name models besides the one asked for, of which nobody else need know.
fn lets_bodies_name_models(document: &Document) -> bool {
    let keys = document.get("steering").and_then(|steering| steering.get("allowKeys"));
    keys.is_some_and(|keys| !keys.items().is_empty())
}

/// Aliases that only rules could give a model, and no rule does.
fn aliases(search: &mut Search<'_>, alive: &[&Rule]) {
    let policy = search.policy;
    for (nth, alias) in policy.aliases().enumerate() {
        let leads = |rule: &&Rule| {
            let patterns = &rule.conditions.models;
            patterns.is_empty() || patterns.iter().any(|pattern| meet(pattern, &alias.pattern))
        };
        if alias.model.is_none() && !alive.iter().any(leads) {
            let message = format!("nothing gives `{}` a model: it has no `model`, and no rule matches it", alias.name);
            search.find(Kind::AliasWithoutModel, format!("aliases[{nth}]"), message);
        }
    }
}

/// Whether some text may match both; yes wherever that cannot be told.
fn meet(one: &Pattern, other: &Pattern) -> bool {
    match (one.exact(), other.exact()) {
        (Some(text), _) => other.matches(text),
        (_, Some(text)) => one.matches(text),
        (None, None) => one.prefix().starts_with(other.prefix()) || other.prefix().starts_with(one.prefix()),
    }
}
