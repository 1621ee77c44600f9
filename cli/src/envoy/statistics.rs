//! What Envoy counts, and what it need not.
//!
//! Every cluster comes with some 170 series of statistics. One that only chooses among others has no endpoint, no connection and
//! no health of its own: of its series, only what the router filter counts of attempts is ever anything but 0.

use super::config::Config;
use super::{chain, clusters, model};
use crate::yaml::{List, Map, quoted};
use std::fmt;

/// Names in statistics of the clusters that only choose: `failover:…`, `try:…`, `own-key:try:…`.
const CHOOSING: &str = "(failover|try|own-key%3Atry)%3A";

/// What such a cluster never has.
const IDLE: &str = "(assignment_|bind_errors|circuit_breakers\\.|default\\.|lb_|max_host_weight|membership_|original_dst_|update_|\
    upstream_cx_|upstream_flow_control_|upstream_http3_|upstream_internal_redirect_|upstream_queue_|\
    upstream_rq_(0rtt|active|cancelled|maintenance_mode|max_duration|pending|per_cx|rx_reset|timeout|total|tx_reset)|version|warming_state)";

/// The value of `stats_config`.
pub(super) fn config() -> Map {
    let pattern = format!("cluster\\.{CHOOSING}[^.]*\\.{IDLE}.*");
    let regex = Map::line().with("safe_regex", Map::new().with("regex", quoted(pattern)));
    let matcher = Map::new().with("exclusion_list", Map::new().with("patterns", List::of([regex])));
    Map::new().with("stats_matcher", matcher)
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
