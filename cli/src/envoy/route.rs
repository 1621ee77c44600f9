//! The routes, by the headers that pointsman-router sets.

use super::chain;
use super::config::Config;
use super::credential::key_headers;
use super::model::passing_cluster;
use super::retry;
use super::yaml::{Shared, indent, list, quote};
use crate::deployment::Mechanism;
use crate::deployment::duration::Duration;
use pointsman_engine::names::{
    ATTEMPT_HEADER, CLUSTER_HEADER, MIRROR_HEADER, MIRROR_PLAN_PROPERTY, MODEL_HEADER, PLAN_HEADER, POLICY_HEADER,
    PROVIDER_HEADER, REASON_HEADER, RULE_HEADER, chain_cluster, mirror_cluster, model_cluster,
};

/// What is taken out of every request.
pub(super) const OWN_HEADERS: [&str; 4] = [CLUSTER_HEADER, MIRROR_HEADER, PLAN_HEADER, PROVIDER_HEADER];

/// What clients are told of a decision, if the policy says so, and only by Pointsman.
const TOLD_HEADERS: [&str; 6] =
    [MODEL_HEADER, RULE_HEADER, REASON_HEADER, ATTEMPT_HEADER, CLUSTER_HEADER, POLICY_HEADER];

/// How long a stream may be silent. A model may think for minutes before its first token.
pub(super) const IDLE_TIMEOUT: Duration = Duration::seconds(300);

/// Where a decided request goes.
#[derive(Debug, Clone, Copy)]
enum Destination<'a> {
    /// To the one model there is.
    Direct,
    /// To a chain, each of which is a cluster.
    AnyChain,
    /// To this chain, which is no cluster but the route itself.
    Chain(&'a [String]),
}

/// The route configuration.
pub(super) fn render(config: &Config<'_>) -> String {
    let otherwise = match &config.deployment.default_cluster {
        Some(name) => format!("route: {{ cluster: {}, timeout: 0s }}", quote(name)),
        None => {
            "direct_response: { status: 404, body: { inline_string: \"not an LLM call, and no default cluster\\n\" } }"
                .into()
        }
    };
    let mut shared = Shared::default();
    let mut items = String::new();
    // Where several match, Envoy takes the first.
    for mirror in config.needs.mirrors.iter().map(Some).chain([None]) {
        for destination in destinations(config) {
            items.push_str(&item(config, destination, mirror.map(String::as_str), &mut shared));
        }
    }
    format!(
        "name: pointsman
virtual_hosts:
- name: pointsman
  domains: [\"*\"]
  # What was decided is nobody's business upstream.
  request_headers_to_remove: {own}
  # And no provider speaks in Pointsman's name. What it says itself is added after this.
  response_headers_to_remove: {told}
  routes:
  {items}
  # Everything else.
  - match: {{ prefix: \"/\" }}
    {otherwise}
",
        own = list(OWN_HEADERS),
        told = list(TOLD_HEADERS),
        items = indent(&items, 2),
    )
}

fn destinations<'a>(config: &Config<'a>) -> Vec<Destination<'a>> {
    let chains = &config.needs.chains;
    let mut all: Vec<_> = match config.deployment.failover.mechanism {
        _ if chains.is_empty() => Vec::new(),
        Mechanism::Aggregate | Mechanism::Composite => vec![Destination::AnyChain],
        Mechanism::PriorityGroup => chains.iter().map(|models| Destination::Chain(models)).collect(),
    };
    all.push(Destination::Direct);
    all
}

fn item(config: &Config<'_>, destination: Destination<'_>, mirror: Option<&str>, shared: &mut Shared) -> String {
    let (comment, matcher) = match destination {
        Destination::Direct => {
            ("One model. What a client sends under this name never gets here.", "present_match: true".into())
        }
        Destination::AnyChain => {
            ("Several models, one after the other.", "string_match: { prefix: \"failover:\" }".into())
        }
        Destination::Chain(models) => {
            let name = chain_cluster(models.iter().map(String::as_str));
            ("Several models, one after the other.", format!("string_match: {{ exact: {} }}", quote(&name)))
        }
    };
    let mut headers = format!("{{ name: {CLUSTER_HEADER}, {matcher} }}");
    let mut copied = "";
    if let Some(model) = mirror {
        let name = quote(&mirror_cluster(model));
        headers.push_str(&format!(", {{ name: {MIRROR_HEADER}, string_match: {{ exact: {name} }} }}"));
        copied = " And a copy for a model that is being tried out.";
    }
    let mut text = format!("# {comment}{copied}\n- match: {{ prefix: \"/\", headers: [{headers}] }}\n");
    if let Destination::Chain(models) = destination
        && !chain::passes_keys(config, models)
    {
        text.push_str(&format!("  request_headers_to_remove: {}\n", list(key_headers(config.deployment))));
    }
    text.push_str(&format!("  route:\n    {}\n", indent(&action(config, destination, mirror, shared), 4)));
    text
}

/// How a request is sent.
fn action(config: &Config<'_>, destination: Destination<'_>, mirror: Option<&str>, shared: &mut Shared) -> String {
    let mut text = match destination {
        Destination::Direct => format!(
            "cluster_header: {CLUSTER_HEADER}\nauto_host_rewrite: true\nretry_policy: {}\n",
            shared.block("same-provider", retry::SAME_PROVIDER)
        ),
        Destination::AnyChain => format!("cluster_header: {CLUSTER_HEADER}\n{}", to_the_next(config, shared)),
        Destination::Chain(models) => format!("{}{}", priority_groups(config, models), to_the_next(config, shared)),
    };
    text.push_str("timeout: 0s\n");
    if let Some(model) = mirror {
        let mirror = shared.block("mirror", &mirror_policy(config, model));
        text.push_str(&format!("request_mirror_policies:\n- {mirror}\n"));
    }
    text
}

/// The module sets `:authority` for each attempt; Envoy must not do it after that.
pub(super) fn to_the_next(config: &Config<'_>, shared: &mut Shared) -> String {
    let longest = config.needs.chains.iter().map(Vec::len).max().unwrap_or_default();
    // One attempt more than there are models, so that this is never what ends the last one.
    let idle = config.deployment.failover.per_try_idle_timeout.times(longest + 1).max(IDLE_TIMEOUT);
    format!(
        "retry_policy: {}\n# Time for every model to be silent in turn.\nidle_timeout: {idle}\n",
        shared.block("next-provider", &retry::next_provider(config))
    )
}

/// The models as groups of one cluster each.
fn priority_groups(config: &Config<'_>, models: &[String]) -> String {
    let passes_keys = chain::passes_keys(config, models);
    let group = |model: &String| {
        let cluster = if passes_keys { passing_cluster(model) } else { model_cluster(model) };
        format!(
            "      - {{ name: {}, clusters: [{{ cluster_name: {}, weight: 1 }}] }}\n",
            quote(model),
            quote(&cluster)
        )
    };
    let groups: String = models.iter().map(group).collect();
    format!(
        "inline_cluster_specifier_plugin:
  extension:
    name: envoy.router.cluster_specifier_plugin.priority_group
    typed_config:
      \"@type\": type.googleapis.com/envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier
      priority_groups:
{groups}"
    )
}

/// A copy has no filter state of its request, so its plan travels in a header. It never has the client's key: nobody
/// asked that client whether the other provider may have it.
pub(super) fn mirror_policy(config: &Config<'_>, model: &str) -> String {
    let keys: String =
        key_headers(config.deployment).iter().map(|header| format!("- remove: {}\n", quote(header))).collect();
    format!(
        "cluster: {cluster}
disable_shadow_host_suffix_append: true
request_headers_mutations:
{keys}- append:
    header: {{ key: {PLAN_HEADER}, value: \"%FILTER_STATE(wasm.{MIRROR_PLAN_PROPERTY}:PLAIN)%\" }}
    append_action: OVERWRITE_IF_EXISTS_OR_ADD
",
        cluster = quote(&mirror_cluster(model)),
    )
}
