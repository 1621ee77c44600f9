//! Whom Envoy believes: headers by which clients steer its retries and timeouts, and the address that they write.

use crate::doctor::read::dump::Dump;
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report};
use pointsman_engine::config::Role;
use serde_json::Value;

/// Addresses that nobody has whom a connection comes from.
const NOBODY: [(&str, u64); 2] = [("0.0.0.0", 32), ("::", 128)];

pub(super) fn check(dump: &Dump<'_>, report: &mut Report) {
    let is_router = |role: Role| role == Role::Router;
    let mut chains = dump
        .chains
        .iter()
        .filter(|chain| chain.filters.iter().any(|f| f.instance.as_ref().is_some_and(|i| is_router(i.role))))
        .peekable();
    if chains.peek().is_none() {
        return;
    }
    report.family("no client counts as internal, so none says how often Envoy tries", |report| {
        for chain in chains {
            let Some(cause) = trusted(chain.manager) else { continue };
            report.find(Finding {
                code: "clients-internal",
                places: vec![chain.place.clone()],
                symptom: "clients may tell Envoy's other filters and the servers behind it how to retry, time out and \
                    trace (`x-envoy-…`); from what it lets through, Pointsman takes only what steers this Envoy"
                    .into(),
                cause,
                remedy: "leave `internal_address_config` out, or set it to an address that nobody has \
                    (`cidr_ranges: [{ address_prefix: 0.0.0.0, prefix_len: 32 }]`) with `use_remote_address: true`"
                    .into(),
            });
        }
    });
}

/// Why some client can count as internal.
fn trusted(manager: &Value) -> Option<String> {
    let config = manager.get("internal_address_config")?;
    let ranges = config.items("/cidr_ranges");
    let who = match ranges {
        [] => "has no ranges, which Envoy reads as all private networks".to_owned(),
        ranges => format!("trusts {}", ranges.iter().map(range).collect::<Vec<_>>().join(", ")),
    };
    if !manager.is_set("/use_remote_address") {
        return Some(format!(
            "`internal_address_config` {who}, and without `use_remote_address` the address is what the client writes \
            into `x-forwarded-for`"
        ));
    }
    let is_nobody =
        |range: &Value| NOBODY.contains(&(range.text("/address_prefix"), range.number("/prefix_len").unwrap_or(0)));
    let all_nobody = !ranges.is_empty() && ranges.iter().all(is_nobody);
    (!all_nobody).then(|| format!("`internal_address_config` {who}"))
}

fn range(range: &Value) -> String {
    format!("{}/{}", range.text("/address_prefix"), range.number("/prefix_len").unwrap_or(0))
}
