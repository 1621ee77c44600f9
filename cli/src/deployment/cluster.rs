//! A cluster of the deployment: a provider, or servers of one's own.

use super::Endpoint;
use super::duration::Duration;
use super::limits::{CircuitBreakers, HealthCheck, OutlierDetection};
use pointsman_document::{Document, Path, Report, object};
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

object! {
    /// A provider, or servers of one's own.
    pub(crate) struct Cluster {
        /// What models of the policy and `defaultCluster` call it. Unique.
        "name" => name: String,
        /// The server's host name or IP address.
        "address" => address: Option<String>,
        /// The server's port.
        "port" => port: Option<u16>,
        /// Several servers that are as good as one another, instead of one address.
        "endpoints" => endpoints: Vec<Endpoint>,
        /// TLS to the servers; without it, requests go in plain text.
        "tls" => tls: Option<Tls>,
        /// The host that requests are sent to. Default: the name in `tls`, or the address when it is a name.
        "authority" => authority: Option<String>,
        /// The key that Envoy puts into requests. Without it, a client's own is passed on where that is safe.
        "credential" => credential: Option<Credential>,
        /// How long a connection may take to come about.
        "connectTimeout" => connect_timeout: Duration = "5s",
        /// How much goes to it at once.
        "circuitBreakers" => circuit_breakers: CircuitBreakers = Document::EMPTY,
        /// When one of its endpoints is left alone for a while.
        "outlierDetection" => outlier_detection: OutlierDetection = Document::EMPTY,
        /// An active check of each endpoint.
        "healthCheck" => health_check: Option<HealthCheck>,
        /// An embedded demo LLM server instead of an address.
        "demo" => demo: bool = false,
        /// The key without which the demo server answers 401. No secret: real keys are in files, see `credential`.
        "demoKey" => demo_key: Option<String>,
    }
}

object! {
    /// TLS to a cluster's servers.
    pub(crate) struct Tls {
        /// The name asked for and checked. Default: the cluster's address.
        "sni" => sni: Option<String>,
        /// Certificates to trust instead of the system's.
        "caFile" => ca_file: Option<PathBuf>,
    }
}

object! {
    /// A key that only Envoy knows. It reads it from a file, and reads it again when the file is replaced.
    pub(crate) struct Credential {
        /// The header it stands in.
        "header" => header: String = "authorization",
        /// A file with an Envoy secret, which holds the header's whole value: `Bearer sk-...`.
        "sds" => sds: PathBuf,
        /// The secret's name in the file. Default: the cluster's name.
        "secretName" => secret_name: Option<String>,
    }
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

    /// What the types alone do not rule out.
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        if self.name.is_empty() {
            report.add(&at.key("name"), "must not be empty".into());
        }
        self.check_places(at, report);
        self.check_addresses(at, report);
        if self.demo_key.is_some() && !self.demo && report.is_sound(at, &["demo"]) {
            report.add(&at.key("demoKey"), "only a cluster with `demo: true` has one".into());
        }
        if let Some(why) = self.authority.as_deref().and_then(wrong_authority) {
            report.add(&at.key("authority"), why.into());
        }
        if self.credential.as_ref().is_some_and(|credential| !is_field_name(&credential.header)) {
            let message = "expected a header's name, in lower case";
            report.add(&at.key("credential").key("header"), message.into());
        }
        self.circuit_breakers.check(&at.key("circuitBreakers"), report);
        self.outlier_detection.check(&at.key("outlierDetection"), report);
        if let Some(health_check) = &self.health_check {
            health_check.check(&at.key("healthCheck"), report);
        }
    }

    /// Envoy would look for it in the DNS, whatever it is, and find nothing.
    fn check_addresses(&self, at: &Path<'_>, report: &mut Report) {
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            if let Some(why) = wrong_address(&endpoint.address) {
                report.add(&at.key("endpoints").index(index).key("address"), why.into());
            }
        }
        if let Some(why) = self.address.as_deref().and_then(wrong_address) {
            report.add(&at.key("address"), why.into());
        }
        if let Some(why) = self.tls.as_ref().and_then(|tls| wrong_address(tls.sni.as_deref()?)) {
            report.add(&at.key("tls").key("sni"), why.into());
        }
    }

    /// Its servers must be somewhere, and be said in one way.
    fn check_places(&self, at: &Path<'_>, report: &mut Report) {
        let at_endpoints = at.key("endpoints");
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            if endpoint.port == 0 {
                report.add(&at_endpoints.index(index).key("port"), "must not be 0".into());
            }
        }
        if !self.endpoints.is_empty() && self.tls.as_ref().is_some_and(|tls| tls.sni.is_none()) {
            let message = "several endpoints need `sni`: the name that their certificates are valid for";
            report.add(&at.key("tls"), message.into());
        }
        if !report.is_sound(at, &["demo", "address", "port", "endpoints", "tls"]) {
            return;
        }
        let is_placed = self.address.is_some() || self.port.is_some();
        match (self.demo, &self.address, self.port) {
            (true, ..) if is_placed || self.tls.is_some() || !self.endpoints.is_empty() => {
                report.add(at, "a demo cluster has no address, port, endpoints or tls".into());
            }
            (true, ..) => {}
            (false, ..) if is_placed && !self.endpoints.is_empty() => {
                report.add(&at_endpoints, "a cluster has either an address and a port, or `endpoints`".into());
            }
            (false, Some(_), Some(1..)) => {}
            (false, None, None) if !self.endpoints.is_empty() => {}
            (false, ..) => report.add(at, "needs an address and a port, or `endpoints`, or `demo: true`".into()),
        }
    }
}

/// Why this is no address of a server.
pub(super) fn wrong_address(address: &str) -> Option<String> {
    if is_host(address) {
        return None;
    }
    if is_like_ipv4(address) {
        return Some(format!("`{address}` is not an IP address, and no host is named so"));
    }
    Some(format!("expected a host name or an IP address without scheme, port and path{}", meant(address)))
}

/// Why this is no `host` of a request. A port may stand in it, and around an IPv6 address its brackets do.
fn wrong_authority(authority: &str) -> Option<String> {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    let host = authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host(host) && !host.contains(':'),
    };
    let why = || format!("expected a host, with or without a port, without scheme and path{}", meant(authority));
    (!is_host).then(why)
}

fn is_host(text: &str) -> bool {
    let is_name = !text.is_empty() && text.bytes().all(is_of_name) && !is_like_ipv4(text);
    is_name || text.parse::<IpAddr>().is_ok()
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
}

/// Resolvers take numbers for an address and ask nobody.
fn is_like_ipv4(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The host in what people copy out of a provider's documentation, as the end of a sentence.
fn meant(text: &str) -> String {
    let host = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    if host != text && is_host(host) { format!("; did you mean `{host}`?") } else { String::new() }
}

/// A header that a credential may stand in: no pseudo-header, none of Pointsman's.
fn is_field_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(is_letter) && !pointsman_engine::names::is_reserved(text.as_bytes())
}
