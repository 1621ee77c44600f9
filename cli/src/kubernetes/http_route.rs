//! Routes by the router's header in the Gateway API, for Istio and for Envoy Gateway.

use super::Object;
use crate::yaml::{List, Map};
use pointsman_engine::names::CLUSTER_HEADER;

/// One rule's destination.
#[derive(Debug)]
pub(crate) struct Backend {
    /// The header's value that leads here.
    pub(crate) value: String,
    /// The host name that the server expects.
    pub(crate) authority: Option<String>,
    /// The `backendRefs` item.
    pub(crate) reference: Map,
    /// Further filters of the rule, each an item.
    pub(crate) filters: Vec<Map>,
}

/// Routes for each backend and for everything else.
#[derive(Debug)]
pub(crate) struct HttpRoute<'a> {
    pub(crate) comment: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    /// The `parentRefs` item.
    pub(crate) parent: Map,
    pub(crate) hosts: &'a [String],
    pub(crate) backends: Vec<Backend>,
    /// What is no LLM call goes here; without it, such a request gets what `other_filters` say.
    pub(crate) other: Option<Backend>,
    pub(crate) other_filters: Vec<Map>,
}

/// An HTTPRoute has at most this many rules.
const MAX_RULES: usize = 16;

/// As many objects as the rules need.
pub(crate) fn objects<'a>(route: &HttpRoute<'a>) -> Vec<Object<'a>> {
    let mut rules: Vec<(&str, Map)> = Vec::new();
    rules.extend(other(route).map(|rule| ("Everything but an LLM call that the router has decided.", rule)));
    rules.extend(route.backends.iter().map(|backend| ("", chosen(backend))));
    let part = |(number, rules): (usize, &[(&str, Map)])| Object {
        comment: if number == 0 { route.comment.to_owned() } else { String::new() },
        api_version: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        name: if number == 0 { route.name.to_owned() } else { format!("{}-{}", route.name, number + 1) },
        namespace: route.namespace,
        labels: Vec::new(),
        spec: Map::new()
            .with("parentRefs", List::of([route.parent.clone()]))
            .with_some("hostnames", (!route.hosts.is_empty()).then(|| List::line(route.hosts)))
            .with("rules", rules.iter().fold(List::new(), |list, (why, rule)| list.noted(*why, rule.clone()))),
    };
    rules.chunks(MAX_RULES).enumerate().map(part).collect()
}

fn chosen(backend: &Backend) -> Map {
    let header = Map::line().with("name", CLUSTER_HEADER).with("type", "Exact").with("value", &backend.value);
    let removed = Map::line().with("remove", List::line([CLUSTER_HEADER]));
    let removed = Map::line().with("type", "RequestHeaderModifier").with("requestHeaderModifier", removed);
    let rewrite = backend.authority.as_ref().map(|authority| {
        Map::line().with("type", "URLRewrite").with("urlRewrite", Map::line().with("hostname", authority))
    });
    let filters = [removed].into_iter().chain(rewrite).chain(backend.filters.iter().cloned());
    Map::new()
        .with("matches", List::of([Map::new().with("headers", List::line([header]))]))
        .with("filters", List::of(filters))
        .and(to(backend))
}

/// The destination, and no limit on how long it may answer.
fn to(backend: &Backend) -> Map {
    Map::new()
        .with("backendRefs", List::line([backend.reference.clone()]))
        .with("timeouts", Map::line().with("request", "0s"))
}

/// The rule for everything else, if anything is to be done with it.
fn other(route: &HttpRoute<'_>) -> Option<Map> {
    if route.other.is_none() && route.other_filters.is_empty() {
        return None;
    }
    let path = Map::line().with("type", "PathPrefix").with("value", "/");
    let filters = (!route.other_filters.is_empty()).then(|| List::of(route.other_filters.iter().cloned()));
    let rule = Map::new().with("matches", List::line([Map::line().with("path", path)])).with_some("filters", filters);
    Some(match &route.other {
        Some(backend) => rule.and(to(backend)),
        None => rule,
    })
}
