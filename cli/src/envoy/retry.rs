//! When a request is tried again.

use super::config::Config;
use super::typed;
use crate::deployment::{Failover, Mechanism};
use crate::yaml::{List, Map, Tree, quoted, shared};
use std::borrow::Borrow;

/// A request with one model: only what has surely not reached it.
pub(super) fn same_provider() -> Tree {
    let policy = Map::new()
        .with("retry_on", "connect-failure,refused-stream,reset-before-request")
        .with("num_retries", 1u32)
        .with("retry_back_off", back_off("0.025s", "0.250s"));
    shared("same-provider", policy)
}

fn back_off(base: &str, max: &str) -> Map {
    Map::line().with("base_interval", base).with("max_interval", max)
}

const CONNECT_FAILURE: &str = "connect-failure";

/// A request with several models.
pub(super) fn next_provider(config: &Config<'_>) -> Tree {
    let Failover {
        mechanism: _,
        retry_on,
        retriable_status_codes,
        per_try_idle_timeout,
        per_try_timeout,
        back_off: times,
        warn_above_series: _,
    } = &config.deployment.failover;
    let should_retry =
        Map::line().with("name", "x-should-retry").with("string_match", Map::line().with("exact", quoted("true")));
    let mut conditions: Vec<&str> = retry_on.iter().map(Borrow::borrow).collect();
    // That is how an attempt at a model without a healthy endpoint fails.
    if config.mechanism() == Mechanism::Matcher && !conditions.contains(&CONNECT_FAILURE) {
        conditions.push(CONNECT_FAILURE);
    }
    let policy = Map::new()
        .with("retry_on", conditions.join(","))
        .with("retriable_status_codes", List::line(retriable_status_codes.iter().copied()))
        .noted(
            "Some providers say themselves that another attempt is worth it.",
            "retriable_headers",
            List::line([should_retry]),
        )
        .noted(
            "In place of this, pointsman-router says for each request how many models are left: x-envoy-max-retries.",
            "num_retries",
            1u32,
        )
        .noted(
            "Nothing came for so long: before the first byte, the next provider is asked; after it, the answer is cut off.",
            "per_try_idle_timeout",
            per_try_idle_timeout.to_string(),
        )
        .with_some("per_try_timeout", per_try_timeout.map(|timeout| timeout.to_string()))
        .noted(
            "Short: the next attempt goes to another provider.",
            "retry_back_off",
            back_off(&times.base_interval.to_string(), &times.max_interval.to_string()),
        );
    let policy = match config.mechanism() {
        Mechanism::Aggregate => policy.with("retry_priority", previous_priorities()),
        Mechanism::Composite => policy,
        Mechanism::PriorityGroup | Mechanism::Matcher => policy.with("refresh_cluster_on_retry", true),
    };
    shared("next-provider", policy)
}

/// The models of an aggregate cluster are priorities: those that have been tried are left out.
fn previous_priorities() -> Map {
    let config = typed::message("envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig")
        .with("update_frequency", 1u32);
    typed::extension("envoy.retry_priorities.previous_priorities", config)
}
