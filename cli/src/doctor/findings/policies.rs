//! The policies in the dump: whether they are valid, and whether they are one.

use super::delivery;
use crate::doctor::read::answers::Stats;
use crate::doctor::read::dump::Dump;
use crate::doctor::read::filter::Filter;
use crate::doctor::report::{Finding, Report, short};
use std::collections::BTreeMap;

pub(super) fn check(dump: &Dump<'_>, stats: Option<&Stats<'_>>, report: &mut Report) {
    let filters =
        || dump.chains.iter().flat_map(|chain| chain.filters.iter().map(move |filter| (&chain.place, filter)));
    let ours = || filters().filter_map(|(place, filter)| Some((place, filter, filter.instance.as_ref()?)));
    if ours().next().is_none() {
        return;
    }
    report.family("every configuration in the dump is valid", |report| {
        for (place, filter, instance) in ours().filter(|(_, _, instance)| !instance.errors.is_empty()) {
            let place = format!("{place}, filter `{}`", filter.title());
            report.find(invalid(place, instance.errors.join("; "), was_taken(filter, dump, stats)));
        }
    });
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (place, filter, instance) in ours() {
        if let Some(policy) = &instance.policy {
            let place = format!("{place}, filter `{}`: {}", filter.title(), short(policy.version()));
            versions.entry(policy.version()).or_default().push(place);
        }
    }
    match versions.keys().next() {
        None => {}
        Some(version) if versions.len() == 1 => {
            report.fine(format!("one policy everywhere: version {version}"));
            report.cannot_see(
                "which policy each worker thread and each request under way has: Envoy shows what it \
                was given",
            );
        }
        Some(_) => report.find(Finding {
            code: "policies-differ",
            places: versions.into_values().flatten().collect(),
            symptom: "the same request is decided differently, depending on where it comes in".into(),
            cause: "instances of the module in this Envoy have different policies".into(),
            remedy: "if that is not intended, give all of them the same policy; after a push, ask again: a \
                listener may still be on its way"
                .into(),
        }),
    }
}

/// Whether Envoy runs with the configuration that it shows; `None` if nobody can tell.
fn was_taken(filter: &Filter<'_>, dump: &Dump<'_>, stats: Option<&Stats<'_>>) -> Option<bool> {
    if !filter.by_discovery {
        return Some(true);
    }
    let offered = dump.discovered.get(filter.name)?;
    let taken = delivery::version_taken(filter.name, stats?)?;
    // By delta xDS there is none to compare.
    (!offered.version.is_empty()).then(|| taken == offered.version)
}

fn invalid(place: String, errors: String, taken: Option<bool>) -> Finding {
    let symptom = match taken {
        Some(true) => "Envoy has taken it, so the module that runs reads it otherwise than this `pointsman`",
        Some(false) => "the policy before this one keeps serving, and a proxy that starts now has none",
        None => "Envoy refuses it: the policy before this one keeps serving, and a proxy that starts now has none",
    };
    let remedy = match taken {
        Some(true) => "use the `pointsman` of the same release as the module",
        _ => "correct the policy (`pointsman check` shows each line) and apply it again",
    };
    Finding {
        code: "configuration-invalid",
        places: vec![place],
        symptom: symptom.into(),
        cause: errors,
        remedy: remedy.into(),
    }
}
