//! The listener, and in it the HTTP connection manager with the module's instances.

use super::cluster::socket_address;
use super::config::Config;
use super::route;
use super::{config_source, cors, filter, rate_limit, tls, typed, xds};
use crate::deployment::EnvoyVersion;
use crate::yaml::{List, Map, Tree, quoted};
use pointsman_engine::config::Role;
use std::path::Path;

/// The item of `listeners`. Filters and routes are written in place, or followed in `folder`.
pub(super) fn render(config: &Config<'_>, folder: Option<&Path>) -> Map {
    let listener = &config.deployment.listener;
    let (limit, why) = buffer_limit(config, folder.is_some());
    let manager = typed::extension("envoy.filters.network.http_connection_manager", manager(config, folder));
    Map::new()
        .with("name", "pointsman")
        .with("address", socket_address(&listener.address, listener.port))
        .noted(
            format!("How much of a request body can be held while it is read; one that needs more gets a 413.{why}"),
            "per_connection_buffer_limit_bytes",
            limit,
        )
        .with(
            "filter_chains",
            List::of([Map::new()
                .with("filters", List::of([manager]))
                .with_some("transport_socket", listener.tls.as_ref().map(tls::downstream))]),
        )
}

/// The message that holds Envoy's HTTP settings.
pub(crate) const MANAGER: &str = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

fn manager(config: &Config<'_>, folder: Option<&Path>) -> Map {
    let manager = typed::message(MANAGER)
        .with("stat_prefix", "pointsman")
        .with("codec_type", "AUTO")
        .noted(
            "The same for HTTP/2, where the window of a stream is the limit. One stream alone must not fill the connection's.",
            "http2_protocol_options",
            http2_windows(config.deployment.buffer_limit_bytes).with("max_concurrent_streams", MAX_STREAMS),
        )
        .noted("How much there may be of headers.", "max_request_headers_kb", MAX_HEADERS_KB)
        .with("common_http_protocol_options", connections())
        .noted("A request has so long to arrive: its headers, and the whole of it.", "request_headers_timeout", "10s")
        .with("request_timeout", config.deployment.timeouts.arrival.to_string())
        .noted(
            "A model may think for minutes before its first token.",
            "stream_idle_timeout",
            config.deployment.timeouts.idle.to_string(),
        )
        .noted(
            "A client's address is the connection's, not what it writes into a header. Providers are not told it.",
            "use_remote_address",
            true,
        )
        .with("skip_xff_append", true)
        .noted(
            "No client is trusted to say how often Envoy retries, wherever it calls from. Nobody calls from this address; with
an empty list, Envoy trusts all private networks.",
            "internal_address_config",
            nowhere(),
        )
        .noted(
            "So that the module sees a websocket at an LLM path and says that there is none (426). Elsewhere, one goes where
other traffic goes.",
            "upgrade_configs",
            List::line([Map::line().with("upgrade_type", "websocket")]),
        )
        .with("access_log", List::of([access_log()]));
    let manager = match folder {
        Some(folder) => {
            let source = config_source::followed(folder, xds::ROUTES);
            manager.with("rds", Map::new().with("route_config_name", "pointsman").with("config_source", source))
        }
        None => manager.with("route_config", route::render(config)),
    };
    let refusal = config.deployment.rate_limit_service.as_ref().map(|_| rate_limit::refusal());
    manager.with_some("local_reply_config", refusal).with("http_filters", filters(config, folder))
}

/// An address that nobody calls from.
pub(super) fn nowhere() -> Map {
    let nowhere = Map::line().with("address_prefix", "0.0.0.0").with("prefix_len", 32u32);
    Map::line().with("cidr_ranges", List::line([nowhere]))
}

/// Requests of one HTTP/2 connection at a time.
const MAX_STREAMS: u32 = 100;

/// Names and values of a request's headers together.
pub(super) const MAX_HEADERS_KB: u32 = 60;

/// What holds for the connections of clients.
fn connections() -> Map {
    Map::line().with("idle_timeout", "3600s").with("max_headers_count", 100u32)
}

/// The module's instances with Envoy's own router behind them, and in front what answers preflights.
fn filters(config: &Config<'_>, folder: Option<&Path>) -> List {
    let filter = |role: &Role| match folder {
        Some(folder) => filter::discovered(*role, folder),
        None => filter::inline(config.plugin, *role),
    };
    let router = typed::short_message("envoy.extensions.filters.http.router.v3.Router");
    List::of(
        config
            .deployment
            .cors
            .iter()
            .map(|_| cors::filter())
            .chain(filter::chain(config.plugin.hold).iter().map(filter)),
    )
    .and(List::of(config.deployment.rate_limit_service.iter().map(rate_limit::filter)))
    .with(typed::extension("envoy.filters.http.router", router))
}

/// The limit on what is held of a request, and what a comment says if it is not the deployment's.
fn buffer_limit(config: &Config<'_>, is_followed: bool) -> (u32, &'static str) {
    let limit = config.deployment.buffer_limit_bytes;
    // A policy that comes later can need what this one does not.
    let retries = is_followed || !config.needs.is_empty();
    if limit == 0 || !retries || config.version >= EnvoyVersion::V1_38 {
        return (limit, "");
    }
    let why = "
Twice `bufferLimitBytes`: Envoy before 1.38 counts a body twice that a filter has held, and gives up retries beyond the limit.";
    (limit.saturating_mul(2), why)
}

/// Envoy's settings for HTTP/2 connections whose streams hold `bytes`.
pub(crate) fn http2_windows(bytes: u32) -> Map {
    let (stream, connection) = windows(bytes);
    Map::line().with("initial_stream_window_size", stream).with("initial_connection_window_size", connection)
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
fn access_log() -> Map {
    let fields = [
        ("time", "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%"),
        ("method", "%REQ(:METHOD)%"),
        ("path", "%PATH(NQ:ORIG_OR_PATH)%"),
        ("status", "%RESPONSE_CODE%"),
        ("details", "%RESPONSE_CODE_DETAILS%"),
        ("flags", "%RESPONSE_FLAGS%"),
        ("duration_ms", "%DURATION%"),
        ("bytes_received", "%BYTES_RECEIVED%"),
        ("bytes_sent", "%BYTES_SENT%"),
        ("cluster", "%UPSTREAM_CLUSTER%"),
        ("attempts", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"),
        ("decision", "%FILTER_STATE(wasm.pointsman:PLAIN)%"),
    ];
    let format: Tree = fields.into_iter().fold(Map::new(), |map, (name, field)| map.with(name, quoted(field))).into();
    let config = typed::message("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog")
        .with("log_format", Map::new().with("json_format", format));
    typed::extension("envoy.access_loggers.stdout", config)
}

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
