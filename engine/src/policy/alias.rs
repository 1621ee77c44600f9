//! Names that clients may ask for besides the models' own.

use super::catalog::{Catalog, ModelId};
use super::error::{PolicyErrorKind, Report};
use super::pattern::Pattern;
use super::text::{Name, NamePattern};
use pointsman_document::{Path, object, order};
use std::collections::BTreeMap;

object! {
    /// A name that clients may ask for besides the models' own.
    pub(crate) struct AliasSpec {
        /// The name, or a pattern in which `*` stands for any characters. A model of that name comes first,
        /// then the alias without `*`, then the pattern with the longest beginning, then the first.
        "name" => name: NamePattern,
        /// The model it stands for. Default: only rules give it a model.
        "model" => model: Option<Name>,
    }
}

/// A name, or names, that clients may ask for.
#[derive(Clone, Debug)]
pub(crate) struct Alias {
    /// As it is written, which is also how `/v1/models` lists it.
    pub(crate) name: String,
    pub(crate) pattern: Pattern,
    /// The model it stands for, unless only rules give it one.
    pub(crate) model: Option<ModelId>,
}

/// The aliases, in the order of the document, and how to find them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aliases {
    pub(crate) all: Vec<Alias>,
    exact: BTreeMap<String, usize>,
    /// Places in `all` of those with a star, the longest literal beginning first.
    patterns: Vec<usize>,
    has_gaps: bool,
}

impl Aliases {
    #[inline(never)]
    pub(super) fn compile(specs: Vec<AliasSpec>, catalog: &Catalog, at: &Path<'_>, report: &mut Report) -> Self {
        let mut aliases = Self { has_gaps: report.is_lost(at), ..Self::default() };
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        for (nth, spec) in specs.into_iter().enumerate() {
            let at = at.index(nth);
            let name = spec.name.0.clone();
            if report.is_lost(&at.key("name")) {
                aliases.has_gaps = true;
            } else if let Some(ModelId(model)) = catalog.find(&name) {
                report.add(
                    &at.key("name"),
                    PolicyErrorKind::Taken { name: name.clone(), by: format!("models[{model}]") },
                );
            } else if let Some(first) = taken.get(&name) {
                report.add(
                    &at.key("name"),
                    PolicyErrorKind::Taken { name: name.clone(), by: format!("aliases[{first}]") },
                );
            } else {
                taken.insert(name.clone(), nth);
            }
            let model = spec.model.and_then(|model| catalog.resolve(&model, &at.key("model"), report));
            aliases.all.push(Alias { pattern: spec.name.pattern(), name, model });
        }
        for (nth, alias) in aliases.all.iter().enumerate() {
            match alias.pattern.exact() {
                Some(name) => drop(aliases.exact.insert(name.to_owned(), nth)),
                None => aliases.patterns.push(nth),
            }
        }
        let all = &aliases.all;
        let length = |nth: &usize| all.get(*nth).map_or(0, |alias| alias.pattern.prefix().len());
        order::sort_by(&mut aliases.patterns, |a, b| length(b).cmp(&length(a)));
        aliases
    }

    /// The alias that `name` falls under: one without `*` first, then the one with the longest literal
    /// beginning, then the first of the document.
    pub(crate) fn find(&self, name: &str) -> Option<&Alias> {
        if let Some(nth) = self.exact.get(name) {
            return self.all.get(*nth);
        }
        self.patterns.iter().filter_map(|nth| self.all.get(*nth)).find(|alias| alias.pattern.matches(name))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|alias| alias.name.as_str())
    }

    pub(super) fn has_gaps(&self) -> bool {
        self.has_gaps
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{check, valid};

    #[test]
    fn the_most_specific_alias_wins() {
        let policy = valid(
            r#""aliases": [
                {"name": "*"}, {"name": "claude-*"}, {"name": "claude-3-*", "model": "gpt-4o"},
                {"name": "c*u*3-*"}, {"name": "claude-3-opus", "model": "llama-small"}
            ]"#,
        );
        let find = |name: &str| policy.find_alias(name).map(|alias| alias.name.as_str());
        assert_eq!(find("claude-3-opus"), Some("claude-3-opus"));
        assert_eq!(find("claude-3-haiku"), Some("claude-3-*"));
        assert_eq!(find("claude-4"), Some("claude-*"));
        assert_eq!(find("cu3-"), Some("c*u*3-*"));
        assert_eq!(find("other"), Some("*"));
    }

    #[test]
    fn the_first_of_equally_specific_ones_wins() {
        let policy = valid(r#""aliases": [{"name": "a*b"}, {"name": "a*"}]"#);
        assert_eq!(policy.find_alias("ab").map(|alias| alias.name.as_str()), Some("a*b"));
        assert_eq!(policy.find_alias("ac").map(|alias| alias.name.as_str()), Some("a*"));
        assert!(policy.find_alias("b").is_none());
    }

    #[test]
    fn names_are_unique_among_models_and_aliases() {
        check(
            r#""aliases": [{"name": "gpt-4o"}, {"name": "x-*"}, {"name": "x-*"}]"#,
            &["aliases[0].name: `gpt-4o` is taken by models[0]", "aliases[2].name: `x-*` is taken by aliases[1]"],
        );
    }

    #[test]
    fn the_model_exists() {
        check(
            r#""aliases": [{"name": "a", "model": "gpt4o"}, {"name": "b", "model": "mistral"}]"#,
            &[
                "aliases[0].model: no model `gpt4o` in the catalog; did you mean `gpt-4o`?",
                "aliases[1].model: no model `mistral` in the catalog",
            ],
        );
    }
}
