//! Looks at a running Envoy from its admin interface and says what is wrong with the installation.
//!
//! Reading (`answers`, `dump`, `filter`, `instance`) is apart from judging (one file per family of findings). What
//! cannot be seen from there is said to be unseen, never to be fine.

pub(crate) mod answers;
mod behind;
mod buffers;
mod clusters;
mod delivery;
mod dump;
mod failover;
mod failure;
mod filter;
mod instance;
mod machines;
mod order;
mod policies;
mod report;
mod route_match;
mod routes;
mod tree;

#[cfg(test)]
mod tests;

use answers::{Answers, Release};
use dump::Dump;
use filter::Filter;
use report::{Report, Seen};
use serde_json::Value;

/// The oldest Envoy that Pointsman is tested with.
const OLDEST: Release = Release(1, 36);

/// Examines what Envoy answered.
pub(crate) fn examine(answers: &Answers) -> Report {
    let dump = Dump::read(&answers.config_dump, answers.listeners.as_ref().unwrap_or(&Value::Null));
    let (release, stats) = (answers.release(), answers.stats());
    let mut report = Report { envoy: title(answers, &dump), ..Report::default() };
    instances(&dump, &mut report);
    versions(release, &mut report);
    order::check(&dump, release, &mut report);
    behind::check(&dump, &mut report);
    disabled(&dump, &mut report);
    failure::check(&dump, &mut report);
    policies::check(&dump, stats.as_ref(), &mut report);
    delivery::check(&dump, stats.as_ref(), &mut report);
    let destinations = routes::check(&dump, &mut report);
    clusters::check(&dump, &destinations, &mut report);
    failover::check(&dump, &destinations, &mut report);
    buffers::check(&dump, release, &mut report);
    machines::check(&dump, stats.as_ref(), &mut report);
    report
}

fn title(answers: &Answers, dump: &Dump<'_>) -> String {
    let istio = dump.istio.map(|version| format!(", Istio {version}")).unwrap_or_default();
    format!("Envoy {}{istio}", answers.version().unwrap_or("of unknown version"))
}

fn instances(dump: &Dump<'_>, report: &mut Report) {
    let mut note = |place: String, filter: &Filter<'_>| {
        if let Some(instance) = &filter.instance {
            report.instances.push(Seen {
                place,
                filter: filter.title(),
                role: instance.role.name(),
                hold: instance.hold(),
                policy: instance.policy.as_ref().map(|policy| policy.version().to_owned()),
                discovered: filter.by_discovery,
            });
        }
    };
    for chain in &dump.chains {
        chain.filters.iter().for_each(|filter| note(chain.place.clone(), filter));
    }
    for (name, cluster) in &dump.clusters {
        cluster.filters.iter().for_each(|filter| note(format!("cluster `{name}`"), filter));
    }
}

fn versions(release: Option<Release>, report: &mut Report) {
    match release {
        None => report.cannot_see("Envoy's version, and so what depends on it"),
        Some(release) if release < OLDEST => {
            report.cannot_see("whether Pointsman works with this Envoy: the oldest it is tested with is 1.36");
        }
        Some(_) => {}
    }
}

/// A disabled instance runs only where a route turns it on, as Envoy Gateway does it.
fn disabled(dump: &Dump<'_>, report: &mut Report) {
    for chain in &dump.chains {
        for filter in chain.filters.iter().filter(|filter| filter.disabled && filter.instance.is_some()) {
            report.cannot_see(format!(
                "{}: which requests pass `{}`: it is disabled unless a route's typed_per_filter_config turns it on",
                chain.place,
                filter.title()
            ));
        }
    }
}
