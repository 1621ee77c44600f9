//! A cluster of the deployment, and what it has in common with the clusters of its models.

use super::config::Config;
use super::limits;
use super::upstream::{self, Protocol};
use super::yaml::{Shared, indent, quote, value};
use crate::deployment::{Cluster, Tls};
use std::net::IpAddr;

/// Where Debian, Ubuntu, Alpine and Envoy's own images keep the certificates to trust.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";

/// One item of `clusters`: where requests with one model to go to are sent.
pub(super) fn render(config: &Config<'_>, cluster: &Cluster, shared: &mut Shared) -> String {
    let filters = upstream::direct(config, cluster, shared);
    let protocol = Protocol::of(cluster);
    // Plain HTTP/1.1 is Envoy's default.
    let options = (protocol != Protocol::Http1 || !filters.is_empty()).then(|| upstream::options(protocol, &filters));
    with_endpoints(config, cluster, &cluster.name, None, options.as_deref(), shared)
}

/// An item of `clusters` with the endpoints of `cluster`. `mark` is what their metadata says to the module, and
/// `options` the value of `typed_extension_protocol_options`.
pub(super) fn with_endpoints(
    config: &Config<'_>,
    cluster: &Cluster,
    name: &str,
    mark: Option<&str>,
    options: Option<&str>,
    shared: &mut Shared,
) -> String {
    let places = config.places(cluster);
    let is_dns = places.iter().any(|(address, _)| address.parse::<IpAddr>().is_err());
    let mut text = format!("- name: {}\n  type: {}\n", quote(name), if is_dns { "STRICT_DNS" } else { "STATIC" });
    let mut line = |line: &str| text.push_str(&format!("  {}\n", indent(line, 2)));
    if is_dns {
        // Many networks have IPv6 addresses in their DNS and no way there.
        line("dns_lookup_family: V4_PREFERRED");
    }
    line(&format!("connect_timeout: {}", cluster.connect_timeout));
    if places.len() > 1 {
        // Calls differ in length by orders of magnitude: taking turns would pile them up.
        line("lb_policy: LEAST_REQUEST");
    }
    let breakers = limits::circuit_breakers(&cluster.circuit_breakers);
    line(&format!("circuit_breakers: {}", shared.block("circuit-breakers", &breakers)));
    let detection = limits::outlier_detection(&cluster.outlier_detection);
    line(&format!("outlier_detection: {}", shared.block("outlier-detection", &detection)));
    // By default, who is ejected twice within a second is still tried until that second is over, and the second ejection
    // is always soon: right after the endpoint was let back in and failed again.
    line("common_lb_config: { update_merge_window: 0s }");
    if let Some(check) = &cluster.health_check {
        line(&format!("health_checks:\n{}", limits::health_check(check, cluster.host().unwrap_or(&cluster.name))));
    }
    line(&load_assignment(cluster, name, &places, is_dns, mark));
    if let Some(tls) = &cluster.tls {
        let secure = secure(tls, cluster.address.as_deref().unwrap_or_default());
        line(&format!("transport_socket: {}", shared.block("tls", &secure)));
    }
    if let Some(options) = options {
        line(&format!("typed_extension_protocol_options: {}", value(options)));
    }
    text
}

fn load_assignment(cluster: &Cluster, name: &str, places: &[(&str, u16)], is_dns: bool, mark: Option<&str>) -> String {
    let mut text = format!("load_assignment:\n  cluster_name: {}\n", quote(name));
    // A name can stand for several addresses.
    if places.len() > 1 || is_dns {
        text.push_str("  # One healthy endpoint of up to a hundred is enough: conversations do not move for less.\n");
        text.push_str("  policy: { overprovisioning_factor: 10000 }\n");
    }
    text.push_str("  endpoints:\n  - lb_endpoints:\n");
    for (address, port) in places {
        let hostname = match cluster.host() {
            Some(host) if host != *address => format!(", hostname: {}", quote(host)),
            _ => String::new(),
        };
        text.push_str(&format!(
            "    - endpoint: {{ address: {{ socket_address: {{ address: {}, port_value: {port} }} }}{hostname} }}\n",
            quote(address)
        ));
        if let Some(mark) = mark {
            text.push_str(&format!("      metadata: {{ filter_metadata: {{ pointsman: {mark} }} }}\n"));
        }
    }
    text
}

/// TLS whose certificate must be valid for the name asked for.
fn secure(tls: &Tls, address: &str) -> String {
    let sni = quote(tls.sni.as_deref().unwrap_or(address));
    let ca_file = tls.ca_file.as_ref().map_or_else(|| SYSTEM_CA.into(), |file| file.display().to_string());
    format!(
        "name: envoy.transport_sockets.tls
typed_config:
  \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
  sni: {sni}
  common_tls_context:
    validation_context:
      trusted_ca: {{ filename: {ca_file} }}
      match_typed_subject_alt_names:
      - {{ san_type: {san_type}, matcher: {{ exact: {sni} }} }}
",
        ca_file = quote(&ca_file),
        san_type = if tls.sni.as_deref().unwrap_or(address).parse::<IpAddr>().is_ok() { "IP_ADDRESS" } else { "DNS" },
    )
}
