//! Keys: whose go into a request, and that no other ever does.

use super::config::Config;
use super::yaml::{indent, quote};
use crate::deployment::{Cluster, Credential, Deployment};
use pointsman_engine::keys;
use pointsman_engine::names::PROVIDER_HEADER;
use std::collections::BTreeSet;

const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions";

/// Every header of this deployment in which a key can stand.
pub(super) fn key_headers(deployment: &Deployment) -> BTreeSet<&str> {
    let own = deployment.clusters.iter().filter_map(|cluster| Some(cluster.credential.as_ref()?.header.as_str()));
    keys::HEADERS.into_iter().chain(own).collect()
}

/// A filter that takes headers out of a request.
pub(super) fn without<'a>(name: &str, headers: impl IntoIterator<Item = &'a str>) -> String {
    let mutations: String = headers.into_iter().map(|header| format!("    - remove: {}\n", quote(header))).collect();
    format!(
        "name: {name}
typed_config:
  \"@type\": {EXTENSIONS}.filters.http.header_mutation.v3.HeaderMutation
  mutations:
    request_mutations:
{mutations}"
    )
}

/// Takes out what the client and an earlier attempt have left, before anything else sees the request.
pub(super) fn no_keys(config: &Config<'_>) -> String {
    without("pointsman-no-keys", key_headers(config.deployment).into_iter().chain([PROVIDER_HEADER]))
}

/// The filter that puts in a cluster's key. A request that it cannot be put into is refused.
pub(super) fn injector(cluster: &Cluster, credential: &Credential) -> String {
    let folder = credential.sds.parent().map(|folder| folder.display().to_string()).filter(|folder| !folder.is_empty());
    format!(
        "name: {name}
typed_config:
  \"@type\": {EXTENSIONS}.filters.http.credential_injector.v3.CredentialInjector
  overwrite: true
  credential:
    name: envoy.http.injected_credentials.generic
    typed_config:
      \"@type\": {EXTENSIONS}.http.injected_credentials.generic.v3.Generic
      header: {header}
      credential:
        name: {secret}
        sds_config:
          resource_api_version: V3
          path_config_source: {{ path: {path}, watched_directory: {{ path: {folder} }} }}
",
        name = quote(&format!("pointsman-key-{}", cluster.name)),
        header = quote(&credential.header),
        secret = quote(credential.secret_name.as_ref().unwrap_or(&cluster.name)),
        path = quote(&credential.sds.display().to_string()),
        folder = quote(folder.as_deref().unwrap_or(".")),
    )
}

/// The same for a cluster whose attempts go to several providers: only when the module has said that it is this one's
/// turn.
pub(super) fn injector_in_turn(cluster: &Cluster, credential: &Credential) -> String {
    let injector = injector(cluster, credential);
    format!(
        "name: {name}
typed_config:
  \"@type\": {EXTENSIONS}.common.matching.v3.ExtensionWithMatcher
  extension_config:
    {injector}
  xds_matcher:
    matcher_list:
      matchers:
      - predicate:
          not_matcher:
            single_predicate:
              input:
                name: provider
                typed_config: {{ \"@type\": type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput, header_name: {PROVIDER_HEADER} }}
              value_match: {{ exact: {provider} }}
        on_match:
          action: {{ name: skip, typed_config: {{ \"@type\": {EXTENSIONS}.filters.common.matcher.action.v3.SkipFilter }} }}
",
        name = quote(&format!("pointsman-key-{}", cluster.name)),
        injector = indent(&injector, 4),
        provider = quote(&cluster.name),
    )
}
