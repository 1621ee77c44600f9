//! The filters that run for each attempt, among the HTTP options of a cluster.

use super::config::Config;
use super::{credential, filter, limited, typed};
use crate::deployment::Cluster;
use crate::deployment::duration::Duration;
use crate::yaml::{List, Map, Tree, shared};
use pointsman_engine::config::Role;
use pointsman_engine::names::{CLUSTER_HEADER, PROVIDER_HEADER};

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

/// The value of `typed_extension_protocol_options`; `filters` are in order.
pub(super) fn options(protocol: Protocol, filters: Vec<Tree>) -> Map {
    Map::new().with(OPTIONS, http_options(protocol, filters))
}

/// The same with a limit on how long a request may take.
pub(super) fn limited_options(protocol: Protocol, filters: Vec<Tree>, longest: Duration) -> Map {
    let limit = Map::line().with("max_stream_duration", longest.to_string());
    Map::new().with(OPTIONS, http_options(protocol, filters).with("common_http_protocol_options", limit))
}

fn http_options(protocol: Protocol, mut filters: Vec<Tree>) -> Map {
    let http1 = || Map::line().with("http_protocol_options", Map::new());
    let options = typed::message(OPTIONS);
    let options = match protocol {
        Protocol::Http1 => options.with("explicit_http_config", http1()),
        Protocol::Negotiated => options.with("auto_config", http1().with("http2_protocol_options", Map::new())),
    };
    if filters.is_empty() {
        return options;
    }
    let codec = typed::short_message("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec");
    filters.push(typed::extension("envoy.filters.http.upstream_codec", codec).into());
    options.with("http_filters", List::of(filters))
}

/// What one decided request needs on its way to `cluster`.
pub(super) fn direct(config: &Config<'_>, cluster: &Cluster) -> Vec<Tree> {
    let Some(credential) = &cluster.credential else { return Vec::new() };
    vec![credential::no_keys(config), credential::injector(cluster, credential).into()]
}

/// What an attempt needs that can only go to `cluster`. `passes_keys`: the client's own key may stay.
pub(super) fn at_one_provider(config: &Config<'_>, cluster: &Cluster, passes_keys: bool) -> Vec<Tree> {
    let injector = cluster.credential.as_ref().map(|credential| credential::injector(cluster, credential).into());
    attempt(config, injector, passes_keys)
}

/// What an attempt needs that can go to any of `clusters`.
pub(super) fn at_many_providers(config: &Config<'_>, clusters: &[&Cluster]) -> Vec<Tree> {
    let injectors =
        clusters.iter().filter_map(|cluster| Some(credential::injector_in_turn(cluster, cluster.credential.as_ref()?)));
    let mut filters = attempt(config, injectors, false);
    filters.extend(clusters.iter().any(|cluster| limited::is_limited(config, cluster)).then(limited::tell));
    filters
}

/// Keys are out before the module runs and in after it has: it never sees a provider's.
fn attempt(config: &Config<'_>, injectors: impl IntoIterator<Item = Tree>, passes_keys: bool) -> Vec<Tree> {
    let mut filters = Vec::new();
    if !passes_keys {
        filters.push(credential::no_keys(config));
    }
    filters.push(shared("pointsman-upstream", filter::inline(config.plugin, Role::Upstream)));
    filters.extend(injectors);
    // The latter is what an attempt before this one may have left, at a cluster with limits.
    let told = [PROVIDER_HEADER].into_iter().chain(limited::is_needed(config).then_some(CLUSTER_HEADER));
    filters.push(shared("no-provider", credential::without("pointsman-no-provider", told)));
    filters
}

/// What Envoy itself adds to a copy: the proxy's own address, which is no provider's business.
pub(super) fn no_trace() -> Tree {
    shared("no-trace", credential::without("pointsman-no-trace", ["x-envoy-internal", "x-forwarded-for"]))
}
