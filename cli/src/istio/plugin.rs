//! The module's two instances as WasmPlugins.

use super::settings::{FailStrategy, Istio, Phase, PullPolicy, Target};
use super::version::Version;
use crate::envoy::yaml::{indent, quote};
use crate::kubernetes::object::scalar;
use crate::kubernetes::{Object, document};
use pointsman_document::Document;

/// Gate and router: a gate without its router lets everything pass, a router without its gate refuses everything, so the
/// gate comes first.
pub(super) fn objects<'a>(istio: &'a Istio, policy: &Document) -> Vec<Object<'a>> {
    let configuration = format!("role: router\nhold: gate\npolicy:\n  {}\n", indent(&document(policy), 2));
    vec![
        plugin(istio, "gate", istio.priority.saturating_sub(1), GATE_COMMENT, "role: gate\n"),
        plugin(istio, "router", istio.priority, ROUTER_COMMENT, &configuration),
    ]
}

const GATE_COMMENT: &str =
    "The gate holds a request's headers until the router has decided: no Istio lets a plugin hold them by itself.";
const ROUTER_COMMENT: &str =
    "The router reads requests and decides. It has the policy; the gate right behind it has none.";

fn plugin<'a>(istio: &'a Istio, role: &str, priority: i32, comment: &str, configuration: &str) -> Object<'a> {
    let name = format!("{}-{role}", istio.name);
    Object {
        comment: format!("{comment}\nIts filter in Envoy: {}", filter_name(istio, &name)),
        api_version: "extensions.istio.io/v1alpha1",
        kind: "WasmPlugin",
        name,
        namespace: &istio.namespace,
        labels: Vec::new(),
        spec: format!(
            "{target}{module}pluginName: pointsman-{role}
{phase}# Higher runs first. Nothing may stand between router and gate.
priority: {priority}
{fail}{matching}pluginConfig:
  {configuration}
",
            target = target(istio),
            module = module(istio),
            phase = phase(istio),
            fail = fail_strategy(istio),
            matching = matching(istio),
            configuration = indent(configuration, 2),
        ),
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

fn target(istio: &Istio) -> String {
    match (istio.target, &istio.gateway) {
        (Target::Waypoint, _) => format!(
            "# Only the host's own traffic: other services of the same waypoint are not touched.
targetRefs:
- {{ group: networking.istio.io, kind: ServiceEntry, name: {} }}
",
            istio.name
        ),
        (_, Some(gateway)) => {
            format!("targetRefs:\n- {{ group: gateway.networking.k8s.io, kind: Gateway, name: {} }}\n", scalar(gateway))
        }
        (_, None) => format!("selector:\n  matchLabels: {}\n", labels(istio)),
    }
}

/// The selector on one line.
pub(super) fn labels(istio: &Istio) -> String {
    let labels: Vec<_> =
        istio.selector.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(value))).collect();
    format!("{{ {} }}", labels.join(", "))
}

fn module(istio: &Istio) -> String {
    let mut text = format!("url: {}\n", quote(&istio.url));
    match &istio.sha256 {
        Some(sha256) if is_image(istio) => {
            text.push_str(&format!("# The digest of the image's manifest.\nsha256: {}\n", quote(sha256)));
        }
        Some(sha256) => text.push_str(&format!("# The digest of the module.\nsha256: {}\n", quote(sha256))),
        None => {}
    }
    if let Some(policy) = istio.image_pull_policy {
        text.push_str(match policy {
            PullPolicy::IfNotPresent => "imagePullPolicy: IfNotPresent\n",
            PullPolicy::Always => "imagePullPolicy: Always\n",
        });
    }
    if let Some(secret) = &istio.image_pull_secret {
        text.push_str(&format!("# A secret of this namespace.\nimagePullSecret: {}\n", scalar(secret)));
    }
    text
}

/// A URL without a scheme is one of an image.
pub(super) fn is_image(istio: &Istio) -> bool {
    istio.url.split_once("://").is_none_or(|(scheme, _)| scheme == "oci")
}

fn phase(istio: &Istio) -> String {
    match istio.phase {
        None => "# Without a phase, the module runs behind authentication and authorization, which is where routing belongs.\n".into(),
        Some(Phase::Authn) => "# In front of Istio's authentication: JWT claims are not known yet.\nphase: AUTHN\n".into(),
        Some(Phase::Authz) => "# In front of Istio's authorization: it sees requests that will be refused.\nphase: AUTHZ\n".into(),
        Some(Phase::Stats) => "phase: STATS\n".into(),
    }
}

fn fail_strategy(istio: &Istio) -> &'static str {
    match istio.fail_strategy() {
        FailStrategy::Reload => {
            "# A module that has failed is loaded anew for the next request. While it cannot be loaded at all, requests are
# refused, as with FAIL_CLOSE: without a router they would pass unrouted.
failStrategy: FAIL_RELOAD
"
        }
        // FAIL_OPEN is refused when the settings are read.
        FailStrategy::Close | FailStrategy::Open => {
            "# A module that has failed refuses requests until its configuration changes. From Istio 1.27 there is FAIL_RELOAD.
failStrategy: FAIL_CLOSE
"
        }
    }
}

fn matching(istio: &Istio) -> String {
    match istio.target {
        Target::IngressGateway | Target::EgressGateway => "match:\n- mode: CLIENT\n".into(),
        Target::Sidecar => format!(
            "# Only what the application sends, and only on this port: without it, the module would also run on what comes in.
match:
- mode: CLIENT
  ports:
  - number: {}
",
            istio.proxy_port()
        ),
        // A waypoint counts as the server's side: CLIENT would never match.
        Target::Waypoint => String::new(),
    }
}
