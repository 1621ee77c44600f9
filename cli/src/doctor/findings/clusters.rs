//! Whether the clusters that requests are sent to are there, and have hosts.

use super::routes::Destinations;
use crate::doctor::read::dump::{Cluster, Dump};
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report, names};
use serde_json::Value;

pub(super) fn check(dump: &Dump<'_>, destinations: &Destinations, report: &mut Report) {
    if destinations.is_empty() {
        return;
    }
    report.family("every cluster that routes lead to is there, with hosts that may be used", |report| {
        for (name, values) in destinations {
            // Only say who needs it where that is not plain.
            let needed = if values.len() == 1 && values.contains(name) {
                String::new()
            } else {
                format!(", for {}", names(values.iter().map(String::as_str)))
            };
            one(dump, name, &needed, report);
        }
    });
}

fn one(dump: &Dump<'_>, name: &str, needed: &str, report: &mut Report) {
    let place = format!("cluster `{name}`{needed}");
    let Some(cluster) = dump.clusters.get(name) else {
        report.find(Finding {
            code: "cluster-missing",
            places: vec![place],
            symptom: "calls that are meant for it get a 503 `no healthy upstream` or `cluster_not_found` (response \
                flag NC)"
                .into(),
            cause: "Envoy has no cluster of that name".into(),
            remedy: "check `models[].cluster` against the names in /clusters; Istio's are \
                `outbound|PORT|SUBSET|HOST`, and a sidecar has only what its Sidecar resource lets it see"
                .into(),
        });
        return;
    };
    if cluster.warming {
        report.find(Finding {
            code: "cluster-warming",
            places: vec![place],
            symptom: "calls that are meant for it get a 503".into(),
            cause: "Envoy still waits for the cluster's endpoints, its DNS or its secrets".into(),
            remedy: "look at the control plane, at the name the cluster resolves, and at /certs".into(),
        });
        return;
    }
    let parts = parts(cluster);
    if parts.is_empty() {
        hosts(cluster, place, report);
        return;
    }
    for part in parts {
        match dump.clusters.get(part) {
            Some(cluster) => hosts(cluster, format!("cluster `{part}`"), report),
            // Many chains can have it, and it is the one cause of what is wrong with all of them.
            None => report.find(Finding {
                code: "cluster-missing",
                places: vec![format!("cluster `{part}`, a part of others")],
                symptom: "failover skips a provider, or ends with a 503".into(),
                cause: "chains are made of it, and Envoy has no cluster of that name".into(),
                remedy: "render the clusters and the policy together, and apply both".into(),
            }),
        }
    }
}

/// The clusters that an aggregate or composite cluster is made of.
pub(super) fn parts<'a>(cluster: &Cluster<'a>) -> Vec<&'a str> {
    let Some(config) = cluster.config.pointer("/cluster_type/typed_config") else { return Vec::new() };
    let names = config.items("/clusters").iter();
    names.filter_map(|part| part.as_str().or_else(|| part.get("name").and_then(Value::as_str))).collect()
}

fn hosts(cluster: &Cluster<'_>, place: String, report: &mut Report) {
    let cause = match cluster.hosts {
        None => {
            report.cannot_see(format!("{place}: its hosts, which are not in the dump"));
            return;
        }
        Some((_, 1..)) => return,
        Some((0, _)) => "it has no endpoints".to_owned(),
        Some((all, 0)) => format!("all of its {all} endpoints are unhealthy, by health checks or the control plane"),
    };
    report.find(Finding {
        code: "cluster-without-hosts",
        places: vec![place],
        symptom: "calls that are meant for it get a 503 `no healthy upstream` (response flag UH)".into(),
        cause,
        remedy: "check the address that the cluster resolves or discovers (/clusters), and its health checks".into(),
    });
}
