//! Models by what they are: a name, a pattern over names, labels. Wherever a policy lists models to choose from.

use super::catalog::{Catalog, Model, ModelId};
use super::error::{PolicyFault, Report};
use super::pattern::Pattern;
use super::tenant::requirements;
use super::text::{LabelKey, Name, NamePattern, Plain};
use pointsman_document::{Definitions, Document, Map, Path, Read, Value, object, wrong_type};
use serde_json::json;
use std::fmt::Write;

object! {
    /// Models by what they are. Of the two that are given, both must hold.
    pub(crate) struct GroupSpec {
        /// A model's name, or a pattern with `*` over the names of models.
        "model" => model: Option<NamePattern>,
        /// Labels that the models have, such as `tier: small`: all of them.
        "labels" => labels: Map<LabelKey, Plain>,
    }
    at_least_one_of("model", "labels");
}

/// A model by its name alone, or a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelsSpec(pub(super) GroupSpec);

impl Read for ModelsSpec {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::String(_) => {
                let model = Some(NamePattern::read(document, at, report));
                Self(GroupSpec { model, labels: Map::default() })
            }
            Document::Object(_) => Self(GroupSpec::read(document, at, report)),
            other => wrong_type("a name, or an object with `model` or `labels`", other, at, report),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "anyOf": [NamePattern::schema(definitions), GroupSpec::schema(definitions)] })
    }
}

/// What a list of models has in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Members {
    One(ModelId),
    /// In the order of the catalog, and never nobody.
    Group(Vec<ModelId>),
}

/// A group that is not bound to a catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// `None`: any name.
    pattern: Option<Pattern>,
    labels: Vec<(String, String)>,
}

impl Group {
    pub(crate) fn has(&self, model: &Model) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.matches(model.name()))
            && self.labels.iter().all(|(key, value)| model.label(key) == Some(value))
    }
}

impl GroupSpec {
    /// The one name that it is, if it is one.
    pub(super) fn exact(&self) -> Option<&str> {
        let name = self.model.as_ref().filter(|_| self.labels.0.is_empty())?;
        (!name.0.contains('*')).then_some(&*name.0)
    }

    /// The same text for the same group, however it is written: what its share of a choice is drawn by.
    pub(super) fn text(&self) -> String {
        let mut labels: Vec<_> = self.labels.0.iter().map(|(LabelKey(key), Plain(value))| (key, value)).collect();
        pointsman_document::order::sort_by(&mut labels, Ord::cmp);
        let mut text = self.model.as_ref().map_or_else(String::new, |model| model.0.clone());
        for (key, value) in labels {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{key}: {value}", if text.is_empty() { "" } else { ", " });
        }
        text
    }

    /// Its models, which must be some; `at_name` is where the name stands, `at` where the group does.
    #[inline(never)]
    pub(super) fn members(
        self,
        catalog: &Catalog,
        at_name: &Path<'_>,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Option<Members> {
        if report.is_lost(at_name) || report.is_lost(at) || report.is_lost(&at.key("labels")) {
            return None;
        }
        if let Some(name) = self.exact() {
            return catalog.resolve(&Name(name.to_owned()), at_name, report).map(Members::One);
        }
        let text = self.text();
        let group = self.compile(catalog, &at.key("labels"), report);
        let members: Vec<ModelId> =
            catalog.iter().filter(|(_, model)| group.has(model)).map(|(model, _)| model).collect();
        if !members.is_empty() {
            return Some(Members::Group(members));
        }
        let is_known = |(key, _): &(String, String)| catalog.iter().any(|(_, model)| model.label(key).is_some());
        if !catalog.has_gaps() && group.labels.iter().all(is_known) {
            let at = if group.pattern.is_some() && group.labels.is_empty() { at_name } else { at };
            let suggestion = group.nearest(catalog, report);
            report.add(at, PolicyFault::NoMember { group: text, suggestion }.into());
        }
        None
    }

    /// The group as it is asked for single models. A name, and a label's key, must exist.
    pub(super) fn compile(self, catalog: &Catalog, at_labels: &Path<'_>, report: &mut Report) -> Group {
        let pattern = self.model.map(|model| model.pattern());
        Group { pattern, labels: requirements(self.labels, catalog, at_labels, report) }
    }
}

impl Group {
    /// A value that its only wrong label may have been meant to have.
    fn nearest(&self, catalog: &Catalog, report: &mut Report) -> Option<String> {
        let has = |key: &str, value: &str| catalog.iter().any(|(_, model)| model.label(key) == Some(value));
        let (key, value) = self.labels.iter().find(|(key, value)| !has(key, value))?;
        report.suggest(value, catalog.iter().filter_map(|(_, model)| model.label(key)))
    }
}

impl ModelsSpec {
    /// The one name that it is, if it is one.
    pub(super) fn exact(&self) -> Option<&str> {
        self.0.exact()
    }

    /// Its models; `at` is where it stands.
    pub(super) fn members(self, catalog: &Catalog, at: &Path<'_>, report: &mut Report) -> Option<Members> {
        self.0.members(catalog, at, at, report)
    }
}

/// The groups of a list that may match nothing. A name must be a model's.
pub(super) fn groups(items: Vec<ModelsSpec>, catalog: &Catalog, at: &Path<'_>, report: &mut Report) -> Vec<Group> {
    let mut compiled = Vec::with_capacity(items.len());
    for (nth, item) in items.into_iter().enumerate() {
        let at = at.index(nth);
        if let Some(name) = item.exact() {
            catalog.resolve(&Name(name.to_owned()), &at, report);
        }
        compiled.push(item.0.compile(catalog, &at.key("labels"), report));
    }
    compiled
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{check, valid};
    use crate::policy::{ModelId, RuleId};

    const MODELS: &str = r#""models": [
        {"name": "gpt-5", "cluster": "a", "labels": {"tier": "large", "region": "us"}},
        {"name": "gpt-5-mini", "cluster": "a", "labels": {"tier": "small", "region": "us"}},
        {"name": "llama", "cluster": "b", "labels": {"tier": "small", "region": "eu"}},
        {"name": "mistral", "cluster": "c", "labels": {"tier": "large", "region": "eu"}}]"#;

    /// The targets of a rule as `model weight group`, and its fallback.
    fn route(route: &str) -> (Vec<String>, Option<Vec<ModelId>>) {
        let policy = valid(&format!(r#"{MODELS}, "rules": [{{"name": "r", "route": {route}}}]"#));
        let route = policy.rule(RuleId(0)).and_then(|rule| rule.action.route()).expect("a route").clone();
        let name = |id| policy.model(id).expect("a model").name();
        let told = route.targets.iter().map(|target| {
            let group = target.group.as_deref().map_or(String::new(), |group| format!(" of {group}"));
            format!("{} {}{group}", name(target.model), target.weight)
        });
        (told.collect(), route.fallback)
    }

    #[test]
    fn a_group_is_its_models_in_the_order_of_the_catalog() {
        let (targets, fallback) = route(
            r#"{"targets": [{"labels": {"tier": "small"}, "weight": 9}, {"model": "gpt-*", "variant": "g"}],
                "fallback": ["mistral", {"labels": {"region": "eu"}}, {"model": "gpt-*", "labels": {"tier": "large"}}]}"#,
        );
        assert_eq!(targets, ["gpt-5-mini 9 of tier: small", "llama 9 of tier: small", "gpt-5 1 of gpt-*"]);
        assert_eq!(fallback, Some(vec![ModelId(3), ModelId(2), ModelId(0)]));
    }

    #[test]
    fn who_is_named_is_in_no_group() {
        let (targets, _) = route(
            r#"{"targets": [{"labels": {"region": "eu", "tier": "small"}}, {"model": "gpt-5*"}, {"model": "gpt-5", "weight": 5}]}"#,
        );
        assert_eq!(targets, ["llama 1 of region: eu, tier: small", "gpt-5-mini 1 of gpt-5*", "gpt-5 5"]);
    }

    #[test]
    fn a_group_has_somebody() {
        check(
            &format!(
                r#"{MODELS}, "rules": [{{"name": "r", "route": {{
                    "targets": [{{"model": "claude-*"}}, {{"labels": {{"tier": "smal"}}}}, {{"labels": {{"teir": "small"}}}},
                        {{"model": "gpt-*", "labels": {{"region": "eu"}}}}, {{"weight": 1}}, {{"model": "gpt-5"}}, {{"model": "gpt-5*", "labels": {{"tier": "large"}}}}],
                    "fallback": ["o*", {{"labels": {{}}, "weight": 2}}, 5, {{"model": "lama"}}]}}}}]"#
            ),
            &[
                "rules[0].route.targets[4]: needs at least one of `model`, `labels`",
                "rules[0].route.fallback[1].weight: unknown field",
                "rules[0].route.fallback[2]: expected a name, or an object with `model` or `labels`, found a number",
                "rules[0].route.targets[0].model: no model is `claude-*`",
                "rules[0].route.targets[1]: no model is `tier: smal`; did you mean `small`?",
                "rules[0].route.targets[2].labels.teir: no model has the label `teir`; did you mean `tier`?",
                "rules[0].route.targets[3]: no model is `gpt-*, region: eu`",
                "rules[0].route.targets[6]: all models of this group are other targets",
                "rules[0].route.fallback[0]: no model is `o*`",
                "rules[0].route.fallback[3]: no model `lama` in the catalog; did you mean `llama`?",
            ],
        );
    }

    #[test]
    fn a_list_of_groups_has_few_models() {
        let models: Vec<_> = (0..9).map(|nth| format!(r#"{{"name": "m{nth}", "cluster": "c"}}"#)).collect();
        let models = models.join(",");
        check(
            &format!(
                r#""models": [{models}, {{"name": "x", "cluster": "c", "fallback": ["m*"]}}, {{"name": "y", "cluster": "c", "fallback": ["y", "m0", "m0", "*"]}}]"#
            ),
            &[
                "models[9].fallback: comes to 9 models, and at most 6 can be tried",
                "models[10].fallback[2]: `m0` is taken by an earlier item",
                "models[10].fallback: comes to 11 models, and at most 6 can be tried",
                "models[10].fallback[0]: `y` is the model itself",
            ],
        );
        let own = r#""models": [{"name": "m1", "cluster": "c", "fallback": ["m*"]}, {"name": "m2", "cluster": "c"}]"#;
        assert_eq!(valid(own).model(ModelId(0)).map(|model| model.fallback.clone()), Some(vec![ModelId(1)]));
    }
}
