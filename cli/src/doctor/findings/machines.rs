//! The virtual machines that run the module.
//!
//! Before Envoy 1.39 the statistics of all machines stand below a cluster's name when one of its filters came first.

use crate::doctor::read::answers::Stats;
use crate::doctor::read::dump::Dump;
use crate::doctor::read::instance::Instance;
use crate::doctor::report::{Finding, Report};
use std::collections::BTreeSet;

pub(super) fn check(dump: &Dump<'_>, stats: Option<&Stats<'_>>, report: &mut Report) {
    let plugins = plugins(dump);
    if plugins.is_empty() {
        return;
    }
    let Some(stats) = stats.filter(|stats| stats.has_below("wasm.")) else {
        report.cannot_see("the virtual machines: Envoy does not show its `wasm.` statistics");
        return;
    };
    report.family("no virtual machine has failed, as far as Envoy counts it", |report| {
        plugins.iter().for_each(|plugin| reloads(plugin, stats, report));
        downloads(stats, report);
        none_left(stats, report);
    });
}

fn plugins<'a>(dump: &'a Dump<'_>) -> BTreeSet<&'a str> {
    let listeners = dump.chains.iter().flat_map(|chain| &chain.filters);
    let filters = listeners.chain(dump.clusters.values().flat_map(|cluster| &cluster.filters));
    filters.filter_map(|filter| filter.instance.as_ref()).map(|Instance { plugin, .. }| *plugin).collect()
}

fn reloads(plugin: &str, stats: &Stats<'_>, report: &mut Report) {
    let count = |name: &str| stats.sum(&format!("wasm.{plugin}.{name}"));
    let (tried, failed, waited) = (count("vm_reload"), count("vm_reload_failure"), count("vm_reload_backoff"));
    if tried + failed + waited > 0 {
        report.find(Finding {
            code: "machine-failed",
            places: vec![format!("plugin `{plugin}`")],
            symptom: "some requests were answered with a 503 `wasm_fail_stream`".into(),
            cause: format!(
                "the module's virtual machine has failed since Envoy started: loaded anew {tried} \
                times, {failed} of them in vain, {waited} requests met the pause before the next try"
            ),
            remedy: "look for `wasm` in Envoy's log and report the trap with its stack: it is a defect of the \
                module; the counters go back to zero with `POST /reset_counters`"
                .into(),
        });
    }
}

fn none_left(stats: &Stats<'_>, report: &mut Report) {
    // The gauge is not there before the first machine.
    if stats.sum("wasm.envoy.wasm.runtime.v8.active") == 0 {
        report.find(Finding {
            code: "no-machine",
            places: vec!["this Envoy".into()],
            symptom:
                "every request through the module's filter is answered with a 503, or passes unrouted with FAIL_OPEN"
                    .into(),
            cause: "no virtual machine runs (`wasm.envoy.wasm.runtime.v8.active` is 0 or missing)".into(),
            remedy: "look for `wasm` in Envoy's log: the module could not be read, downloaded or started".into(),
        });
    }
}

fn downloads(stats: &Stats<'_>, report: &mut Report) {
    let count = |name: &str| stats.sum(&format!("wasm.{name}"));
    let failures = count("remote_load_fetch_failures");
    if failures > 0 {
        let done = count("remote_load_fetch_successes");
        report.find(Finding {
            code: "download-failed",
            places: vec!["this Envoy".into()],
            symptom: if done > 0 {
                "the module came late, or an update of it has not come"
            } else {
                "listeners \
                with the module do not serve, or answer with a 503"
            }
            .into(),
            cause: format!("Envoy could not download a module {failures} times (done {done} times)"),
            remedy: "check `vm_config.code.remote`: its cluster, its URI, its sha256, and whether the server can \
                be reached from this proxy; the counters go back to zero with `POST /reset_counters`"
                .into(),
        });
    }
}
