//! A deployment and its policy, valid and fitting each other.

use crate::deployment::{self, Deployment};
use crate::policy_file::{self, PolicyFile};
use crate::source::{Finding, Part};
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) deployment: Deployment,
    pub(crate) policy: PolicyFile,
}

/// Loads the deployment at `path` (a file, or a folder with a `deployment.yaml`) and its policy.
pub(crate) fn load(path: &Path) -> Result<Project, Vec<Finding>> {
    let deployment = deployment::load(path)?;
    let policy = load_policy(&deployment)?;
    Ok(Project { deployment, policy })
}

/// Loads the deployment's policy as it is now. A model whose cluster Envoy would not know is an error.
pub(crate) fn load_policy(deployment: &Deployment) -> Result<PolicyFile, Vec<Finding>> {
    let policy = policy_file::load(&deployment.policy)?;
    let mut findings = Vec::new();
    for (index, model) in policy.models().iter().enumerate() {
        let Some(cluster) = model.get("cluster").and_then(|cluster| cluster.as_str()) else {
            continue;
        };
        if !deployment.clusters.iter().any(|known| known.name == cluster) {
            findings.push(policy.source.finding(
                &format!("models[{index}].cluster"),
                Part::Value,
                &format!("no cluster `{cluster}` in the deployment"),
            ));
        }
    }
    if findings.is_empty() { Ok(policy) } else { Err(findings) }
}
