//! Clusters whose circuit breaker is to send a request on, and not back.
//!
//! Envoy makes no further attempt when a circuit breaker is open: it answers 503 at once. So the attempts at a cluster with limits
//! of its own go through a listener inside Envoy, whose router meets the circuit breaker in their stead: its 503 is an answer like
//! that of any provider, and the next model's turn comes. A cluster without limits of its own does without it.

use super::config::Config;
use super::limits::circuit_breakers;
use super::needs::Place;
use super::stat_name::stat_name;
use super::upstream::{self, Protocol};
use super::{listener, model, typed};
use crate::deployment::Cluster;
use crate::deployment::duration::Duration;
use crate::deployment::limits::CircuitBreakers;
use crate::yaml::{List, Map, Tree, quoted, shared};
use pointsman_engine::names::{CLUSTER_HEADER, attempt_cluster, model_cluster};

/// The listener inside Envoy.
const LISTENER: &str = "pointsman-limits";

/// Whether a cluster lets fewer requests through at a time than any does by default.
pub(super) fn is_limited(config: &Config<'_>, cluster: &Cluster) -> bool {
    config.owns_listeners && is_narrow(&cluster.circuit_breakers)
}

fn is_narrow(limits: &CircuitBreakers) -> bool {
    let usual = CircuitBreakers::default();
    limits.max_connections < usual.max_connections
        || limits.max_pending_requests < usual.max_pending_requests
        || limits.max_requests < usual.max_requests
}

/// Whether there are such clusters.
pub(super) fn is_needed(config: &Config<'_>) -> bool {
    config.deployment.clusters.iter().any(|cluster| is_limited(config, cluster))
}

/// What the metadata of an endpoint says of the cluster that is meant by going through the listener to it.
const BEHIND: &str = "behind";

/// The cluster of attempts at one model that go through the listener. The limits are those of the model's endpoints behind it.
pub(super) fn attempts(config: &Config<'_>, cluster: &Cluster, place: &Place, passes_keys: bool) -> Map {
    let name = attempt_cluster(place.names(), passes_keys);
    let address = Map::line().with("envoy_internal_address", Map::line().with("server_listener_name", LISTENER));
    let mark = model::mark(cluster, &place.model).with(BEHIND, quoted(model_cluster(place.names())));
    let metadata = Map::line().with("filter_metadata", Map::line().with("pointsman", mark));
    let endpoint = Map::new().with("endpoint", Map::line().with("address", address)).with("metadata", metadata);
    let endpoints = Map::new().with("lb_endpoints", List::of([endpoint]));
    let mut filters = upstream::at_one_provider(config, cluster, passes_keys);
    filters.push(tell());
    let options = upstream::options(Protocol::Http1, filters);
    Map::new()
        .with("name", quoted(&name))
        .with("alt_stat_name", quoted(stat_name(&name)))
        .with("type", "STATIC")
        .with("connect_timeout", "5s")
        .with("circuit_breakers", circuit_breakers(&CircuitBreakers::default()))
        .with("load_assignment", Map::new().with("cluster_name", quoted(name)).with("endpoints", List::of([endpoints])))
        .with("typed_extension_protocol_options", shared("attempt", options))
}

/// The last of an attempt's filters: it tells the listener which cluster is meant. One that does not go there is told nothing.
pub(super) fn tell() -> Tree {
    let header = Map::line()
        .with("key", CLUSTER_HEADER)
        .with("value", quoted(format!("%UPSTREAM_METADATA(pointsman:{BEHIND})%")));
    let append = Map::new().with("header", header).with("append_action", "OVERWRITE_IF_EXISTS_OR_ADD");
    let config = typed::message("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation")
        .with("mutations", Map::new().with("request_mutations", List::of([Map::new().with("append", append)])));
    shared("to-limits", typed::extension("pointsman-to-limits", config))
}

/// What Envoy needs to have listeners inside.
pub(super) fn bootstrap_extension(config: &Config<'_>) -> Option<List> {
    let extension = typed::short_message("envoy.extensions.bootstrap.internal_listener.v3.InternalListener");
    is_needed(config).then(|| List::of([typed::extension("envoy.bootstrap.internal_listener", extension)]))
}

/// An item of `listeners`.
pub(super) fn listener(config: &Config<'_>) -> Option<Map> {
    let manager = typed::extension("envoy.filters.network.http_connection_manager", manager(config));
    is_needed(config).then(|| {
        Map::new()
            .with("name", LISTENER)
            .with("internal_listener", Map::new())
            .with("filter_chains", List::of([Map::new().with("filters", List::of([manager]))]))
    })
}

/// Passes on what it gets, and adds nothing: everything has been said and checked in front of it.
fn manager(config: &Config<'_>) -> Map {
    let router = typed::short_message("envoy.extensions.filters.http.router.v3.Router")
        // With them, the outer router would learn of an open circuit breaker, and make no further attempt.
        .with("suppress_envoy_headers", true);
    typed::message(listener::MANAGER)
        .with("stat_prefix", LISTENER)
        .with("server_header_transformation", "PASS_THROUGH")
        .with("generate_request_id", false)
        .with("preserve_external_request_id", true)
        .with("skip_xff_append", true)
        .with("stream_idle_timeout", "0s")
        .with("max_request_headers_kb", 2 * listener::MAX_HEADERS_KB)
        .with("common_http_protocol_options", Map::line().with("max_headers_count", 1000u32))
        .with("internal_address_config", listener::nowhere())
        .with("route_config", routes(config))
        .with("http_filters", List::of([typed::extension("envoy.filters.http.router", router)]))
}

fn routes(config: &Config<'_>) -> Map {
    let idle = sooner(config.deployment.failover.per_try_idle_timeout);
    let retry = Map::new().with("num_retries", 0u32).noted(
        "A little sooner than outside: who is silent is to be noted against the provider's endpoint.",
        "per_try_idle_timeout",
        idle.to_string(),
    );
    let action = Map::new().with("cluster_header", CLUSTER_HEADER).with("timeout", "0s").with("retry_policy", retry);
    let route = Map::new().with("match", Map::line().with("prefix", quoted("/"))).with("route", action);
    let host = Map::new()
        .with("name", LISTENER)
        .with("domains", List::line([quoted("*")]))
        .with("request_headers_to_remove", List::line([quoted(CLUSTER_HEADER), quoted("x-envoy-internal")]))
        .with("routes", List::of([route]));
    Map::new().with("name", LISTENER).with("virtual_hosts", List::of([host]))
}

/// A twentieth less.
fn sooner(time: Duration) -> Duration {
    Duration::milliseconds(time.whole_milliseconds() / 20 * 19)
}
