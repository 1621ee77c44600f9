//! The clusters of single models: the endpoints of the deployment's cluster, marked with the model that they stand for.

use super::cluster;
use super::config::Config;
use super::needs::Place;
use super::upstream::{self, Protocol};
use super::{chain, limited};
use crate::deployment::duration::Duration;
use crate::deployment::{Cluster, Mechanism};
use crate::yaml::{Map, Tree, quoted, shared};
use pointsman_engine::names::{attempt_cluster, mirror_cluster, model_cluster};

/// The items of `clusters` for every model that chains and copies need.
pub(super) fn render(config: &Config<'_>) -> Vec<Map> {
    let mut items = Vec::new();
    let is_walked = config.mechanism() != Mechanism::Matcher;
    for place in config.needs.places().into_iter().filter(|_| is_walked) {
        let Some(cluster) = config.deployment.cluster(&place.cluster) else { continue };
        if limited::is_limited(config, cluster) {
            items.push(endpoints(config, cluster, place));
        }
        items.push(attempts(config, cluster, place, false));
        if is_passed_keys(config, place) {
            items.push(attempts(config, cluster, place, true));
        }
    }
    for place in &config.needs.mirrors {
        let Some(cluster) = config.deployment.cluster(&place.cluster) else { continue };
        items.push(copies(config, cluster, place));
    }
    items
}

/// How many of all those that chains need have a model's endpoints: not those that choose among others, or lead to them.
pub(super) fn with_endpoints(config: &Config<'_>) -> usize {
    let is_direct = |cluster: &Cluster| !limited::is_limited(config, cluster);
    let twice = |place: &&Place| {
        is_passed_keys(config, place) && config.deployment.cluster(&place.cluster).is_some_and(is_direct)
    };
    let places = config.needs.places();
    places.iter().copied().filter(twice).count() + places.len()
}

/// The longest that a copy may take. Nobody waits for it, so nobody else would end one that hangs.
const LONGEST_COPY: Duration = Duration::seconds(300);

/// What attempts at a model go to, in chains that let the client's own key through or not: where each cluster has filters of its
/// own, these are two.
pub(super) fn name(config: &Config<'_>, place: &Place, passes_keys: bool) -> String {
    match config.deployment.cluster(&place.cluster) {
        Some(cluster) if limited::is_limited(config, cluster) => attempt_cluster(place.names(), passes_keys),
        _ if passes_keys => format!("own-key:{}", model_cluster(place.names())),
        _ => model_cluster(place.names()),
    }
}

fn is_passed_keys(config: &Config<'_>, place: &Place) -> bool {
    config.mechanism() == Mechanism::PriorityGroup && chain::passes_keys_at(config, place)
}

/// A model's endpoints, for those who have run an attempt's filters already.
pub(super) fn endpoints(config: &Config<'_>, cluster: &Cluster, place: &Place) -> Map {
    // HTTP/1.1 is Envoy's default.
    let options = Some(protocol(config, cluster)).filter(|protocol| *protocol != Protocol::Http1);
    let options = options.map(|protocol| shared("behind-limits", upstream::options(protocol, Vec::new())));
    marked(config, cluster, place, &model_cluster(place.names()), options)
}

fn attempts(config: &Config<'_>, cluster: &Cluster, place: &Place, passes_keys: bool) -> Map {
    if limited::is_limited(config, cluster) {
        return limited::attempts(config, cluster, place, passes_keys);
    }
    let filters = upstream::at_one_provider(config, cluster, passes_keys);
    let options = shared("attempt", upstream::options(protocol(config, cluster), filters));
    marked(config, cluster, place, &name(config, place, passes_keys), Some(options))
}

/// Apart from the others: a mirror that fails or hangs takes nothing from requests that somebody waits for.
fn copies(config: &Config<'_>, cluster: &Cluster, place: &Place) -> Map {
    let mut filters = upstream::at_one_provider(config, cluster, false);
    filters.push(upstream::no_trace());
    let options = shared("attempt", upstream::limited_options(Protocol::of(cluster), filters, LONGEST_COPY));
    marked(config, cluster, place, &mirror_cluster(place.names()), Some(options))
}

fn marked(config: &Config<'_>, cluster: &Cluster, place: &Place, name: &str, options: Option<Tree>) -> Map {
    cluster::with_endpoints(config, cluster, name, Some(&mark(cluster, &place.model)), options)
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
