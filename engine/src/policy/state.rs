//! Which providers know each other's responses, conversations and files.

use super::catalog::{Catalog, ModelId};
use super::error::{PolicyFault, Report, What};
use super::rule::Rule;
use super::text::Cluster;
use pointsman_document::{Path, Some1, object};
use std::collections::BTreeMap;

object! {
    /// What providers keep: responses, conversations, files. A request that refers to it goes to the model that it would go
    /// to first, and to no other provider, whatever fails or is used up.
    pub(crate) struct ProviderStateSpec {
        /// Whether such requests are held at all. `false` where no provider keeps anything.
        "holds" => holds: bool = true,
        /// Groups of clusters that keep the same. Models of one cluster always do.
        "shared" => shared: Vec<Some1<Cluster>>,
    }
}

/// What providers keep together.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProviderState {
    /// For each model, a number that it shares with those that know what it keeps. Empty: nobody is held.
    groups: Vec<usize>,
}

impl ProviderState {
    /// Whether two models know of the same.
    pub(crate) fn is_shared(&self, ModelId(one): ModelId, ModelId(other): ModelId) -> bool {
        let group = |id: u16| self.groups.get(usize::from(id));
        group(one) == group(other)
    }

    /// Whether some of these models do not know what others keep.
    pub(crate) fn are_apart(&self, mut models: impl Iterator<Item = ModelId>) -> bool {
        let first = models.next();
        models.any(|other| first.is_some_and(|first| !self.is_shared(first, other)))
    }

    /// Whether it matters to some request where its provider keeps what it refers to.
    pub(super) fn can_matter(&self, catalog: &Catalog, rules: &[Rule]) -> bool {
        let mut routes = rules.iter().filter_map(|rule| rule.action.route());
        catalog.iter().any(|(id, model)| self.are_apart(std::iter::once(id).chain(model.fallback.iter().copied())))
            || routes.any(|route| self.are_apart(route.all(catalog)))
    }
}

impl ProviderStateSpec {
    pub(super) fn compile(self, catalog: &Catalog, at: &Path<'_>, report: &mut Report) -> ProviderState {
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, model) in catalog.iter() {
            let next = groups.len();
            groups.entry(&model.cluster).or_insert(next);
        }
        let at = at.key("shared");
        for (nth, clusters) in self.shared.iter().enumerate() {
            let mut joined = Vec::new();
            for (place, Cluster(name)) in clusters.0.iter().enumerate() {
                match groups.get(&**name) {
                    Some(group) => joined.push(*group),
                    None => {
                        let suggestion = report.suggest(name, groups.keys().copied());
                        let fault = PolicyFault::NoSuch { what: What::Cluster, name: name.clone(), suggestion };
                        report.add(&at.index(nth).index(place), fault.into());
                    }
                }
            }
            if let Some(first) = joined.first().copied() {
                groups.values_mut().filter(|group| joined.contains(group)).for_each(|group| *group = first);
            }
        }
        if !self.holds {
            return ProviderState::default();
        }
        let group = |cluster: &str| groups.get(cluster).copied().unwrap_or_default();
        ProviderState { groups: catalog.iter().map(|(_, model)| group(&model.cluster)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::ModelId;
    use crate::policy::testing::{check, valid};

    fn models(state: &str) -> String {
        format!(
            r#""models": [{{"name": "a", "cluster": "one"}}, {{"name": "b", "cluster": "two"}}, {{"name": "c", "cluster": "one"}},
                {{"name": "d", "cluster": "three"}}], "providerState": {state}"#
        )
    }

    #[test]
    fn clusters_share_by_name_or_by_the_policys_word() {
        let shared = |state: &str| {
            let policy = valid(&models(state));
            let shared = |one, other| policy.provider_state().is_shared(ModelId(one), ModelId(other));
            [shared(0, 2), shared(0, 1), shared(1, 3), shared(0, 3)]
        };
        assert_eq!(shared("{}"), [true, false, false, false]);
        assert_eq!(shared(r#"{"shared": [["two", "three"]]}"#), [true, false, true, false]);
        assert_eq!(shared(r#"{"shared": [["two", "three"], ["three", "one"]]}"#), [true; 4]);
        assert_eq!(shared(r#"{"holds": false}"#), [true; 4]);
    }

    #[test]
    fn a_cluster_is_one_of_a_model() {
        check(
            &models(r#"{"shared": [["one", "tow"], []]}"#),
            &[
                "providerState.shared[1]: needs at least one item",
                "providerState.shared[0][1]: no model has the cluster `tow`; did you mean `two`?",
            ],
        );
    }
}
