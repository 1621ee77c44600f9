//! The module's two instances as one EnvoyExtensionPolicy.

use super::settings::{EnvoyGateway, is_image};
use crate::envoy::filter::members;
use crate::kubernetes::Object;
use crate::policy_file::signs_ids;
use crate::yaml::{List, Map, Tree, document, quoted};
use pointsman_document::{Document, Named};
use pointsman_engine::config::{Hold, Told};
use pointsman_engine::signed_id::KEYS_VARIABLE;

const COMMENT: &str =
    "Router and gate, in the order in which they run. Envoy Gateway has Envoy fetch each extension apart and gives it a
virtual machine of its own, so that the gate is a small module of its own. They are switched on route by route: a
request is read only if some route of this policy matches it from the start, which is what the route for everything
else is for.
No failover to another provider here: that needs filters in front of a single upstream, which this API does not have.";

pub(super) fn object<'a>(settings: &'a EnvoyGateway, policy: &Document, routes: &[String]) -> Object<'a> {
    let router = Told::Router { hold: Hold::Gate, policy: document(policy) };
    let keys = signs_ids(policy).then(|| Map::line().with("hostKeys", List::line([KEYS_VARIABLE])));
    let gate = settings.gate_url().unwrap_or_default();
    let plugins = [
        instance(router, code(settings, &settings.url, settings.sha256.as_ref())).with_some("env", keys),
        instance(Told::Gate, code(settings, &gate, settings.gate_sha256.as_ref())),
    ];
    Object {
        comment: COMMENT.into(),
        api_version: "gateway.envoyproxy.io/v1alpha1",
        kind: "EnvoyExtensionPolicy",
        name: settings.name.clone(),
        namespace: &settings.namespace,
        labels: Vec::new(),
        spec: Map::new().with("targetRefs", targets(routes)).with("wasm", List::of(plugins)),
    }
}

/// The routes that a policy is for.
pub(super) fn targets(routes: &[String]) -> List {
    let target = |name: &String| {
        Map::line().with("group", "gateway.networking.k8s.io").with("kind", "HTTPRoute").with("name", name)
    };
    List::of(routes.iter().map(target))
}

fn instance(told: Told<Tree>, code: Map) -> Map {
    let name = format!("pointsman-{}", told.role().name());
    Map::new()
        .with("name", &name)
        .with("rootID", &name)
        .with("code", code)
        .noted("Without the module, requests would pass unrouted.", "failOpen", false)
        .with("config", members(Map::new(), told))
}

fn code(settings: &EnvoyGateway, url: &str, sha256: Option<&String>) -> Map {
    let secret = settings
        .pull_secret
        .as_ref()
        .filter(|_| is_image(url))
        .map(|name| Map::line().with("kind", "Secret").with("name", name));
    let place =
        Map::new().with("url", quoted(url)).with_some("sha256", sha256.map(quoted)).with_some("pullSecretRef", secret);
    let pull = settings.pull_policy.map(Named::name);
    let (kind, field) = if is_image(url) { ("Image", "image") } else { ("HTTP", "http") };
    Map::new().with("type", kind).with_some("pullPolicy", pull).with(field, place)
}
