//! The module's two instances as WasmPlugins.

use super::settings::{FailStrategy, Istio, Phase, Target};
use super::version::Version;
use crate::envoy::filter::members;
use crate::kubernetes::Object;
use crate::policy_file::signs_ids;
use crate::yaml::{List, Map, Tree, document, quoted};
use pointsman_document::{Document, Named};
use pointsman_engine::config::{Hold, Told};
use pointsman_engine::signed_id::KEYS_VARIABLE;

/// Gate and router: a gate without its router lets everything pass, a router without its gate refuses everything, so the
/// gate comes first.
pub(super) fn objects<'a>(istio: &'a Istio, policy: &Document) -> Vec<Object<'a>> {
    let router = Told::Router { hold: Hold::Gate, policy: document(policy) };
    // Both share a virtual machine, and the first of them says what it sees.
    let keys = signs_ids(policy).then(keys);
    vec![
        plugin(istio, istio.priority.saturating_sub(1), GATE_COMMENT, Told::Gate, keys.clone()),
        plugin(istio, istio.priority, ROUTER_COMMENT, router, keys),
    ]
}

const GATE_COMMENT: &str =
    "The gate holds a request's headers until the router has decided: no Istio lets a plugin hold them by itself.";
const ROUTER_COMMENT: &str =
    "The router reads requests and decides. It has the policy; the gate right behind it has none.";

/// What lets the module see the keys that ids are signed with, in the proxy's environment.
fn keys() -> Map {
    let variable = Map::line().with("name", KEYS_VARIABLE).with("valueFrom", "HOST");
    Map::new().with("env", List::of([variable]))
}

fn plugin<'a>(istio: &'a Istio, priority: i32, comment: &str, told: Told<Tree>, keys: Option<Map>) -> Object<'a> {
    let role = told.role().name();
    let name = format!("{}-{role}", istio.name);
    let (fail_strategy, why) = fail_strategy(istio);
    Object {
        comment: format!("{comment}\nIts filter in Envoy: {}", filter_name(istio, &name)),
        api_version: "extensions.istio.io/v1alpha1",
        kind: "WasmPlugin",
        name,
        namespace: &istio.namespace,
        labels: Vec::new(),
        spec: target(istio)
            .and(module(istio))
            .with("pluginName", format!("pointsman-{role}"))
            .and(place(istio, priority))
            .noted(why, "failStrategy", fail_strategy)
            .and(matching(istio))
            .with_some("vmConfig", keys)
            .with("pluginConfig", members(Map::new(), told)),
    }
}

/// What `config_dump` and EnvoyFilters call it. Nothing that is rendered here depends on it.
fn filter_name(istio: &Istio, name: &str) -> String {
    let namespace = &istio.namespace;
    if istio.version >= Version::TRAFFIC_EXTENSION {
        format!("extensions.istio.io/trafficextension/{namespace}.{name}~istio-translated-wasmplugin")
    } else {
        format!("extensions.istio.io/wasmplugin/{namespace}.{name}")
    }
}

fn target(istio: &Istio) -> Map {
    match (istio.target, &istio.gateway) {
        (Target::Waypoint, _) => Map::new().noted(
            "Only the host's own traffic: other services of the same waypoint are not touched.",
            "targetRefs",
            List::of([service_entry(istio)]),
        ),
        (_, Some(name)) => Map::new().with("targetRefs", List::of([gateway(name)])),
        (_, None) => Map::new().with("selector", Map::new().with("matchLabels", labels(istio))),
    }
}

/// The host that applications call, as what a waypoint's objects are for.
pub(super) fn service_entry(istio: &Istio) -> Map {
    Map::line().with("group", "networking.istio.io").with("kind", "ServiceEntry").with("name", &istio.name)
}

/// A gateway of the Gateway API.
pub(super) fn gateway(name: &str) -> Map {
    Map::line().with("group", "gateway.networking.k8s.io").with("kind", "Gateway").with("name", name)
}

/// The selector on one line.
pub(super) fn labels(istio: &Istio) -> Map {
    istio.selector.iter().fold(Map::line(), |map, (key, value)| map.with(key, value))
}

fn module(istio: &Istio) -> Map {
    let map = Map::new().with("url", quoted(&istio.url));
    let map = match &istio.sha256 {
        Some(sha256) if is_image(istio) => map.noted("The digest of the image's manifest.", "sha256", quoted(sha256)),
        Some(sha256) => map.noted("The digest of the module.", "sha256", quoted(sha256)),
        None => map,
    };
    let pull = istio.image_pull_policy.map(Named::name);
    let map = map.with_some("imagePullPolicy", pull);
    match &istio.image_pull_secret {
        Some(secret) => map.noted("A secret of this namespace.", "imagePullSecret", secret),
        None => map,
    }
}

/// A URL without a scheme is one of an image.
pub(super) fn is_image(istio: &Istio) -> bool {
    istio.url.split_once("://").is_none_or(|(scheme, _)| scheme == "oci")
}

/// Where the plugin stands among the filters.
fn place(istio: &Istio, priority: i32) -> Map {
    const ADJACENT: &str = "Higher runs first. Nothing may stand between router and gate.";
    let behind =
        "Without a phase, the module runs behind authentication and authorization, which is where routing belongs.";
    let Some(phase) = istio.phase else {
        return Map::new().noted(format!("{behind}\n{ADJACENT}"), "priority", priority);
    };
    let why = match phase {
        Phase::Authn => "In front of Istio's authentication: JWT claims are not known yet.",
        Phase::Authz => "In front of Istio's authorization: it sees requests that will be refused.",
        Phase::Stats => "",
    };
    Map::new().noted(why, "phase", phase.name()).noted(ADJACENT, "priority", priority)
}

fn fail_strategy(istio: &Istio) -> (&'static str, &'static str) {
    match istio.fail_strategy() {
        FailStrategy::Reload => (
            "FAIL_RELOAD",
            "A module that has failed is loaded anew for the next request. While it cannot be loaded at all, requests are
refused, as with FAIL_CLOSE: without a router they would pass unrouted.",
        ),
        // FAIL_OPEN is refused when the settings are read.
        FailStrategy::Close | FailStrategy::Open => (
            "FAIL_CLOSE",
            "A module that has failed refuses requests until its configuration changes. From Istio 1.27 there is FAIL_RELOAD.",
        ),
    }
}

fn matching(istio: &Istio) -> Map {
    let client = Map::new().with("mode", "CLIENT");
    match istio.target {
        Target::IngressGateway | Target::EgressGateway => Map::new().with("match", List::of([client])),
        Target::Sidecar => {
            let port = Map::new().with("number", istio.proxy_port());
            Map::new().noted(
                "Only what the application sends, and only on this port: without it, the module would also run on what comes in.",
                "match",
                List::of([client.with("ports", List::of([port]))]),
            )
        }
        // A waypoint counts as the server's side: CLIENT would never match.
        Target::Waypoint => Map::new(),
    }
}
