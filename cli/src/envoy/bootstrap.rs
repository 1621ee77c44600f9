//! A complete Envoy bootstrap for a deployment.

use super::cluster;
use super::filter::{self, Plugin, Role};
use super::yaml::{indent, quote};
use crate::deployment::Deployment;
use std::collections::HashMap;
use std::path::PathBuf;

/// Everything the configuration is made from.
#[derive(Debug)]
pub(crate) struct Bootstrap<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) plugin: &'a Plugin,
    /// When set, the filters' configuration is read from this folder and not written in place.
    pub(crate) ecds_folder: Option<PathBuf>,
    /// Ports of the demo servers, by cluster.
    pub(crate) demo_ports: &'a HashMap<String, u16>,
}

impl Bootstrap<'_> {
    pub(crate) fn render(&self) -> String {
        format!(
            "# Written by `pointsman render envoy`, for Envoy 1.36 to 1.40. Policy version: {version}
node: {{ id: pointsman, cluster: pointsman }}
admin:
  address: {{ socket_address: {{ address: {admin_address}, port_value: {admin_port} }} }}
static_resources:
  listeners:
  {listener}
  clusters:
  {clusters}
",
            version = self.plugin.version,
            admin_address = quote(&self.deployment.admin.address),
            admin_port = self.deployment.admin.port,
            listener = indent(&self.listener(), 2),
            clusters = indent(&self.clusters(), 2),
        )
    }

    fn listener(&self) -> String {
        let listener = &self.deployment.listener;
        let (stream_window, connection_window) = windows(self.deployment.buffer_limit_bytes);
        format!(
            "- name: pointsman
  address: {{ socket_address: {{ address: {address}, port_value: {port} }} }}
  # How much of a request body can be held while it is read; one that needs more gets a 413.
  per_connection_buffer_limit_bytes: {limit}
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: pointsman
        codec_type: AUTO
        # The same for HTTP/2, where the window of a stream is the limit. One stream alone must not fill the connection's.
        http2_protocol_options: {{ initial_stream_window_size: {stream_window}, initial_connection_window_size: {connection_window} }}
        # A model may think for minutes before its first token.
        stream_idle_timeout: 300s
        access_log:
        {access_log}
        route_config:
          {routes}
        http_filters:
        {filters}
        - name: envoy.filters.http.router
          typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
",
            address = quote(&listener.address),
            port = listener.port,
            limit = self.deployment.buffer_limit_bytes,
            access_log = indent(ACCESS_LOG, 8),
            routes = indent(&self.routes(), 10),
            filters = indent(&self.filters(), 8),
        )
    }

    fn filters(&self) -> String {
        let render = |role: &Role| match &self.ecds_folder {
            Some(folder) => filter::discovered(*role, folder),
            None => filter::inline(self.plugin, *role),
        };
        Role::chain(self.deployment.hold).iter().map(render).collect()
    }

    fn routes(&self) -> String {
        let otherwise = match &self.deployment.default_cluster {
            Some(name) => format!("route: {{ cluster: {}, timeout: 0s }}", quote(name)),
            None => "direct_response: { status: 404, body: { inline_string: \"not an LLM call, and no default cluster\\n\" } }".into(),
        };
        format!(
            "name: pointsman
virtual_hosts:
- name: pointsman
  domains: [\"*\"]
  # The chosen cluster is nobody's business upstream.
  request_headers_to_remove: [x-pointsman-cluster]
  routes:
  # An LLM call: pointsman-router set this header. What a client sends under that name never gets here.
  - match: {{ prefix: \"/\", headers: [{{ name: x-pointsman-cluster, present_match: true }}] }}
    route: {{ cluster_header: x-pointsman-cluster, auto_host_rewrite: true, timeout: 0s }}
  # Everything else.
  - match: {{ prefix: \"/\" }}
    {otherwise}
"
        )
    }

    fn clusters(&self) -> String {
        let render = |cluster: &crate::deployment::Cluster| {
            let demo = || Some(("127.0.0.1", *self.demo_ports.get(&cluster.name)?));
            let real = || Some((cluster.address.as_deref()?, cluster.port?));
            let (address, port) = real().or_else(demo)?;
            Some(cluster::render(cluster, address, port))
        };
        self.deployment.clusters.iter().filter_map(render).collect()
    }
}

/// The windows of an HTTP/2 stream that holds `bytes` and of its connection, within what Envoy accepts and in the
/// proportion of its defaults.
pub(crate) fn windows(bytes: u32) -> (u32, u32) {
    let stream = match bytes {
        // No limit.
        0 => LARGEST_WINDOW,
        bytes => bytes.clamp(SMALLEST_WINDOW, LARGEST_WINDOW),
    };
    (stream, (stream + stream / 2).min(LARGEST_WINDOW))
}

/// What HTTP/2 begins with, and what it allows (RFC 9113, section 6.9).
const SMALLEST_WINDOW: u32 = 65_535;
const LARGEST_WINDOW: u32 = (1 << 31) - 1;

/// One line of JSON per request on standard output; `decision` is the decision record. The path comes without its query,
/// where some clients put their keys.
const ACCESS_LOG: &str = "- name: envoy.access_loggers.stdout
  typed_config:
    \"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
    log_format:
      json_format:
        time: \"%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%\"
        method: \"%REQ(:METHOD)%\"
        path: \"%PATH(NQ:ORIG_OR_PATH)%\"
        status: \"%RESPONSE_CODE%\"
        details: \"%RESPONSE_CODE_DETAILS%\"
        flags: \"%RESPONSE_FLAGS%\"
        duration_ms: \"%DURATION%\"
        bytes_received: \"%BYTES_RECEIVED%\"
        bytes_sent: \"%BYTES_SENT%\"
        cluster: \"%UPSTREAM_CLUSTER%\"
        decision: \"%FILTER_STATE(wasm.pointsman:PLAIN)%\"
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_what_envoy_accepts() {
        assert_eq!(windows(40 << 20), (40 << 20, 60 << 20));
        assert_eq!(windows(1), (65_535, 98_302));
        assert_eq!(windows(u32::MAX), (2_147_483_647, 2_147_483_647));
        assert_eq!(windows(0), (2_147_483_647, 2_147_483_647));
    }
}
