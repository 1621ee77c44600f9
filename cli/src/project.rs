//! A deployment and its policy, valid and fitting each other.

mod files;
mod warnings;

use crate::deployment::{self, Deployment, EnvoyVersion};
use crate::envoy::config::Config;
use crate::envoy::filter::Plugin;
use crate::envoy::needs::Needs;
use crate::envoy::statistics::Size;
use crate::policy_file::{self, Invalid, PolicyFile, Values};
use pointsman_source::{Finding, Part, Source};
use std::collections::HashMap;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) deployment: Deployment,
    /// The deployment file, for findings about it.
    source: Source,
    pub(crate) policy: PolicyFile,
    /// What the policy's variables were given.
    pub(crate) values: Values,
    /// What works, but not as one would expect.
    pub(crate) warnings: Vec<Finding>,
}

/// Loads the deployment at `path` (a file, or a folder with a `deployment.yaml`) and its policy.
pub(crate) fn load(path: &Path, values: &Values) -> Result<Project, Vec<Finding>> {
    let (deployment, source) = deployment::load(path)?;
    let policy = load_policy(&deployment, values).map_err(|invalid| invalid.findings)?;
    let mut warnings: Vec<_> = small_buffer(&deployment, &source, &policy).into_iter().collect();
    warnings.extend(files::missing(&deployment, &source));
    warnings.extend(warnings::of_failover(&deployment, &source, &policy));
    warnings.extend(warnings::of_admin(&deployment, &source));
    let mut project = Project { deployment, source, policy, values: values.clone(), warnings };
    project.warnings.extend(warnings::of_principals(&project));
    project
        .warnings
        .extend(project.size(project.deployment.version()).and_then(|size| warnings::of_size(&project, size)));
    Ok(project)
}

impl Project {
    /// How much an Envoy of this version gets of it. Nothing, when requests have one model each.
    pub(crate) fn size(&self, version: EnvoyVersion) -> Option<Size> {
        let needs = Needs::of(&self.policy.policy);
        let (plugin, demo_ports) = (Plugin::new(self, String::new()), HashMap::new());
        let config = Config {
            deployment: &self.deployment,
            plugin: &plugin,
            version,
            needs: &needs,
            demo_ports: &demo_ports,
            owns_listeners: true,
        };
        (!needs.is_empty()).then(|| Size::of(&config))
    }

    /// The deployment file.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Where this listener is the one that clients reach: tenants that nobody can be.
    pub(crate) fn unproven_principals(&self) -> Option<Finding> {
        if !self.policy.policy.tells_apart_by().principals || self.deployment.listener.asks_for_certificates() {
            return None;
        }
        let message = "warning: asks clients for no certificate, so no caller will ever be one of the policy's `principals`: \
            give it `tls` with `clientCaFile`";
        let part = if self.source.document.get("listener").is_some() { "listener" } else { "" };
        Some(self.source.finding(part, Part::Value, message))
    }

    /// Whether an Envoy of this version can do what the deployment asks for.
    pub(crate) fn fits(&self, version: EnvoyVersion) -> Result<(), Vec<Finding>> {
        match self.deployment.failover.mechanism_in(version).problem(version) {
            Some(problem) => Err(vec![self.source.finding("failover.mechanism", Part::Value, &problem)]),
            None => Ok(()),
        }
    }
}

/// Envoy refuses a body that its buffer cannot hold before the module can say that it is too large.
fn small_buffer(deployment: &Deployment, source: &Source, policy: &PolicyFile) -> Option<Finding> {
    const BUFFER: &str = "bufferLimitBytes";
    const BODY: &str = "limits.maxBodyBytes";
    let (buffer, body) = (deployment.buffer_limit_bytes, policy.policy.max_body_bytes());
    if buffer == 0 || u64::from(buffer) > body {
        return None;
    }
    let effect = "a body that does not fit is refused by Envoy, in plain text";
    Some(if source.document.get(BUFFER).is_some() {
        let message = format!("warning: not above the policy's `{BODY}` of {body}: {effect}");
        source.finding(BUFFER, Part::Value, &message)
    } else {
        let message = format!("warning: not below the deployment's `{BUFFER}`, by default {buffer}: {effect}");
        policy.source.finding(BODY, Part::Value, &message)
    })
}

/// Loads the deployment's policy as it is now. A model whose cluster Envoy would not know is an error.
pub(crate) fn load_policy(deployment: &Deployment, values: &Values) -> Result<PolicyFile, Invalid> {
    let policy = policy_file::follow(&deployment.policy, values)?;
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
    if findings.is_empty() { Ok(policy) } else { Err(Invalid { findings, looked_at: policy.looked_at }) }
}
