//! Whether what the control plane sent has arrived, and was taken.

use crate::doctor::read::answers::Stats;
use crate::doctor::read::dump::Dump;
use crate::doctor::read::filter::{Filter, title};
use crate::doctor::report::{Finding, Report};

/// Reasons are shown up to here: some carry a whole configuration.
const REASON: usize = 600;

pub(super) fn check(dump: &Dump<'_>, stats: Option<&Stats<'_>>, report: &mut Report) {
    report.family("Envoy has refused none of the listeners, clusters and routes in its dump", |report| {
        for refused in &dump.refused {
            report.find(Finding {
                code: "update-refused",
                places: vec![format!("`{}`", title(refused.name))],
                symptom: "a change has no effect: Envoy goes on with what it had, or without this resource".into(),
                cause: refused.why.chars().take(REASON).collect(),
                remedy: "correct what the control plane sends; Envoy takes the next update by itself".into(),
            });
        }
        for (what, count) in stats.into_iter().flat_map(refusals) {
            // With its reason, a listener stands above.
            if what == LISTENERS && !dump.refused.is_empty() {
                continue;
            }
            report.find(refused(what, count));
        }
    });
    let discovered =
        dump.chains.iter().flat_map(|chain| chain.filters.iter().map(move |filter| (&chain.place, filter)));
    let discovered: Vec<_> = discovered.filter(|(_, filter)| filter.by_discovery).collect();
    let ours =
        |filter: &Filter<'_>| filter.instance.is_some() || filter.typed.is_none() || filter.substitute().is_some();
    if !discovered.iter().any(|(_, filter)| ours(filter)) {
        return;
    }
    report.family("filter configurations that are discovered have arrived", |report| {
        for (place, filter) in discovered.into_iter().filter(|(_, filter)| ours(filter)) {
            let place = format!("{place}, filter `{}`", filter.title());
            if let Some(prefix) = filter.substitute() {
                report.find(not_downloaded(place, prefix));
            } else if filter.typed.is_none() {
                report.find(not_there(place));
            } else {
                pushed(filter, place, dump, stats, report);
            }
        }
    });
}

const LISTENERS: &str = "the listeners (LDS)";

/// What Envoy has refused since its counters began, of what it keeps no reason for.
fn refusals(stats: &Stats<'_>) -> Vec<(String, u64)> {
    let name = |scope: &str| match scope.rsplit_once(".rds.") {
        _ if scope.ends_with("cluster_manager.cds") => Some("the clusters (CDS)".to_owned()),
        _ if scope.ends_with("listener_manager.lds") => Some(LISTENERS.to_owned()),
        Some((_, table)) => Some(format!("the route table `{table}` (RDS)")),
        None => None,
    };
    stats.counted(".update_rejected").filter_map(|(scope, count)| Some((name(scope)?, count))).collect()
}

fn refused(what: String, count: u64) -> Finding {
    Finding {
        code: "update-refused",
        places: vec![what],
        symptom: "a change has no effect: Envoy goes on with what it had".into(),
        cause: format!(
            "Envoy has refused {count} of the updates since it started or its counters were reset; it does not keep the \
            reason, and does not tell whether a later one was right"
        ),
        remedy:
            "look for `rejected` and `update failed` in Envoy's log, correct what it names and send it again; once \
            it has been taken, `POST /reset_counters` makes this finding go away"
                .into(),
    }
}

fn not_downloaded(place: String, prefix: &str) -> Finding {
    let open = prefix.ends_with("allow");
    Finding {
        code: "module-not-downloaded",
        places: vec![place],
        symptom: if open {
            "LLM calls are not routed: every request takes the route it would take anyway"
        } else {
            "every request on this listener is answered with 403 `RBAC: access denied`"
        }
        .into(),
        cause: format!(
            "istio-agent could not download the module and put a filter in its place that {} everything \
            (`{prefix}`)",
            if open { "allows" } else { "denies" }
        ),
        remedy: "look for `wasm` in the log of the proxy's container; check url, sha256, imagePullSecret (in the \
            plugin's namespace) and whether the registry can be reached from the pod"
            .into(),
    }
}

fn not_there(place: String) -> Finding {
    Finding {
        code: "configuration-missing",
        places: vec![place],
        symptom: "the listener does not serve, or answers with a 500: it waits for the filter's configuration".into(),
        cause: "the filter's configuration has not come by extension config discovery, or the first one was \
            refused"
            .into(),
        remedy: "look for the filter's name in Envoy's log and the control plane's; check that both have the same name, \
            the policy with `pointsman check`, and, with an EnvoyFilter of Istio's, that the proxy can download the module"
            .into(),
    }
}

fn pushed(filter: &Filter<'_>, place: String, dump: &Dump<'_>, stats: Option<&Stats<'_>>, report: &mut Report) {
    let known = stats.and_then(|stats| Some((stats, version_taken(filter.name, stats)?)));
    let (Some((stats, taken)), Some(offered)) = (known, dump.discovered.get(filter.name)) else {
        report.cannot_see(format!(
            "whether the configuration of `{}` in the dump is the one that serves: Envoy does not show its \
                `extension_config_discovery.` statistics",
            filter.title()
        ));
        return;
    };
    let refused = stats.number(&stat(filter.name, "update_rejected")).unwrap_or_default();
    // By delta xDS, which istio-agent speaks, the dump has no version that could be compared.
    if offered.version.is_empty() && refused > 0 {
        report.cannot_see(format!(
            "whether the latest configuration of `{}` serves: {refused} updates were refused since Envoy started or its \
                counters were reset, and the dump has no versions that tell which",
            filter.title()
        ));
        return;
    }
    if !offered.version.is_empty() && taken != offered.version {
        report.find(Finding {
            code: "push-refused",
            places: vec![place],
            symptom: "a new policy has no effect: the one before keeps serving, and a proxy that starts now has \
                none"
                .into(),
            cause: format!(
                "Envoy was offered version `{}` of the filter's configuration and serves `{taken}`; the \
                dump shows what it was offered",
                offered.version
            ),
            remedy: "look for `configuration rejected` in Envoy's log, correct the policy (`pointsman check`) and \
                push again"
                .into(),
        });
        return;
    }
    report.fine(format!("`{}`: the latest configuration serves", filter.title()));
    if refused > 0 {
        report.fine(format!("`{}`: {refused} earlier updates were refused, the latest was taken", filter.title()));
    }
}

/// The version of a filter's configuration that Envoy has taken.
pub(super) fn version_taken<'a>(filter: &str, stats: &Stats<'a>) -> Option<&'a str> {
    stats.text(&stat(filter, "version_text"))
}

fn stat(filter: &str, name: &str) -> String {
    format!("extension_config_discovery.http_filter.{filter}.{name}")
}
