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
    let failures = |report: &mut Report| {
        plugins.iter().for_each(|plugin| reloads(plugin, stats, report));
        none_left(stats, report);
    };
    // Said with the order of the filters: a machine whose module has not come is not fine either.
    if has_all_modules(stats) {
        report.family("no virtual machine has failed, as far as Envoy counts it", failures);
    } else {
        failures(report);
    }
}

fn instances<'a>(dump: &'a Dump<'_>) -> impl Iterator<Item = &'a Instance<'a>> {
    let listeners = dump.chains.iter().flat_map(|chain| &chain.filters);
    let filters = listeners.chain(dump.clusters.values().flat_map(|cluster| &cluster.filters));
    filters.filter_map(|filter| filter.instance.as_ref())
}

fn plugins<'a>(dump: &'a Dump<'_>) -> BTreeSet<&'a str> {
    instances(dump).map(|instance| instance.plugin).collect()
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

/// Downloads as Envoy counts them: those begun or refused, done, and failed.
fn counts(stats: &Stats<'_>) -> [u64; 3] {
    ["cache_misses", "fetch_successes", "fetch_failures"].map(|name| stats.sum(&format!("wasm.remote_load_{name}")))
}

fn has_all_modules(stats: &Stats<'_>) -> bool {
    let [asked, done, failed] = counts(stats);
    failed == 0 && asked <= done
}

/// Whether the modules that filters need have come: a filter without one stands in its chain and answers with a 503.
pub(super) fn downloads(dump: &Dump<'_>, stats: Option<&Stats<'_>>, report: &mut Report) {
    let fetched: Vec<_> = instances(dump).filter_map(|instance| Some((instance.plugin, instance.fetched?))).collect();
    let Some(stats) = stats.filter(|stats| stats.has_below("wasm.")) else {
        if !fetched.is_empty() {
            report.cannot_see(
                "whether the modules that Envoy fetches have come: it does not show its `wasm.` statistics",
            );
        }
        return;
    };
    let [asked, done, failed] = counts(stats);
    if failed > 0 {
        report.find(not_downloaded(failed, done));
    }
    if asked > done + failed {
        report.find(in_progress(&fetched, asked - done - failed));
    }
}

/// Envoy keeps what it fetches by its SHA-256, and gives up a filter that asks for what is on its way to another one.
fn in_progress(fetched: &[(&str, &str)], lost: u64) -> Finding {
    let twice = |sha256: &str| fetched.iter().filter(|(_, other)| *other == sha256).count() > 1;
    let places: Vec<_> =
        fetched.iter().filter(|(_, sha256)| twice(sha256)).map(|(plugin, _)| format!("plugin `{plugin}`")).collect();
    Finding {
        code: "module-not-loaded",
        places: if places.is_empty() { vec!["this Envoy".into()] } else { places },
        symptom: "every request through one of these filters is answered with a 503 `wasm_fail_stream`, until its \
            configuration changes"
            .into(),
        cause: format!(
            "{lost} times a filter wanted a module that was not there yet: it is still on its way, or another filter \
            was fetching the same bytes, which Envoy's code cache then refuses to the second one for good"
        ),
        remedy: "give the gate a module of its own (`pointsman-gate.wasm`, an image of its own); look for `failed to \
            load (in progress)` in Envoy's log; the counters go back to zero with `POST /reset_counters`"
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
