//! Chains without clusters of their own: a route that looks up for each attempt whose turn it is, and one cluster for each
//! model.
//!
//! The router leaves the clusters of a request's attempts as filter state. Envoy chooses a route's cluster anew for each
//! attempt, when `x-envoy-attempt-count` still says how many there have been: nothing at the first, 1 at the second.

use super::config::Config;
use super::limits::circuit_breakers;
use super::needs::{Place, only_cluster};
use super::stat_name::stat_name;
use super::upstream::{self, Protocol};
use super::{chain, limited, model, typed};
use crate::deployment::Cluster;
use crate::yaml::{List, Map, quoted, shared};
use pointsman_engine::names::{TURN_PROPERTIES, attempt_cluster, model_cluster};
use std::collections::BTreeMap;

/// Who takes the attempts at models without a healthy endpoint: nobody. Such an attempt fails as a refused connection does,
/// and Envoy makes the next; without it, Envoy answers 503 and makes none.
const SINK: &str = "pointsman-sink";

/// What Envoy counts a request's attempts in.
pub(super) const COUNT_HEADER: &str = "x-envoy-attempt-count";

/// The items of `clusters` for attempts: one for each model, and what they end in.
pub(super) fn clusters(config: &Config<'_>) -> Vec<Map> {
    let mut items = Vec::new();
    for place in config.needs.places() {
        let Some(cluster) = config.deployment.cluster(&place.cluster) else { continue };
        items.push(model::endpoints(config, cluster, place));
        items.push(attempts(config, cluster, place, false));
        if chain::passes_keys_at(config, place) {
            items.push(attempts(config, cluster, place, true));
        }
    }
    if !items.is_empty() {
        items.push(sink());
    }
    items
}

/// Whether all models of some chain that this one is part of are on one cluster.
fn is_alone(config: &Config<'_>, place: &Place) -> bool {
    config.needs.chains.iter().any(|models| models.contains(place) && only_cluster(models).is_some())
}

/// The attempts at one model: at its endpoints, and at nobody's when it has none.
fn attempts(config: &Config<'_>, cluster: &Cluster, place: &Place, passes_keys: bool) -> Map {
    if limited::is_limited(config, cluster) {
        return limited::attempts(config, cluster, place, passes_keys);
    }
    let name = attempt_cluster(place.names(), passes_keys);
    let filters = upstream::at_one_provider(config, cluster, passes_keys);
    let inside = [model_cluster(place.names()), SINK.to_owned()];
    let aggregate = typed::message("envoy.extensions.clusters.aggregate.v3.ClusterConfig")
        .with("clusters", List::line(inside.map(quoted)));
    Map::new()
        .with("name", quoted(&name))
        .with("alt_stat_name", quoted(stat_name(&name)))
        .with("lb_policy", "CLUSTER_PROVIDED")
        .with("cluster_type", typed::extension("envoy.clusters.aggregate", aggregate))
        .with("circuit_breakers", circuit_breakers(&cluster.circuit_breakers))
        .with("typed_extension_protocol_options", shared("attempt", upstream::options(Protocol::Http1, filters)))
}

/// An address inside Envoy at which nobody listens: a connection to it fails at once, and not a byte goes anywhere.
fn sink() -> Map {
    let address =
        Map::line().with("envoy_internal_address", Map::line().with("server_listener_name", "pointsman-nobody"));
    let mark =
        Map::line().with("filter_metadata", Map::line().with("pointsman", Map::line().with("sink", quoted("true"))));
    let endpoint = Map::new().with("endpoint", Map::line().with("address", address)).with("metadata", mark);
    let endpoints = Map::new().with("lb_endpoints", List::of([endpoint]));
    Map::new().with("name", SINK).with("type", "STATIC").with("connect_timeout", "1s").noted(
        "Where attempts at models without a healthy endpoint fail, so that the next one is made.",
        "load_assignment",
        Map::new().with("cluster_name", SINK).with("endpoints", List::of([endpoints])),
    )
}

/// What of a route's action chooses the cluster.
pub(super) fn specifier(config: &Config<'_>) -> Map {
    let longest = config.needs.chains.iter().map(Vec::len).max().unwrap_or_default();
    let mut turns = TURN_PROPERTIES.iter().take(longest);
    let first = turns.next().map(|property| turn(config, property));
    let later = turns.zip(1_u32..).map(|(property, count)| (count, turn(config, property)));
    let later = later.fold(Map::new(), |map, (count, matcher)| map.with(count.to_string(), matcher));
    let count =
        typed::short_message("envoy.type.matcher.v3.HttpRequestHeaderMatchInput").with("header_name", COUNT_HEADER);
    let tree = Map::new()
        .with("input", typed::extension("attempts-so-far", count))
        .with("exact_match_map", Map::new().with("map", later));
    let matcher = Map::new().with("matcher_tree", tree).with_some("on_no_match", first);
    let config = typed::message("envoy.extensions.router.cluster_specifiers.matcher.v3.MatcherClusterSpecifier")
        .with("cluster_matcher", matcher);
    let extension = typed::extension("envoy.router.cluster_specifier_plugin.matcher", config);
    Map::new().with("inline_cluster_specifier_plugin", shared("turns", Map::new().with("extension", extension)))
}

/// Looks up one turn.
fn turn(config: &Config<'_>, property: &str) -> Map {
    let input = typed::short_message("envoy.extensions.matching.common_inputs.network.v3.FilterStateInput")
        .with("key", quoted(format!("wasm.{property}")));
    let tree = Map::new()
        .with("input", typed::extension("turn", input))
        .with("exact_match_map", shared("attempts-at", Map::new().with("map", destinations(config))));
    // A policy can be ahead of the clusters that fit it: then the next model's turn comes.
    let unknown = shared("nobodys-turn", Map::new().with("action", typed::extension("attempts", to(SINK))));
    Map::new().with("matcher", Map::new().with("matcher_tree", tree).with("on_no_match", unknown))
}

fn to(cluster: &str) -> Map {
    typed::short_message("envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction")
        .with("cluster", quoted(cluster))
}

/// Each value that a turn can have, and its cluster.
fn destinations(config: &Config<'_>) -> Map {
    let mut all = BTreeMap::new();
    let known = |place: &&Place| config.deployment.cluster(&place.cluster).is_some();
    for place in config.needs.places().into_iter().filter(known) {
        let of = |passes: bool| attempt_cluster(place.names(), passes);
        all.insert(of(false), of(false));
        if is_alone(config, place) {
            all.insert(of(true), of(chain::passes_keys_at(config, place)));
        }
    }
    all.into_iter().fold(Map::new(), |map, (turn, cluster)| {
        map.with(turn, Map::new().with("action", typed::extension("attempts", to(&cluster))))
    })
}
