//! Budgets that limit nobody: of the models that their requests would have to go to, their callers may use none.

use super::{Kind, Search};

pub(super) fn check(search: &mut Search<'_>) {
    let policy = search.policy;
    for (nth, budget) in policy.budgets().iter().enumerate() {
        let callers =
            || policy.tenants().map(|(id, _)| Some(id)).chain([None]).filter(|caller| budget.is_about(*caller));
        let counts = policy.models().any(|(model, _)| {
            budget.covers(model) && callers().any(|caller| policy.exclusion(caller, model).is_none())
        });
        if !counts {
            let message = format!(
                "`{}` limits nothing: no model that it is about may be used by any caller that it is about",
                budget.name
            );
            search.find(Kind::IdleBudget, format!("budgets[{nth}].match"), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Extent, of};
    use crate::policy::testing::valid;
    use pointsman_document::Document;

    fn found(matches: &str) -> Vec<String> {
        let tenants =
            r#""tenants": [{"name": "eu", "match": {"principals": ["x"]}, "models": {"require": {"region": "eu"}}}]"#;
        let budgets =
            format!(r#""budgets": [{{"name": "b", "window": {{"every": "day"}}, "requests": 1, "match": {matches}}}]"#);
        let document = Document::from_json(b"{}").expect("JSON");
        let found = of(&valid(&format!("{tenants}, {budgets}")), &document, Extent::Part);
        found.into_iter().filter(|found| found.kind == super::Kind::IdleBudget).map(|found| found.at).collect()
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
