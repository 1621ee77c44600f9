//! The clusters that stand for chains of models. With priority groups, a route does that.

use super::config::Config;
use super::limits::circuit_breakers;
use super::upstream::{self, Protocol};
use super::yaml::{Shared, indent, list, quote};
use crate::deployment::limits::CircuitBreakers;
use crate::deployment::{Cluster, Mechanism};
use pointsman_engine::names::{chain_cluster, model_cluster};
use std::collections::BTreeSet;

/// The items of `clusters` for every chain.
pub(super) fn render(config: &Config<'_>, shared: &mut Shared) -> Vec<String> {
    let one = |models: &Vec<String>| match config.deployment.failover.mechanism {
        Mechanism::Aggregate => Some(aggregate(models)),
        Mechanism::Composite => Some(composite(models)),
        Mechanism::PriorityGroup => None,
    };
    let chains = config.needs.chains.iter().filter_map(|models| Some((models, one(models)?)));
    chains.map(|(models, cluster_type)| outer(config, models, &cluster_type, shared)).collect()
}

/// Whether the client's own key may stay in a request: there is only one provider that can see it, and that one has no
/// other.
pub(super) fn passes_keys(config: &Config<'_>, models: &[String]) -> bool {
    let only = config.needs.only_cluster(models).and_then(|name| config.deployment.cluster(name));
    only.is_some_and(|cluster| cluster.credential.is_none())
}

fn aggregate(models: &[String]) -> String {
    let clusters: Vec<_> = models.iter().map(|model| model_cluster(model)).collect();
    format!(
        "name: envoy.clusters.aggregate
typed_config:
  \"@type\": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig
  clusters: {}
",
        list(clusters.iter().map(String::as_str))
    )
}

fn composite(models: &[String]) -> String {
    let clusters: Vec<_> = models.iter().map(|model| format!("{{ name: {} }}", quote(&model_cluster(model)))).collect();
    format!(
        "name: envoy.clusters.composite
typed_config:
  \"@type\": type.googleapis.com/envoy.extensions.clusters.composite.v3.ClusterConfig
  clusters: [{}]
",
        clusters.join(", ")
    )
}

/// A cluster that only chooses. The filters and the protocol are its own, though, and not those of the clusters that it
/// chooses from: so it speaks HTTP/1.1, which everybody does, and has the keys of every provider.
fn outer(config: &Config<'_>, models: &[String], cluster_type: &str, shared: &mut Shared) -> String {
    let clusters = clusters(config, models);
    let options = if passes_keys(config, models) {
        let provider = clusters.first().map_or("", |cluster| cluster.name.as_str());
        shared.nested("attempts-with-own-key", provider, |shared| {
            let filters = clusters.first().map(|cluster| upstream::at_one_provider(config, cluster, true, shared));
            upstream::options(Protocol::Http1, &filters.unwrap_or_default())
        })
    } else {
        shared.nested("attempts", "", |shared| {
            let all: Vec<&Cluster> = providers(config);
            upstream::options(Protocol::Http1, &upstream::at_many_providers(config, &all, shared))
        })
    };
    format!(
        "- name: {name}
  lb_policy: CLUSTER_PROVIDED
  cluster_type:
    {cluster_type}
  circuit_breakers: {breakers}
  typed_extension_protocol_options: {options}
",
        name = quote(&chain_cluster(models.iter().map(String::as_str))),
        cluster_type = indent(cluster_type, 4),
        breakers = indent(&shared.block("circuit-breakers", &circuit_breakers(&widest(&clusters))), 2),
        options = indent(&options, 2),
    )
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
