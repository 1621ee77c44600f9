//! Chains of models, copies and keys: EnvoyFilters with the clusters and routes of `render envoy`.

use super::destination::Destination;
use super::envoy_filter::{self, Patch};
use super::settings::{Istio, Target};
use super::version::Version;
use crate::deployment::{Deployment, EnvoyVersion, Mechanism};
use crate::envoy::config::Config;
use crate::envoy::filter::Plugin;
use crate::envoy::mesh;
use crate::envoy::needs::Needs;
use crate::kubernetes::Object;
use crate::yaml::{Map, Tree};
use std::collections::HashMap;

const COMMENT: &str =
    "Failover to another provider: a cluster for each model and chain, and the module in front of each attempt. These
clusters are Envoy's own: to a service of the mesh they speak plain HTTP, which `PeerAuthentication` in mode STRICT
refuses. The module is a file in the proxy's container, because nobody fetches an image for a cluster.";
const KEY_COMMENT: &str = "Keys that only the proxy knows, from files in its container: mount a secret there.";

/// The EnvoyFilters that a policy needs besides.
pub(super) fn objects<'a>(
    istio: &'a Istio,
    deployment: &Deployment,
    needs: &Needs,
    destinations: &[Destination<'_>],
) -> Vec<Object<'a>> {
    let plugin = Plugin {
        has_metrics: false,
        signs_ids: false,
        hold: istio.hold,
        wasm: istio.module_path.clone().unwrap_or_default(),
        policy: Tree::Null,
        version: String::new(),
    };
    let config = Config {
        deployment,
        plugin: &plugin,
        version: EnvoyVersion::OLDEST,
        needs,
        demo_ports: &HashMap::new(),
        owns_listeners: false,
    };
    let keys = keys(&config, destinations);
    let mut objects = Vec::new();
    if !keys.is_empty() {
        objects.push(envoy_filter::object(istio, "keys", KEY_COMMENT, 0, &keys));
    }
    if !needs.is_empty() {
        objects.push(envoy_filter::object(istio, "failover", COMMENT, 0, &patches(istio, &config, destinations)));
    }
    objects
}

/// What keeps a policy with chains or copies from this mesh.
pub(super) fn problem(istio: &Istio, deployment: &Deployment, needs: &Needs, asked: bool) -> Option<(String, String)> {
    if needs.is_empty() {
        return None;
    }
    let problem = |field: &str, why: &str| Some((field.to_owned(), why.to_owned()));
    if !asked {
        return problem(
            "istio",
            "the policy has `fallback`, `rollout` or `mirror`, which need EnvoyFilters: say `--failover`",
        );
    }
    if istio.target == Target::Waypoint {
        return problem("istio.target", "a waypoint cannot serve a policy with `fallback`, `rollout` or `mirror`");
    }
    if istio.version < Version::STOP {
        return Some(("istio.version".into(), format!("`--failover` needs Istio {}", Version::STOP)));
    }
    if istio.module_path.is_none() {
        return problem("istio", "`--failover` needs `modulePath`: the module as a file in the proxy's container");
    }
    if deployment.failover.mechanism.is_some_and(|mechanism| mechanism != Mechanism::Aggregate) {
        return problem("failover.mechanism", "in Istio, only `aggregate` is rendered");
    }
    None
}

fn patches(istio: &Istio, config: &Config<'_>, destinations: &[Destination<'_>]) -> Vec<Patch> {
    let cluster = |value| Patch { apply_to: "CLUSTER", place: Map::new(), operation: "ADD", value };
    let mut patches: Vec<_> = mesh::clusters(config).into_iter().map(cluster).collect();
    // Each goes in front of those before it, so the narrowest comes last.
    let mut routes = Vec::new();
    if !config.needs.chains.is_empty() {
        routes.push(mesh::chain_route(config, None));
    }
    for mirror in &config.needs.mirrors {
        for destination in destinations {
            let target = format!("outbound|{}||{}", destination.port, destination.host);
            routes.push(mesh::copied_route(config, destination.cluster, &target, mirror));
        }
        if !config.needs.chains.is_empty() {
            routes.push(mesh::chain_route(config, Some(mirror)));
        }
    }
    let place = match istio.target {
        // Where the module does not run, a header of the application's own must not lead here.
        Target::Sidecar => Map::new().with("routeConfiguration", Map::line().with("portNumber", istio.proxy_port())),
        _ => Map::new(),
    };
    let route = |value| Patch { apply_to: "HTTP_ROUTE", place: place.clone(), operation: "INSERT_FIRST", value };
    patches.extend(routes.into_iter().map(route));
    patches
}

/// Keys of requests with one model, in the mesh's own clusters.
fn keys(config: &Config<'_>, destinations: &[Destination<'_>]) -> Vec<Patch> {
    let mut patches: Vec<Patch> = Vec::new();
    for (index, destination) in destinations.iter().enumerate() {
        let is_same = |other: &Destination<'_>| (&other.host, other.port) == (&destination.host, destination.port);
        if destinations.iter().take(index).any(is_same) {
            continue;
        }
        let Some(value) = mesh::key(config, destination.cluster) else { continue };
        let cluster = Map::line().with("service", &destination.host).with("portNumber", destination.port);
        patches.push(Patch {
            apply_to: "CLUSTER",
            place: Map::new().with("cluster", cluster),
            operation: "MERGE",
            value,
        });
    }
    patches
}
