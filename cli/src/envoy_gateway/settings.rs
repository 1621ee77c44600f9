//! What a deployment file says below `envoyGateway`.

use crate::kubernetes;
use serde::Deserialize;

/// The section `envoyGateway`. Names are those of the objects that are made of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnvoyGateway {
    /// Where all objects go, and where the gateway is.
    pub(crate) namespace: String,
    /// What the objects' names begin with.
    #[serde(default = "default_name")]
    pub(crate) name: String,
    /// The Gateway that clients reach.
    pub(crate) gateway: String,
    /// The host names that clients call.
    pub(crate) hosts: Vec<String>,
    /// The module's image, or the module itself by http or https.
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) sha256: Option<String>,
    #[serde(default)]
    pub(crate) pull_secret: Option<String>,
    #[serde(default)]
    pub(crate) pull_policy: Option<PullPolicy>,
    /// The ConfigMap with the certificates that stand in for a cluster's `tls.caFile`.
    #[serde(default)]
    pub(crate) ca_config_map: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum PullPolicy {
    IfNotPresent,
    Always,
}

fn default_name() -> String {
    "pointsman".into()
}

impl EnvoyGateway {
    /// An image, and not a module to be fetched as a file.
    pub(crate) fn is_image(&self) -> bool {
        !self.url.contains("://")
    }

    /// What the types alone do not rule out, as paths below the section, and sentences.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
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

    fn check(more: &str, expected: &[&str]) {
        let text =
            r#"{"namespace": "llm", "gateway": "llm", "hosts": ["llm.example.com"], "url": "r.example.com/p:1"}"#;
        let mut section: serde_json::Value = serde_json::from_str(text).unwrap();
        let more: serde_json::Map<_, _> = serde_json::from_str(more).unwrap();
        section.as_object_mut().unwrap().extend(more);
        let section: EnvoyGateway = serde_json::from_value(section).unwrap();
        let problems: Vec<_> = section.problems().into_iter().map(|(path, why)| format!("{path}: {why}")).collect();
        assert_eq!(problems, expected);
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        check("{}", &[]);
        check(r#"{"url": "oci://r/p:1"}"#, &["url: Envoy Gateway writes an image without `oci://`: r/p:1"]);
        check(r#"{"url": "file:///p"}"#, &["url: Envoy Gateway fetches images, http and https, not `file`"]);
        check(r#"{"url": "https://h/p", "pullSecret": "s"}"#, &["pullSecret: is for images"]);
        check(r#"{"sha256": "1"}"#, &["sha256: needs 64 hexadecimal digits in lower case"]);
        check(r#"{"hosts": []}"#, &["hosts: needs at least one host name"]);
    }
}
