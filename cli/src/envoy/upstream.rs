//! The filters that run for each attempt, among the HTTP options of a cluster.

use super::config::Config;
use super::credential;
use super::filter::{Role, typed_config};
use super::yaml::{Shared, indent};
use crate::deployment::Cluster;
use pointsman_engine::names::PROVIDER_HEADER;

const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// How a cluster's endpoints are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    /// HTTP/2 when the server offers it: needs TLS.
    Negotiated,
}

impl Protocol {
    pub(super) fn of(cluster: &Cluster) -> Self {
        if cluster.tls.is_some() { Self::Negotiated } else { Self::Http1 }
    }
}

/// The value of `typed_extension_protocol_options`; `filters` are mappings, in order.
pub(super) fn options(protocol: Protocol, filters: &[String]) -> String {
    let protocol = match protocol {
        Protocol::Http1 => "explicit_http_config: { http_protocol_options: {} }",
        Protocol::Negotiated => "auto_config: { http_protocol_options: {}, http2_protocol_options: {} }",
    };
    let mut text = format!("{OPTIONS}:\n  \"@type\": type.googleapis.com/{OPTIONS}\n  {protocol}\n");
    if !filters.is_empty() {
        let filters: String = filters.iter().map(|filter| format!("  - {}\n", indent(filter, 4))).collect();
        text.push_str(&format!("  http_filters:\n{filters}  - {CODEC}\n"));
    }
    text
}

const CODEC: &str = "name: envoy.filters.http.upstream_codec
    typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec }";

/// What one decided request needs on its way to `cluster`.
pub(super) fn direct(config: &Config<'_>, cluster: &Cluster, shared: &mut Shared) -> Vec<String> {
    let Some(credential) = &cluster.credential else { return Vec::new() };
    vec![shared.block("no-keys", &credential::no_keys(config)), credential::injector(cluster, credential)]
}

/// What an attempt needs that can only go to `cluster`. `passes_keys`: the client's own key may stay.
pub(super) fn at_one_provider(
    config: &Config<'_>,
    cluster: &Cluster,
    passes_keys: bool,
    shared: &mut Shared,
) -> Vec<String> {
    let injector = cluster.credential.as_ref().map(|credential| credential::injector(cluster, credential));
    attempt(config, injector, passes_keys, shared)
}

/// What an attempt needs that can go to any of `clusters`.
pub(super) fn at_many_providers(config: &Config<'_>, clusters: &[&Cluster], shared: &mut Shared) -> Vec<String> {
    let injectors: Vec<_> = clusters
        .iter()
        .filter_map(|cluster| Some(credential::injector_in_turn(cluster, cluster.credential.as_ref()?)))
        .map(|injector| shared.block("key-in-turn", &injector))
        .collect();
    attempt(config, injectors, false, shared)
}

/// Keys are out before the module runs and in after it has: it never sees a provider's.
fn attempt(
    config: &Config<'_>,
    injectors: impl IntoIterator<Item = String>,
    passes_keys: bool,
    shared: &mut Shared,
) -> Vec<String> {
    let mut filters = Vec::new();
    if !passes_keys {
        filters.push(shared.block("no-keys", &credential::no_keys(config)));
    }
    let module = typed_config(config.plugin, Role::Upstream);
    let module = format!("name: {}\ntyped_config:\n  {}\n", Role::Upstream.name(), indent(&module, 2));
    filters.push(shared.block("pointsman-upstream", &module));
    filters.extend(injectors);
    filters.push(shared.block("no-provider", &credential::without("pointsman-no-provider", [PROVIDER_HEADER])));
    filters
}

/// What Envoy itself adds to a copy: the proxy's own address, which is no provider's business.
pub(super) fn no_trace(shared: &mut Shared) -> String {
    shared.block("no-trace", &credential::without("pointsman-no-trace", ["x-envoy-internal", "x-forwarded-for"]))
}
