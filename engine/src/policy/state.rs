//! Which providers know each other's responses, conversations and files.

use super::catalog::{Catalog, ModelId};
use super::error::{PolicyFault, Report, What};
use super::rule::Rule;
use super::text::Cluster;
use pointsman_document::{DocumentErrorKind, Path, Some1, names, object};
use std::collections::BTreeMap;

object! {
    /// What providers keep: responses, conversations, files. A request that refers to it goes to the model that it would go
    /// to first, and to no other provider, whatever fails or is used up.
    pub(crate) struct ProviderStateSpec {
        /// Whether such requests are held at all. `false` where no provider keeps anything.
        "holds" => holds: bool = true,
        /// Groups of clusters that keep the same. Models of one cluster always do.
        "shared" => shared: Vec<Some1<Cluster>>,
        /// Whether ids of responses leave signed, so that one that comes back says which cluster made it, whoever asks and
        /// whatever the weights are by then. The key is in the proxy's environment and never here: `POINTSMAN_ID_KEYS`.
        "signedIds" => signed_ids: Option<SignedIdsSpec>,
    }
}

object! {
    /// Ids of responses that say which cluster made them.
    pub(crate) struct SignedIdsSpec {
        /// What becomes of a request with an id that is not signed. `allow`: its conversation chooses the provider, as without
        /// signed ids. `deny`: refused, so that nobody goes on with a response that another tenant was given.
        "unsigned" => unsigned: OnUnsigned = "allow",
    }
}

names! {
    /// What becomes of a request with an id that is not signed.
    pub(crate) enum OnUnsigned {
        /// Its conversation chooses the provider.
        Allow => "allow",
        /// It is refused.
        Deny => "deny",
    }
}

/// What providers keep together.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProviderState {
    /// For each model, a number that it shares with those that know what it keeps. Empty: nobody is held.
    groups: Vec<usize>,
    /// What becomes of ids that are not signed; `None` where none is.
    unsigned: Option<OnUnsigned>,
}

impl ProviderState {
    /// Whether two models know of the same.
    pub(crate) fn is_shared(&self, ModelId(one): ModelId, ModelId(other): ModelId) -> bool {
        let group = |id: u16| self.groups.get(usize::from(id));
        group(one) == group(other)
    }

    /// What becomes of ids that are not signed, where ids are signed at all.
    pub(crate) fn unsigned(&self) -> Option<OnUnsigned> {
        self.unsigned
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
        if !self.holds && self.signed_ids.is_some() {
            let why = "what no provider keeps has no id that could say who keeps it (`holds` is false)";
            report.add(&at.key("signedIds"), DocumentErrorKind::NotHere { why });
        }
        let unsigned = self.signed_ids.map(|signed| signed.unsigned);
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
        ProviderState { unsigned, groups: catalog.iter().map(|(_, model)| group(&model.cluster)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::ModelId;
    use crate::policy::testing::{check, valid};
    use pointsman_document::Named;

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
    fn ids_are_signed_where_something_is_kept() {
        let unsigned = |state: &str| valid(&models(state)).provider_state().unsigned().map(|on| on.name());
        assert_eq!(unsigned("{}"), None);
        assert_eq!(unsigned(r#"{"signedIds": {}}"#), Some("allow"));
        assert_eq!(unsigned(r#"{"signedIds": {"unsigned": "deny"}}"#), Some("deny"));
        check(
            &models(r#"{"holds": false, "signedIds": {"key": "secret"}}"#),
            &[
                "providerState.signedIds.key: unknown field",
                "providerState.signedIds: what no provider keeps has no id that could say who keeps it (`holds` is false)",
            ],
        );
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
