//! Routes by the router's header in the Gateway API, for Istio and for Envoy Gateway.

use super::Object;
use super::object::{list, scalar};
use crate::envoy::yaml::indent;
use pointsman_engine::names::CLUSTER_HEADER;

/// One rule's destination.
#[derive(Debug)]
pub(crate) struct Backend {
    /// The header's value that leads here.
    pub(crate) value: String,
    /// The host name that the server expects.
    pub(crate) authority: Option<String>,
    /// The `backendRefs` item.
    pub(crate) reference: String,
    /// Further filters of the rule, each an item.
    pub(crate) filters: Vec<String>,
}

/// Routes for each backend and for everything else.
#[derive(Debug)]
pub(crate) struct HttpRoute<'a> {
    pub(crate) comment: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    /// The `parentRefs` item.
    pub(crate) parent: String,
    pub(crate) hosts: &'a [String],
    pub(crate) backends: Vec<Backend>,
    /// What is no LLM call goes here; without it, such a request gets what `other_filters` say.
    pub(crate) other: Option<Backend>,
    pub(crate) other_filters: Vec<String>,
}

/// An HTTPRoute has at most this many rules.
const MAX_RULES: usize = 16;

/// As many objects as the rules need.
pub(crate) fn objects<'a>(route: &HttpRoute<'a>) -> Vec<Object<'a>> {
    let mut rules: Vec<String> = other(route).into_iter().collect();
    rules.extend(route.backends.iter().map(chosen));
    let part = |(number, rules): (usize, &[String])| Object {
        comment: if number == 0 { route.comment.to_owned() } else { String::new() },
        api_version: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        name: if number == 0 { route.name.to_owned() } else { format!("{}-{}", route.name, number + 1) },
        namespace: route.namespace,
        labels: Vec::new(),
        spec: format!("parentRefs:\n- {}\n{}rules:\n{}", route.parent, hosts(route.hosts), rules.concat()),
    };
    rules.chunks(MAX_RULES).enumerate().map(part).collect()
}

fn hosts(hosts: &[String]) -> String {
    if hosts.is_empty() {
        return String::new();
    }
    format!("hostnames: {}\n", list(hosts.iter().map(String::as_str)))
}

fn chosen(backend: &Backend) -> String {
    let rewrite = backend
        .authority
        .as_ref()
        .map(|authority| format!("- {{ type: URLRewrite, urlRewrite: {{ hostname: {} }} }}\n", scalar(authority)));
    let more: String = backend.filters.iter().map(|filter| format!("- {filter}\n")).collect();
    let filters = format!(
        "- {{ type: RequestHeaderModifier, requestHeaderModifier: {{ remove: [{CLUSTER_HEADER}] }} }}\n{}{more}",
        rewrite.unwrap_or_default()
    );
    format!(
        "- matches:
  - headers: [{{ name: {CLUSTER_HEADER}, type: Exact, value: {value} }}]
  filters:
  {filters}
  backendRefs: [{reference}]
  timeouts: {{ request: 0s }}
",
        value = scalar(&backend.value),
        filters = indent(&filters, 2),
        reference = backend.reference,
    )
}

/// The rule for everything else, if anything is to be done with it.
fn other(route: &HttpRoute<'_>) -> Option<String> {
    if route.other.is_none() && route.other_filters.is_empty() {
        return None;
    }
    let filters: String = route.other_filters.iter().map(|filter| format!("  - {filter}\n")).collect();
    let filters = if filters.is_empty() { filters } else { format!("  filters:\n{filters}") };
    let action = match &route.other {
        Some(backend) => format!("  backendRefs: [{}]\n  timeouts: {{ request: 0s }}\n", backend.reference),
        None => String::new(),
    };
    Some(format!(
        "# Everything but an LLM call that the router has decided.
- matches: [{{ path: {{ type: PathPrefix, value: / }} }}]
{filters}{action}"
    ))
}
