//! The listener, and in it the HTTP connection manager with the module's instances.

use super::config::Config;
use super::filter::{self, Role};
use super::route::IDLE_TIMEOUT;
use super::xds;
use super::yaml::{indent, quote};
use crate::deployment::EnvoyVersion;
use std::path::Path;

/// The item of `listeners`. Filters and routes are written in place, or followed in `folder`.
pub(super) fn render(config: &Config<'_>, folder: Option<&Path>) -> String {
    let listener = &config.deployment.listener;
    let (stream_window, connection_window) = windows(config.deployment.buffer_limit_bytes);
    let (limit, why) = buffer_limit(config, folder.is_some());
    let filter = |role: &Role| match folder {
        Some(folder) => filter::discovered(*role, folder),
        None => filter::inline(config.plugin, *role),
    };
    let filters: String = Role::chain(config.deployment.hold).iter().map(filter).collect();
    let routes = match folder {
        Some(folder) => format!(
            "rds:\n  route_config_name: pointsman\n  config_source:\n    {}\n",
            indent(&xds::source(folder, xds::ROUTES), 4)
        ),
        None => format!("route_config:\n  {}\n", indent(&config.routes(), 2)),
    };
    format!(
        "- name: pointsman
  address: {{ socket_address: {{ address: {address}, port_value: {port} }} }}
  # How much of a request body can be held while it is read; one that needs more gets a 413.{why}
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
        stream_idle_timeout: {IDLE_TIMEOUT}
        # No client is trusted to say how often Envoy retries, wherever it says that it calls from.
        internal_address_config: {{ cidr_ranges: [] }}
        access_log:
        {access_log}
        {routes}
        http_filters:
        {filters}
        - name: envoy.filters.http.router
          typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
",
        address = quote(&listener.address),
        port = listener.port,
        access_log = indent(ACCESS_LOG, 8),
        routes = indent(&routes, 8),
        filters = indent(&filters, 8),
    )
}

/// The limit on what is held of a request, and a comment on why it is not the deployment's.
fn buffer_limit(config: &Config<'_>, is_followed: bool) -> (u32, &'static str) {
    let limit = config.deployment.buffer_limit_bytes;
    // A policy that comes later can need what this one does not.
    let retries = is_followed || !config.needs.is_empty();
    if limit == 0 || !retries || config.version >= EnvoyVersion::V1_38 {
        return (limit, "");
    }
    let why = "
  # Twice `bufferLimitBytes`: Envoy before 1.38 counts a body twice that a filter has held, and gives up retries beyond the limit.";
    (limit.saturating_mul(2), why)
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
        attempts: \"%UPSTREAM_REQUEST_ATTEMPT_COUNT%\"
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
