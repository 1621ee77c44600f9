//! What a deployment file says below `istio`.

use super::version::Version;
use crate::deployment::Hold;
use crate::kubernetes::{self, PullPolicy};
use pointsman_document::{Path, Report, names, object};
use std::collections::BTreeMap;

object! {
    /// Where in a mesh the module goes. Names are those of the objects that are made of it.
    pub(crate) struct Istio {
        /// Istio's version in the cluster.
        "version" => version: Version = "1.30",
        /// What kind of proxy gets the module.
        "target" => target: Target = "ingressGateway",
        /// Where all objects go: beside the gateway, the application or the waypoint.
        "namespace" => namespace: String,
        /// What the objects' names begin with.
        "name" => name: String = "pointsman",
        /// The host names that clients call.
        "hosts" => hosts: Vec<String>,
        /// The port that clients call. Default: 80, or 443 for an ingress gateway with a certificate.
        "port" => port: Option<u16>,
        /// Labels of the pods whose proxy gets the module.
        "selector" => selector: BTreeMap<String, String>,
        /// The Gateway API gateway or the waypoint that gets it, instead of a selector.
        "gateway" => gateway: Option<String>,
        /// Gateways of Istio's own API to attach routes to; without them, one is made.
        "gateways" => gateways: Vec<String>,
        /// The secret with the certificate that an ingress gateway shows to clients.
        "credentialName" => credential_name: Option<String>,
        /// The egress gateway's service, as `name.namespace.svc.cluster.local`.
        "service" => service: Option<String>,
        /// Where the module's image is.
        "url" => url: String,
        /// The image's or the module's SHA-256, which Istio holds it against.
        "sha256" => sha256: Option<String>,
        /// The secret with the registry's key.
        "imagePullSecret" => image_pull_secret: Option<String>,
        /// When the image is fetched anew.
        "imagePullPolicy" => image_pull_policy: Option<PullPolicy>,
        /// In front of which of Istio's own filters the module stands.
        "phase" => phase: Option<Phase>,
        /// The router's priority; the gate's is the next lower one.
        // High and odd, so that no other plugin has it by chance and comes to stand between router and gate.
        "priority" => priority: i32 = 1001u32,
        /// What becomes of requests when the module fails. Default: the best that this version of Istio knows.
        "failStrategy" => fail_strategy: Option<FailStrategy>,
        /// How the request headers wait while the body is read.
        // The one that needs no EnvoyFilter.
        "hold" => hold: Hold = "gate",
        /// The module as a file in the proxy's container, for clusters of failover chains.
        "modulePath" => module_path: Option<String>,
    }
    required("hosts");
}

names! {
    /// What kind of proxy gets the module.
    pub(crate) enum Target {
        /// A gateway that clients reach.
        IngressGateway => "ingressGateway",
        /// A gateway on the way out of the mesh.
        EgressGateway => "egressGateway",
        /// The sidecars of an application.
        Sidecar => "sidecar",
        /// A waypoint of the ambient mode.
        Waypoint => "waypoint",
    }
}

names! {
    /// In front of which of Istio's own filters a plugin stands.
    pub(crate) enum Phase {
        /// In front of authentication.
        Authn => "AUTHN",
        /// In front of authorization.
        Authz => "AUTHZ",
        /// In front of statistics.
        Stats => "STATS",
    }
}

names! {
    /// What becomes of requests when a plugin fails.
    pub(crate) enum FailStrategy {
        /// They are refused.
        Close => "FAIL_CLOSE",
        /// They pass.
        Open => "FAIL_OPEN",
        /// They are refused, and the plugin is started anew.
        Reload => "FAIL_RELOAD",
    }
}

/// Fields that belong to some targets and not to others.
const OF_TARGETS: [&str; 6] = ["target", "selector", "gateway", "gateways", "service", "credentialName"];

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

    /// Is a Gateway of Istio's printed?
    fn makes_gateway(&self) -> bool {
        match self.target {
            Target::IngressGateway => self.gateway.is_none() && self.gateways.is_empty(),
            Target::EgressGateway => true,
            Target::Sidecar | Target::Waypoint => false,
        }
    }

    pub(crate) fn fail_strategy(&self) -> FailStrategy {
        let newest = if self.version >= Version::FAIL_RELOAD { FailStrategy::Reload } else { FailStrategy::Close };
        self.fail_strategy.unwrap_or(newest)
    }

    /// What the types alone do not rule out.
    pub(crate) fn check(&self, at: &Path<'_>, report: &mut Report) {
        let mut problems = self.wrong_names();
        problems.extend(self.wrong_plugin());
        if report.is_sound(at, &OF_TARGETS) {
            problems.extend(self.wrong_target());
        }
        for (field, message) in problems {
            report.add(&at.key(field), message.into());
        }
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
        } else if let Some(host) = self.hosts.iter().find(|host| self.makes_gateway() && !host.contains('.')) {
            problems.push(("hosts", format!("`{host}` has no dot, and istiod takes no such name for a Gateway")));
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
    use pointsman_document::{Document, Read};

    /// A section that is right, and what is said about it with these members instead of its own.
    fn read(more: &str) -> (Istio, Vec<String>) {
        let mut section = Document::from_json(more.as_bytes()).unwrap();
        let text =
            br#"{"namespace": "ingress", "hosts": ["llm.example.com"], "url": "oci://r/p:1", "selector": {"a": "b"}}"#;
        if let (Document::Object(own), Ok(Document::Object(rest))) = (&mut section, Document::from_json(text)) {
            let missing: Vec<_> = rest.into_iter().filter(|(key, _)| own.iter().all(|(name, _)| name != key)).collect();
            own.extend(missing);
        }
        let mut report = Report::default();
        let istio = Istio::read(&section, &Path::Root, &mut report);
        istio.check(&Path::Root, &mut report);
        let errors = report.finish(()).err().into_iter().flatten().map(|error| error.to_string()).collect();
        (istio, errors)
    }

    fn check(more: &str, expected: &[&str]) {
        assert_eq!(read(more).1, expected, "{more}");
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        check("{}", &[]);
        check(r#"{"hosts": []}"#, &["hosts: needs at least one host name"]);
        check(
            r#"{"hosts": ["llm.example.com:80"]}"#,
            &["hosts: `llm.example.com:80` is no host name, in lower case and without a port"],
        );
        check(r#"{"hosts": ["llm"]}"#, &["hosts: `llm` has no dot, and istiod takes no such name for a Gateway"]);
        check(r#"{"hosts": ["llm"], "gateways": ["istio-system/shared"]}"#, &[]);
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
    fn what_could_not_be_read_is_held_against_nothing() {
        check(r#"{"selector": 1}"#, &["selector: expected an object, found a number"]);
        check(r#"{"target": "sidcar"}"#, &["target: unknown value `sidcar`; did you mean `sidecar`?"]);
        check(r#"{"version": 1.30}"#, &["version: a version needs quotes, as in \"1.30\""]);
        check(r#"{"priority": 3000000000}"#, &["priority: must be from -2147483648 to 2147483647"]);
    }

    #[test]
    fn failing_open_is_refused() {
        let (mut section, errors) = read(r#"{"failStrategy": "FAIL_OPEN"}"#);
        assert!(errors[0].starts_with("failStrategy: FAIL_OPEN is not safe"));
        section.fail_strategy = None;
        assert_eq!((read("{}").1, section.fail_strategy()), (Vec::new(), FailStrategy::Reload));
    }

    #[test]
    fn ports_follow_the_target() {
        let port = |more: &str| read(more).0.port();
        assert_eq!(port(r#"{"target": "ingressGateway"}"#), 80);
        assert_eq!(port(r#"{"credentialName": "cert"}"#), 443);
        assert_eq!(port(r#"{"target": "egressGateway"}"#), 80);
        assert_eq!(port(r#"{"target": "sidecar", "port": 8080}"#), 8080);
    }
}
