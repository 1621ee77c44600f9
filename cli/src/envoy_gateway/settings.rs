//! What a deployment file says below `envoyGateway`.

use crate::kubernetes::{self, PullPolicy};
use pointsman_document::{Path, Report, object};

object! {
    /// Into which of Envoy Gateway's gateways the module goes. Names are those of the objects that are made of it.
    pub(crate) struct EnvoyGateway {
        /// Where all objects go, and where the gateway is.
        "namespace" => namespace: String,
        /// What the objects' names begin with.
        "name" => name: String = "pointsman",
        /// The Gateway that clients reach.
        "gateway" => gateway: String,
        /// The host names that clients call.
        "hosts" => hosts: Vec<String>,
        /// The module's image, or the module itself by http or https.
        "url" => url: String,
        /// The image's or the module's SHA-256, which Envoy Gateway holds it against.
        "sha256" => sha256: Option<String>,
        /// The same for the gate, which is a small module of its own. By default the image whose name is that of `url` with
        /// `-gate` behind it.
        "gateUrl" => own_gate_url: Option<String>,
        /// The SHA-256 of the gate's image or module.
        "gateSha256" => gate_sha256: Option<String>,
        /// The secret with the registry's key.
        "pullSecret" => pull_secret: Option<String>,
        /// When the image is fetched anew.
        "pullPolicy" => pull_policy: Option<PullPolicy>,
        /// The ConfigMap with the certificates that stand in for a cluster's `tls.caFile`.
        "caConfigMap" => ca_config_map: Option<String>,
    }
    required("hosts");
}

/// An image, and not a module to be fetched as a file.
pub(crate) fn is_image(url: &str) -> bool {
    !url.contains("://")
}

impl EnvoyGateway {
    /// Where the gate's module is, if that is said or follows from where the router's is.
    pub(crate) fn gate_url(&self) -> Option<String> {
        if self.own_gate_url.is_some() || !is_image(&self.url) || self.url.contains('@') {
            return self.own_gate_url.clone();
        }
        // A colon in front of a slash is a registry's port.
        let (name, tag) = match self.url.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (self.url.as_str(), None),
        };
        Some(format!("{name}-gate{}", tag.map(|tag| format!(":{tag}")).unwrap_or_default()))
    }

    /// What the types alone do not rule out.
    pub(crate) fn check(&self, at: &Path<'_>, report: &mut Report) {
        for (field, message) in self.problems() {
            report.add(&at.key(field), message.into());
        }
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let names = [("namespace", &self.namespace), ("name", &self.name), ("gateway", &self.gateway)];
        let mut problems: Vec<_> =
            names.into_iter().filter_map(|(field, name)| Some((field, kubernetes::problem(name)?))).collect();
        if self.hosts.is_empty() {
            problems.push(("hosts", "needs at least one host name".into()));
        }
        if let Some(host) = self.hosts.iter().find(|host| !kubernetes::is_host(host)) {
            problems.push(("hosts", format!("`{host}` is no host name, in lower case and without a port")));
        }
        problems.extend(self.module_problem());
        for (field, sha256) in [("sha256", &self.sha256), ("gateSha256", &self.gate_sha256)] {
            if sha256.as_deref().is_some_and(|sha256| !kubernetes::is_sha256(sha256)) {
                problems.push((field, "needs 64 hexadecimal digits in lower case".into()));
            }
        }
        if self.sha256.is_some() && self.sha256 == self.gate_sha256 {
            problems.push(("gateSha256", "is that of the router's: the gate is a module of its own".into()));
        }
        if self.pull_secret.is_some() && !is_image(&self.url) {
            problems.push(("pullSecret", "is for images".into()));
        }
        problems
    }

    fn module_problem(&self) -> Option<(&'static str, String)> {
        if let Some(why) = url_problem(&self.url) {
            return Some(("url", why));
        }
        let Some(gate) = self.gate_url() else {
            return Some(("gateUrl", "is required here: the gate is a module of its own".into()));
        };
        if gate == self.url {
            return Some(("gateUrl", "is that of the router's module: the gate's has other bytes".into()));
        }
        url_problem(&gate).map(|why| ("gateUrl", why))
    }
}

fn url_problem(url: &str) -> Option<String> {
    match url.split_once("://") {
        None if url.is_empty() => Some("must not be empty".into()),
        None | Some(("http" | "https", _)) => None,
        Some(("oci", rest)) => Some(format!("Envoy Gateway writes an image without `oci://`: {rest}")),
        Some((scheme, _)) => Some(format!("Envoy Gateway fetches images, http and https, not `{scheme}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pointsman_document::{Document, Read};

    /// What is said about a section that is right, with these members instead of its own.
    fn check(more: &str, expected: &[&str]) {
        let mut section = Document::from_json(more.as_bytes()).unwrap();
        let text =
            br#"{"namespace": "llm", "gateway": "llm", "hosts": ["llm.example.com"], "url": "r.example.com/p:1"}"#;
        if let (Document::Object(own), Ok(Document::Object(rest))) = (&mut section, Document::from_json(text)) {
            let missing: Vec<_> = rest.into_iter().filter(|(key, _)| own.iter().all(|(name, _)| name != key)).collect();
            own.extend(missing);
        }
        let mut report = Report::default();
        EnvoyGateway::read(&section, &Path::Root, &mut report).check(&Path::Root, &mut report);
        let errors: Vec<_> = report.finish(()).err().into_iter().flatten().map(|error| error.to_string()).collect();
        assert_eq!(errors, expected, "{more}");
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        check("{}", &[]);
        check(r#"{"url": "oci://r/p:1"}"#, &["url: Envoy Gateway writes an image without `oci://`: r/p:1"]);
        check(r#"{"url": "file:///p"}"#, &["url: Envoy Gateway fetches images, http and https, not `file`"]);
        check(r#"{"url": "https://h/p", "gateUrl": "https://h/g", "pullSecret": "s"}"#, &["pullSecret: is for images"]);
        let required = "gateUrl: is required here: the gate is a module of its own";
        check(r#"{"url": "https://h/p"}"#, &[required]);
        check(r#"{"url": "r/p@sha256:1"}"#, &[required]);
        check(
            r#"{"gateUrl": "r.example.com/p:1"}"#,
            &["gateUrl: is that of the router's module: the gate's has other bytes"],
        );
        check(r#"{"gateUrl": "oci://r/g:1"}"#, &["gateUrl: Envoy Gateway writes an image without `oci://`: r/g:1"]);
        check(r#"{"gateSha256": "1"}"#, &["gateSha256: needs 64 hexadecimal digits in lower case"]);
        check(r#"{"sha256": "1"}"#, &["sha256: needs 64 hexadecimal digits in lower case"]);
        check(r#"{"hosts": []}"#, &["hosts: needs at least one host name"]);
        check(r#"{"pulPolicy": 1}"#, &["pulPolicy: unknown field; did you mean `pullPolicy`?"]);
    }

    #[test]
    fn the_gates_image_is_beside_the_routers() {
        let gate = |url: &str| {
            let text = format!(r#"{{"namespace": "n", "gateway": "g", "hosts": ["h"], "url": "{url}"}}"#);
            let section = Document::from_json(text.as_bytes()).unwrap();
            EnvoyGateway::read(&section, &Path::Root, &mut Report::default()).gate_url()
        };
        assert_eq!(gate("r.example.com/llm/p:0.1").as_deref(), Some("r.example.com/llm/p-gate:0.1"));
        assert_eq!(gate("localhost:5000/p").as_deref(), Some("localhost:5000/p-gate"));
        assert_eq!(gate("p").as_deref(), Some("p-gate"));
        assert_eq!(gate("r/p@sha256:0"), None);
    }
}
