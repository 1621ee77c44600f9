//! A cluster of the deployment: a provider, or servers of one's own.

use super::Endpoint;
use super::duration::Duration;
use super::limits::{CircuitBreakers, HealthCheck, OutlierDetection};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) address: Option<String>,
    #[serde(default)]
    pub(crate) port: Option<u16>,
    /// Several servers that are as good as one another, instead of one address.
    #[serde(default)]
    pub(crate) endpoints: Vec<Endpoint>,
    #[serde(default)]
    pub(crate) tls: Option<Tls>,
    /// The host that requests are sent to; default: the name in `tls`, or the address when it is a name.
    #[serde(default)]
    pub(crate) authority: Option<String>,
    /// The key that Envoy puts into requests. Without it, a client's own is passed on where that is safe.
    #[serde(default)]
    pub(crate) credential: Option<Credential>,
    #[serde(default = "connect_timeout")]
    pub(crate) connect_timeout: Duration,
    #[serde(default)]
    pub(crate) circuit_breakers: CircuitBreakers,
    #[serde(default)]
    pub(crate) outlier_detection: OutlierDetection,
    #[serde(default)]
    pub(crate) health_check: Option<HealthCheck>,
    /// An embedded demo LLM server instead of an address.
    #[serde(default)]
    pub(crate) demo: bool,
    /// The key without which the demo server answers 401. No secret: real keys are in files, see `credential`.
    #[serde(default)]
    pub(crate) demo_key: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tls {
    /// The name asked for and checked; default: the cluster's address.
    #[serde(default)]
    pub(crate) sni: Option<String>,
    /// Certificates to trust instead of the system's.
    #[serde(default)]
    pub(crate) ca_file: Option<PathBuf>,
}

/// A key that only Envoy knows. It reads it from a file, and reads it again when the file is replaced.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Credential {
    /// The header it stands in.
    #[serde(default = "authorization")]
    pub(crate) header: String,
    /// A file with an Envoy secret, which holds the header's whole value: `Bearer sk-...`.
    pub(crate) sds: PathBuf,
    /// The secret's name in the file; default: the cluster's name.
    #[serde(default)]
    pub(crate) secret_name: Option<String>,
}

fn connect_timeout() -> Duration {
    Duration::seconds(5)
}

fn authorization() -> String {
    "authorization".into()
}

impl Cluster {
    /// Where its servers are; a demo server is at `demo_port`.
    pub(crate) fn places(&self, demo_port: Option<u16>) -> Vec<(&str, u16)> {
        let one = self.address.as_deref().zip(self.port).into_iter();
        let several = self.endpoints.iter().map(|endpoint| (endpoint.address.as_str(), endpoint.port));
        let demo = demo_port.filter(|_| self.demo).map(|port| ("127.0.0.1", port));
        one.chain(several).chain(demo).collect()
    }

    /// The host that requests are sent to, unless it is the client's business.
    pub(crate) fn host(&self) -> Option<&str> {
        let is_name = |name: &&str| name.parse::<IpAddr>().is_err();
        let asked = self.tls.as_ref().and_then(|tls| tls.sni.as_deref()).filter(is_name);
        self.authority.as_deref().or(asked).or_else(|| self.address.as_deref().filter(is_name))
    }

    /// What the types alone do not rule out, by field.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut found = |field: &str, message: &str| problems.push((field.to_owned(), message.to_owned()));
        if self.name.is_empty() {
            found("name", "must not be empty");
        }
        let is_placed = self.address.is_some() || self.port.is_some();
        match (self.demo, &self.address, self.port) {
            (true, ..) if is_placed || self.tls.is_some() || !self.endpoints.is_empty() => {
                found("", "a demo cluster has no address, port, endpoints or tls");
            }
            (true, ..) => {}
            (false, ..) if is_placed && !self.endpoints.is_empty() => {
                found("endpoints", "a cluster has either an address and a port, or `endpoints`");
            }
            (false, Some(_), Some(1..)) => {}
            (false, None, None) if !self.endpoints.is_empty() => {}
            (false, ..) => found("", "needs an address and a port, or `endpoints`, or `demo: true`"),
        }
        if self.demo_key.is_some() && !self.demo {
            found("demoKey", "only a cluster with `demo: true` has one");
        }
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            if endpoint.port == 0 {
                found(&format!("endpoints[{index}].port"), "must not be 0");
            }
        }
        if !self.endpoints.is_empty() && self.tls.as_ref().is_some_and(|tls| tls.sni.is_none()) {
            found("tls", "several endpoints need `sni`: the name that their certificates are valid for");
        }
        if self.authority.as_deref().is_some_and(|host| !is_field_value(host)) {
            found("authority", "expected a host, visible ASCII characters");
        }
        if self.credential.as_ref().is_some_and(|credential| !is_field_name(&credential.header)) {
            found("credential.header", "expected a header's name, in lower case");
        }
        let below = |part: &str, inside: Vec<(String, String)>| {
            inside.into_iter().map(move |(field, message)| (format!("{part}.{field}"), message)).collect::<Vec<_>>()
        };
        problems.extend(below("circuitBreakers", self.circuit_breakers.problems()));
        problems.extend(below("outlierDetection", self.outlier_detection.problems()));
        if let Some(health_check) = &self.health_check {
            problems.extend(below("healthCheck", health_check.problems()));
        }
        problems
    }
}

fn is_field_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A header that a credential may stand in: no pseudo-header, none of Pointsman's.
fn is_field_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(is_letter) && !pointsman_engine::names::is_reserved(text.as_bytes())
}
