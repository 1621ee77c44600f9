//! What Envoy counts, and what it need not.
//!
//! Every cluster comes with some 170 series of statistics. One that only chooses among others has no endpoint, no connection and
//! no health of its own: of its series, only what the router filter counts of attempts is ever anything but 0.

use super::config::Config;
use super::{chain, clusters, model};
use crate::yaml::{List, Map, Tree, quoted};
use pointsman_engine::metric::{HISTOGRAMS, LABELS};
use std::fmt;

/// Names in statistics of the clusters that only choose: `failover:…`, `try:…`, `own-key:try:…`.
const CHOOSING: &str = "(failover|try|own-key%3Atry)%3A";

/// What such a cluster never has.
const IDLE: &str = "(assignment_|bind_errors|circuit_breakers\\.|default\\.|lb_|max_host_weight|membership_|original_dst_|update_|\
    upstream_cx_|upstream_flow_control_|upstream_http3_|upstream_internal_redirect_|upstream_queue_|\
    upstream_rq_(0rtt|active|cancelled|maintenance_mode|max_duration|pending|per_cx|rx_reset|timeout|total|tx_reset)|version|warming_state)";

/// The value of `stats_config`: what is not counted of clusters that only choose, and how what the module counts is read.
///
/// A policy that comes later may have chains and metrics where this one has none.
pub(super) fn config(config: &Config<'_>, may_change: bool) -> Option<Map> {
    let chooses = may_change || !config.needs.chains.is_empty();
    let counts = may_change || config.plugin.has_metrics;
    let tags = List::of(LABELS.iter().map(|label| tag(label)));
    let buckets = List::of(HISTOGRAMS.iter().map(|(name, bounds)| histogram(name, bounds)));
    let settings = Map::new()
        .with_some("stats_tags", counts.then_some(tags))
        .with_some("stats_matcher", chooses.then(matcher))
        .with_some("histogram_bucket_settings", counts.then_some(buckets));
    (chooses || counts).then_some(settings)
}

/// A label, which is taken out of the names of series: the way of Istio's `extraStatTags`.
fn tag(label: &str) -> Map {
    Map::line().with("tag_name", label).with("regex", quoted(format!("({label}=\\.=(.*?);\\.;)")))
}

fn histogram(name: &str, bounds: &[u32]) -> Map {
    let matched = Map::line().with("prefix", format!("wasmcustom.{name}"));
    Map::new().with("match", matched).with("buckets", List::line(bounds.iter().map(|bound| Tree::from(*bound))))
}

fn matcher() -> Map {
    let pattern = format!("cluster\\.{CHOOSING}[^.]*\\.{IDLE}.*");
    let regex = Map::line().with("safe_regex", Map::new().with("regex", quoted(pattern)));
    Map::new().with("exclusion_list", Map::new().with("patterns", List::of([regex])))
}

/// How much Envoy has to hold for a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) clusters: usize,
    /// Of those, how many stand for a chain of models.
    pub(crate) chains: usize,
    /// Series of statistics, as `/stats/prometheus` prints them before the first request. Counted in Envoy 1.40; earlier
    /// ones have a few less.
    pub(crate) series: usize,
}

/// What Envoy counts without a cluster, for one that has endpoints, and for one that only chooses.
const SERIES: (usize, usize, usize) = (513, 191, 11);

impl Size {
    pub(crate) fn of(config: &Config<'_>) -> Self {
        let chains = chain::render(config).len();
        let of_models = model::with_endpoints(config) + config.needs.mirrors.len();
        let with_endpoints = config.deployment.clusters.len() + of_models;
        let choosing = clusters::of_policy(config).len().saturating_sub(of_models);
        let (base, of_endpoints, of_choosing) = SERIES;
        let series = base + with_endpoints * of_endpoints + choosing * of_choosing;
        Self { clusters: with_endpoints + choosing, chains, series }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} clusters and about {} series of statistics", self.clusters, self.series)
    }
}
