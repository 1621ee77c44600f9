//! What of failover works, but not as one would expect.

use crate::deployment::{Cluster, Deployment};
use crate::envoy::needs::Needs;
use crate::policy_file::PolicyFile;
use pointsman_source::{Finding, Part, Source};

/// A proxy is expected to hold that many chains without anybody noticing.
const MANY_CHAINS: usize = 500;

pub(super) fn of_failover(deployment: &Deployment, source: &Source, policy: &PolicyFile) -> Vec<Finding> {
    let needs = Needs::of(&policy.policy);
    let mut findings = Vec::new();
    let count = needs.chains.len();
    if count > MANY_CHAINS {
        let message = format!(
            "warning: {count} chains of models can come out of the fallback lists, and Envoy gets a cluster or a route for each: shorter lists, or one list for several rules, make them fewer"
        );
        findings.push(policy.source.finding("models", Part::Key, &message));
    }
    for (index, cluster) in deployment.clusters.iter().enumerate() {
        // Demo servers want no key.
        if cluster.credential.is_some() || cluster.demo {
            continue;
        }
        let effect = match (crosses(&needs, cluster), copied(&needs, cluster)) {
            (Some(chain), _) => {
                format!("the chain {chain} crosses providers, so a client's own key is removed and this one gets none")
            }
            (None, Some(model)) => {
                format!("copies for `{model}` never carry a client's key, so this provider gets none")
            }
            (None, None) => continue,
        };
        let message = format!("warning: has no `credential`: {effect}");
        findings.push(source.finding(&format!("clusters[{index}]"), Part::Value, &message));
    }
    let is_default = |cluster: &&Cluster| deployment.default_cluster.as_deref() == Some(cluster.name.as_str());
    if deployment.clusters.iter().find(is_default).is_some_and(|cluster| cluster.credential.is_some()) {
        let message = "warning: has a `credential`: every request that is no LLM call, from anybody, gets that key";
        findings.push(source.finding("defaultCluster", Part::Value, message));
    }
    findings
}

/// A chain through this cluster and another.
fn crosses(needs: &Needs, cluster: &Cluster) -> Option<String> {
    let is_here = |model: &String| needs.models.get(model) == Some(&cluster.name);
    let mut chains = needs.chains.iter().filter(|chain| chain.iter().any(is_here) && !chain.iter().all(is_here));
    chains.next().map(|chain| format!("`{}`", chain.join("`, `")))
}

/// A model of this cluster that gets copies.
fn copied<'a>(needs: &'a Needs, cluster: &Cluster) -> Option<&'a String> {
    needs.mirrors.iter().find(|model| needs.models.get(*model) == Some(&cluster.name))
}
