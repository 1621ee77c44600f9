//! Models and aliases that no request gets to, and tenants that get to no model.

use super::callers::Callers;
use super::contradiction::patterns_meet;
use super::cover::shape;
use super::rules::Dead;
use super::tenants::Shadowed;
use super::{Kind, Search};
use crate::policy::model_set::ModelSet;
use crate::policy::rule::Rule;
use crate::policy::tenant::TenantId;
use crate::policy::{DefaultAction, ModelId, Policy};
use pointsman_document::Document;
use std::collections::BTreeMap;

pub(super) fn check(search: &mut Search<'_>, shadowed: &Shadowed, dead: &Dead) {
    let policy = search.policy;
    let alive: Vec<&Rule> = policy.rules.iter().zip(dead).filter(|(_, dead)| !**dead).map(|(rule, _)| rule).collect();
    models(search, &alive);
    aliases(search, &alive);
    tenants(search, shadowed, &alive);
}

/// Whether some request comes to the end of the rules, and a model asked for by its name is given there: none of them takes
/// every request.
pub(super) fn has_default<'p>(policy: &Policy, mut alive: impl Iterator<Item = &'p Rule>) -> bool {
    policy.default_action() == DefaultAction::Allow && !alive.any(|rule| shape(rule) == 0 && !rule.action.passes_on())
}

/// Tenants that may use models, and that nothing gives any.
fn tenants(search: &mut Search<'_>, shadowed: &Shadowed, alive: &[&Rule]) {
    let policy = search.policy;
    // What a stored response is asked for by its id asks no rule.
    if has_default(policy, alive.iter().copied()) || policy.signs_ids() {
        return;
    }
    let (mut of_all, mut of_tenant): (Vec<ModelId>, BTreeMap<TenantId, Vec<ModelId>>) = Default::default();
    let on_failure = policy.on_failure();
    let stand_ins = [on_failure.unknown_model, on_failure.missing_model, on_failure.no_candidate].into_iter().flatten();
    for id in stand_ins {
        // What stands in has a fallback of its own.
        of_all.push(id);
        of_all.extend(policy.model(id).into_iter().flat_map(|model| &model.fallback));
    }
    let may_come_along =
        |id: &TenantId| policy.tenants.all.get(usize::from(id.0)).is_none_or(|tenant| tenant.continues);
    for (rule, route) in alive.iter().filter_map(|rule| Some((rule, rule.action.route()?))) {
        let models = route.all(policy.catalog());
        let named = &rule.conditions.tenants;
        if named.is_empty() || named.iter().any(may_come_along) {
            of_all.extend(models);
        } else {
            let models: Vec<ModelId> = models.collect();
            named.iter().for_each(|id| of_tenant.entry(*id).or_default().extend(&models));
        }
    }
    let of_all: ModelSet = of_all.into_iter().collect();
    for ((id, tenant), _) in policy.tenants().zip(shadowed).filter(|((_, tenant), gone)| !tenant.continues && !**gone) {
        let own: ModelSet = of_tenant.get(&id).into_iter().flatten().copied().collect();
        let mut usable =
            policy.models().map(|(model, _)| model).filter(|it| policy.exclusion(Some(id), *it).is_none()).peekable();
        // One that may use nothing at all is found as such.
        if usable.peek().is_some() && !usable.any(|model| of_all.contains(model) || own.contains(model)) {
            let message = format!(
                "nothing gives `{}` a model that it may use: no rule does, and no other request is served",
                tenant.name
            );
            search.find(Kind::TenantWithoutModels, format!("tenants[{}]", id.0), message);
        }
    }
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
    if has_default(policy, alive.iter().copied()) || lets_bodies_name_models(document) {
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
    // A body may name aliases besides the one asked for.
    let refuses = policy.default_action() == DefaultAction::Deny && !lets_bodies_name_models(search.document);
    for (nth, alias) in policy.aliases().enumerate() {
        let leads = |rule: &&Rule| {
            let patterns = &rule.conditions.models;
            patterns.is_empty() || patterns.iter().any(|pattern| patterns_meet(pattern, &alias.pattern))
        };
        let why = if alias.model.is_none() { "it has no `model`" } else { "the default refuses it" };
        if (alias.model.is_none() || refuses) && !alive.iter().any(leads) {
            let message = format!("nothing gives `{}` a model: {why}, and no rule matches it", alias.name);
            search.find(Kind::AliasWithoutModel, format!("aliases[{nth}]"), message);
        }
    }
}
