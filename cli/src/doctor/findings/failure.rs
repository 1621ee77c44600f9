//! What happens when the module fails: a trap must neither stop a worker for good nor let requests through unrouted.

use crate::doctor::read::dump::Dump;
use crate::doctor::read::instance::OnTrap;
use crate::doctor::report::{Finding, Report};

pub(super) fn check(dump: &Dump<'_>, report: &mut Report) {
    let listeners =
        dump.chains.iter().flat_map(|chain| chain.filters.iter().map(|filter| (chain.place.clone(), filter)));
    let clusters = dump.clusters.iter();
    let clusters =
        clusters.flat_map(|(name, cluster)| cluster.filters.iter().map(move |f| (format!("cluster `{name}`"), f)));
    let all: Vec<_> = listeners.chain(clusters).filter(|(_, filter)| filter.instance.is_some()).collect();
    if all.is_empty() {
        return;
    }
    report.family("a module that fails is loaded anew (FAIL_RELOAD)", |report| {
        for (place, filter) in all {
            let Some(instance) = &filter.instance else { continue };
            let place = format!("{place}, filter `{}`", filter.title());
            match instance.on_trap {
                OnTrap::Reload => {}
                OnTrap::Open => report.find(Finding {
                    code: "fail-open",
                    places: vec![place],
                    symptom: "after a failure of the module, LLM calls pass unrouted and unrefused, until the \
                        configuration changes"
                        .into(),
                    cause: "the failure policy is FAIL_OPEN".into(),
                    remedy: "set `failure_policy: FAIL_RELOAD` (WasmPlugin: `failStrategy: FAIL_RELOAD`, Istio \
                        1.27 or newer; without it FAIL_CLOSE)"
                        .into(),
                }),
                OnTrap::Closed => {
                    report.find(Finding {
                        code: "fail-closed",
                        places: vec![place],
                        symptom: "after a failure of the module, a worker answers every request with 503, until \
                            the configuration changes"
                            .into(),
                        cause: "the failure policy is FAIL_CLOSED, or not set, which is the same".into(),
                        remedy: "set `failure_policy: FAIL_RELOAD` (WasmPlugin: `failStrategy: FAIL_RELOAD`, Istio \
                            1.27 or newer); Envoy Gateway cannot set it: there, restart a proxy that answers 503"
                            .into(),
                    });
                    report.cannot_see("whether a worker's machine has failed: Envoy counts that only with FAIL_RELOAD");
                }
            }
        }
    });
}
