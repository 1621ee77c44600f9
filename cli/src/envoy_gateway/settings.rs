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
        /// The secret with the registry's key.
        "pullSecret" => pull_secret: Option<String>,
        /// When the image is fetched anew.
        "pullPolicy" => pull_policy: Option<PullPolicy>,
        /// The ConfigMap with the certificates that stand in for a cluster's `tls.caFile`.
        "caConfigMap" => ca_config_map: Option<String>,
    }
    required("hosts");
}

impl EnvoyGateway {
    /// An image, and not a module to be fetched as a file.
    pub(crate) fn is_image(&self) -> bool {
        !self.url.contains("://")
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
        if self.url.is_empty() {
            problems.push(("url", "must not be empty".into()));
        }
        if let Some((scheme, rest)) = self.url.split_once("://") {
            match scheme {
                "http" | "https" => {}
                "oci" => problems.push(("url", format!("Envoy Gateway writes an image without `oci://`: {rest}"))),
                _ => problems.push(("url", format!("Envoy Gateway fetches images, http and https, not `{scheme}`"))),
            }
        }
        if self.sha256.as_deref().is_some_and(|sha256| !kubernetes::is_sha256(sha256)) {
            problems.push(("sha256", "needs 64 hexadecimal digits in lower case".into()));
        }
        if self.pull_secret.is_some() && !self.is_image() {
            problems.push(("pullSecret", "is for images".into()));
        }
        problems
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
        check(r#"{"url": "https://h/p", "pullSecret": "s"}"#, &["pullSecret: is for images"]);
        check(r#"{"sha256": "1"}"#, &["sha256: needs 64 hexadecimal digits in lower case"]);
        check(r#"{"hosts": []}"#, &["hosts: needs at least one host name"]);
        check(r#"{"pulPolicy": 1}"#, &["pulPolicy: unknown field; did you mean `pullPolicy`?"]);
    }
}
