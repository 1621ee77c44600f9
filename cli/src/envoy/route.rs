//! The routes, by the headers that pointsman-router sets.

use super::chain;
use super::config::Config;
use super::credential::{key_headers, no_accounts, removal};
use super::model;
use super::needs::Place;
use super::turn::{self, COUNT_HEADER};
use super::{cors, rate_limit, retry, typed};
use crate::deployment::Mechanism;
use crate::deployment::duration::Duration;
use crate::yaml::{List, Map, Tree, quoted, shared};
use pointsman_engine::names::{
    ATTEMPT_HEADER, CHAIN_PREFIX, CLUSTER_HEADER, MIRROR_HEADER, MIRROR_PLAN_PROPERTY, MODEL_HEADER, PLAN_HEADER,
    POLICY_HEADER, PROVIDER_HEADER, REASON_HEADER, RULE_HEADER, mirror_cluster,
};

/// What is taken out of every request.
pub(super) const OWN_HEADERS: [&str; 4] = [CLUSTER_HEADER, MIRROR_HEADER, PLAN_HEADER, PROVIDER_HEADER];

/// Where Envoy tells the client's address, as soon as it knows it.
const CLIENT_ADDRESS: &str = "x-envoy-external-address";

/// What clients are told of a decision, if the policy says so, and only by Pointsman.
const TOLD_HEADERS: [&str; 6] =
    [MODEL_HEADER, RULE_HEADER, REASON_HEADER, ATTEMPT_HEADER, CLUSTER_HEADER, POLICY_HEADER];

/// Where a decided request goes.
#[derive(Debug, Clone, Copy)]
enum Destination<'a> {
    /// To the one model there is.
    Direct,
    /// To a chain, each of which is a cluster.
    AnyChain,
    /// To this chain, which is no cluster but the route itself.
    Chain(&'a [Place]),
}

/// The route configuration.
pub(super) fn render(config: &Config<'_>) -> Map {
    let mut routes = List::new();
    // Where several match, Envoy takes the first.
    for mirror in config.needs.mirrors.iter().map(Some).chain([None]) {
        for destination in destinations(config) {
            routes = routes.noted(comment(destination, mirror), item(config, destination, mirror));
        }
    }
    let host = Map::new()
        .with("name", "pointsman")
        .with("domains", List::line([quoted("*")]))
        .noted(
            "What was decided is nobody's business upstream, nor is the client's address.",
            "request_headers_to_remove",
            List::line(OWN_HEADERS.into_iter().chain([CLIENT_ADDRESS]).map(quoted)),
        )
        .noted(
            "And no provider speaks in Pointsman's name. What it says itself is added after this.",
            "response_headers_to_remove",
            List::line(TOLD_HEADERS.map(quoted)),
        )
        .with_some("include_request_attempt_count", counts_attempts(config).then_some(true))
        .with_some("typed_per_filter_config", filter_policies(config))
        .with("routes", routes.and(otherwise(config)));
    Map::new().with("name", "pointsman").with("virtual_hosts", List::of([host]))
}

/// What filters of Envoy's do here.
fn filter_policies(config: &Config<'_>) -> Option<Map> {
    let policies = [config.deployment.cors.as_ref().map(cors::policy), rate_limit::policy(config)];
    policies.into_iter().flatten().reduce(Map::and)
}

/// Whether a route goes by how many attempts there have been.
fn counts_attempts(config: &Config<'_>) -> bool {
    config.mechanism() == Mechanism::Matcher && !config.needs.chains.is_empty()
}

/// Any path, and the headers that come with it.
fn any_path() -> Map {
    Map::line().with("prefix", quoted("/"))
}

/// Where what is no LLM call goes.
fn otherwise(config: &Config<'_>) -> List {
    let route = || Map::new().with("match", any_path());
    if let Some(name) = &config.deployment.default_cluster {
        let to = Map::line().with("cluster", quoted(name)).with("timeout", "0s");
        return List::new().noted("Everything else.", route().with("route", to));
    }
    let origin = Map::line().with("name", "origin").with("present_match", true);
    let page = Map::new().with("match", any_path().with("headers", List::line([origin]))).with(
        "route",
        Map::line().with("cluster_header", CLUSTER_HEADER).with("cluster_not_found_response_code", "NOT_FOUND"),
    );
    let body = Map::line().with("inline_string", quoted("not an LLM call, and no default cluster\n"));
    let answer = route().with("direct_response", Map::line().with("status", 404u16).with("body", body));
    List::new()
        .noted(
            "From a page of another origin. This leads nowhere, but Envoy's CORS filter does nothing at a route that answers by
itself, and it looks for its route before anything is decided.",
            page,
        )
        .noted("Everything else.", answer)
}

fn destinations<'a>(config: &Config<'a>) -> Vec<Destination<'a>> {
    let chains = &config.needs.chains;
    let mut all: Vec<_> = match config.mechanism() {
        _ if chains.is_empty() => Vec::new(),
        Mechanism::Aggregate | Mechanism::Composite | Mechanism::Matcher => vec![Destination::AnyChain],
        Mechanism::PriorityGroup => chains.iter().map(|models| Destination::Chain(models)).collect(),
    };
    all.push(Destination::Direct);
    all
}

fn comment(destination: Destination<'_>, mirror: Option<&Place>) -> String {
    let comment = match destination {
        Destination::Direct => "One model. What a client sends under this name never gets here.",
        Destination::AnyChain | Destination::Chain(_) => "Several models, one after the other.",
    };
    let copied = if mirror.is_some() { " And a copy for a model that is being tried out." } else { "" };
    format!("{comment}{copied}")
}

fn item(config: &Config<'_>, destination: Destination<'_>, mirror: Option<&Place>) -> Map {
    let header = Map::line().with("name", CLUSTER_HEADER);
    let header = match destination {
        Destination::Direct => header.with("present_match", true),
        Destination::AnyChain => header.with("string_match", Map::line().with("prefix", quoted(CHAIN_PREFIX))),
        Destination::Chain(models) => {
            header.with("string_match", Map::line().with("exact", quoted(chain::name(models))))
        }
    };
    let removed = match destination {
        Destination::Chain(models) if !chain::passes_keys(config, models) => {
            Some(List::line(key_headers(config).into_iter().map(quoted)))
        }
        // Where there is one model, the count is nobody's business.
        Destination::Direct if counts_attempts(config) => Some(List::line([COUNT_HEADER])),
        _ => None,
    };
    Map::new()
        .with("match", matching(header, mirror))
        .with_some("request_headers_to_remove", removed)
        .with("route", action(config, destination).and(end(config, mirror)))
}

/// Requests whose cluster is `header`'s, and with `mirror` those that are copied to it.
pub(super) fn matching(header: Map, mirror: Option<&Place>) -> Map {
    let copied = mirror.map(|place| {
        let exact = Map::line().with("exact", quoted(mirror_cluster(place.names())));
        Map::line().with("name", MIRROR_HEADER).with("string_match", exact)
    });
    any_path().with("headers", List::line([Some(header), copied].into_iter().flatten()))
}

/// How a request is sent.
fn action(config: &Config<'_>, destination: Destination<'_>) -> Map {
    let chosen = Map::new().with("cluster_header", CLUSTER_HEADER);
    match destination {
        Destination::Direct => chosen.with("auto_host_rewrite", true).with("retry_policy", retry::same_provider()),
        Destination::AnyChain if config.mechanism() == Mechanism::Matcher => {
            turn::specifier(config).and(to_the_next(config))
        }
        Destination::AnyChain => chosen.and(to_the_next(config)),
        Destination::Chain(models) => priority_groups(config, models).and(to_the_next(config)),
    }
}

/// What every action ends with: a limit on how long a model may speak, by default none, and whom a copy is for.
pub(super) fn end(config: &Config<'_>, mirror: Option<&Place>) -> Map {
    let policies = mirror.map(|place| List::of([mirror_policy(config, place)]));
    let timeout = config.deployment.timeouts.answer.map_or_else(|| "0s".to_owned(), |longest| longest.to_string());
    Map::new().with("timeout", timeout).with_some("request_mirror_policies", policies)
}

/// Time for every model of the longest chain to be silent in turn, and for one attempt more, so that this is never what ends
/// the last one.
pub(super) fn patience(config: &Config<'_>) -> Duration {
    let longest = config.needs.chains.iter().map(Vec::len).max().unwrap_or_default();
    config.deployment.failover.per_try_idle_timeout.times(longest + 1)
}

/// The module sets `:authority` for each attempt; Envoy must not do it after that.
pub(super) fn to_the_next(config: &Config<'_>) -> Map {
    let idle = patience(config).max(config.deployment.timeouts.idle);
    Map::new().with("retry_policy", retry::next_provider(config)).noted(
        "Time for every model to be silent in turn.",
        "idle_timeout",
        idle.to_string(),
    )
}

/// The models as groups of one cluster each.
fn priority_groups(config: &Config<'_>, models: &[Place]) -> Map {
    const SPECIFIER: &str =
        "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier";
    let passes_keys = chain::passes_keys(config, models);
    let group = |place: &Place| {
        let cluster = model::name(config, place, passes_keys);
        let cluster = Map::line().with("cluster_name", quoted(cluster)).with("weight", 1u32);
        Map::line().with("name", quoted(&place.model)).with("clusters", List::line([cluster]))
    };
    let config = typed::message(SPECIFIER).with("priority_groups", List::of(models.iter().map(group)));
    let extension = typed::extension("envoy.router.cluster_specifier_plugin.priority_group", config);
    Map::new().with("inline_cluster_specifier_plugin", Map::new().with("extension", extension))
}

/// A copy has no filter state of its request, so its plan travels in a header. It never has the client's key: nobody
/// asked that client whether the other provider may have it.
fn mirror_policy(config: &Config<'_>, place: &Place) -> Tree {
    let plan = Map::line()
        .with("key", PLAN_HEADER)
        .with("value", quoted(format!("%FILTER_STATE(wasm.{MIRROR_PLAN_PROPERTY}:PLAIN)%")));
    let plan = Map::new().with("header", plan).with("append_action", "OVERWRITE_IF_EXISTS_OR_ADD");
    let keys = key_headers(config).into_iter().map(removal).chain(no_accounts());
    let policy = Map::new()
        .with("cluster", quoted(mirror_cluster(place.names())))
        .with("disable_shadow_host_suffix_append", true)
        .with("request_headers_mutations", List::of(keys).with(Map::new().with("append", plan)));
    shared("mirror", policy)
}
