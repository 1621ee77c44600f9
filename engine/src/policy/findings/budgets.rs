//! Budgets that limit nobody, that clients can spread over accounts, or that leave nothing to go on with.

use super::written;
use super::{Kind, Search};
use crate::policy::budget::{Budget, BudgetAction, Per};
use crate::policy::failure::OnUnknownTenant;
use crate::policy::tenant::TenantId;
use crate::policy::{ModelId, Policy};

pub(super) fn check(search: &mut Search<'_>) {
    let policy = search.policy;
    for (nth, budget) in policy.budgets().iter().enumerate() {
        let at = format!("budgets[{nth}]");
        let mut uses = policy.models().filter(|(model, _)| budget.covers(*model));
        if !uses.any(|(model, _)| callers(policy, budget).any(|caller| may_use(policy, caller, model))) {
            let message = format!(
                "`{}` limits nothing: no model that it is about may be used by any caller that it is about",
                budget.name
            );
            search.find(Kind::IdleBudget, format!("{at}.match"), message);
            continue;
        }
        written::budget(search, nth, &at);
        if matches!(budget.per, Per::Header(_)) {
            let message = "a client can write any header, and so begin a new account with each request: right only where the \
                proxy sets it and removes the client's";
            search.find(Kind::ChosenAccount, format!("{at}.per.header"), message);
        }
        if budget.action == BudgetAction::Downgrade && leaves_nothing(policy, budget) {
            let message = "leaves nothing to go on with: every model that these callers may use counts for this budget, so that \
                it refuses once it is used up";
            search.find(Kind::DowngradeToNothing, format!("{at}.action"), message);
        }
    }
}

/// Those whom a budget is about.
fn callers<'p>(policy: &'p Policy, budget: &'p Budget) -> impl Iterator<Item = Option<TenantId>> + 'p {
    policy.tenants().map(|(id, _)| Some(id)).chain([None]).filter(|caller| budget.is_about(*caller))
}

fn may_use(policy: &Policy, caller: Option<TenantId>, model: ModelId) -> bool {
    policy.exclusion(caller, model).is_none()
}

/// Whether there is no other model for any caller; who is refused anyway does not count.
fn leaves_nothing(policy: &Policy, budget: &Budget) -> bool {
    let asks = |caller: &Option<TenantId>| {
        caller.is_some() || !policy.has_tenants() || policy.on_failure().unknown_tenant == OnUnknownTenant::Allow
    };
    let has_other = |caller| policy.models().any(|(model, _)| !budget.covers(model) && may_use(policy, caller, model));
    !callers(policy, budget).filter(asks).any(has_other)
}

#[cfg(test)]
mod tests {
    use super::super::{Extent, of};
    use crate::policy::testing::valid;
    use pointsman_document::Document;

    /// What is found of a budget with these fields, for a tenant that may use `llama-small` alone and for everybody else.
    fn found_of(fields: &str) -> Vec<(super::Kind, String)> {
        let tenants =
            r#""tenants": [{"name": "eu", "match": {"principals": ["x"]}, "models": {"require": {"region": "eu"}}}]"#;
        let budgets = format!(r#""budgets": [{{"name": "b", "window": {{"every": "day"}}, "requests": 1, {fields}}}]"#);
        let document = Document::from_json(format!("{{{tenants}, {budgets}}}").as_bytes()).expect("JSON");
        let found = of(&valid(&format!("{tenants}, {budgets}")), &document, Extent::Part);
        found.into_iter().filter(|found| found.at.starts_with("budgets")).map(|found| (found.kind, found.at)).collect()
    }

    fn found(matches: &str) -> Vec<String> {
        let found = found_of(&format!(r#""match": {matches}"#));
        found.into_iter().filter(|(kind, _)| *kind == super::Kind::IdleBudget).map(|(_, at)| at).collect()
    }

    #[test]
    fn what_clients_choose_is_no_account() {
        assert_eq!(
            found_of(r#""per": {"header": "x-user"}"#),
            [(super::Kind::ChosenAccount, "budgets[0].per.header".to_owned())]
        );
        assert!(
            found_of(r#""per": {"claim": "sub"}"#).is_empty() && found_of(r#""per": {"each": "tenant"}"#).is_empty()
        );
    }

    #[test]
    fn a_downgrade_has_somewhere_to_go() {
        for (matches, is_found) in [
            (r#"{"models": ["gpt-*"]}"#, false),
            (r#"{"models": ["*"]}"#, true),
            ("{}", true),
            (r#"{"tenants": ["eu"], "models": ["llama-*"]}"#, true),
            (r#"{"labels": {"region": "us"}}"#, false),
        ] {
            let found = found_of(&format!(r#""action": "downgrade", "match": {matches}"#));
            let expected = [(super::Kind::DowngradeToNothing, "budgets[0].action".to_owned())];
            assert_eq!(found, if is_found { &expected[..] } else { &[] }, "{matches}");
        }
    }

    #[test]
    fn one_of_several_patterns_that_matches_nothing_is_found() {
        assert_eq!(
            found_of(r#""match": {"models": ["gpt-*", "lama-*"]}"#),
            [(super::Kind::UnmatchedPattern, "budgets[0].match.models[1]".to_owned())]
        );
    }

    #[test]
    fn a_budget_limits_somebody() {
        for right in [
            "{}",
            r#"{"tenants": ["eu"]}"#,
            r#"{"models": ["gpt-*"]}"#,
            r#"{"tenants": ["eu"], "models": ["llama-*"]}"#,
        ] {
            assert!(found(right).is_empty(), "{right}");
        }
        for idle in [
            r#"{"models": ["mistral-*"]}"#,
            r#"{"labels": {"region": "ue"}}"#,
            r#"{"tenants": ["eu"], "models": ["gpt-*"]}"#,
        ] {
            assert_eq!(found(idle), ["budgets[0].match"], "{idle}");
        }
    }
}
