//! Chains: the models that a request can be given to try, one after the other.

use super::catalog::{Catalog, MAX_FALLBACK, ModelId};
use super::rule::{Rule, RuleAction};
use std::collections::BTreeSet;

/// Every chain of two or more models that some request can be given, in no particular order but always the same.
///
/// With `feedback`, who has reached a limit is tried last where only one other model is left: two of a list can stand in any
/// order.
pub(super) fn all(catalog: &Catalog, rules: &[Rule], feedback: bool) -> BTreeSet<Vec<ModelId>> {
    let mut chains = BTreeSet::new();
    for (id, model) in catalog.iter() {
        add(&mut chains, id, &model.fallback, feedback);
    }
    for rule in rules {
        let RuleAction::Route(route) = &rule.action else { continue };
        let orders = route.orders(catalog).unwrap_or_default();
        let rollout = route.rollout.iter().filter(|rollout| !rollout.share.is_none()).map(|rollout| rollout.model);
        for order in &orders {
            for head in order.first().copied().into_iter().chain(rollout.clone()) {
                add(&mut chains, head, order, feedback);
            }
        }
        if orders.is_empty() {
            for head in route.choices() {
                add(&mut chains, head, route.fallback_after(head, catalog), feedback);
            }
        }
    }
    chains
}

/// Adds what can come of a first choice and its fallback: any of them may be missing, the order stays.
fn add(chains: &mut BTreeSet<Vec<ModelId>>, head: ModelId, fallback: &[ModelId], feedback: bool) {
    let rest: Vec<ModelId> = fallback.iter().copied().filter(|model| *model != head).collect();
    for chosen in 0_u32..1 << rest.len().min(MAX_FALLBACK) {
        let some = || rest.iter().enumerate().filter(|(nth, _)| chosen >> nth & 1 == 1).map(|(_, model)| *model);
        for chain in
            [std::iter::once(head).chain(some()).collect::<Vec<_>>(), fallback_alone(fallback, some().collect())]
        {
            if chain.len() > 1 {
                chains.insert(chain);
            }
        }
    }
    if feedback {
        let all = || std::iter::once(head).chain(rest.iter().copied());
        chains
            .extend(all().flat_map(|one| all().filter(move |other| *other != one).map(move |other| vec![one, other])));
    }
}

/// When no first choice is left, the fallback is all there is; then the choice may be one of it, too.
fn fallback_alone(fallback: &[ModelId], chosen: Vec<ModelId>) -> Vec<ModelId> {
    fallback.iter().copied().filter(|model| chosen.contains(model)).collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{check, valid};

    fn chains(part: &str) -> Vec<String> {
        let policy = valid(part);
        policy
            .chains()
            .iter()
            .map(|chain| chain.iter().map(|model| model.name()).collect::<Vec<_>>().join(">"))
            .collect()
    }

    const DEAF: &str = r#""feedback": {"rateLimits": false}"#;
    const MODELS: &str = r#""models": [{"name": "a", "cluster": "c"}, {"name": "b", "cluster": "c"},
        {"name": "c", "cluster": "c"}, {"name": "d", "cluster": "c", "fallback": ["a"]}]"#;

    #[test]
    fn every_model_of_a_chain_but_one_can_be_missing() {
        let rule = r#""rules": [{"name": "r", "route": {"targets": [{"model": "a"}], "fallback": ["b", "c"]}}]"#;
        assert_eq!(chains(&format!("{MODELS}, {DEAF}, {rule}")), ["a>b", "a>b>c", "a>c", "b>c", "d>a"]);
    }

    #[test]
    fn two_can_stand_in_any_order_where_a_limit_can_be_reached() {
        let rule = r#""rules": [{"name": "r", "route": {"targets": [{"model": "a"}], "fallback": ["b", "c"]}}]"#;
        let expected = ["a>b", "a>b>c", "a>c", "a>d", "b>a", "b>c", "c>a", "c>b", "d>a"];
        assert_eq!(chains(&format!("{MODELS}, {rule}")), expected);
    }

    #[test]
    fn a_rule_without_fallback_has_that_of_its_models() {
        let rule = r#""rules": [{"name": "r", "route": {"targets": [{"model": "b"}, {"model": "d"}]}}]"#;
        assert_eq!(chains(&format!("{MODELS}, {DEAF}, {rule}")), ["d>a"]);
        let rule = r#""rules": [{"name": "r", "route": {"targets": [{"model": "d"}], "fallback": []}}]"#;
        assert_eq!(chains(&format!("{MODELS}, {DEAF}, {rule}")), ["d>a"], "the default still has it");
    }

    #[test]
    fn without_fallback_there_is_no_chain() {
        assert!(chains("").is_empty());
    }

    #[test]
    fn fallbacks_are_models_once_and_few() {
        check(
            r#""models": [{"name": "a", "cluster": "c", "fallback": ["a", "b", "b", "x"]}, {"name": "b", "cluster": "c"},
                {"name": "m>n", "cluster": "c"}],
               "rules": [{"name": "r", "route": {"targets": [{"model": "a"}], "fallback": ["a", "a", "b", "b", "b", "b", "b"]}}]"#,
            &[
                "models[2].name: `m>n` is not a name (visible ASCII characters, spaces only between them, no `*` or `>`, at most 256)",
                "models[0].fallback[2]: `b` is taken by an earlier item",
                "models[0].fallback[0]: `a` is the model itself",
                "rules[0].route.fallback: has more than 6 items",
                "rules[0].route.fallback[1]: `a` is taken by an earlier item",
                "rules[0].route.fallback[3]: `b` is taken by an earlier item",
                "rules[0].route.fallback[4]: `b` is taken by an earlier item",
                "rules[0].route.fallback[5]: `b` is taken by an earlier item",
                "rules[0].route.fallback[6]: `b` is taken by an earlier item",
            ],
        );
    }
}
