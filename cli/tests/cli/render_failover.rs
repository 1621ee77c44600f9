//! What `render envoy` makes of chains, copies and keys.

use crate::program::{folder, pointsman, without};
use crate::yaml;
use pointsman_engine::keys;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const POLICY: &str = "
models:
- { name: alpha, cluster: first }
- { name: beta, cluster: second }
- { name: gamma, cluster: third }
- { name: sibling, cluster: first }
aliases: [{ name: auto }]
accounts: { headers: [X-Badge] }
rules:
- name: across
  match: { models: [auto] }
  route: { targets: [{ model: alpha }], fallback: [beta], mirror: { model: gamma, percent: 5 } }
- name: at-home
  match: { models: [alpha] }
  route: { targets: [{ model: alpha }], fallback: [sibling] }
";

const CLUSTERS: &str = "
clusters:
- { name: first, address: 10.0.0.1, port: 80, authority: first.example }
- { name: second, address: api.second.example, port: 443, tls: {}, credential: { header: api-key, sds: keys/second.json, secretName: its-key } }
- { name: third, endpoints: [{ address: 10.0.0.3, port: 80 }, { address: 10.0.0.4, port: 80 }], credential: { header: x-third-key, sds: keys/third.json } }
";

fn prepare(test: &str, more: &str) -> PathBuf {
    folder(test, &[("policy.yaml", POLICY), ("deployment.yaml", &format!("{more}{CLUSTERS}"))])
}

fn render(folder: &Path, more: &[&str]) -> Value {
    let outcome = pointsman(&[&["render", "envoy", folder.to_str().unwrap()], more].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    yaml::parse(&outcome.stdout)
}

fn cluster<'a>(bootstrap: &'a Value, name: &str) -> &'a Value {
    named(&bootstrap["static_resources"]["clusters"], name)
}

fn named<'a>(items: &'a Value, name: &str) -> &'a Value {
    let items = items.as_array().unwrap();
    items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {items:#?}"))
}

const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// The names of a cluster's filters, in order.
fn filters(cluster: &Value) -> Vec<&str> {
    let filters = cluster["typed_extension_protocol_options"][OPTIONS]["http_filters"].as_array();
    filters.into_iter().flatten().map(|filter| filter["name"].as_str().unwrap()).collect()
}

fn filter<'a>(cluster: &'a Value, name: &str) -> &'a Value {
    &named(&cluster["typed_extension_protocol_options"][OPTIONS]["http_filters"], name)["typed_config"]
}

fn connection_manager(bootstrap: &Value) -> &Value {
    &bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
}

fn routes(bootstrap: &Value) -> Vec<&Value> {
    connection_manager(bootstrap)["route_config"]["virtual_hosts"][0]["routes"].as_array().unwrap().iter().collect()
}

/// The route that a decided request takes, by Envoy's rule that the first match counts.
fn route<'a>(bootstrap: &'a Value, cluster: &str, mirror: Option<&str>) -> &'a Value {
    let value = |name: &str| match name {
        "x-pointsman-cluster" => Some(cluster),
        "x-pointsman-mirror" => mirror,
        other => panic!("{other}"),
    };
    let matches = |header: &Value| {
        let value = value(header["name"].as_str().unwrap());
        match (&header["string_match"]["prefix"], &header["string_match"]["exact"]) {
            (Value::String(prefix), _) => value.is_some_and(|value| value.starts_with(prefix.as_str())),
            (_, Value::String(exact)) => value == Some(exact.as_str()),
            _ => header["present_match"] == true && value.is_some(),
        }
    };
    let takes = |route: &&Value| route["match"]["headers"].as_array().is_none_or(|headers| headers.iter().all(matches));
    routes(bootstrap).into_iter().find(takes).unwrap()
}

const CODEC: &str = "envoy.filters.http.upstream_codec";

#[test]
fn a_chain_is_a_cluster_over_its_models() {
    let envoy = render(&prepare("chain-aggregate", ""), &[]);
    let chain = cluster(&envoy, "failover:alpha>first,beta>second");
    assert_eq!(chain["cluster_type"]["typed_config"]["clusters"], json!(["model:alpha>first", "model:beta>second"]));
    assert_eq!(
        (&chain["lb_policy"], &chain["circuit_breakers"]["thresholds"][0]["max_retries"]),
        (&json!("CLUSTER_PROVIDED"), &json!(10000))
    );
    let endpoints = &cluster(&envoy, "model:alpha>first")["load_assignment"]["endpoints"][0]["lb_endpoints"];
    assert_eq!(
        endpoints[0]["metadata"]["filter_metadata"]["pointsman"],
        json!({ "model": "alpha", "provider": "first", "authority": "first.example" })
    );
    let action = &route(&envoy, "failover:alpha>first,beta>second", None)["route"];
    assert_eq!(
        (&action["cluster_header"], &action["auto_host_rewrite"]),
        (&json!("x-pointsman-cluster"), &Value::Null)
    );
    let retry = &action["retry_policy"];
    assert_eq!(retry["retry_priority"]["name"], "envoy.retry_priorities.previous_priorities");
    assert_eq!(retry["retriable_status_codes"], json!([429, 529]));
}

#[test]
fn a_request_with_one_model_is_only_retried_when_it_cannot_have_arrived() {
    let envoy = render(&prepare("chain-direct", ""), &[]);
    let action = &route(&envoy, "first", None)["route"];
    assert_eq!(action["retry_policy"]["retry_on"], "connect-failure,refused-stream,reset-before-request");
    assert_eq!(action["auto_host_rewrite"], true);
    let endpoint = &cluster(&envoy, "first")["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
    assert_eq!(endpoint["hostname"], "first.example");
}

#[test]
fn keys_are_taken_out_before_the_module_and_put_in_behind_it() {
    let envoy = render(&prepare("chain-keys", ""), &[]);
    let around = |keys: &[&'static str]| {
        let mut filters = vec!["pointsman-no-keys", "pointsman-upstream"];
        filters.extend(keys);
        filters.extend(["pointsman-no-provider", CODEC]);
        filters
    };
    let chain = cluster(&envoy, "failover:alpha>first,beta>second");
    assert_eq!(filters(chain), around(&["pointsman-key-second", "pointsman-key-third"]));
    assert_eq!(filters(cluster(&envoy, "model:beta>second")), around(&["pointsman-key-second"]));
    assert_eq!(filters(cluster(&envoy, "model:alpha>first")), around(&[]));
    assert_eq!(filters(cluster(&envoy, "second")), ["pointsman-no-keys", "pointsman-key-second", CODEC]);
    assert_eq!(filters(cluster(&envoy, "first")), [""; 0]);
    let removed = &filter(chain, "pointsman-no-keys")["mutations"]["request_mutations"];
    let removed = removed.as_array().unwrap();
    let names: BTreeSet<_> = removed.iter().filter_map(|mutation| mutation["remove"].as_str()).collect();
    // The policy's and the credential's own, and what an earlier attempt has left.
    let own = ["x-badge", "x-third-key", "x-pointsman-provider"];
    assert_eq!(names, keys::HEADERS.into_iter().chain(own).collect());
    let regex = |mutation: &'_ Value| mutation["remove_on_match"]["key_matcher"]["safe_regex"]["regex"].clone();
    let matched: Vec<_> = removed.iter().map(regex).filter(|regex| !regex.is_null()).collect();
    assert_eq!(matched, keys::patterns());
}

#[test]
fn in_a_chain_a_key_waits_for_its_providers_turn() {
    let folder = prepare("chain-turn", "");
    let envoy = render(&folder, &[]);
    let wrapped = filter(cluster(&envoy, "failover:alpha>first,beta>second"), "pointsman-key-second");
    let matcher = &wrapped["xds_matcher"]["matcher_list"]["matchers"][0];
    let predicate = &matcher["predicate"]["not_matcher"]["single_predicate"];
    assert_eq!(predicate["input"]["typed_config"]["header_name"], "x-pointsman-provider");
    assert_eq!(predicate["value_match"]["exact"], "second");
    assert!(matcher["on_match"]["action"]["typed_config"]["@type"].as_str().unwrap().ends_with(".SkipFilter"));
    let credential = &wrapped["extension_config"]["typed_config"]["credential"]["typed_config"];
    assert_eq!((&credential["header"], &credential["credential"]["name"]), (&json!("api-key"), &json!("its-key")));
    let path = &credential["credential"]["sds_config"]["path_config_source"]["path"];
    assert_eq!(path.as_str().unwrap(), folder.join("keys/second.json").to_str().unwrap());
}

#[test]
fn a_clients_key_stays_only_where_no_other_provider_can_see_it() {
    let aggregate = render(&prepare("chain-own-key", ""), &[]);
    let home = cluster(&aggregate, "failover:alpha>first,sibling>first");
    assert_eq!(filters(home), ["pointsman-upstream", "pointsman-no-provider", CODEC]);

    let more = "envoyVersion: \"1.40\"\nfailover: { mechanism: priorityGroup }\n";
    let groups = render(&prepare("chain-own-key-groups", more), &[]);
    let tried = |chain: &str| {
        let route = route(&groups, chain, None);
        let extension = &route["route"]["inline_cluster_specifier_plugin"]["extension"]["typed_config"];
        let groups = extension["priority_groups"].as_array().unwrap().iter();
        let clusters = groups.map(|group| group["clusters"][0]["cluster_name"].as_str().unwrap());
        (clusters.collect::<Vec<_>>(), route["request_headers_to_remove"].is_array())
    };
    assert_eq!(
        tried("failover:alpha>first,sibling>first"),
        (vec!["own-key:model:alpha>first", "own-key:model:sibling>first"], false)
    );
    assert_eq!(tried("failover:alpha>first,beta>second"), (vec!["model:alpha>first", "model:beta>second"], true));
    assert_eq!(filters(cluster(&groups, "own-key:model:alpha>first"))[0], "pointsman-upstream");
    assert_eq!(filters(cluster(&groups, "model:alpha>first"))[0], "pointsman-no-keys");
    assert_eq!(
        route(&groups, "failover:alpha>first,beta>second", None)["route"]["retry_policy"]["refresh_cluster_on_retry"],
        true
    );
}

#[test]
fn a_copy_gets_its_plan_and_no_key() {
    let envoy = render(&prepare("chain-mirror", ""), &[]);
    for (cluster, kind) in [("failover:alpha>first,beta>second", "next provider"), ("first", "same provider")] {
        let mirrored = &route(&envoy, cluster, Some("mirror:gamma>third"))["route"];
        let plain = &route(&envoy, cluster, None)["route"];
        assert_eq!(mirrored["retry_policy"], plain["retry_policy"], "{kind}");
        assert_eq!(plain["request_mirror_policies"], Value::Null);
        let mirror = &mirrored["request_mirror_policies"][0];
        assert_eq!(
            (&mirror["cluster"], &mirror["disable_shadow_host_suffix_append"]),
            (&json!("mirror:gamma>third"), &json!(true))
        );
        let mutations = mirror["request_headers_mutations"].as_array().unwrap();
        assert!(mutations.contains(&json!({ "remove": "authorization" })));
        let plan = &mutations.last().unwrap()["append"]["header"];
        assert_eq!(
            plan,
            &json!({ "key": "x-pointsman-plan", "value": "%FILTER_STATE(wasm.pointsman_mirror_plan:PLAIN)%" })
        );
    }
    assert!(filters(cluster(&envoy, "mirror:gamma>third")).contains(&"pointsman-no-trace"));
    assert!(!filters(cluster(&envoy, "model:beta>second")).contains(&"pointsman-no-trace"));
}

#[test]
fn a_chains_cluster_finds_no_http2_behind_it() {
    let protocol = |envoy: &Value, name: &str| {
        let options = &cluster(envoy, name)["typed_extension_protocol_options"][OPTIONS];
        let explicit = options["explicit_http_config"]["http_protocol_options"].is_object();
        assert_ne!(explicit, options["auto_config"]["http2_protocol_options"].is_object(), "{name}");
        if explicit { "HTTP/1.1" } else { "negotiated" }
    };
    // An aggregate or composite cluster brings its own protocol, and what it is made of the TLS that offers one.
    let aggregate = render(&prepare("chain-protocol", ""), &[]);
    for name in ["failover:alpha>first,beta>second", "model:alpha>first", "model:beta>second"] {
        assert_eq!(protocol(&aggregate, name), "HTTP/1.1", "{name}");
    }
    assert_eq!(protocol(&aggregate, "second"), "negotiated");
    let more = "envoyVersion: \"1.40\"\nfailover: { mechanism: priorityGroup }\n";
    assert_eq!(protocol(&render(&prepare("chain-protocol-groups", more), &[]), "model:beta>second"), "negotiated");
}

#[test]
fn no_header_of_pointsmans_leaves_the_proxy() {
    let envoy = render(&prepare("chain-headers", ""), &[]);
    let host = &connection_manager(&envoy)["route_config"]["virtual_hosts"][0];
    assert_eq!(
        host["request_headers_to_remove"],
        json!([
            "x-pointsman-cluster",
            "x-pointsman-mirror",
            "x-pointsman-plan",
            "x-pointsman-provider",
            "x-envoy-external-address"
        ])
    );
}

#[test]
fn no_client_counts_as_internal() {
    let envoy = render(&prepare("chain-clients", ""), &[]);
    let manager = connection_manager(&envoy);
    let nobody = json!({ "cidr_ranges": [{ "address_prefix": "0.0.0.0", "prefix_len": 32 }] });
    assert_eq!((&manager["internal_address_config"], &manager["use_remote_address"]), (&nobody, &json!(true)));
}

#[test]
fn one_healthy_endpoint_keeps_conversations_at_home() {
    let envoy = render(&prepare("chain-home", ""), &[]);
    for name in ["third", "mirror:gamma>third"] {
        let third = cluster(&envoy, name);
        assert_eq!(third["load_assignment"]["policy"]["overprovisioning_factor"], 10000);
        assert_eq!(third["load_assignment"]["endpoints"][0]["lb_endpoints"].as_array().unwrap().len(), 2);
        let outliers = &third["outlier_detection"];
        assert_eq!((&outliers["base_ejection_time"], &outliers["max_ejection_percent"]), (&json!("30s"), &json!(100)));
        assert_eq!(third["common_lb_config"]["update_merge_window"], "0s");
        assert_eq!(
            (&outliers["enforcing_consecutive_5xx"], &outliers["consecutive_gateway_failure"]),
            (&json!(0), &json!(5))
        );
    }
}

#[test]
fn what_the_deployment_says_is_rendered() {
    let deployment = "
envoyVersion: \"1.37\"
failover:
  mechanism: composite
  retryOn: [reset, retriable-status-codes]
  retriableStatusCodes: [503]
  perTryIdleTimeout: 90s
  perTryTimeout: 10m
  backOff: { baseInterval: 5ms, maxInterval: 50ms }
clusters:
- name: first
  address: 10.0.0.1
  port: 80
  connectTimeout: 250ms
  circuitBreakers: { maxRequests: 7, maxRetries: 3 }
  outlierDetection: { consecutive5xx: 4, consecutiveGatewayFailure: 0, baseEjectionTime: 1s, maxEjectionTime: 2s, interval: 500ms }
  healthCheck: { path: /health, interval: 1s }
- { name: second, demo: true }
- { name: third, demo: true }
";
    let folder = folder("chain-settings", &[("policy.yaml", POLICY), ("deployment.yaml", deployment)]);
    let envoy = render(&folder, &[]);
    let first = cluster(&envoy, "model:alpha>first");
    assert_eq!(first["connect_timeout"], "0.250s");
    let limits = &first["circuit_breakers"]["thresholds"][0];
    assert_eq!(
        (&limits["max_requests"], &limits["max_retries"], &limits["max_connections"]),
        (&json!(7), &json!(3), &json!(10000))
    );
    let outliers = &first["outlier_detection"];
    assert_eq!((&outliers["consecutive_5xx"], &outliers["enforcing_consecutive_5xx"]), (&json!(4), &json!(100)));
    assert_eq!(
        (&outliers["consecutive_gateway_failure"], &outliers["enforcing_consecutive_gateway_failure"]),
        (&Value::Null, &json!(0))
    );
    assert_eq!((&outliers["base_ejection_time"], &outliers["interval"]), (&json!("1s"), &json!("0.500s")));
    assert_eq!(first["health_checks"][0]["http_health_check"], json!({ "host": "first", "path": "/health" }));
    let chain = cluster(&envoy, "failover:alpha>first,beta>second");
    assert_eq!(
        chain["cluster_type"]["typed_config"]["clusters"],
        json!([{ "name": "try:alpha>first" }, { "name": "model:beta>second" }])
    );
    let retry = &route(&envoy, "failover:alpha>first,beta>second", None)["route"]["retry_policy"];
    assert_eq!(
        (&retry["retry_on"], &retry["per_try_idle_timeout"], &retry["per_try_timeout"], &retry["retry_priority"]),
        (&json!("reset,retriable-status-codes"), &json!("90s"), &json!("600s"), &Value::Null)
    );
    assert_eq!(retry["retry_back_off"], json!({ "base_interval": "0.005s", "max_interval": "0.050s" }));
}

#[test]
fn old_envoys_get_room_for_a_body_that_they_count_twice() {
    let folder = prepare("chain-buffer", "bufferLimitBytes: 40000000\n");
    let limit = |version: &str| {
        let envoy = render(&folder, &["--envoy-version", version]);
        envoy["static_resources"]["listeners"][0]["per_connection_buffer_limit_bytes"].as_u64().unwrap()
    };
    assert_eq!(
        (limit("1.36"), limit("1.37"), limit("1.38"), limit("1.40")),
        (80_000_000, 80_000_000, 40_000_000, 40_000_000)
    );
}

#[test]
fn a_mechanism_that_the_version_lacks_is_an_error() {
    let refused = |mechanism: &str, version: &str, sentence: &str| {
        let folder = prepare("chain-version", &format!("failover: {{ mechanism: {mechanism} }}\n"));
        let outcome = pointsman(&["render", "envoy", folder.to_str().unwrap(), "--envoy-version", version]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
        let expected = format!("deployment.yaml:1:24: failover.mechanism: {sentence}\n1 error\n");
        assert_eq!(without(&folder, &outcome.stderr), expected);
    };
    refused(
        "composite",
        "1.36",
        "`composite` needs Envoy 1.37 or newer, and this is for 1.36: say `envoyVersion: \"1.37\"`, or use `aggregate`",
    );
    refused(
        "priorityGroup",
        "1.39",
        "`priorityGroup` needs Envoy 1.40 or newer, and this is for 1.39: say `envoyVersion: \"1.40\"`, or use `aggregate`",
    );
}

#[test]
fn what_policies_needed_stays_in_the_folder_as_long_as_requests_may_need_it() {
    let folder = prepare("chain-xds", "");
    let xds = folder.join("xds");
    let chains = |policy: &str| -> Vec<String> {
        std::fs::write(folder.join("policy.yaml"), policy).unwrap();
        let bootstrap = render(&folder, &["--xds-dir", xds.to_str().unwrap()]);
        assert_eq!(bootstrap["static_resources"]["clusters"], Value::Null);
        let clusters = yaml::parse(&std::fs::read_to_string(xds.join("clusters.yaml")).unwrap());
        let names = clusters["resources"].as_array().unwrap().iter().map(|cluster| cluster["name"].as_str().unwrap());
        names.filter(|name| name.starts_with("failover:")).map(str::to_owned).collect()
    };
    let policy = format!("{POLICY}feedback: {{ rateLimits: false }}\n");
    assert_eq!(chains(&policy), ["failover:alpha>first,beta>second", "failover:alpha>first,sibling>first"]);
    let other = policy.replace("fallback: [sibling]", "fallback: [gamma]");
    let all =
        ["failover:alpha>first,beta>second", "failover:alpha>first,gamma>third", "failover:alpha>first,sibling>first"];
    assert_eq!(chains(&other), all);
    // Once more the same is no step further.
    assert_eq!(chains(&other), all);
    // Nor is it the next policy that ends it, but the time in which a request may still be tried.
    let none = "models:\n- { name: alpha, cluster: first }\n";
    assert_eq!(chains(none), all);
    let kept = xds.join(".needs.json");
    let mut needs: Value = serde_json::from_str(&std::fs::read_to_string(&kept).unwrap()).unwrap();
    let earlier = needs["earlier"].as_array_mut().unwrap();
    assert_eq!(earlier.len(), 2);
    earlier.iter_mut().for_each(|one| one["until"] = json!(1));
    std::fs::write(&kept, needs.to_string()).unwrap();
    assert_eq!(chains(none), [""; 0]);
    assert_eq!(chains(&other), all[..2]);
}

#[test]
fn with_a_matcher_there_is_a_cluster_for_each_model_and_none_for_a_chain() {
    let more = "envoyVersion: \"1.39\"\n";
    let folder = prepare("chain-matcher", more);
    let envoy = render(&folder, &[]);
    let clusters = envoy["static_resources"]["clusters"].as_array().unwrap().iter();
    let names: BTreeSet<_> = clusters.map(|cluster| cluster["name"].as_str().unwrap()).collect();
    let expected = [
        "first",
        "second",
        "third",
        "mirror:gamma>third",
        "pointsman-sink",
        "model:alpha>first",
        "try:alpha>first",
        "own-key:try:alpha>first",
        "model:sibling>first",
        "try:sibling>first",
        "own-key:try:sibling>first",
        "model:beta>second",
        "try:beta>second",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    let inside = |name: &str| cluster(&envoy, name)["cluster_type"]["typed_config"]["clusters"].clone();
    assert_eq!(inside("try:beta>second"), json!(["model:beta>second", "pointsman-sink"]));
    let action = &route(&envoy, "failover:alpha>first,beta>second", None)["route"];
    assert_eq!(action["retry_policy"]["refresh_cluster_on_retry"], true);
    let matcher = &action["inline_cluster_specifier_plugin"]["extension"]["typed_config"]["cluster_matcher"];
    let first = &matcher["on_no_match"]["matcher"]["matcher_tree"];
    assert_eq!(first["input"]["typed_config"]["key"], "wasm.pointsman_turn_1");
    let to = |turn: &str| first["exact_match_map"]["map"][turn]["action"]["typed_config"]["cluster"].clone();
    assert_eq!(to("try:beta>second"), "try:beta>second");
    assert_eq!(to("own-key:try:alpha>first"), "own-key:try:alpha>first");
    let second = &matcher["matcher_tree"]["exact_match_map"]["map"]["1"]["matcher"]["matcher_tree"];
    assert_eq!(second["input"]["typed_config"]["key"], "wasm.pointsman_turn_2");
    assert_eq!(envoy["static_resources"]["listeners"].as_array().map(Vec::len), Some(1));
    // A circuit breaker of its own is met behind a listener inside Envoy.
    let narrow = CLUSTERS.replace("authority: first.example", "circuitBreakers: { maxRequests: 5 }");
    let folder =
        self::folder("chain-limits", &[("policy.yaml", POLICY), ("deployment.yaml", &format!("{more}{narrow}"))]);
    let envoy = render(&folder, &[]);
    assert_eq!(envoy["static_resources"]["listeners"][1]["name"], "pointsman-limits");
    assert_eq!(envoy["bootstrap_extensions"][0]["name"], "envoy.bootstrap.internal_listener");
    assert_eq!(cluster(&envoy, "try:alpha>first")["type"], "STATIC");
    assert_eq!(cluster(&envoy, "model:alpha>first")["common_lb_config"]["healthy_panic_threshold"]["value"], 0);
    assert_eq!(cluster(&envoy, "try:beta>second")["cluster_type"]["name"], "envoy.clusters.aggregate");
}

#[test]
fn limits_are_met_behind_a_listener_with_every_mechanism() {
    let narrow = CLUSTERS.replace("authority: first.example", "circuitBreakers: { maxRequests: 5 }");
    let rendered = |mechanism: &str| {
        let text = format!("envoyVersion: \"1.40\"\nfailover: {{ mechanism: {mechanism} }}\n{narrow}");
        let folder = folder(&format!("limits-{mechanism}"), &[("policy.yaml", POLICY), ("deployment.yaml", &text)]);
        render(&folder, &[])
    };
    let chain = "failover:alpha>first,beta>second";
    for mechanism in ["aggregate", "composite", "priorityGroup"] {
        let envoy = rendered(mechanism);
        assert_eq!(envoy["static_resources"]["listeners"][1]["name"], "pointsman-limits");
        let attempts = &cluster(&envoy, "try:alpha>first")["load_assignment"]["endpoints"][0]["lb_endpoints"][0];
        assert_eq!(
            attempts["endpoint"]["address"]["envoy_internal_address"]["server_listener_name"],
            "pointsman-limits"
        );
        let mark = &attempts["metadata"]["filter_metadata"]["pointsman"];
        assert_eq!(mark, &json!({ "model": "alpha", "provider": "first", "behind": "model:alpha>first" }));
        let behind = cluster(&envoy, "model:alpha>first");
        assert_eq!(behind["circuit_breakers"]["thresholds"][0]["max_requests"], 5);
        assert_eq!(filters(behind), [""; 0]);
        // The chain's own filters run, or else those of its models' clusters.
        let own = if mechanism == "priorityGroup" { "try:alpha>first" } else { chain };
        assert_eq!(filters(cluster(&envoy, own)).iter().rev().nth(1), Some(&"pointsman-to-limits"));
        let home =
            if mechanism == "priorityGroup" { "own-key:try:alpha>first" } else { "failover:alpha>first,sibling>first" };
        assert_eq!(
            filters(cluster(&envoy, home)),
            ["pointsman-upstream", "pointsman-no-provider", "pointsman-to-limits", CODEC]
        );
        let removed = &filter(cluster(&envoy, own), "pointsman-no-provider")["mutations"]["request_mutations"];
        assert_eq!(removed, &json!([{ "remove": "x-pointsman-provider" }, { "remove": "x-pointsman-cluster" }]));
        assert!(!filters(cluster(&envoy, "mirror:gamma>third")).contains(&"pointsman-to-limits"));
    }
    let envoy = rendered("aggregate");
    let inside = &cluster(&envoy, chain)["cluster_type"]["typed_config"]["clusters"];
    assert_eq!(inside, &json!(["try:alpha>first", "model:beta>second"]));
}

/// What `check` warns of, besides keys that are not here.
fn warns(test: &str, policy: &str, clusters: &str, warnings: &[&str]) {
    let folder = folder(test, &[("policy.yaml", policy), ("deployment.yaml", clusters)]);
    let outcome = pointsman(&["check", folder.to_str().unwrap()]);
    let said = without(&folder, &outcome.stderr);
    let said: Vec<_> = said.lines().filter(|line| !line.contains("no such file")).collect();
    assert_eq!((outcome.code, said), (Some(0), warnings.to_vec()));
}

#[test]
fn a_provider_that_will_get_no_key_is_warned_of() {
    warns(
        "warn-keys",
        POLICY,
        CLUSTERS,
        &[
            "deployment.yaml:3:3: clusters[0]: warning: has no `credential`: the chain `alpha`, `beta` crosses providers, so a client's own key is removed and this one gets none (P0043)",
        ],
    );
    let clusters = CLUSTERS
        .replace("credential: { header: x-third-key, sds: keys/third.json }", "")
        .replace("address: 10.0.0.1, port: 80, authority: first.example", "demo: true");
    warns(
        "warn-copies",
        POLICY,
        &clusters,
        &[
            "deployment.yaml:5:3: clusters[2]: warning: has no `credential`: copies for `gamma` never carry a client's key, so this provider gets none (P0043)",
        ],
    );
}

#[test]
fn a_key_for_everybody_is_warned_of() {
    warns(
        "warn-default",
        "models:\n- { name: alpha, cluster: second }\n",
        &format!("defaultCluster: second{CLUSTERS}"),
        &[
            "deployment.yaml:1:17: defaultCluster: warning: has a `credential`: every request that is no LLM call, from anybody, gets that key (P0044)",
        ],
    );
}

#[test]
fn very_many_chains_are_warned_of() {
    let models: String =
        (0..12).map(|n| format!("- {{ name: m{n}, cluster: x, fallback: [a, b, c, d, e, f] }}\n")).collect();
    let last: String =
        ["a", "b", "c", "d", "e", "f"].map(|name| format!("- {{ name: {name}, cluster: x }}\n")).concat();
    let policy = format!("models:\n{models}{last}");
    let warning = "policy.yaml:1:1: models: warning: Envoy gets 919 clusters and about 14042 series of statistics, above `failover.warnAboveSeries`: one cluster for each of 900 chains of models: shorter `fallback` lists make them fewer, and `failover.mechanism: matcher` (Envoy 1.39) needs none for chains (P0040)";
    let clusters = "failover: { warnAboveSeries: 13000 }\nclusters: [{ name: x, demo: true }]\n";
    warns("warn-chains", &policy, clusters, &[warning]);
    warns("warn-no-chains", &policy, &clusters.replace("13000", "14042"), &[]);
    let newer = "envoyVersion: \"1.39\"\nfailover: { mechanism: matcher, warnAboveSeries: 10000 }\nclusters: [{ name: x, demo: true }]\n";
    warns("warn-linear", &policy, newer, &[]);
    let folder = folder("size", &[("policy.yaml", &policy), ("deployment.yaml", newer)]);
    let outcome = pointsman(&["check", folder.to_str().unwrap()]);
    assert!(outcome.stdout.contains("in Envoy 1.39, this makes 56 clusters and about "), "{}", outcome.stdout);
}
