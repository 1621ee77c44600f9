//! What a mesh's own objects cannot say and Envoy's configuration can: clusters and routes for chains, copies and keys.

use super::config::Config;
use super::needs::Place;
use super::route::{OWN_HEADERS, end, matching, to_the_next};
use super::upstream::{self, Protocol};
use super::{clusters, retry};
use crate::deployment::Cluster;
use crate::yaml::{List, Map, quoted};
use pointsman_engine::names::{CHAIN_PREFIX, CLUSTER_HEADER};

/// The clusters of models and chains.
pub(crate) fn clusters(config: &Config<'_>) -> Vec<Map> {
    clusters::of_policy(config)
}

/// The route of requests with several models, and with `mirror` of those that are copied to it.
pub(crate) fn chain_route(config: &Config<'_>, mirror: Option<&Place>) -> Map {
    let action = Map::new().with("cluster_header", CLUSTER_HEADER).and(to_the_next(config));
    route(config, "chain", Map::line().with("prefix", quoted(CHAIN_PREFIX)), action, mirror)
}

/// The route of requests with one model of `cluster` that are copied to `mirror`. `target` is the mesh's own cluster.
pub(crate) fn copied_route(config: &Config<'_>, cluster: &Cluster, target: &str, mirror: &Place) -> Map {
    let action = Map::new()
        .with("cluster", quoted(target))
        .with_some("host_rewrite_literal", cluster.host().map(quoted))
        .with("retry_policy", retry::same_provider());
    route(config, &cluster.name, Map::line().with("exact", quoted(&cluster.name)), action, Some(mirror))
}

fn route(config: &Config<'_>, name: &str, matcher: Map, action: Map, mirror: Option<&Place>) -> Map {
    let copied = mirror.map(|place| format!("-copied-to-{}", place.model)).unwrap_or_default();
    let header = Map::line().with("name", CLUSTER_HEADER).with("string_match", matcher);
    Map::new()
        .with("name", quoted(format!("pointsman-{name}{copied}")))
        .with("match", matching(header, mirror))
        .with("request_headers_to_remove", List::line(OWN_HEADERS.map(quoted)))
        .with("route", action.and(end(config, mirror)))
}

/// The key of a cluster, as the options of the mesh's own cluster for it. It speaks HTTP/1.1 then.
pub(crate) fn key(config: &Config<'_>, cluster: &Cluster) -> Option<Map> {
    cluster.credential.as_ref()?;
    let options = upstream::options(Protocol::Http1, upstream::direct(config, cluster));
    Some(Map::new().with("typed_extension_protocol_options", options))
}
