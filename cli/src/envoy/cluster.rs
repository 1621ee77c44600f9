//! A cluster of the deployment as Envoy's configuration.

use super::yaml::{indent, quote};
use crate::deployment::{Cluster, Tls};
use std::net::IpAddr;

/// Where Debian, Ubuntu, Alpine and Envoy's own images keep the certificates to trust.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";

/// One item of `static_resources.clusters`; `address` and `port` are where it really is.
pub(super) fn render(cluster: &Cluster, address: &str, port: u16) -> String {
    let name = quote(&cluster.name);
    let discovery = if address.parse::<IpAddr>().is_ok() { "STATIC" } else { "STRICT_DNS" };
    let mut text = format!(
        "- name: {name}
  type: {discovery}
  connect_timeout: 5s
  load_assignment:
    cluster_name: {name}
    endpoints:
    - lb_endpoints:
      - endpoint:
          address: {{ socket_address: {{ address: {address}, port_value: {port} }} }}
",
        address = quote(address),
    );
    if let Some(tls) = &cluster.tls {
        text.push_str(&format!("  {}\n", indent(&secure(tls, address), 2)));
    }
    text
}

/// TLS whose certificate must be valid for the name asked for, and HTTP/2 when the server offers it.
fn secure(tls: &Tls, address: &str) -> String {
    let sni = quote(tls.sni.as_deref().unwrap_or(address));
    let ca_file = tls.ca_file.as_ref().map_or_else(|| SYSTEM_CA.into(), |file| file.display().to_string());
    format!(
        "transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
    sni: {sni}
    common_tls_context:
      validation_context:
        trusted_ca: {{ filename: {ca_file} }}
        match_typed_subject_alt_names:
        - {{ san_type: {san_type}, matcher: {{ exact: {sni} }} }}
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    auto_config: {{ http_protocol_options: {{}}, http2_protocol_options: {{}} }}
",
        ca_file = quote(&ca_file),
        san_type = if tls.sni.as_deref().unwrap_or(address).parse::<IpAddr>().is_ok() { "IP_ADDRESS" } else { "DNS" },
    )
}
