//! Models that a rule refuses by their names, and that another name leads to all the same.

use super::callers::Callers;
use super::reach::has_default;
use super::rules::Dead;
use super::takers::Takers;
use super::{Kind, Search, listed};
use crate::policy::alias::Alias;
use crate::policy::rule::{Rule, RuleAction};
use crate::policy::{ModelId, Policy};

/// How many names are looked up among all rules: thousands of each must not hold anybody up.
const MOST: usize = 500;

pub(super) fn check(search: &mut Search<'_>, takers: &Takers<'_>, dead: &Dead) {
    let policy = search.policy;
    let alive: Vec<(usize, &Rule)> =
        policy.rules.iter().enumerate().zip(dead).filter(|(_, dead)| !**dead).map(|(rule, _)| rule).collect();
    if !has_default(policy, alive.iter().map(|(_, rule)| *rule)) || policy.aliases().all(|alias| alias.model.is_none())
    {
        return;
    }
    let callers = Callers::of(policy);
    let mut looked_up = 0..MOST;
    for (nth, rule) in alive {
        if !matches!(rule.action, RuleAction::Deny(_)) || rule.conditions.models.is_empty() {
            continue;
        }
        let refused = refused(policy, rule);
        let may_use = |id: ModelId| callers.asking(rule).iter().any(|group| group.may_use(id));
        let leads_past = |(_, alias): &(usize, &Alias)| {
            alias.model.is_some_and(|id| refused.contains(&id) && may_use(id))
                && !rule.conditions.models.iter().any(|pattern| pattern.covers(&alias.pattern))
                && looked_up.next().is_some()
                && !is_taken(policy, takers, rule, alias)
        };
        let past: Vec<(usize, &Alias)> = policy.aliases().enumerate().filter(leads_past).collect();
        if let Some((first, _)) = past.first() {
            let names = listed(past.iter().map(|(_, alias)| alias.name.as_str()));
            let message = format!("what is refused here by its name can be asked for all the same, by {names}");
            search.find_beside(
                Kind::AliasPastRefusal,
                format!("rules[{nth}].match.models"),
                message,
                format!("aliases[{first}]"),
            );
        }
    }
}

/// The models that a rule refuses by name.
fn refused(policy: &Policy, rule: &Rule) -> Vec<ModelId> {
    let named = |name: &str| rule.conditions.models.iter().any(|pattern| pattern.matches(name));
    policy.models().filter(|(_, model)| named(model.name())).map(|(id, _)| id).collect()
}

/// Whether a rule decides what is asked for by the alias, so that it does not simply lead to its model.
fn is_taken(policy: &Policy, takers: &Takers<'_>, rule: &Rule, alias: &Alias) -> bool {
    let mut asked = rule.clone();
    asked.conditions.models = vec![alias.pattern.clone()];
    takers.of(policy.rules.len(), &asked, &asked.conditions.tenants).is_some()
}
