//! Whether the routes follow the header that the module sets.

use super::route_match::{self, Matches};
use crate::doctor::read::dump::{Chain, Dump, Routes};
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report, names};
use pointsman_engine::Policy;
use pointsman_engine::config::Role;
use pointsman_engine::names::{CLUSTER_HEADER, chain_cluster};
use pointsman_engine::policy::Model;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Calls that show which route takes what is routed. A route for one path alone is seen when it is one of these.
const PATHS: [&str; 3] = ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"];

/// Clusters that routes lead to, and the values of the header that get there.
pub(super) type Destinations = BTreeMap<String, BTreeSet<String>>;

/// Examines the routes of each chain with a policy, and returns the clusters to which they lead.
pub(super) fn check(dump: &Dump<'_>, report: &mut Report) -> Destinations {
    let mut destinations = Destinations::new();
    let chains = || dump.chains.iter().filter_map(|chain| Some((chain, policy(chain)?)));
    if chains().next().is_none() {
        return destinations;
    }
    report.family("every cluster of the policy has a route that follows the header", |report| {
        for (chain, policy) in chains() {
            match chain.routes {
                Routes::Table(table) => in_table(chain, table, policy, &mut destinations, report),
                Routes::Missing(name) => {
                    report.cannot_see(format!("{}: its route table `{name}` is not in the dump", chain.place))
                }
                Routes::Scoped => {
                    report.cannot_see(format!("{}: scoped routes, which depend on the request", chain.place))
                }
            }
        }
    });
    destinations
}

/// The policy that decides in a chain.
pub(super) fn policy<'a>(chain: &'a Chain<'_>) -> Option<&'a Policy> {
    let mut routers = chain.filters.iter().filter(|filter| filter.is(Role::Router));
    routers.find_map(|router| router.instance.as_ref()?.policy.as_deref())
}

/// Every value that the header can have: a model's cluster, or the one that stands for a chain of models.
fn values(policy: &Policy) -> BTreeSet<String> {
    let chains = policy.chains().into_iter().map(|chain| chain_cluster(chain.into_iter().map(Model::place)));
    policy.clusters().map(str::to_owned).chain(chains).collect()
}

/// The routes of a virtual host that take a request with `value` in its header, up to the first that takes them all;
/// or the place of the one that keeps such requests from all of them.
pub(super) fn takers<'a>(host: &'a Value, value: &str, path: &str) -> Result<Vec<&'a Value>, Option<usize>> {
    let mut takers: Vec<&Value> = Vec::new();
    for (index, route) in host.items("/routes").iter().enumerate() {
        match (route_match::request(route, path, value), is_steered(route)) {
            (Matches::Never, _) | (Matches::Sometimes, false) => {}
            // What else it asks for may be what an earlier one asks for, which has taken the request then.
            (Matches::Sometimes, true) if takers.iter().any(|taker| takes_before(taker, route, value)) => {}
            (Matches::Sometimes, true) => takers.push(route),
            (Matches::Always, true) => {
                takers.push(route);
                return Ok(takers);
            }
            (Matches::Always, false) if takers.is_empty() => return Err(Some(index)),
            (Matches::Always, false) => return Ok(takers),
        }
    }
    if takers.is_empty() { Err(None) } else { Ok(takers) }
}

/// Whether an earlier route has taken each request with `value` that a later one could take.
fn takes_before(earlier: &Value, later: &Value, value: &str) -> bool {
    route_match::header(earlier, value) == Matches::Always && besides(earlier) == besides(later)
}

/// What a route asks for besides the header.
fn besides(route: &Value) -> Value {
    let mut conditions = route.get("match").cloned().unwrap_or_default();
    if let Some(headers) = conditions.get_mut("headers").and_then(Value::as_array_mut) {
        headers.retain(|matcher| !matcher.text("/name").eq_ignore_ascii_case(CLUSTER_HEADER));
    }
    conditions
}

/// Whether a route is one for requests that Pointsman has routed.
pub(super) fn is_steered(route: &Value) -> bool {
    // One that answers by itself leads nowhere: it stands behind those that do, for what they leave over.
    if route.get("direct_response").is_some() {
        return false;
    }
    let named = |matcher: &Value| matcher.text("/name").eq_ignore_ascii_case(CLUSTER_HEADER);
    let mut matchers = route.items("/match/headers").iter();
    follows(route) || matchers.any(|matcher| named(matcher) && !matcher.is_set("/invert_match"))
}

/// Whether a route takes its cluster from the header.
fn follows(route: &Value) -> bool {
    let weighted =
        route.items("/route/weighted_clusters/clusters").iter().map(|cluster| cluster.text("/cluster_header"));
    let mut headers = weighted.chain([route.text("/route/cluster_header")]);
    headers.any(|header| header.eq_ignore_ascii_case(CLUSTER_HEADER))
}

/// The one fixed cluster of a route that takes whatever the header says.
fn ignores(route: &Value) -> Option<&str> {
    let mut matchers =
        route.items("/match/headers").iter().filter(|m| m.text("/name").eq_ignore_ascii_case(CLUSTER_HEADER));
    let any = matchers.any(|matcher| matcher.is_set("/present_match"));
    Some(route.text("/route/cluster")).filter(|cluster| any && !cluster.is_empty())
}

fn in_table(chain: &Chain<'_>, table: &Value, policy: &Policy, destinations: &mut Destinations, report: &mut Report) {
    let hosts = table.items("/virtual_hosts");
    let steers = |host: &&Value| host.items("/routes").iter().any(is_steered);
    if hosts.iter().any(|host| host.get("matcher").is_some()) {
        report.cannot_see(format!("{}: virtual hosts whose routes are chosen by a matcher tree", chain.place));
    }
    let (with, without): (Vec<_>, Vec<_>) = hosts.iter().partition(steers);
    if with.is_empty() {
        report.find(Finding {
            code: "no-route",
            places: vec![chain.place.clone()],
            symptom: "LLM calls take the route they would take anyway, or get a 404; the model in the body is the \
                chosen one, the cluster is not"
                .into(),
            cause: format!(
                "no route of this listener matches the header {CLUSTER_HEADER} or has it as its \
                `cluster_header`"
            ),
            remedy: format!(
                "add the route with `cluster_header: {CLUSTER_HEADER}`, or in Istio a VirtualService \
                with a match on the header for each cluster (`pointsman render` shows both)"
            ),
        });
        return;
    }
    if !without.is_empty() {
        let list = names(without.iter().map(|host| host.text("/name")).take(5));
        report.cannot_see(format!(
            "{}: whether clients send LLM calls to virtual hosts without a route for them: {list}",
            chain.place
        ));
    }
    for host in with {
        let place = format!("{}, virtual host `{}`", chain.place, host.text("/name"));
        follow(host, policy, &place, destinations, report);
        for route in host.items("/routes").iter().filter(|route| is_steered(route)) {
            leaks(table, host, route, &place, report);
            fixed(route, policy, &place, report);
        }
    }
}

/// Requests that no route for the header takes, by the place of the route that takes them instead.
type Lost = BTreeMap<Option<usize>, (BTreeSet<String>, BTreeSet<&'static str>)>;

/// Follows requests with each value of the header through the routes of a virtual host.
fn follow(host: &Value, policy: &Policy, place: &str, destinations: &mut Destinations, report: &mut Report) {
    let mut lost = Lost::new();
    for value in values(policy) {
        for path in PATHS {
            match takers(host, &value, path) {
                Ok(routes) => routes.into_iter().for_each(|route| {
                    let picked = picked(route);
                    for to in &picked {
                        destinations.entry(to.clone()).or_default().insert(value.clone());
                    }
                    if by_plugin(route) && picked.is_empty() {
                        report.cannot_see(format!(
                            "{place}: the clusters that a cluster specifier plugin picks for `{value}`"
                        ));
                    }
                    for to in clusters(route, &value) {
                        destinations.entry(to).or_default().insert(value.clone());
                    }
                }),
                Err(index) => {
                    let (values, paths) = lost.entry(index).or_default();
                    values.insert(value.clone());
                    paths.insert(path);
                }
            }
        }
    }
    for (index, (values, paths)) in lost {
        let values = names(values.iter().map(String::as_str));
        report.find(match index {
            Some(index) => {
                let paths = Vec::from_iter(paths).join(", ");
                let route = host.items("/routes").get(index).map(|route| named(route, index)).unwrap_or_default();
                shadowed(place, &values, &paths, &route)
            }
            None => no_taker(place, &values),
        });
    }
}

fn shadowed(place: &str, values: &str, paths: &str, route: &str) -> Finding {
    Finding {
        code: "route-shadowed",
        places: vec![place.to_owned()],
        symptom: format!("calls to {paths} go elsewhere when they are meant for {values}"),
        cause: format!("{route} takes them all, and no route in front of it matches these values of {CLUSTER_HEADER}"),
        remedy: "put the routes for the header in front of it (in a VirtualService: in front of matches without \
            headers), one for each value or one with `cluster_header`"
            .into(),
    }
}

fn no_taker(place: &str, values: &str) -> Finding {
    Finding {
        code: "cluster-without-route",
        places: vec![place.to_owned()],
        symptom: format!("calls get a 404 without a route (response flag NR) when they are meant for {values}"),
        cause: format!("no route matches these values of {CLUSTER_HEADER}"),
        remedy: "add a route for each value, or a last one with `cluster_header`; a VirtualService's match has to \
            spell it as `models[].cluster` does"
            .into(),
    }
}

fn by_plugin(route: &Value) -> bool {
    let names = ["/route/cluster_specifier_plugin", "/route/inline_cluster_specifier_plugin"];
    names.iter().any(|name| route.pointer(name).is_some())
}

/// Every cluster that a route's matcher can pick: one for each model that an attempt can be at.
fn picked(route: &Value) -> BTreeSet<String> {
    const ACTION: &str = "envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction";
    let mut clusters = BTreeSet::new();
    let mut trees: Vec<&Value> = route.pointer("/route/inline_cluster_specifier_plugin").into_iter().collect();
    while let Some(tree) = trees.pop() {
        match tree {
            Value::Object(members) if tree.text("/@type").ends_with(ACTION) => {
                clusters.extend(members.get("cluster").and_then(Value::as_str).map(str::to_owned));
            }
            Value::Object(members) => trees.extend(members.values()),
            Value::Array(items) => trees.extend(items),
            _ => {}
        }
    }
    clusters
}

/// Where a route leads when it takes a request with `cluster` in its header.
fn clusters(route: &Value, cluster: &str) -> Vec<String> {
    if follows(route) {
        return vec![cluster.to_owned()];
    }
    let weighted = route.items("/route/weighted_clusters/clusters").iter().map(|cluster| cluster.text("/name"));
    let all = weighted.chain([route.text("/route/cluster")]);
    all.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn named(route: &Value, index: usize) -> String {
    let name = route.text("/name");
    if name.is_empty() { format!("route {}", index + 1) } else { format!("route {} (`{name}`)", index + 1) }
}

fn leaks(table: &Value, host: &Value, route: &Value, place: &str, report: &mut Report) {
    let removes = |value: &Value| {
        let mut headers = value.items("/request_headers_to_remove").iter().filter_map(Value::as_str);
        headers.any(|header| header.eq_ignore_ascii_case(CLUSTER_HEADER))
    };
    let weighted = route.items("/route/weighted_clusters/clusters");
    if [table, host, route].into_iter().any(removes) || (!weighted.is_empty() && weighted.iter().all(removes)) {
        return;
    }
    report.find(Finding {
        code: "header-leaks",
        places: vec![place.to_owned()],
        symptom: format!("providers get {CLUSTER_HEADER}, with the name of an internal cluster"),
        cause: "the route for the header does not remove it".into(),
        remedy: format!(
            "add `request_headers_to_remove: [{CLUSTER_HEADER}]` to the route or its virtual host \
            (VirtualService: `headers.request.remove`)"
        ),
    });
}

fn fixed(route: &Value, policy: &Policy, place: &str, report: &mut Report) {
    let Some(cluster) = ignores(route).filter(|_| values(policy).len() > 1) else { return };
    report.find(Finding {
        code: "route-ignores-choice",
        places: vec![place.to_owned()],
        symptom: format!("all LLM calls go to `{cluster}`, with the model names of other providers too"),
        cause: format!("a route matches whatever {CLUSTER_HEADER} says and has a fixed cluster"),
        remedy: format!("use `cluster_header: {CLUSTER_HEADER}`, or one route for each value"),
    });
}
