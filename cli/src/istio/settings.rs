//! What a deployment file says below `istio`.

use super::version::Version;
use crate::deployment::Hold;
use crate::kubernetes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The section `istio`. Names are those of the objects that are made of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Istio {
    /// Istio's version in the cluster.
    #[serde(default)]
    pub(crate) version: Version,
    #[serde(default)]
    pub(crate) target: Target,
    /// Where all objects go: beside the gateway, the application or the waypoint.
    pub(crate) namespace: String,
    /// What the objects' names begin with.
    #[serde(default = "default_name")]
    pub(crate) name: String,
    /// The host names that clients call.
    pub(crate) hosts: Vec<String>,
    /// The port that clients call.
    #[serde(default)]
    pub(crate) port: Option<u16>,
    /// Labels of the pods whose proxy gets the module.
    #[serde(default)]
    pub(crate) selector: BTreeMap<String, String>,
    /// The Gateway API gateway or the waypoint that gets it, instead of a selector.
    #[serde(default)]
    pub(crate) gateway: Option<String>,
    /// Gateways of Istio's own API to attach routes to; without them, one is made.
    #[serde(default)]
    pub(crate) gateways: Vec<String>,
    /// The secret with the certificate that an ingress gateway shows to clients.
    #[serde(default)]
    pub(crate) credential_name: Option<String>,
    /// The egress gateway's service, as `name.namespace.svc.cluster.local`.
    #[serde(default)]
    pub(crate) service: Option<String>,
    /// Where the module's image is.
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) sha256: Option<String>,
    #[serde(default)]
    pub(crate) image_pull_secret: Option<String>,
    #[serde(default)]
    pub(crate) image_pull_policy: Option<PullPolicy>,
    #[serde(default)]
    pub(crate) phase: Option<Phase>,
    /// The router's priority; the gate's is the next lower one.
    #[serde(default = "default_priority")]
    pub(crate) priority: i32,
    #[serde(default)]
    pub(crate) fail_strategy: Option<FailStrategy>,
    #[serde(default = "default_hold")]
    pub(crate) hold: Hold,
    /// The module as a file in the proxy's container, for clusters of failover chains.
    #[serde(default)]
    pub(crate) module_path: Option<String>,
}

/// What kind of proxy gets the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Target {
    #[default]
    IngressGateway,
    EgressGateway,
    Sidecar,
    Waypoint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum PullPolicy {
    IfNotPresent,
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Phase {
    Authn,
    Authz,
    Stats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum FailStrategy {
    #[serde(rename = "FAIL_CLOSE")]
    Close,
    #[serde(rename = "FAIL_OPEN")]
    Open,
    #[serde(rename = "FAIL_RELOAD")]
    Reload,
}

fn default_name() -> String {
    "pointsman".into()
}

/// High and odd, so that no other plugin has it by chance and comes to stand between router and gate.
fn default_priority() -> i32 {
    1001
}

/// The one that needs no EnvoyFilter.
fn default_hold() -> Hold {
    Hold::Gate
}

impl Istio {
    /// The port that clients call.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.target {
            Target::IngressGateway if self.credential_name.is_some() => 443,
            _ => 80,
        })
    }

    /// The port of the proxy with the module. Between applications and an egress gateway, the mesh speaks mutual TLS.
    pub(crate) fn proxy_port(&self) -> u16 {
        if self.target == Target::EgressGateway { 443 } else { self.port() }
    }

    /// Is the module's proxy described by the Gateway API? Then routes are HTTPRoutes.
    pub(crate) fn uses_gateway_api(&self) -> bool {
        self.gateway.is_some()
    }

    pub(crate) fn fail_strategy(&self) -> FailStrategy {
        let newest = if self.version >= Version::FAIL_RELOAD { FailStrategy::Reload } else { FailStrategy::Close };
        self.fail_strategy.unwrap_or(newest)
    }

    /// What the types alone do not rule out, as paths below the section, and sentences.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = self.wrong_names();
        problems.extend(self.wrong_plugin());
        problems.extend(self.wrong_target());
        problems
    }

    fn wrong_names(&self) -> Vec<(&'static str, String)> {
        let names =
            [("namespace", Some(&self.namespace)), ("name", Some(&self.name)), ("gateway", self.gateway.as_ref())];
        let mut problems: Vec<_> =
            names.into_iter().filter_map(|(field, name)| Some((field, kubernetes::problem(name?)?))).collect();
        if self.hosts.is_empty() {
            problems.push(("hosts", "needs at least one host name".into()));
        }
        if let Some(host) = self.hosts.iter().find(|host| !kubernetes::is_host(host)) {
            problems.push(("hosts", format!("`{host}` is no host name, in lower case and without a port")));
        }
        if self.port == Some(0) {
            problems.push(("port", "must be 1 to 65535".into()));
        }
        problems
    }

    fn wrong_plugin(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.version < Version::OLDEST {
            problems.push(("version", format!("nothing is known about Istio before {}", Version::OLDEST)));
        }
        if let Some((scheme, _)) = self.url.split_once("://")
            && !["oci", "http", "https", "file"].contains(&scheme)
        {
            problems.push(("url", format!("Istio fetches oci, http, https and file, not `{scheme}`")));
        }
        if self.url.is_empty() {
            problems.push(("url", "must not be empty".into()));
        }
        if self.sha256.as_deref().is_some_and(|sha256| !kubernetes::is_sha256(sha256)) {
            problems.push(("sha256", "needs 64 hexadecimal digits in lower case".into()));
        }
        if self.image_pull_secret.as_deref() == Some("") {
            problems.push(("imagePullSecret", "must not be empty".into()));
        }
        if self.priority == i32::MIN {
            problems.push(("priority", "leaves no lower one for the gate".into()));
        }
        if self.fail_strategy == Some(FailStrategy::Open) {
            let why = "without the module, a request would pass unrouted, and a client's own x-pointsman-cluster would be believed";
            problems.push(("failStrategy", format!("FAIL_OPEN is not safe: {why}")));
        }
        if self.fail_strategy == Some(FailStrategy::Reload) && self.version < Version::FAIL_RELOAD {
            problems.push(("failStrategy", format!("FAIL_RELOAD needs Istio {}", Version::FAIL_RELOAD)));
        }
        if let Some(path) = &self.module_path
            && !path.starts_with('/')
        {
            problems.push(("modulePath", "must be a path from the root, as the proxy sees it".into()));
        }
        problems
    }

    /// What belongs to another target.
    fn wrong_target(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let at = |target| self.target == target;
        if !at(Target::Waypoint) && self.selector.is_empty() == self.gateway.is_none() {
            problems.push(("selector", "is needed, or `gateway`, but not both".into()));
        }
        if at(Target::Waypoint) && (self.gateway.is_none() || !self.selector.is_empty()) {
            problems.push(("gateway", "must name the waypoint, and a waypoint has no `selector`".into()));
        }
        if self.selector.iter().any(|(key, value)| key.is_empty() || key.contains('*') || value.contains('*')) {
            problems.push(("selector", "has no wildcards and no empty keys".into()));
        }
        if at(Target::Sidecar) && self.gateway.is_some() {
            problems.push(("gateway", "a sidecar is found by `selector`".into()));
        }
        if at(Target::EgressGateway) && (self.service.is_none() || self.gateway.is_some()) {
            problems.push(("service", "an egress gateway needs `service` and `selector`, and no `gateway`".into()));
        }
        if !at(Target::EgressGateway) && self.service.is_some() {
            problems.push(("service", "belongs to an egress gateway".into()));
        }
        let makes_gateway = at(Target::IngressGateway) && self.gateway.is_none();
        if !makes_gateway && !self.gateways.is_empty() {
            problems.push(("gateways", "belongs to an ingress gateway with a `selector`".into()));
        }
        if self.credential_name.is_some() && (!makes_gateway || !self.gateways.is_empty()) {
            problems.push(("credentialName", "belongs to an ingress gateway that is made here".into()));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(more: &str, expected: &[&str]) {
        let text =
            r#"{"namespace": "ingress", "hosts": ["llm.example.com"], "url": "oci://r/p:1", "selector": {"a": "b"}}"#;
        let mut section: serde_json::Value = serde_json::from_str(text).unwrap();
        let more: serde_json::Map<_, _> = serde_json::from_str(more).unwrap();
        section.as_object_mut().unwrap().extend(more);
        let section: Istio = serde_json::from_value(section).unwrap();
        let problems: Vec<_> = section.problems().into_iter().map(|(path, why)| format!("{path}: {why}")).collect();
        assert_eq!(problems, expected);
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        check("{}", &[]);
        check(r#"{"hosts": []}"#, &["hosts: needs at least one host name"]);
        check(
            r#"{"hosts": ["llm.example.com:80"]}"#,
            &["hosts: `llm.example.com:80` is no host name, in lower case and without a port"],
        );
        check(r#"{"version": "1.20"}"#, &["version: nothing is known about Istio before 1.26"]);
        check(r#"{"url": "ftp://x"}"#, &["url: Istio fetches oci, http, https and file, not `ftp`"]);
        check(r#"{"sha256": "sha256:1"}"#, &["sha256: needs 64 hexadecimal digits in lower case"]);
        check(r#"{"failStrategy": "FAIL_RELOAD", "version": "1.26"}"#, &["failStrategy: FAIL_RELOAD needs Istio 1.27"]);
        check(r#"{"selector": {}}"#, &["selector: is needed, or `gateway`, but not both"]);
        check(r#"{"gateway": "g"}"#, &["selector: is needed, or `gateway`, but not both"]);
        check(r#"{"target": "sidecar", "service": "x"}"#, &["service: belongs to an egress gateway"]);
        check(
            r#"{"target": "egressGateway"}"#,
            &["service: an egress gateway needs `service` and `selector`, and no `gateway`"],
        );
        check(r#"{"target": "waypoint"}"#, &["gateway: must name the waypoint, and a waypoint has no `selector`"]);
        check(
            r#"{"target": "sidecar", "gateways": ["a/b"], "credentialName": "c"}"#,
            &[
                "gateways: belongs to an ingress gateway with a `selector`",
                "credentialName: belongs to an ingress gateway that is made here",
            ],
        );
    }

    #[test]
    fn failing_open_is_refused() {
        let mut section: Istio = serde_json::from_str(
            r#"{"namespace": "a", "hosts": ["b"], "url": "c", "selector": {"d": "e"}, "failStrategy": "FAIL_OPEN"}"#,
        )
        .unwrap();
        assert!(section.problems()[0].1.starts_with("FAIL_OPEN is not safe"));
        section.fail_strategy = None;
        assert_eq!((section.problems(), section.fail_strategy()), (Vec::new(), FailStrategy::Reload));
    }

    #[test]
    fn ports_follow_the_target() {
        let section = |text: &str| {
            let text = format!(r#"{{"namespace": "a", "hosts": ["b"], "url": "c", {text}}}"#);
            serde_json::from_str::<Istio>(&text).unwrap().port()
        };
        assert_eq!(section(r#""target": "ingressGateway""#), 80);
        assert_eq!(section(r#""credentialName": "cert""#), 443);
        assert_eq!(section(r#""target": "egressGateway""#), 80);
        assert_eq!(section(r#""target": "sidecar", "port": 8080"#), 8080);
    }
}
