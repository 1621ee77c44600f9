//! The module's two instances as one EnvoyExtensionPolicy.

use super::settings::{EnvoyGateway, PullPolicy};
use crate::envoy::yaml::{indent, quote};
use crate::kubernetes::object::scalar;
use crate::kubernetes::{Object, document};
use pointsman_document::Document;

const COMMENT: &str = "Router and gate, in the order in which they run. Envoy Gateway switches them on route by route: a request is read only
if some route of this policy matches it from the start, which is what the route for everything else is for.
No failover to another provider here: that needs filters in front of a single upstream, which this API does not have.";

pub(super) fn object<'a>(settings: &'a EnvoyGateway, policy: &Document, routes: &[String]) -> Object<'a> {
    let router = format!("role: router\nhold: gate\npolicy:\n  {}", indent(&document(policy), 2));
    let plugins = [instance(settings, "router", &router), instance(settings, "gate", "role: gate")];
    Object {
        comment: COMMENT.into(),
        api_version: "gateway.envoyproxy.io/v1alpha1",
        kind: "EnvoyExtensionPolicy",
        name: settings.name.clone(),
        namespace: &settings.namespace,
        labels: Vec::new(),
        spec: format!("targetRefs:\n{}wasm:\n{}", targets(routes), plugins.concat()),
    }
}

/// The routes that a policy is for.
pub(super) fn targets(routes: &[String]) -> String {
    let target =
        |name: &String| format!("- {{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: {} }}\n", scalar(name));
    routes.iter().map(target).collect()
}

fn instance(settings: &EnvoyGateway, role: &str, configuration: &str) -> String {
    format!(
        "- name: pointsman-{role}
  rootID: pointsman-{role}
  code:
    {code}
  # Without the module, requests would pass unrouted.
  failOpen: false
  config:
    {configuration}
",
        code = indent(&code(settings), 4),
        configuration = indent(configuration, 4),
    )
}

fn code(settings: &EnvoyGateway) -> String {
    let mut place = format!("url: {}\n", quote(&settings.url));
    if let Some(sha256) = &settings.sha256 {
        place.push_str(&format!("sha256: {}\n", quote(sha256)));
    }
    if let Some(secret) = &settings.pull_secret {
        place.push_str(&format!("pullSecretRef: {{ kind: Secret, name: {} }}\n", scalar(secret)));
    }
    let pull = match settings.pull_policy {
        Some(PullPolicy::IfNotPresent) => "pullPolicy: IfNotPresent\n",
        Some(PullPolicy::Always) => "pullPolicy: Always\n",
        None => "",
    };
    let (kind, field) = if settings.is_image() { ("Image", "image") } else { ("HTTP", "http") };
    format!("type: {kind}\n{pull}{field}:\n  {}\n", indent(&place, 2))
}
