//! Judging: one file per family of findings. All that they know of Envoy are the values of `read`.

mod behind;
mod buffers;
mod clients;
mod clusters;
mod delivery;
mod failover;
mod failure;
mod identity;
mod keys;
mod machines;
mod order;
mod policies;
mod route_match;
mod routes;

use super::read::answers::{Release, Stats};
use super::read::dump::Dump;
use super::report::Report;
use machines::Running;

/// Looks for all of them, in the order in which a request meets what they are about.
pub(super) fn check(
    dump: &Dump<'_>,
    release: Option<Release>,
    stats: Option<&Stats<'_>>,
    workers: Option<u64>,
    report: &mut Report,
) {
    let running = Running { stats, workers };
    order::check(dump, release, &running, report);
    behind::check(dump, report);
    order::disabled(dump, report);
    failure::check(dump, report);
    clients::check(dump, report);
    identity::check(dump, report);
    policies::check(dump, stats, report);
    delivery::check(dump, stats, report);
    let destinations = routes::check(dump, report);
    clusters::check(dump, &destinations, report);
    failover::check(dump, &destinations, report);
    keys::check(dump, stats, report);
    buffers::check(dump, release, report);
    machines::check(dump, &running, report);
}
