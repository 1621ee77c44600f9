//! What a policy needs of the proxy besides the deployment's clusters: chains of models, and models that get copies.

use pointsman_engine::Policy;
use pointsman_engine::policy::Model;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Names only, so that what an earlier policy needed can be kept in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    /// Models in the order in which they are tried, two or more.
    pub(crate) chains: BTreeSet<Vec<Place>>,
    /// The models that get copies.
    pub(crate) mirrors: BTreeSet<Place>,
    /// Headers that say whose account a request is for, by the policy's own word.
    #[serde(default)]
    pub(crate) accounts: BTreeSet<String>,
    /// The budgets that the rate limit service counts, and how many hits of each a request takes by asking.
    #[serde(default)]
    pub(crate) budgets: BTreeSet<(String, u32)>,
}

/// A model, and the deployment's cluster that serves it by the policy that needs it. Another policy can have it elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) model: String,
    pub(crate) cluster: String,
}

impl Place {
    fn of(model: &&Model) -> Self {
        Self { model: model.name().to_owned(), cluster: model.cluster().to_owned() }
    }

    /// As the names of clusters are made of it.
    pub(crate) fn names(&self) -> (&str, &str) {
        (&self.model, &self.cluster)
    }
}

impl Needs {
    pub(crate) fn of(policy: &Policy) -> Self {
        Self {
            chains: policy.chains().iter().map(|chain| chain.iter().map(Place::of).collect()).collect(),
            mirrors: policy.mirrors().iter().map(Place::of).collect(),
            accounts: policy.account_headers().map(str::to_owned).collect(),
            budgets: policy.counters().map(|(_, counter)| (counter.budget.clone(), counter.first)).collect(),
        }
    }

    /// These, and what requests that an earlier policy has decided still need.
    pub(crate) fn and(&self, earlier: &Self) -> Self {
        Self {
            chains: self.chains.union(&earlier.chains).cloned().collect(),
            mirrors: self.mirrors.union(&earlier.mirrors).cloned().collect(),
            accounts: self.accounts.union(&earlier.accounts).cloned().collect(),
            budgets: self.budgets.union(&earlier.budgets).cloned().collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chains.is_empty() && self.mirrors.is_empty()
    }

    /// Where attempts can go.
    pub(crate) fn places(&self) -> BTreeSet<&Place> {
        self.chains.iter().flatten().collect()
    }
}

/// The deployment's cluster when all models of a chain are on that one: they share whatever key there is.
pub(crate) fn only_cluster(chain: &[Place]) -> Option<&str> {
    let (first, others) = chain.split_first()?;
    others.iter().all(|other| other.cluster == first.cluster).then_some(&first.cluster)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pointsman_engine::names::chain_cluster;

    fn needs(json: &str) -> Needs {
        Needs::of(&Policy::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_policy_without_fallback_needs_nothing() {
        assert!(needs(r#"{"models": [{"name": "a", "cluster": "x"}]}"#).is_empty());
    }

    #[test]
    fn what_was_needed_stays_where_it_was() {
        let old =
            needs(r#"{"models": [{"name": "a", "cluster": "x", "fallback": ["b"]}, {"name": "b", "cluster": "y"}]}"#);
        let new =
            needs(r#"{"models": [{"name": "c", "cluster": "z", "fallback": ["b"]}, {"name": "b", "cluster": "z"}]}"#);
        let both = new.and(&old);
        let places: Vec<_> = both.places().iter().map(|place| format!("{}={}", place.model, place.cluster)).collect();
        assert_eq!(places, ["a=x", "b=y", "b=z", "c=z"]);
        let names: Vec<_> = both.chains.iter().map(|chain| chain_cluster(chain.iter().map(Place::names))).collect();
        assert_eq!(names, ["failover:a>x,b>y", "failover:b>y,a>x", "failover:b>z,c>z", "failover:c>z,b>z"]);
        let only: Vec<_> = both.chains.iter().map(|chain| only_cluster(chain)).collect();
        assert_eq!(only, [None, None, Some("z"), Some("z")]);
        assert_eq!(only_cluster(&[]), None);
    }
}
