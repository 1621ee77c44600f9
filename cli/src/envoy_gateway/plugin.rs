//! The module's two instances as one EnvoyExtensionPolicy.

use super::settings::EnvoyGateway;
use crate::envoy::filter::members;
use crate::kubernetes::Object;
use crate::yaml::{List, Map, Tree, document, quoted};
use pointsman_document::{Document, Named};
use pointsman_engine::config::{Hold, Told};

const COMMENT: &str = "Router and gate, in the order in which they run. Envoy Gateway switches them on route by route: a request is read only
if some route of this policy matches it from the start, which is what the route for everything else is for.
No failover to another provider here: that needs filters in front of a single upstream, which this API does not have.";

pub(super) fn object<'a>(settings: &'a EnvoyGateway, policy: &Document, routes: &[String]) -> Object<'a> {
    let router = Told::Router { hold: Hold::Gate, policy: document(policy) };
    let plugins = [instance(settings, router), instance(settings, Told::Gate)];
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

fn instance(settings: &EnvoyGateway, told: Told<Tree>) -> Map {
    let name = format!("pointsman-{}", told.role().name());
    Map::new()
        .with("name", &name)
        .with("rootID", &name)
        .with("code", code(settings))
        .noted("Without the module, requests would pass unrouted.", "failOpen", false)
        .with("config", members(Map::new(), told))
}

fn code(settings: &EnvoyGateway) -> Map {
    let secret = settings.pull_secret.as_ref().map(|name| Map::line().with("kind", "Secret").with("name", name));
    let place = Map::new()
        .with("url", quoted(&settings.url))
        .with_some("sha256", settings.sha256.as_ref().map(quoted))
        .with_some("pullSecretRef", secret);
    let pull = settings.pull_policy.map(Named::name);
    let (kind, field) = if settings.is_image() { ("Image", "image") } else { ("HTTP", "http") };
    Map::new().with("type", kind).with_some("pullPolicy", pull).with(field, place)
}
