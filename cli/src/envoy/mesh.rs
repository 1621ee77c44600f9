//! What a mesh's own objects cannot say and Envoy's configuration can: clusters and routes for chains, copies and keys.

use super::config::Config;
use super::route::{OWN_HEADERS, mirror_policy, to_the_next};
use super::upstream::{self, Protocol};
use super::yaml::{Shared, indent, list, quote, value};
use super::{chain, model, retry};
use crate::deployment::Cluster;
use pointsman_engine::names::{CLUSTER_HEADER, MIRROR_HEADER, mirror_cluster};

/// The clusters of models and chains, each a mapping.
pub(crate) fn clusters(config: &Config<'_>, shared: &mut Shared) -> Vec<String> {
    let mut items = model::render(config, shared);
    items.extend(chain::render(config, shared));
    items.iter().map(|item| item.strip_prefix("- ").unwrap_or(item).replace("\n  ", "\n")).collect()
}

/// The route of requests with several models, and with `mirror` of those that are copied to it.
pub(crate) fn chain_route(config: &Config<'_>, mirror: Option<&str>, shared: &mut Shared) -> String {
    let action = format!("cluster_header: {CLUSTER_HEADER}\n{}", to_the_next(config, shared));
    route(config, "chain", "prefix: \"failover:\"", &action, mirror, shared)
}

/// The route of requests with one model of `cluster` that are copied to `mirror`. `target` is the mesh's own cluster.
pub(crate) fn copied_route(
    config: &Config<'_>,
    cluster: &Cluster,
    target: &str,
    mirror: &str,
    shared: &mut Shared,
) -> String {
    let host = cluster.host().map(|host| format!("host_rewrite_literal: {}\n", quote(host))).unwrap_or_default();
    let retry = value(&shared.block("same-provider", retry::SAME_PROVIDER));
    let action = format!("cluster: {}\n{host}retry_policy: {}\n", quote(target), retry.trim_start_matches(' '));
    let exact = format!("exact: {}", quote(&cluster.name));
    route(config, &cluster.name, &exact, &action, Some(mirror), shared)
}

fn route(
    config: &Config<'_>,
    name: &str,
    matcher: &str,
    action: &str,
    mirror: Option<&str>,
    shared: &mut Shared,
) -> String {
    let mut headers = format!("{{ name: {CLUSTER_HEADER}, string_match: {{ {matcher} }} }}");
    let (mut name, mut action) = (format!("pointsman-{name}"), format!("{action}timeout: 0s\n"));
    if let Some(model) = mirror {
        let cluster = quote(&mirror_cluster(model));
        headers.push_str(&format!(", {{ name: {MIRROR_HEADER}, string_match: {{ exact: {cluster} }} }}"));
        let policy = shared.block("mirror", &mirror_policy(config, model));
        action.push_str(&format!("request_mirror_policies:\n- {}\n", indent(&policy, 2)));
        name.push_str(&format!("-copied-to-{model}"));
    }
    format!(
        "name: {name}
match: {{ prefix: \"/\", headers: [{headers}] }}
request_headers_to_remove: {own}
route:
  {action}",
        name = quote(&name),
        own = list(OWN_HEADERS),
        action = indent(&action, 2),
    )
}

/// The key of a cluster, as the options of the mesh's own cluster for it. It speaks HTTP/1.1 then.
pub(crate) fn key(config: &Config<'_>, cluster: &Cluster, shared: &mut Shared) -> Option<String> {
    cluster.credential.as_ref()?;
    let filters = upstream::direct(config, cluster, shared);
    let options = upstream::options(Protocol::Http1, &filters);
    Some(format!("typed_extension_protocol_options:\n  {}\n", indent(&options, 2)))
}
