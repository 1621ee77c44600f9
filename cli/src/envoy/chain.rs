//! The clusters that stand for chains of models. With priority groups, a route does that.

use super::config::Config;
use super::limits::circuit_breakers;
use super::needs::{Place, only_cluster};
use super::stat_name::stat_name;
use super::upstream::{self, Protocol};
use super::{limited, model, typed};
use crate::deployment::limits::CircuitBreakers;
use crate::deployment::{Cluster, Mechanism};
use crate::yaml::{List, Map, Tree, quoted, shared};
use pointsman_engine::names::chain_cluster;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// The items of `clusters` for every chain.
pub(super) fn render(config: &Config<'_>) -> Vec<Map> {
    let one = |models: &Vec<Place>| match config.mechanism() {
        Mechanism::Aggregate => Some(aggregate(config, models)),
        Mechanism::Composite => Some(composite(config, models)),
        Mechanism::PriorityGroup | Mechanism::Matcher => None,
    };
    // Made once: with many providers it is large.
    let attempts = OnceCell::new();
    let options = |models: &[Place]| match own_key_options(config, models) {
        Some(options) => options,
        None => attempts.get_or_init(|| any_provider_options(config)).clone(),
    };
    let chains = config.needs.chains.iter().filter_map(|models| Some((models, one(models)?)));
    chains.map(|(models, cluster_type)| outer(config, models, cluster_type, options(models))).collect()
}

/// Whether the client's own key may stay in a request: there is only one provider that can see it, and that one has no
/// other.
pub(super) fn passes_keys(config: &Config<'_>, models: &[Place]) -> bool {
    let only = only_cluster(models).and_then(|name| config.deployment.cluster(name));
    only.is_some_and(|cluster| cluster.credential.is_none())
}

/// Whether that is so of some chain that goes there.
pub(super) fn passes_keys_at(config: &Config<'_>, place: &Place) -> bool {
    config.needs.chains.iter().any(|models| models.contains(place) && passes_keys(config, models))
}

/// The cluster that stands for a chain.
pub(super) fn name(models: &[Place]) -> String {
    chain_cluster(models.iter().map(Place::names))
}

fn aggregate(config: &Config<'_>, models: &[Place]) -> Map {
    let clusters = models.iter().map(|place| quoted(model::name(config, place, false)));
    let config =
        typed::message("envoy.extensions.clusters.aggregate.v3.ClusterConfig").with("clusters", List::line(clusters));
    typed::extension("envoy.clusters.aggregate", config)
}

fn composite(config: &Config<'_>, models: &[Place]) -> Map {
    let clusters = models.iter().map(|place| Map::line().with("name", quoted(model::name(config, place, false))));
    let config =
        typed::message("envoy.extensions.clusters.composite.v3.ClusterConfig").with("clusters", List::line(clusters));
    typed::extension("envoy.clusters.composite", config)
}

/// A cluster that only chooses. The filters and the protocol are its own, though, and not those of the clusters that it
/// chooses from: so it speaks HTTP/1.1, which everybody does, and has the keys of every provider.
fn outer(config: &Config<'_>, models: &[Place], cluster_type: Map, options: Tree) -> Map {
    let name = name(models);
    Map::new()
        .with("name", quoted(&name))
        .with("alt_stat_name", quoted(stat_name(&name)))
        .with("lb_policy", "CLUSTER_PROVIDED")
        .with("cluster_type", cluster_type)
        .with("circuit_breakers", circuit_breakers(&widest(&clusters(config, models))))
        .with("typed_extension_protocol_options", options)
}

/// For a chain whose only provider may see the client's own key.
fn own_key_options(config: &Config<'_>, models: &[Place]) -> Option<Tree> {
    let clusters = clusters(config, models);
    let provider = clusters.first().filter(|_| passes_keys(config, models))?;
    let mut filters = upstream::at_one_provider(config, provider, true);
    filters.extend(limited::is_limited(config, provider).then(limited::tell));
    Some(shared("attempts-with-own-key", upstream::options(Protocol::Http1, filters)))
}

/// For every other chain.
fn any_provider_options(config: &Config<'_>) -> Tree {
    let filters = upstream::at_many_providers(config, &providers(config));
    shared("attempts", upstream::options(Protocol::Http1, filters))
}

/// The deployment's clusters of a chain.
fn clusters<'a>(config: &Config<'a>, models: &[Place]) -> Vec<&'a Cluster> {
    models.iter().filter_map(|place| config.deployment.cluster(&place.cluster)).collect()
}

/// Every cluster that is part of some chain, or gets copies.
fn providers<'a>(config: &Config<'a>) -> Vec<&'a Cluster> {
    let places = config.needs.chains.iter().flatten().chain(&config.needs.mirrors);
    let names: BTreeSet<&String> = places.map(|place| &place.cluster).collect();
    config.deployment.clusters.iter().filter(|cluster| names.contains(&cluster.name)).collect()
}

/// Retries count against the chain; everything else against the cluster that is chosen.
fn widest(clusters: &[&Cluster]) -> CircuitBreakers {
    let limits = clusters.iter().map(|cluster| cluster.circuit_breakers);
    let widest = limits.reduce(|one, other| CircuitBreakers {
        max_connections: one.max_connections.max(other.max_connections),
        max_pending_requests: one.max_pending_requests.max(other.max_pending_requests),
        max_requests: one.max_requests.max(other.max_requests),
        max_retries: one.max_retries.max(other.max_retries),
    });
    widest.unwrap_or_default()
}
