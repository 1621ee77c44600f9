//! The clusters that stand for chains of models. With priority groups, a route does that.

use super::config::Config;
use super::limits::circuit_breakers;
use super::stat_name::stat_name;
use super::typed;
use super::upstream::{self, Protocol};
use crate::deployment::limits::CircuitBreakers;
use crate::deployment::{Cluster, Mechanism};
use crate::yaml::{List, Map, Tree, quoted, shared};
use pointsman_engine::names::{chain_cluster, model_cluster};
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// The items of `clusters` for every chain.
pub(super) fn render(config: &Config<'_>) -> Vec<Map> {
    let one = |models: &Vec<String>| match config.mechanism() {
        Mechanism::Aggregate => Some(aggregate(models)),
        Mechanism::Composite => Some(composite(models)),
        Mechanism::PriorityGroup | Mechanism::Matcher => None,
    };
    // Made once: with many providers it is large.
    let attempts = OnceCell::new();
    let options = |models: &[String]| match own_key_options(config, models) {
        Some(options) => options,
        None => attempts.get_or_init(|| any_provider_options(config)).clone(),
    };
    let chains = config.needs.chains.iter().filter_map(|models| Some((models, one(models)?)));
    chains.map(|(models, cluster_type)| outer(config, models, cluster_type, options(models))).collect()
}

/// Whether the client's own key may stay in a request: there is only one provider that can see it, and that one has no
/// other.
pub(super) fn passes_keys(config: &Config<'_>, models: &[String]) -> bool {
    let only = config.needs.only_cluster(models).and_then(|name| config.deployment.cluster(name));
    only.is_some_and(|cluster| cluster.credential.is_none())
}

fn aggregate(models: &[String]) -> Map {
    let clusters = models.iter().map(|model| quoted(model_cluster(model)));
    let config =
        typed::message("envoy.extensions.clusters.aggregate.v3.ClusterConfig").with("clusters", List::line(clusters));
    typed::extension("envoy.clusters.aggregate", config)
}

fn composite(models: &[String]) -> Map {
    let clusters = models.iter().map(|model| Map::line().with("name", quoted(model_cluster(model))));
    let config =
        typed::message("envoy.extensions.clusters.composite.v3.ClusterConfig").with("clusters", List::line(clusters));
    typed::extension("envoy.clusters.composite", config)
}

/// A cluster that only chooses. The filters and the protocol are its own, though, and not those of the clusters that it
/// chooses from: so it speaks HTTP/1.1, which everybody does, and has the keys of every provider.
fn outer(config: &Config<'_>, models: &[String], cluster_type: Map, options: Tree) -> Map {
    let name = chain_cluster(models.iter().map(String::as_str));
    Map::new()
        .with("name", quoted(&name))
        .with("alt_stat_name", quoted(stat_name(&name)))
        .with("lb_policy", "CLUSTER_PROVIDED")
        .with("cluster_type", cluster_type)
        .with("circuit_breakers", circuit_breakers(&widest(&clusters(config, models))))
        .with("typed_extension_protocol_options", options)
}

/// For a chain whose only provider may see the client's own key.
fn own_key_options(config: &Config<'_>, models: &[String]) -> Option<Tree> {
    let clusters = clusters(config, models);
    let provider = clusters.first().filter(|_| passes_keys(config, models))?;
    let filters = upstream::at_one_provider(config, provider, true);
    Some(shared("attempts-with-own-key", upstream::options(Protocol::Http1, filters)))
}

/// For every other chain.
fn any_provider_options(config: &Config<'_>) -> Tree {
    let filters = upstream::at_many_providers(config, &providers(config));
    shared("attempts", upstream::options(Protocol::Http1, filters))
}

/// The deployment's clusters of a chain.
fn clusters<'a>(config: &Config<'a>, models: &[String]) -> Vec<&'a Cluster> {
    let names = models.iter().filter_map(|model| config.needs.models.get(model));
    names.filter_map(|name| config.deployment.cluster(name)).collect()
}

/// Every cluster that is part of some chain.
fn providers<'a>(config: &Config<'a>) -> Vec<&'a Cluster> {
    let names: BTreeSet<&String> = config.needs.models.values().collect();
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
