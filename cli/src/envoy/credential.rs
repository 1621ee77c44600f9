//! Keys: whose go into a request, and that no other ever does.

use super::config::Config;
use super::typed;
use crate::deployment::{Cluster, Credential, Deployment};
use crate::yaml::{List, Map, Tree, quoted, shared};
use pointsman_engine::keys;
use pointsman_engine::names::PROVIDER_HEADER;
use std::collections::BTreeSet;

/// Every header of this deployment in which a key can stand.
pub(super) fn key_headers(deployment: &Deployment) -> BTreeSet<&str> {
    let own = deployment.clusters.iter().filter_map(|cluster| Some(cluster.credential.as_ref()?.header.as_str()));
    keys::HEADERS.into_iter().chain(own).collect()
}

/// A filter that takes headers out of a request.
pub(super) fn without<'a>(name: &str, headers: impl IntoIterator<Item = &'a str>) -> Map {
    let mutations = headers.into_iter().map(|header| Map::new().with("remove", quoted(header)));
    let config = typed::message("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation")
        .with("mutations", Map::new().with("request_mutations", List::of(mutations)));
    typed::extension(name, config)
}

/// Takes out what the client and an earlier attempt have left, before anything else sees the request.
pub(super) fn no_keys(config: &Config<'_>) -> Tree {
    let headers = key_headers(config.deployment).into_iter().chain([PROVIDER_HEADER]);
    shared("no-keys", without("pointsman-no-keys", headers))
}

/// The filter that puts in a cluster's key. A request that it cannot be put into is refused.
pub(super) fn injector(cluster: &Cluster, credential: &Credential) -> Map {
    let folder = credential.sds.parent().map(|folder| folder.display().to_string()).filter(|folder| !folder.is_empty());
    let folder = quoted(folder.as_deref().unwrap_or("."));
    let source = Map::line()
        .with("path", quoted(credential.sds.display().to_string()))
        .with("watched_directory", Map::line().with("path", folder));
    let secret = Map::new()
        .with("name", quoted(credential.secret_name.as_ref().unwrap_or(&cluster.name)))
        .with("sds_config", Map::new().with("resource_api_version", "V3").with("path_config_source", source));
    let injected = typed::message("envoy.extensions.http.injected_credentials.generic.v3.Generic")
        .with("header", quoted(&credential.header))
        .with("credential", secret);
    let config = typed::message("envoy.extensions.filters.http.credential_injector.v3.CredentialInjector")
        .with("overwrite", true)
        .with("credential", typed::extension("envoy.http.injected_credentials.generic", injected));
    typed::extension(name(cluster), config)
}

fn name(cluster: &Cluster) -> Tree {
    quoted(format!("pointsman-key-{}", cluster.name))
}

/// The same for a cluster whose attempts go to several providers: only when the module has said that it is this one's
/// turn.
pub(super) fn injector_in_turn(cluster: &Cluster, credential: &Credential) -> Tree {
    let skip = Map::line()
        .with("name", "skip")
        .with("typed_config", typed::short_message("envoy.extensions.filters.common.matcher.action.v3.SkipFilter"));
    let matchers = Map::new()
        .with("predicate", Map::new().with("not_matcher", Map::new().with("single_predicate", is_turn_of(cluster))))
        .with("on_match", Map::new().with("action", skip));
    let config = typed::message("envoy.extensions.common.matching.v3.ExtensionWithMatcher")
        .with("extension_config", injector(cluster, credential))
        .with("xds_matcher", Map::new().with("matcher_list", Map::new().with("matchers", List::of([matchers]))));
    shared("key-in-turn", typed::extension(name(cluster), config))
}

fn is_turn_of(cluster: &Cluster) -> Map {
    let input =
        typed::short_message("envoy.type.matcher.v3.HttpRequestHeaderMatchInput").with("header_name", PROVIDER_HEADER);
    Map::new()
        .with("input", typed::extension("provider", input))
        .with("value_match", Map::line().with("exact", quoted(&cluster.name)))
}
