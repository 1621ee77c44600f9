//! What of a deployment and its policy works, but not as one would expect.

use crate::deployment::{Cluster, Deployment};
use crate::envoy::needs::{Needs, Place};
use crate::envoy::statistics::Size;
use crate::istio;
use crate::policy_file::PolicyFile;
use crate::project::Project;
use pointsman_source::{Finding, Part, Source};

/// Warns of a policy that makes more of Envoy's configuration than the deployment wants.
pub(super) fn of_size(project: &Project, size: Size) -> Option<Finding> {
    let Project { deployment, policy, .. } = project;
    if u32::try_from(size.series).is_ok_and(|series| series <= deployment.failover.warn_above_series) {
        return None;
    }
    let chains = policy.policy.chains().len();
    let why = if size.chains == 0 {
        "one for each cluster and each model".to_owned()
    } else {
        format!(
            "one cluster for each of {chains} chains of models: shorter `fallback` lists make them fewer, and `failover.mechanism: matcher` (Envoy 1.39) needs none for chains"
        )
    };
    let message = format!("warning: Envoy gets {size}, above `failover.warnAboveSeries`: {why}");
    Some(policy.source.finding("models", Part::Key, &message))
}

/// Warns of tenants that nobody can be, where clients reach the module.
pub(super) fn of_principals(project: &Project) -> Vec<Finding> {
    let Project { deployment, source, policy, .. } = project;
    if let Some(istio) = &deployment.istio {
        let found = istio::warnings(istio, &policy.policy);
        return found.into_iter().map(|(path, message)| source.finding(&path, Part::Value, &message)).collect();
    }
    // Clients of a gateway's come in by a listener of the gateway.
    let listens = deployment.envoy_gateway.is_none();
    project.unproven_principals().filter(|_| listens).into_iter().collect()
}

/// Warns of an admin interface for everybody: it asks nobody who they are.
pub(super) fn of_admin(deployment: &Deployment, source: &Source) -> Option<Finding> {
    let message =
        "warning: whoever reaches it can stop Envoy and read its configuration: `127.0.0.1` is this machine alone";
    deployment.admin.is_open().then(|| source.finding("admin.address", Part::Value, message))
}

pub(super) fn of_failover(deployment: &Deployment, source: &Source, policy: &PolicyFile) -> Vec<Finding> {
    let needs = Needs::of(&policy.policy);
    let mut findings = Vec::new();
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
    let is_here = |place: &Place| place.cluster == cluster.name;
    let mut chains = needs.chains.iter().filter(|chain| chain.iter().any(is_here) && !chain.iter().all(is_here));
    let models = |chain: &Vec<Place>| chain.iter().map(|place| format!("`{}`", place.model)).collect::<Vec<_>>();
    chains.next().map(|chain| models(chain).join(", "))
}

/// A model of this cluster that gets copies.
fn copied<'a>(needs: &'a Needs, cluster: &Cluster) -> Option<&'a String> {
    needs.mirrors.iter().find(|place| place.cluster == cluster.name).map(|place| &place.model)
}
