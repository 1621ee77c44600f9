//! Whether a body that the policy lets through fits into what Envoy holds.

use super::routes;
use crate::doctor::read::answers::Release;
use crate::doctor::read::dump::{Chain, Dump, Routes};
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report};
use serde_json::Value;

/// Envoy's default for `initial_stream_window_size`, since before 1.36.
const STREAM_WINDOW: u64 = 16 << 20;

/// What Istio's connection settings give a gateway with the profile EDGE.
const EDGE: u64 = 32 << 10;

/// Since this release a body that a filter has held counts once, and not twice, against the limit of a retry.
const COUNTS_ONCE: Release = Release(1, 38);

/// Since this release a route's own limit is there before the filters run.
const ROUTE_LIMIT: Release = Release(1, 37);

pub(super) fn check(dump: &Dump<'_>, release: Option<Release>, report: &mut Report) {
    let with_policy = || dump.chains.iter().filter_map(|chain| Some((chain, largest_body(chain)?)));
    if with_policy().next().is_none() {
        return;
    }
    report.family("bodies up to `limits.maxBodyBytes` fit into Envoy's buffers", |report| {
        for (chain, body) in with_policy() {
            connection(chain, body, release, report);
            stream(chain, body, report);
        }
    });
}

fn largest_body(chain: &Chain<'_>) -> Option<u64> {
    let policies = chain.filters.iter().filter_map(|filter| filter.instance.as_ref()?.policy.as_ref());
    policies.map(|policy| policy.max_body_bytes()).max()
}

fn connection(chain: &Chain<'_>, body: u64, release: Option<Release>, report: &mut Report) {
    let limit = chain.buffer_limit;
    if limit == 0 || raised_by_routes(chain, body, release) {
        return;
    }
    if limit <= body {
        let edge = if limit == EDGE { "; 32 KiB is what Istio 1.31 and newer set with the profile EDGE" } else { "" };
        report.find(Finding {
            code: "buffer-too-small",
            places: vec![chain.place.clone()],
            symptom: format!(
                "bodies beyond {limit} bytes can be answered with a 413 in plain text, though the \
                policy lets them through"
            ),
            cause: format!("per_connection_buffer_limit_bytes is {limit}, `limits.maxBodyBytes` is {body}{edge}"),
            remedy: format!(
                "set the listener's per_connection_buffer_limit_bytes above {body} (Istio 1.31 and \
                newer: listenerPerConnectionBufferLimitBytes in the connection settings; older: an EnvoyFilter), \
                or lower `limits.maxBodyBytes`"
            ),
        });
    } else if limit <= 2 * body && release.is_some_and(|release| release < COUNTS_ONCE) && retries(chain) {
        report.find(Finding {
            code: "buffer-too-small-for-retries",
            places: vec![chain.place.clone()],
            symptom: format!("bodies beyond {} bytes are not tried again: no retry, no failover", limit / 2),
            cause: format!(
                "before Envoy 1.38 a held body counts twice: per_connection_buffer_limit_bytes is \
                {limit}, less than twice `limits.maxBodyBytes` ({body})"
            ),
            remedy: format!(
                "set the listener's per_connection_buffer_limit_bytes above {}, or lower \
                `limits.maxBodyBytes`, or update Envoy",
                2 * body
            ),
        });
    }
}

fn stream(chain: &Chain<'_>, body: u64, report: &mut Report) {
    if chain.manager.text("/codec_type") == "HTTP1" {
        return;
    }
    let window = chain.manager.number("/http2_protocol_options/initial_stream_window_size");
    let size = window.unwrap_or(STREAM_WINDOW);
    if size <= body {
        let default = if window.is_some() { "" } else { " (the default)" };
        report.find(Finding {
            code: "http2-window-too-small",
            places: vec![chain.place.clone()],
            symptom: format!(
                "bodies beyond {size} bytes that come over HTTP/2 can be answered with a 413 in plain \
                text, though the policy lets them through"
            ),
            cause: format!(
                "http2_protocol_options.initial_stream_window_size is {size}{default}, \
                `limits.maxBodyBytes` is {body}"
            ),
            remedy: format!(
                "set initial_stream_window_size above {body} and initial_connection_window_size above \
                that (Istio: an EnvoyFilter on the HTTP connection manager), or lower `limits.maxBodyBytes`"
            ),
        });
    }
    if chain.manager.text("/codec_type") == "HTTP3" {
        report.cannot_see(format!("{}: how much of a body HTTP/3 holds", chain.place));
    }
}

fn table<'a>(chain: &Chain<'a>) -> Option<&'a Value> {
    match chain.routes {
        Routes::Table(table) => Some(table),
        Routes::Missing(_) | Routes::Scoped => None,
    }
}

/// Whether every route has a limit of its own that is large enough.
fn raised_by_routes(chain: &Chain<'_>, body: u64, release: Option<Release>) -> bool {
    let Some(table) = table(chain).filter(|_| release.is_some_and(|release| release >= ROUTE_LIMIT)) else {
        return false;
    };
    let limit = |value: &Value| value.number("/request_body_buffer_limit").map(|limit| limit > body);
    let hosts = table.items("/virtual_hosts");
    !hosts.is_empty()
        && hosts
            .iter()
            .all(|host| host.items("/routes").iter().all(|route| limit(route).or_else(|| limit(host)).unwrap_or(false)))
}

/// Whether a request that Pointsman routes can be tried again.
fn retries(chain: &Chain<'_>) -> bool {
    let hosts = table(chain).map(|table| table.items("/virtual_hosts")).unwrap_or_default();
    hosts.iter().any(|host| {
        let steered = |route: &&Value| routes::is_steered(route);
        let tries = |route: &Value| route.pointer("/route/retry_policy").or_else(|| host.get("retry_policy")).is_some();
        host.items("/routes").iter().filter(steered).any(tries)
    })
}
