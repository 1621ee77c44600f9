//! Envoy's rate limit filter: it asks the service that counts budgets for all proxies, and tells it what answers have used.
//!
//! What it says of a request comes from filter state, which the module alone writes.

use super::cluster::{secure, socket_address};
use super::config::Config;
use super::{stat_name, typed};
use crate::deployment::rate_limit_service::{OnSilence, RateLimitService};
use crate::yaml::{List, Map, quoted};
use pointsman_engine::Policy;
use pointsman_engine::budget::Properties;
use pointsman_engine::names::REFUSAL_PROPERTIES;
use std::net::IpAddr;

/// The filter's name, by which it finds what a virtual host says of it.
pub(super) const NAME: &str = "envoy.filters.http.ratelimit";

const CLUSTER: &str = "pointsman-rate-limit-service";

/// What descriptors are made of, in the service's configuration as well.
pub(crate) const BUDGET: &str = "budget";
pub(crate) const ACCOUNT: &str = "account";

/// The filter. It stands behind the module, which has made a decision by then.
pub(super) fn filter(service: &RateLimitService) -> Map {
    let grpc = Map::line().with("envoy_grpc", Map::line().with("cluster_name", CLUSTER));
    let config = typed::message("envoy.extensions.filters.http.ratelimit.v3.RateLimit")
        .with("domain", quoted(&service.domain))
        .with("timeout", service.timeout.to_string())
        .noted(
            "What becomes of a request when the service says nothing.",
            "failure_mode_deny",
            service.on_failure == OnSilence::Deny,
        )
        .with("status_on_error", Map::line().with("code", "ServiceUnavailable"))
        .with("disable_x_envoy_ratelimited_header", true)
        .with("rate_limit_service", Map::new().with("grpc_service", grpc).with("transport_api_version", "V3"));
    typed::extension(NAME, config)
}

/// Where the service is. It speaks gRPC, and so HTTP/2.
pub(super) fn cluster(service: &RateLimitService) -> Map {
    const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let http2 = Map::line().with("http2_protocol_options", Map::new());
    let options = typed::message(OPTIONS).with("explicit_http_config", http2);
    let address = Map::line().with("address", socket_address(&service.address, service.port));
    let endpoints = Map::new().with("lb_endpoints", List::of([Map::new().with("endpoint", address)]));
    let is_name = service.address.parse::<IpAddr>().is_err();
    Map::new()
        .with("name", CLUSTER)
        .with("alt_stat_name", quoted(stat_name::stat_name(CLUSTER)))
        .with("type", if is_name { "STRICT_DNS" } else { "STATIC" })
        .with_some("dns_lookup_family", is_name.then_some("V4_PREFERRED"))
        .with("connect_timeout", "1s")
        .with("load_assignment", Map::new().with("cluster_name", CLUSTER).with("endpoints", List::of([endpoints])))
        .with_some("transport_socket", service.tls.as_ref().map(|tls| secure(tls, &service.address)))
        .with("typed_extension_protocol_options", Map::new().with(OPTIONS, options))
}

/// What the service is asked and told of each budget, for a virtual host's `typed_per_filter_config`.
pub(super) fn policy(config: &Config<'_>) -> Option<Map> {
    config.deployment.rate_limit_service.as_ref().filter(|_| !config.needs.budgets.is_empty())?;
    let mut limits = List::new();
    for (budget, first) in &config.needs.budgets {
        let Properties { asks, owes, hits } = Properties::of(budget);
        let first = Map::line().with("number", *first);
        let rest = Map::line().with("format", quoted(format!("%FILTER_STATE(wasm.{hits}:PLAIN)%")));
        limits = limits
            .noted("Whether there is anything left.", limit(budget, &asks, first))
            .noted("What the answer has used.", limit(budget, &owes, rest).with("apply_on_stream_done", true));
    }
    let config =
        typed::message("envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute").with("rate_limits", limits);
    Some(Map::new().with(NAME, config))
}

/// A descriptor. There is none where the filter state is not.
fn limit(budget: &str, property: &str, hits: Map) -> Map {
    let name = Map::line().with("descriptor_key", BUDGET).with("descriptor_value", quoted(budget));
    let input = typed::short_message("envoy.extensions.matching.common_inputs.network.v3.FilterStateInput")
        .with("key", quoted(format!("wasm.{property}")));
    let account = Map::new().with("extension", typed::extension(ACCOUNT, input));
    let actions = List::of([Map::line().with("generic_key", name), account]);
    Map::new().with("actions", actions).with("hits_addend", hits)
}

/// Why budgets of all proxies cannot be rendered for a control plane, at that section of the deployment.
pub(crate) fn elsewhere(policy: &Policy, section: &str) -> Option<(String, String)> {
    let (_, counter) = policy.counters().next()?;
    let why = format!(
        "cannot have the budget `{}` with `scope: global` counted: only `render envoy` and `run` write what asks the rate limit service",
        counter.name
    );
    Some((section.to_owned(), why))
}

/// What Envoy answers where nothing is left: the words that the module has left for it.
pub(super) fn refusal() -> Map {
    let state = |property: &str| quoted(format!("%FILTER_STATE(wasm.{property}:PLAIN)%"));
    let [body, seconds] = REFUSAL_PROPERTIES;
    let header = Map::line().with("key", "retry-after").with("value", state(seconds));
    let mapper = Map::new()
        .with("filter", Map::line().with("response_flag_filter", Map::line().with("flags", List::line(["RL"]))))
        .with("headers_to_add", List::of([Map::line().with("header", header)]))
        .with(
            "body_format_override",
            Map::new()
                .with("text_format_source", Map::line().with("inline_string", state(body)))
                .with("content_type", "application/json"),
        );
    Map::new().with("mappers", List::of([mapper]))
}
