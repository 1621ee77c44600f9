//! Looks at a running Envoy from its admin interface and says what is wrong with the installation.
//!
//! Reading (`read/`) knows nothing of judging (`findings/`, one file per family), which knows only its values. What cannot
//! be seen from there is said to be unseen, never to be fine.

mod findings;
pub(crate) mod read;
mod report;

#[cfg(test)]
mod tests;

use pointsman_document::Named;
use read::answers::{Answers, Release};
use read::dump::Dump;
use read::filter::Filter;
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
    findings::check(&dump, release, stats.as_ref(), answers.workers(), &mut report);
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
