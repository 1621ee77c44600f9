//! The clusters of single models: the endpoints of the deployment's cluster, marked with the model that they stand for.

use super::chain;
use super::cluster::with_endpoints;
use super::config::Config;
use super::needs::Place;
use super::upstream::{self, Protocol};
use crate::deployment::duration::Duration;
use crate::deployment::{Cluster, Mechanism};
use crate::yaml::{Map, quoted, shared};
use pointsman_engine::names::{mirror_cluster, model_cluster};

/// The items of `clusters` for every model that chains and copies need.
pub(super) fn render(config: &Config<'_>) -> Vec<Map> {
    let mut items = Vec::new();
    let is_walked = config.mechanism() != Mechanism::Matcher;
    for place in config.needs.places().into_iter().filter(|_| is_walked) {
        let Some(cluster) = config.deployment.cluster(&place.cluster) else { continue };
        items.push(one(config, cluster, &place.model, &model_cluster(place.names()), For::Attempts));
        if is_passed_keys(config, place) {
            items.push(one(config, cluster, &place.model, &passing_cluster(place), For::AttemptsWithClientsKey));
        }
    }
    for place in &config.needs.mirrors {
        let Some(cluster) = config.deployment.cluster(&place.cluster) else { continue };
        items.push(one(config, cluster, &place.model, &mirror_cluster(place.names()), For::Copies));
    }
    items
}

/// What a model's cluster is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Attempts,
    AttemptsWithClientsKey,
    /// Apart from the others: a mirror that fails or hangs takes nothing from requests that somebody waits for.
    Copies,
}

/// The longest that a copy may take. Nobody waits for it, so nobody else would end one that hangs.
const LONGEST_COPY: Duration = Duration::seconds(300);

/// The cluster of a model in chains that let the client's own key through, where each cluster has filters of its own.
pub(super) fn passing_cluster(place: &Place) -> String {
    format!("own-key:{}", model_cluster(place.names()))
}

fn is_passed_keys(config: &Config<'_>, place: &Place) -> bool {
    config.mechanism() == Mechanism::PriorityGroup && chain::passes_keys_at(config, place)
}

fn one(config: &Config<'_>, cluster: &Cluster, model: &str, name: &str, purpose: For) -> Map {
    let mut filters = upstream::at_one_provider(config, cluster, purpose == For::AttemptsWithClientsKey);
    let options = if purpose == For::Copies {
        filters.push(upstream::no_trace());
        upstream::limited_options(Protocol::of(cluster), filters, LONGEST_COPY)
    } else {
        upstream::options(protocol(config, cluster), filters)
    };
    with_endpoints(config, cluster, name, Some(&mark(cluster, model)), Some(shared("attempt", options)))
}

/// What the metadata of an endpoint says to the module.
pub(super) fn mark(cluster: &Cluster, model: &str) -> Map {
    Map::line()
        .with("model", quoted(model))
        .with("provider", quoted(&cluster.name))
        .with_some("authority", cluster.host().map(quoted))
}

/// A chain's cluster speaks HTTP/1.1 over the connections of this one, which must then not offer the server HTTP/2.
fn protocol(config: &Config<'_>, cluster: &Cluster) -> Protocol {
    match config.mechanism() {
        Mechanism::Aggregate | Mechanism::Composite | Mechanism::Matcher => Protocol::Http1,
        Mechanism::PriorityGroup => Protocol::of(cluster),
    }
}
