//! The virtual machines that run the module.
//!
//! Before Envoy 1.39 the statistics of all machines stand below a cluster's name when one of its filters came first.

use crate::doctor::read::answers::Stats;
use crate::doctor::read::dump::Dump;
use crate::doctor::read::filter::Filter;
use crate::doctor::report::{Finding, Report};
use std::collections::BTreeSet;

/// The gauge of machines that run. It is not there before the first one.
const ACTIVE: &str = "wasm.envoy.wasm.runtime.v8.active";

pub(super) fn check(dump: &Dump<'_>, running: &Running<'_>, report: &mut Report) {
    let plugins = plugins(dump);
    if plugins.is_empty() {
        return;
    }
    let Some(stats) = running.wasm() else {
        report.cannot_see("the virtual machines: Envoy does not show its `wasm.` statistics");
        return;
    };
    let failures = |report: &mut Report| {
        plugins.iter().for_each(|plugin| reloads(plugin, stats, report));
        none_left(stats, report);
    };
    // Said with the order of the filters: a machine whose module has not come is not fine either.
    if failed_downloads(stats) == 0 && missing(dump, running).is_none() {
        report.family("no virtual machine has failed, as far as Envoy counts it", failures);
    } else {
        failures(report);
    }
}

/// What Envoy tells of itself while it runs.
#[derive(Debug)]
pub(super) struct Running<'a> {
    pub(super) stats: Option<&'a Stats<'a>>,
    pub(super) workers: Option<u64>,
}

impl<'a> Running<'a> {
    fn wasm(&self) -> Option<&'a Stats<'a>> {
        self.stats.filter(|stats| stats.has_below("wasm."))
    }
}

fn filters<'a>(dump: &'a Dump<'_>) -> impl Iterator<Item = &'a Filter<'a>> {
    let listeners = dump.chains.iter().flat_map(|chain| &chain.filters);
    listeners.chain(dump.clusters.values().flat_map(|cluster| &cluster.filters))
}

fn plugins<'a>(dump: &'a Dump<'_>) -> BTreeSet<&'a str> {
    filters(dump).filter_map(|filter| filter.instance.as_ref()).map(|instance| instance.plugin).collect()
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
    if stats.sum(ACTIVE) == 0 {
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

fn failed_downloads(stats: &Stats<'_>) -> u64 {
    stats.sum("wasm.remote_load_fetch_failures")
}

/// Whether the modules that filters need are there: a filter without one stands in its chain and answers with a 503.
pub(super) fn modules(dump: &Dump<'_>, running: &Running<'_>, report: &mut Report) {
    let Some(stats) = running.wasm() else { return };
    let failed = failed_downloads(stats);
    if failed > 0 {
        report.find(not_downloaded(failed, stats.sum("wasm.remote_load_fetch_successes")));
    }
    if let Some((active, needed)) = missing(dump, running) {
        report.find(not_loaded(active, needed));
    }
}

/// How many machines run, and how many should, if fewer run: one for each worker, one for the main thread, and the one that
/// they are copied from, for each `vm_id`, its configuration and code. Seen so in Envoys 1.36 and 1.40.
fn missing(dump: &Dump<'_>, running: &Running<'_>) -> Option<(u64, u64)> {
    let active = running.wasm()?.sum(ACTIVE);
    let kinds: BTreeSet<String> = filters(dump).filter_map(Filter::machine).collect();
    let needed = (running.workers? + 2) * kinds.len() as u64;
    (active > 0 && active < needed).then_some((active, needed))
}

fn not_loaded(active: u64, needed: u64) -> Finding {
    Finding {
        code: "module-not-loaded",
        places: vec!["this Envoy".into()],
        symptom: "every request through a filter without its module is answered with a 503 `wasm_fail_stream`, or passes \
            unrouted with FAIL_OPEN"
            .into(),
        cause: format!(
            "{active} virtual machines run, and the filters of this configuration need {needed}: a module is on its way, or \
            was not loaded"
        ),
        remedy: "ask again in a moment; then look for `failed to load` in Envoy's log. After `(in progress)`, two filters wanted \
            the same bytes at once: give the gate a module of its own (`pointsman-gate.wasm`)"
            .into(),
    }
}

fn not_downloaded(failed: u64, done: u64) -> Finding {
    Finding {
        code: "download-failed",
        places: vec!["this Envoy".into()],
        symptom: if done > 0 {
            "the module came late, or an update of it has not come"
        } else {
            "listeners with the module do not serve, or answer with a 503"
        }
        .into(),
        cause: format!("Envoy could not download a module {failed} times (done {done} times)"),
        remedy: "check `vm_config.code.remote`: its cluster, its URI, its sha256, and whether the server can \
            be reached from this proxy; the counters go back to zero with `POST /reset_counters`"
            .into(),
    }
}
