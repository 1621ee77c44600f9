//! The whole manifest for a mesh.

use super::destination::{self, Destination};
use super::settings::{Istio, Target};
use super::version::Version;
use super::{buffer, failover, gateway, plugin, route, stop};
use crate::deployment::Deployment;
use crate::envoy::needs::Needs;
use crate::envoy::rate_limit;
use crate::kubernetes::{Object, manifest};
use crate::policy_file::PolicyFile;
use pointsman_engine::config::Hold;
use std::path::Path;

/// What is rendered, beside the deployment.
#[derive(Debug)]
pub(crate) struct Rendering<'a> {
    pub(crate) deployment: &'a Deployment,
    /// Where the deployment file is.
    pub(crate) folder: &'a Path,
    pub(crate) istio: &'a Istio,
    pub(crate) policy: &'a PolicyFile,
    pub(crate) hold: Hold,
    /// May EnvoyFilters for chains and copies be printed?
    pub(crate) failover: bool,
}

/// The manifest, or what keeps it from being one: places in the deployment file, and sentences.
pub(crate) fn render(rendering: &Rendering<'_>) -> Result<String, Vec<(String, String)>> {
    let Rendering { deployment, istio, .. } = rendering;
    let needs = Needs::of(&rendering.policy.policy);
    let mut problems: Vec<(String, String)> = unfit(rendering).into_iter().collect();
    problems.extend(failover::problem(istio, deployment, &needs, rendering.failover));
    problems.extend(rate_limit::elsewhere(&rendering.policy.policy, "istio"));
    let destinations = match destination::all(deployment, rendering.folder, &istio.name) {
        Ok(destinations) => destinations,
        Err(more) => {
            problems.extend(more.into_iter().map(|(place, why)| (place, why.to_owned())));
            return Err(problems);
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(manifest(&head(rendering), &istio.name, &objects(rendering, &needs, &destinations)))
}

/// In the order in which they should be applied: the module is there before the first route that believes its header.
fn objects<'a>(rendering: &Rendering<'a>, needs: &Needs, destinations: &[Destination<'_>]) -> Vec<Object<'a>> {
    let Rendering { deployment, istio, .. } = rendering;
    let mut objects = match rendering.hold {
        Hold::Gate => plugin::objects(istio, &rendering.policy.source.document),
        Hold::Stop => vec![stop::object(istio, &rendering.policy.source.document)],
    };
    objects.extend(buffer::object(istio, deployment.buffer_limit_bytes));
    objects.extend(destination::objects(istio, destinations));
    objects.extend(failover::objects(istio, deployment, needs, destinations));
    objects.extend(route::objects(istio, deployment, destinations));
    objects.extend(gateway::objects(istio));
    objects
}

/// What does not go together.
fn unfit(rendering: &Rendering<'_>) -> Option<(String, String)> {
    let istio = rendering.istio;
    if rendering.hold != Hold::Stop {
        return None;
    }
    if istio.version < Version::STOP {
        return Some((
            "istio.version".into(),
            format!("`hold: stop` needs Istio {}: an older one does not know the flag that it uses", Version::STOP),
        ));
    }
    if istio.target == Target::Waypoint {
        return Some(("istio.target".into(), "at a waypoint, only `hold: gate` is rendered".into()));
    }
    if istio.image_pull_secret.is_some() {
        return Some((
            "istio.imagePullSecret".into(),
            "is not for `hold: stop`, where the secret itself would have to stand in the EnvoyFilter".into(),
        ));
    }
    if istio.phase.is_some() {
        return Some(("istio.phase".into(), "is for `hold: gate`: with `stop`, the router always runs last".into()));
    }
    None
}

fn head(rendering: &Rendering<'_>) -> String {
    let istio = rendering.istio;
    let target = match istio.target {
        Target::IngressGateway => "an ingress gateway",
        Target::EgressGateway => "an egress gateway",
        Target::Sidecar => "the sidecars of an application",
        Target::Waypoint => "a waypoint",
    };
    let mut head = format!(
        "Written by `pointsman render istio`, for Istio {} and {target}. Policy version: {}\n",
        istio.version,
        rendering.policy.policy.version()
    );
    if rendering.policy.payload_was_added {
        head.push_str(
            "The policy does not say where claims are; `identity.jwt.payload: payload` is added to it, which is Istio's.\n",
        );
    }
    let labels = format!("app.kubernetes.io/managed-by=pointsman-render,app.kubernetes.io/instance={}", istio.name);
    head.push_str(&format!("What an earlier rendering left can be found by the labels: kubectl get -l {labels}\n"));
    head.push_str("A policy of more than 250 KB needs `kubectl apply --server-side`.\n");
    if istio.target == Target::Waypoint {
        head.push_str(
            "A waypoint holds what Envoy allows by default, 1 MiB of a request, and no EnvoyFilter reaches that; from Istio 1.31
the waypoint's `connectionSettings.listenerPerConnectionBufferLimitBytes` may. A larger body gets a 413.\n",
        );
    }
    head
}
