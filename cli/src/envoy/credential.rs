//! Keys: whose go into a request, and that no other ever does.

use super::config::Config;
use super::typed;
use crate::deployment::{Cluster, Credential};
use crate::yaml::{List, Map, Tree, quoted, shared};
use pointsman_engine::keys;
use pointsman_engine::names::PROVIDER_HEADER;
use std::collections::BTreeSet;

/// Every header, by name, in which a key can stand or an account: those that are known, the deployment's and the policy's.
pub(super) fn key_headers<'a>(config: &Config<'a>) -> BTreeSet<&'a str> {
    let clusters = config.deployment.clusters.iter();
    let own = clusters.filter_map(|cluster| Some(cluster.credential.as_ref()?.header.as_str()));
    keys::HEADERS.into_iter().chain(own).chain(config.needs.accounts.iter().map(String::as_str)).collect()
}

/// What takes out the headers that are not known by name, but by the words in it.
pub(super) fn no_accounts() -> impl Iterator<Item = Map> {
    keys::patterns().into_iter().map(|pattern| {
        let regex = Map::line().with("safe_regex", Map::line().with("regex", quoted(pattern)));
        Map::new().with("remove_on_match", Map::new().with("key_matcher", regex))
    })
}

/// A filter that takes headers out of a request.
pub(super) fn without<'a>(name: &str, headers: impl IntoIterator<Item = &'a str>) -> Map {
    mutation(name, headers.into_iter().map(removal))
}

/// One step of such a filter.
pub(super) fn removal(header: &str) -> Map {
    Map::new().with("remove", quoted(header))
}

fn mutation(name: &str, mutations: impl IntoIterator<Item = Map>) -> Map {
    let config = typed::message("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation")
        .with("mutations", Map::new().with("request_mutations", List::of(mutations)));
    typed::extension(name, config)
}

/// Takes out what the client and an earlier attempt have left, before anything else sees the request.
pub(super) fn no_keys(config: &Config<'_>) -> Tree {
    let headers = key_headers(config).into_iter().chain([PROVIDER_HEADER]);
    let mutations = headers.map(removal).chain(no_accounts());
    shared("no-keys", mutation("pointsman-no-keys", mutations))
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
