//! What a policy needs of the proxy besides the deployment's clusters: chains of models, and models that get copies.

use pointsman_engine::Policy;
use pointsman_engine::policy::Model;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Names only, so that what an earlier policy needed can be kept in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    /// The models that are part of a chain or get copies, and the deployment's cluster of each.
    pub(crate) models: BTreeMap<String, String>,
    /// Where the models of chains are, and where requests still need them that an earlier policy has decided.
    #[serde(default)]
    pub(crate) places: BTreeSet<(String, String)>,
    /// Models in the order in which they are tried, two or more.
    pub(crate) chains: BTreeSet<Vec<String>>,
    /// The models that get copies.
    pub(crate) mirrors: BTreeSet<String>,
    /// Headers that say whose account a request is for, by the policy's own word.
    #[serde(default)]
    pub(crate) accounts: BTreeSet<String>,
}

impl Needs {
    pub(crate) fn of(policy: &Policy) -> Self {
        let (chains, mirrors) = (policy.chains(), policy.mirrors());
        let models = chains.iter().flatten().chain(&mirrors);
        let place = |model: &&Model| (model.name().to_owned(), model.cluster().to_owned());
        Self {
            places: chains.iter().flatten().map(place).collect(),
            models: models.map(place).collect(),
            chains: chains.iter().map(|chain| chain.iter().map(|model| model.name().to_owned()).collect()).collect(),
            mirrors: mirrors.iter().map(|model| model.name().to_owned()).collect(),
            accounts: policy.account_headers().map(str::to_owned).collect(),
        }
    }

    /// These, and what requests that an earlier policy has decided still need.
    pub(crate) fn and(&self, earlier: &Self) -> Self {
        let models = earlier.models.iter().chain(&self.models);
        Self {
            models: models.map(|(model, cluster)| (model.clone(), cluster.clone())).collect(),
            places: self.places.union(&earlier.places).cloned().collect(),
            chains: self.chains.union(&earlier.chains).cloned().collect(),
            mirrors: self.mirrors.union(&earlier.mirrors).cloned().collect(),
            accounts: self.accounts.union(&earlier.accounts).cloned().collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// The deployment's cluster when all models of a chain are on that one: they share whatever key there is.
    pub(crate) fn only_cluster(&self, chain: &[String]) -> Option<&str> {
        let mut clusters = chain.iter().map(|model| self.models.get(model));
        let first = clusters.next()??;
        clusters.all(|cluster| cluster == Some(first)).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(json: &str) -> Needs {
        Needs::of(&Policy::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_policy_without_fallback_needs_nothing() {
        assert!(needs(r#"{"models": [{"name": "a", "cluster": "x"}]}"#).is_empty());
    }

    #[test]
    fn what_was_needed_stays_but_as_it_is_now() {
        let old =
            needs(r#"{"models": [{"name": "a", "cluster": "x", "fallback": ["b"]}, {"name": "b", "cluster": "y"}]}"#);
        let new =
            needs(r#"{"models": [{"name": "c", "cluster": "z", "fallback": ["b"]}, {"name": "b", "cluster": "z"}]}"#);
        let both = new.and(&old);
        let models: Vec<_> = both.models.iter().map(|(model, cluster)| format!("{model}={cluster}")).collect();
        assert_eq!(models, ["a=x", "b=z", "c=z"]);
        let chains: Vec<_> = both.chains.iter().map(|chain| chain.join(">")).collect();
        assert_eq!(chains, ["a>b", "b>a", "b>c", "c>b"]);
        assert_eq!(both.only_cluster(&["c".into(), "b".into()]), Some("z"));
        assert_eq!(both.only_cluster(&["a".into(), "b".into()]), None);
        assert_eq!(both.only_cluster(&["nobody".into()]), None);
    }
}
