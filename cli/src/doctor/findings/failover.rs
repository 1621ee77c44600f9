//! Whether a chain of models can be walked: retries on its route, `role: upstream` on its cluster and on no other, a
//! route for each mirror.

use super::clusters::parts;
use super::routes::{self, Destinations};
use crate::doctor::read::dump::{Chain, Cluster, Dump, Routes};
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report};
use pointsman_engine::Policy;
use pointsman_engine::config::Role;
use pointsman_engine::names::{CHAIN_PREFIX, MIRROR_HEADER, chain_cluster, mirror_cluster};
use pointsman_engine::policy::Model;
use serde_json::Value;

pub(super) fn check(dump: &Dump<'_>, destinations: &Destinations, report: &mut Report) {
    for (name, values) in destinations {
        if values.iter().any(|value| !value.starts_with(CHAIN_PREFIX))
            && dump.clusters.get(name.as_str()).is_some_and(has_upstream)
        {
            report.find(not_for_attempts(name));
        }
    }
    for name in destinations.keys().filter(|name| name.trim_start_matches("own-key:").starts_with("try:")) {
        if let Some(cluster) = dump.clusters.get(name.as_str()) {
            attempts(dump, name, cluster, report);
        }
    }
    let chains = || dump.chains.iter().filter_map(|chain| Some((chain, routes::policy(chain)?)));
    let wanted = |policy: &Policy| !policy.chains().is_empty() || !policy.mirrors().is_empty();
    if !chains().any(|(_, policy)| wanted(policy)) {
        return;
    }
    report.family("chains of models have retries on their routes and `role: upstream` on their clusters", |report| {
        for (chain, policy) in chains() {
            let Routes::Table(table) = chain.routes else { continue };
            for models in policy.chains() {
                let name = chain_cluster(models.iter().copied().map(Model::place));
                let models: Vec<_> = models.into_iter().map(Model::name).collect();
                let hosts = table.items("/virtual_hosts").iter();
                hosts.for_each(|host| retries(dump, chain, host, &name, report));
                if let Some(cluster) = dump.clusters.get(name.as_str()) {
                    attempts(dump, &name, cluster, report);
                    endpoints(dump, &models, cluster, report);
                }
            }
            mirrors(dump, chain, table, policy, report);
        }
    });
}

fn has_upstream(cluster: &Cluster<'_>) -> bool {
    cluster.filters.iter().any(|filter| filter.is(Role::Upstream))
}

fn not_for_attempts(name: &str) -> Finding {
    Finding {
        code: "upstream-without-chain",
        places: vec![format!("cluster `{name}`")],
        symptom: "requests that have only one model to go to are answered with a 500 `installation`".into(),
        cause: "the cluster has an instance with `role: upstream`, and gets requests without a plan for attempts"
            .into(),
        remedy: "leave `role: upstream` to the clusters of chains and mirrors (`failover:…`, `model:…`, `mirror:…`)"
            .into(),
    }
}

fn retries(dump: &Dump<'_>, chain: &Chain<'_>, host: &Value, name: &str, report: &mut Report) {
    // Without a route there is a finding already.
    let Ok(takers) = routes::takers(host, name, "/v1/chat/completions") else { return };
    for route in takers {
        let place = format!("{}, virtual host `{}`", chain.place, host.text("/name"));
        let policy = route.pointer("/route/retry_policy").or_else(|| host.get("retry_policy"));
        let Some(policy) = policy.filter(|policy| !policy.text("/retry_on").is_empty()) else {
            report.find(Finding {
                code: "failover-without-retry",
                places: vec![place],
                symptom: "when the first model of a chain fails, the client gets its error: no other is tried".into(),
                cause: format!("the route that takes `{name}` has no `retry_policy` with `retry_on`"),
                remedy: "give the route the retry policy that `pointsman render` writes".into(),
            });
            continue;
        };
        let aggregate = dump
            .clusters
            .get(name)
            .is_some_and(|cluster| cluster.config.text("/cluster_type/name") == "envoy.clusters.aggregate");
        if aggregate && policy.get("retry_priority").is_none() {
            report.find(Finding {
                code: "failover-without-priority",
                places: vec![place],
                symptom: "when the first model of a chain fails, the same provider is tried again".into(),
                cause: format!(
                    "`{name}` is an aggregate cluster, and the route's retry policy has no `retry_priority`"
                ),
                remedy: "add envoy.retry_priorities.previous_priorities with `update_frequency: 1`".into(),
            });
        }
    }
}

fn attempts(dump: &Dump<'_>, name: &str, cluster: &Cluster<'_>, report: &mut Report) {
    if has_upstream(cluster) {
        return;
    }
    let inside = parts(cluster).into_iter().filter_map(|part| dump.clusters.get(part)).any(has_upstream);
    report.find(Finding {
        code: "upstream-missing",
        places: vec![format!("cluster `{name}`")],
        symptom: "providers get the model that the client asked for, and one provider's model name goes to \
            another"
            .into(),
        cause: if inside {
            "only the clusters it is made of have an instance with `role: upstream`, and Envoy does not run their \
                filters"
        } else {
            "the cluster's HttpProtocolOptions.http_filters have no instance with `role: upstream`"
        }
        .into(),
        remedy: "put `role: upstream` among the http_filters of this cluster, in front of \
            envoy.filters.http.upstream_codec, as `pointsman render` does"
            .into(),
    });
}

/// Each endpoint of a chain says which model it serves; what it does not say cannot be known to the module.
fn endpoints(dump: &Dump<'_>, chain: &[&str], cluster: &Cluster<'_>, report: &mut Report) {
    for (name, part) in parts(cluster).into_iter().filter_map(|part| Some((part, dump.clusters.get(part)?))) {
        let localities = part.config.items("/load_assignment/endpoints").iter();
        let all = localities.flat_map(|locality| locality.items("/lb_endpoints"));
        let models = all.map(|endpoint| endpoint.text("/metadata/filter_metadata/pointsman/model"));
        for model in models.filter(|model| !chain.contains(model)) {
            report.find(Finding {
                code: "endpoint-unmarked",
                places: vec![format!("cluster `{name}`")],
                symptom: "attempts that reach this endpoint are answered with a 500 `installation`".into(),
                cause: if model.is_empty() {
                    "an endpoint has no metadata `pointsman: { model: … }`".into()
                } else {
                    format!(
                        "an endpoint is marked with the model `{model}`, which is not in the chain {}",
                        chain.join(" > ")
                    )
                },
                remedy:
                    "mark the cluster's endpoints with the catalog's name of their model, as `pointsman render` does"
                        .into(),
            });
        }
    }
}

fn mirrors(dump: &Dump<'_>, chain: &Chain<'_>, table: &Value, policy: &Policy, report: &mut Report) {
    for model in policy.mirrors() {
        let name = mirror_cluster(model.place());
        let to = |route: &&Value| {
            let mut mirrors = route.items("/route/request_mirror_policies").iter();
            mirrors.any(|mirror| mirror.text("/cluster") == name)
        };
        let hosts = table.items("/virtual_hosts").iter();
        if !hosts.flat_map(|host| host.items("/routes")).any(|route| to(&route)) {
            report.find(Finding {
                code: "mirror-without-route",
                places: vec![chain.place.clone()],
                symptom: format!("`{}` gets no copies of requests", model.name()),
                cause: format!("no route has a mirror policy for the cluster `{name}`"),
                remedy: format!(
                    "add the routes that match {MIRROR_HEADER}: `{name}`, as `pointsman render` writes them"
                ),
            });
        } else if let Some(cluster) = dump.clusters.get(name.as_str()) {
            attempts(dump, &name, cluster, report);
        } else {
            report.find(Finding {
                code: "cluster-missing",
                places: vec![format!("cluster `{name}`, for copies of requests")],
                symptom: format!("`{}` gets no copies of requests", model.name()),
                cause: "Envoy has no cluster of that name".into(),
                remedy: "render the clusters and the policy together, and apply both".into(),
            });
        }
    }
}
