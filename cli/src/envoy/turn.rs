//! Chains without clusters of their own: a route that looks up for each attempt whose turn it is, and one cluster for each
//! model.
//!
//! The router leaves the clusters of a request's attempts as filter state. Envoy chooses a route's cluster anew for each
//! attempt, when `x-envoy-attempt-count` still says how many there have been: nothing at the first, 1 at the second.

use super::cluster::with_endpoints;
use super::config::Config;
use super::limits::circuit_breakers;
use super::stat_name::stat_name;
use super::upstream::{self, Protocol};
use super::{chain, limited, model, typed};
use crate::deployment::Cluster;
use crate::yaml::{List, Map, quoted, shared};
use pointsman_engine::names::{TURN_PROPERTIES, attempt_cluster};
use std::collections::BTreeMap;

/// Who takes the attempts at models without a healthy endpoint: nobody. Such an attempt fails as a refused connection does,
/// and Envoy makes the next; without it, Envoy answers 503 and makes none.
const SINK: &str = "pointsman-sink";

/// What Envoy counts a request's attempts in.
pub(super) const COUNT_HEADER: &str = "x-envoy-attempt-count";

/// The items of `clusters` for attempts: one for each model, and what they end in.
pub(super) fn clusters(config: &Config<'_>) -> Vec<Map> {
    let mut items = Vec::new();
    for (model, name) in &config.needs.places {
        let Some(cluster) = config.deployment.cluster(name) else { continue };
        items.push(endpoints(config, cluster, model));
        items.push(attempts(config, cluster, model, false));
        if passes_keys(config, model, cluster) {
            items.push(attempts(config, cluster, model, true));
        }
    }
    if !items.is_empty() {
        items.push(sink());
    }
    items
}

/// The cluster that an attempt at a model with the client's own key goes to is another one only where that key may stay.
fn passes_keys(config: &Config<'_>, model: &String, cluster: &Cluster) -> bool {
    let mut chains = config.needs.chains.iter().filter(|chain| chain.contains(model));
    cluster.credential.is_none() && chains.any(|models| chain::passes_keys(config, models))
}

/// Whether all models of some chain that this one is part of are on one cluster.
fn is_alone(config: &Config<'_>, model: &String) -> bool {
    let mut chains = config.needs.chains.iter().filter(|chain| chain.contains(model));
    chains.any(|models| config.needs.only_cluster(models).is_some())
}

/// A model's endpoints.
fn endpoints(config: &Config<'_>, cluster: &Cluster, model: &str) -> Map {
    with_endpoints(config, cluster, &place(model, &cluster.name), Some(&model::mark(cluster, model)), None)
}

pub(super) fn place(model: &str, cluster: &str) -> String {
    format!("model:{model}>{cluster}")
}

/// The attempts at one model: at its endpoints, and at nobody's when it has none.
fn attempts(config: &Config<'_>, cluster: &Cluster, model: &str, passes_keys: bool) -> Map {
    let name = attempt_cluster(model, &cluster.name, passes_keys);
    let mut filters = upstream::at_one_provider(config, cluster, passes_keys);
    let named = Map::new().with("name", quoted(&name)).with("alt_stat_name", quoted(stat_name(&name)));
    if limited::is_limited(config, cluster) {
        filters.push(limited::tell(model, cluster));
        let options = upstream::options(Protocol::Http1, filters);
        return limited::through_listener(named, &name, &model::mark(cluster, model))
            .with("typed_extension_protocol_options", shared("attempt", options));
    }
    let inside = [place(model, &cluster.name), SINK.to_owned()];
    let aggregate = typed::message("envoy.extensions.clusters.aggregate.v3.ClusterConfig")
        .with("clusters", List::line(inside.map(quoted)));
    named
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
    for (model, name) in &config.needs.places {
        let Some(cluster) = config.deployment.cluster(name) else { continue };
        let of = |passes: bool| attempt_cluster(model, name, passes);
        all.insert(of(false), of(false));
        if is_alone(config, model) {
            all.insert(of(true), of(passes_keys(config, model, cluster)));
        }
    }
    all.into_iter().fold(Map::new(), |map, (turn, cluster)| {
        map.with(turn, Map::new().with("action", typed::extension("attempts", to(&cluster))))
    })
}
