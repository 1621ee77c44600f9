//! Whether the module's instances are where they must be in a chain of HTTP filters.

use super::machines::{self, Running};
use crate::doctor::read::answers::Release;
use crate::doctor::read::dump::{Chain, Dump};
use crate::doctor::read::filter::Filter;
use crate::doctor::read::instance::Instance;
use crate::doctor::report::{Finding, Report, names};
use pointsman_engine::config::Role;

/// The first Envoy that knows `allow_on_headers_stop_iteration`.
const FLAG: Release = Release(1, 35);

pub(super) fn check(dump: &Dump<'_>, release: Option<Release>, running: &Running<'_>, report: &mut Report) {
    let ours = |filter: &Filter<'_>| filter.instance.is_some();
    let in_clusters = || dump.clusters.values().flat_map(|cluster| &cluster.filters);
    if !dump.chains.iter().flat_map(|chain| &chain.filters).any(ours) {
        // A plugin that was not downloaded, or has not come, has a finding of its own.
        if !dump.chains.iter().any(is_incomplete) {
            report.find(not_installed(in_clusters().any(ours)));
        }
    } else {
        report.family("router and gate stand where they must, with what they need", |report| {
            dump.chains.iter().filter(|chain| !is_incomplete(chain)).for_each(|chain| in_chain(chain, release, report));
            machines::modules(dump, running, report);
        });
    }
    for (name, cluster) in &dump.clusters {
        for filter in cluster.filters.iter().filter(|filter| filter.is(Role::Router) || filter.is(Role::Gate)) {
            report.find(behind_envoys_router(name, filter));
        }
    }
}

/// Whether a chain has a filter that nobody can judge yet.
pub(super) fn is_incomplete(chain: &Chain<'_>) -> bool {
    chain.filters.iter().any(|filter| filter.typed.is_none() || filter.substitute().is_some())
}

fn not_installed(upstream_only: bool) -> Finding {
    Finding {
        code: "not-installed",
        places: vec!["all listeners".into()],
        symptom: "LLM calls are not routed: every request takes the route it would take anyway".into(),
        cause: if upstream_only {
            "only clusters have an instance of the module (`role: upstream`); no listener's HTTP filters have a \
                `role: router`"
                .into()
        } else {
            "no listener's HTTP filters have an instance of the module".into()
        },
        remedy: "put `role: router` in front of envoy.filters.http.router; with a WasmPlugin, check its namespace, \
            its selector or targetRefs, its `match`, and that this is the proxy it is meant for"
            .into(),
    }
}

fn behind_envoys_router(cluster: &str, filter: &Filter<'_>) -> Finding {
    Finding {
        code: "behind-envoys-router",
        places: vec![format!("cluster `{cluster}`, filter `{}`", filter.title())],
        symptom: "the model in the body changes, but the request stays on the cluster that it was on".into(),
        cause: "`role: router` or `role: gate` stands among the upstream filters of a cluster".into(),
        remedy: "put it among the listener's HTTP filters, in front of envoy.filters.http.router; clusters take \
            `role: upstream`"
            .into(),
    }
}

fn in_chain(chain: &Chain<'_>, release: Option<Release>, report: &mut Report) {
    let of = |role: Role| {
        let all = chain.filters.iter().enumerate();
        all.filter(move |(_, filter)| filter.is(role)).collect::<Vec<_>>()
    };
    let (routers, gates) = (of(Role::Router), of(Role::Gate));
    let place = |filter: &Filter<'_>| format!("{}, filter `{}`", chain.place, filter.title());
    for (_, filter) in of(Role::Upstream) {
        report.find(Finding {
            code: "upstream-in-listener",
            places: vec![place(filter)],
            symptom: "every request is answered with a 500 `installation` that says there is no plan for this attempt"
                .into(),
            cause: "`role: upstream` stands among a listener's HTTP filters, where there is no attempt".into(),
            remedy: "move it into the cluster's HttpProtocolOptions.http_filters, in front of \
                envoy.filters.http.upstream_codec"
                .into(),
        });
    }
    for (_, filter) in routers.iter().chain(&gates) {
        if filter.typed.is_some_and(|typed| typed.conditional) {
            report.cannot_see(format!("{}: for which requests its matcher lets `{}` run", chain.place, filter.title()));
        }
    }
    match (routers.as_slice(), gates.as_slice()) {
        ([], []) => {}
        ([], [(_, gate), ..]) => report.find(Finding {
            code: "gate-without-router",
            places: vec![place(gate)],
            symptom: "LLM calls are not routed: every request takes the route it would take anyway".into(),
            cause: "there is a `role: gate`, and no `role: router` in front of it".into(),
            remedy: "install both instances on the same listeners: the router, and right behind it the gate".into(),
        }),
        ([(at, router)], gates) => {
            if let Some(instance) = &router.instance {
                let gates: Vec<usize> = gates.iter().map(|(at, _)| *at).collect();
                if instance.gated {
                    gated(chain, *at, &gates, place(router), report);
                } else {
                    stopping(instance, release, &gates, place(router), report);
                }
            }
        }
        (several, _) => report.find(Finding {
            code: "two-routers",
            places: vec![chain.place.clone()],
            symptom:
                "LLM calls are answered with a 404 for a model that nobody asked for, or decided by the wrong rule: \
                the second router reads the model that the first one wrote"
                    .into(),
            cause: format!(
                "{} routers in one chain: {}",
                several.len(),
                names(several.iter().map(|(_, filter)| filter.name))
            ),
            remedy: "leave one of them; in Istio, do not attach both a WasmPlugin and an EnvoyFilter, nor one in \
                the root namespace and one in the workload's"
                .into(),
        }),
    }
}

fn stopping(instance: &Instance<'_>, release: Option<Release>, gates: &[usize], place: String, report: &mut Report) {
    if release.is_some_and(|release| release < FLAG) {
        report.find(Finding {
            code: "envoy-too-old",
            places: vec![place.clone()],
            symptom: "LLM calls are answered with a 500 `installation`".into(),
            cause: "`hold: stop` needs Envoy 1.35 or newer".into(),
            remedy: "update the proxy, or use `hold: gate`".into(),
        });
    } else if !instance.flag {
        report.find(Finding {
            code: "flag-missing",
            places: vec![place.clone()],
            symptom: "LLM calls are answered with a 500 `installation` that names allow_on_headers_stop_iteration"
                .into(),
            cause: "`hold: stop`, and the filter has no `allow_on_headers_stop_iteration: true`".into(),
            remedy: "set the field in the filter's PluginConfig; where that cannot be done, as in a WasmPlugin or \
                EnvoyExtensionPolicy, use `hold: gate` and a second instance with `role: gate`"
                .into(),
        });
    }
    if !gates.is_empty() {
        report.find(Finding {
            code: "gate-unused",
            places: vec![place],
            symptom: "none, but each request pays for an instance that does nothing".into(),
            cause: "there is a `role: gate` in the chain, and the router says `hold: stop`".into(),
            remedy: "set `hold: gate` in the router's configuration, or remove the gate".into(),
        });
    }
}

fn gated(chain: &Chain<'_>, router: usize, gates: &[usize], place: String, report: &mut Report) {
    let wrong = |code, cause: String, remedy: &str| Finding {
        code,
        places: vec![place.clone()],
        symptom: "LLM calls are answered with a 500 `installation` that names the gate".into(),
        cause,
        remedy: remedy.into(),
    };
    let Some(gate) = gates.iter().copied().find(|gate| *gate > router) else {
        report.find(if gates.is_empty() {
            let cause = "`hold: gate`, and no `role: gate` in the same chain";
            wrong(
                "gate-missing",
                cause.into(),
                "install the second instance on the same listener, right behind \
                the router: same selector and `match`, lower priority",
            )
        } else {
            let cause = "the gate stands in front of the router";
            wrong(
                "gate-first",
                cause.into(),
                "change the order; of two WasmPlugins in one phase the one with the \
                higher priority comes first, so give the router the higher one",
            )
        });
        return;
    };
    if gates.len() > 1 {
        report.find(Finding {
            code: "two-gates",
            places: vec![place.clone()],
            symptom: "none, but each request pays for an instance that does nothing".into(),
            cause: format!("{} gates in one chain", gates.len()),
            remedy: "leave the one right behind the router".into(),
        });
    }
    let between = chain.filters.get(router + 1..gate).unwrap_or_default().iter();
    let between: Vec<_> = between.filter(|filter| !filter.disabled).map(|filter| filter.name).collect();
    if !between.is_empty() {
        report.find(Finding {
            code: "filter-between",
            places: vec![place],
            symptom:
                "the filter sees LLM calls that are not decided yet: no cluster is chosen, and the body is still the \
                client's"
                    .into(),
            cause: format!("between router and gate: {}", names(between)),
            remedy: "let the gate come right behind the router; with WasmPlugins, the same phase and neighbouring \
                priorities"
                .into(),
        });
    }
}

/// A disabled instance runs only where a route turns it on, as Envoy Gateway does it.
pub(super) fn disabled(dump: &Dump<'_>, report: &mut Report) {
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
