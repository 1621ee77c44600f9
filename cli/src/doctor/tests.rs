//! Small config dumps, one mistake each, and the findings they must lead to. Real Envoys are in `integration-tests/`.

mod callers;

use super::examine;
use super::read::answers::Answers;
use super::report::Report;
use serde_json::{Value, json};

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const HTTP: &str = "type.googleapis.com/envoy.extensions.filters.http.";
const MANAGER: &str =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// Statistics of machines that run.
const MACHINES: &str = "wasm.envoy.wasm.runtime.v8.active: 6\nwasm.envoy.wasm.runtime.v8.created: 6\n";

/// What Envoy is told; the default is a right installation.
struct Setup {
    version: &'static str,
    filters: Vec<Value>,
    routes: Vec<Value>,
    clusters: Vec<Value>,
    listener: Value,
    manager: Value,
    transport: Option<Value>,
    /// Further parts of the dump.
    more: Vec<Value>,
    stats: Option<String>,
}

fn policy() -> Value {
    json!({"models": [{"name": "a", "cluster": "one"}, {"name": "b", "cluster": "two"}], "limits": {"maxBodyBytes": 100_000}})
}

/// Two chains: `a>b`, and none of the second model.
fn with_fallback() -> Value {
    let mut policy = policy();
    policy["models"][0]["fallback"] = json!(["b"]);
    // With them, the two could stand in either order, and each has a cluster.
    policy["feedback"] = json!({"rateLimits": false});
    policy
}

fn wasm(name: &str, configuration: &Value) -> Value {
    let configuration =
        json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration.to_string()});
    let config = json!({"name": name, "configuration": configuration, "failure_policy": "FAIL_RELOAD"});
    json!({"name": name, "typed_config": {"@type": WASM, "config": config}})
}

fn router(hold: &str, policy: &Value) -> Value {
    let mut filter = wasm("llm-router", &json!({"role": "router", "hold": hold, "policy": policy}));
    if hold == "stop" {
        filter["typed_config"]["config"]["allow_on_headers_stop_iteration"] = true.into();
    }
    filter
}

fn gate() -> Value {
    wasm("llm-gate", &json!({"role": "gate"}))
}

fn upstream() -> Value {
    wasm("llm-upstream", &json!({"role": "upstream"}))
}

fn native(kind: &str) -> Value {
    json!({"name": kind, "typed_config": {"@type": format!("{HTTP}{kind}")}})
}

/// The route that follows the header.
fn follows() -> Value {
    json!({
        "match": {"prefix": "/", "headers": [{"name": "x-pointsman-cluster", "present_match": true}]},
        "route": {"cluster_header": "x-pointsman-cluster"},
        "request_headers_to_remove": ["x-pointsman-cluster"],
    })
}

fn exact(value: &str, cluster: &str) -> Value {
    json!({
        "match": {"prefix": "/", "headers": [{"name": "x-pointsman-cluster", "string_match": {"exact": value}}]},
        "route": {"cluster": cluster},
        "request_headers_to_remove": ["x-pointsman-cluster"],
    })
}

fn rest() -> Value {
    json!({"match": {"prefix": "/"}, "route": {"cluster": "web"}})
}

fn cluster(name: &str) -> Value {
    json!({"name": name, "type": "STATIC"})
}

fn aggregate(name: &str, parts: &[&str], filters: &[Value]) -> Value {
    let config =
        json!({"@type": "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig", "clusters": parts});
    json!({
        "name": name,
        "cluster_type": {"name": "envoy.clusters.aggregate", "typed_config": config},
        "typed_extension_protocol_options": {OPTIONS: {"http_filters": filters}},
    })
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            version: "1.40.0",
            filters: vec![router("stop", &policy())],
            routes: vec![follows(), rest()],
            clusters: vec![cluster("one"), cluster("two"), cluster("web")],
            listener: json!({}),
            manager: json!({}),
            transport: None,
            more: Vec::new(),
            stats: Some(MACHINES.into()),
        }
    }
}

fn merge(mut into: Value, from: Value) -> Value {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
    into
}

impl Setup {
    fn report(self) -> Report {
        let mut filters = self.filters;
        filters.push(native("router.v3.Router"));
        let hosts = json!([{"name": "all", "domains": ["*"], "routes": self.routes}]);
        let manager = json!({"@type": MANAGER, "route_config": {"virtual_hosts": hosts}, "http_filters": filters});
        let manager = merge(manager, self.manager);
        let mut chain = json!({"filters": [{"name": "hcm", "typed_config": manager}]});
        if let Some(transport) = self.transport {
            chain["transport_socket"] = transport;
        }
        let listener = merge(json!({"name": "edge", "filter_chains": [chain]}), self.listener);
        let host = json!({"endpoint": {}, "health_status": "HEALTHY"});
        let endpoints =
            |name: &Value| json!({"endpoint_config": {"cluster_name": name, "endpoints": [{"lb_endpoints": [host]}]}});
        let hosts: Vec<_> = self.clusters.iter().map(|cluster| endpoints(&cluster["name"])).collect();
        let clusters: Vec<_> = self.clusters.iter().map(|cluster| json!({"cluster": cluster})).collect();
        let part = |message: &str, list: &str, items: &Value| json!({"@type": format!("type.googleapis.com/envoy.admin.v3.{message}"), list: items});
        let mut configs = vec![
            part("ListenersConfigDump", "static_listeners", &json!([{"listener": listener}])),
            part("ClustersConfigDump", "static_clusters", &json!(clusters)),
            part("EndpointsConfigDump", "static_endpoint_configs", &json!(hosts)),
        ];
        // What stands first wins.
        configs.splice(0..0, self.more);
        examine(&Answers {
            config_dump: json!({"configs": configs}),
            stats: self.stats,
            server_info: Some(json!({
                "version": format!("0/{}/Clean/RELEASE/BoringSSL", self.version),
                "command_line_options": {"concurrency": 1},
            })),
            listeners: None,
        })
    }

    fn check(self, expected: &[&str]) -> Report {
        let report = self.report();
        let codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, expected, "{}", report.text());
        report
    }
}

fn filters(filters: Vec<Value>, expected: &[&str]) -> Report {
    Setup { filters, ..Setup::default() }.check(expected)
}

fn routes(routes: Vec<Value>, expected: &[&str]) -> Report {
    Setup { routes, ..Setup::default() }.check(expected)
}

#[test]
fn a_right_installation_has_no_findings_and_says_what_is_fine() {
    let report = filters(vec![router("stop", &policy())], &[]);
    assert_eq!(report.fine.len(), 11, "{}", report.text());
    filters(vec![native("cors.v3.Cors"), router("gate", &policy()), gate(), native("fault.v3.HTTPFault")], &[]);
}

#[test]
fn instances_are_where_they_must_be() {
    let (stop, gated) = (|| router("stop", &policy()), || router("gate", &policy()));
    filters(vec![], &["not-installed"]);
    filters(vec![gate()], &["gate-without-router"]);
    filters(vec![gated()], &["gate-missing"]);
    filters(vec![gate(), gated()], &["gate-first"]);
    filters(vec![gated(), native("cors.v3.Cors"), gate()], &["filter-between"]);
    filters(vec![gated(), gate(), gate()], &["two-gates"]);
    filters(vec![stop(), gate()], &["gate-unused"]);
    filters(vec![stop(), stop()], &["two-routers"]);
    filters(vec![stop(), upstream()], &["upstream-in-listener"]);
}

#[test]
fn stopping_needs_the_flag_and_an_envoy_that_knows_it() {
    let mut without = router("stop", &policy());
    without["typed_config"]["config"]["allow_on_headers_stop_iteration"] = false.into();
    filters(vec![without], &["flag-missing"]);
    Setup { version: "1.34.9", ..Setup::default() }.check(&["envoy-too-old"]);
}

#[test]
fn an_instance_among_upstream_filters_is_no_router() {
    let clusters = vec![aggregate("one", &["two"], &[router("stop", &policy())]), cluster("two"), cluster("web")];
    Setup { clusters, ..Setup::default() }.check(&["behind-envoys-router"]);
}

#[test]
fn bodies_are_left_alone_behind_the_router() {
    let stop = || router("stop", &policy());
    filters(vec![stop(), native("buffer.v3.Buffer")], &["body-held-behind"]);
    filters(vec![stop(), native("decompressor.v3.Decompressor")], &["body-changed-behind"]);
    filters(vec![native("decompressor.v3.Decompressor"), native("buffer.v3.Buffer"), stop()], &[]);
    let report = filters(vec![stop(), native("lua.v3.Lua")], &[]);
    assert!(report.unseen.iter().any(|line| line.contains("what it does with bodies")), "{}", report.text());
}

#[test]
fn a_failed_module_is_loaded_anew() {
    for (failure_policy, expected) in
        [("FAIL_OPEN", "fail-open"), ("FAIL_CLOSED", "fail-closed"), ("UNSPECIFIED", "fail-closed")]
    {
        let mut filter = router("stop", &policy());
        filter["typed_config"]["config"]["failure_policy"] = failure_policy.into();
        filters(vec![filter], &[expected]);
    }
}

#[test]
fn policies_are_valid_and_the_same_everywhere() {
    let mut bad = policy();
    bad["modles"] = json!([]);
    let report = filters(vec![router("stop", &bad)], &["configuration-invalid"]);
    assert!(report.findings[0].cause.contains("did you mean `models`"), "{}", report.text());
    let other = json!({"name": "other", "filter_chains": [{"filters": [{"typed_config": {
        "@type": MANAGER,
        "http_filters": [router("stop", &with_fallback())],
        "scoped_routes": {},
        "codec_type": "HTTP1",
    }}]}]});
    let part = json!({"@type": "x/envoy.admin.v3.ListenersConfigDump", "dynamic_listeners": [{"name": "other", "active_state": {"listener": other}}]});
    let report = Setup { more: vec![part], ..Setup::default() }.check(&["policies-differ"]);
    assert_eq!(report.findings[0].places.len(), 2);
    assert!(report.unseen.iter().any(|line| line.contains("scoped routes")));
}

#[test]
fn no_client_is_internal() {
    let ranges =
        |ranges: &Value| json!({"internal_address_config": {"cidr_ranges": ranges}, "use_remote_address": true});
    let nobody = json!([{"address_prefix": "0.0.0.0", "prefix_len": 32}]);
    let private =
        json!([{"address_prefix": "0.0.0.0", "prefix_len": 32}, {"address_prefix": "10.0.0.0", "prefix_len": 8}]);
    let mut by_header = ranges(&nobody);
    by_header["use_remote_address"] = false.into();
    for (manager, expected) in [
        (json!({}), None),
        (json!({"use_remote_address": true}), None),
        (ranges(&nobody), None),
        (ranges(&json!([])), Some("all private networks")),
        (json!({"internal_address_config": {}, "use_remote_address": true}), Some("all private networks")),
        (ranges(&private), Some("10.0.0.0/8")),
        (by_header, Some("x-forwarded-for")),
    ] {
        let expected: Vec<_> = expected.map(|cause| ("clients-internal", cause)).into_iter().collect();
        let codes: Vec<_> = expected.iter().map(|(code, _)| *code).collect();
        let report = Setup { manager, ..Setup::default() }.check(&codes);
        for (finding, (_, cause)) in report.findings.iter().zip(expected) {
            assert!(finding.cause.contains(cause), "{}", report.text());
        }
    }
}

#[test]
fn what_many_chains_miss_is_one_finding() {
    let mut policy = with_fallback();
    policy["models"][1]["fallback"] = json!(["a"]);
    let chain = |name: &str, parts: &[&str]| aggregate(name, parts, &[upstream()]);
    let retry = json!({"retry_on": "5xx", "retry_priority": {"name": "envoy.retry_priorities.previous_priorities"}});
    let mut setup = failover(&retry, chain("failover:a>one,b>two", &["model:a>one", "model:b>two"]));
    setup.filters = vec![router("stop", &policy)];
    setup.clusters.push(chain("failover:b>two,a>one", &["model:b>two", "model:a>one"]));
    setup.clusters.retain(|cluster| cluster["name"] != "model:b>two");
    let report = setup.check(&["cluster-missing"]);
    assert_eq!(report.findings[0].places, ["cluster `model:b>two`, a part of others"]);
}

#[test]
fn routes_follow_the_header() {
    routes(vec![rest()], &["no-route"]);
    routes(vec![rest(), follows()], &["route-shadowed"]);
    let report = routes(vec![exact("one", "one"), rest()], &["route-shadowed"]);
    assert!(report.findings[0].symptom.ends_with("meant for `two`"), "{}", report.text());
    routes(vec![exact("one", "one")], &["cluster-without-route"]);
    routes(vec![exact("one", "one"), exact("two", "two")], &[]);
    let mut keeps = follows();
    keeps["request_headers_to_remove"] = json!([]);
    routes(vec![keeps], &["header-leaks"]);
    let mut fixed = follows();
    fixed["route"] = json!({"cluster": "one"});
    routes(vec![fixed], &["route-ignores-choice"]);
}

#[test]
fn clusters_are_there() {
    Setup { clusters: vec![cluster("one"), cluster("web")], ..Setup::default() }.check(&["cluster-missing"]);
    // A route's own name for it may differ from the policy's.
    routes(vec![exact("one", "web"), exact("two", "web")], &[]);
    let report = routes(vec![exact("one", "gone"), exact("two", "gone")], &["cluster-missing"]);
    assert_eq!(report.findings[0].places, ["cluster `gone`, for `one`, `two`"]);
    let hosts = |health: &str| json!([{"endpoint_config": {"cluster_name": "eds", "endpoints": [{"lb_endpoints": [{"health_status": health}]}]}}]);
    for (health, expected) in [("HEALTHY", &[][..]), ("UNHEALTHY", &["cluster-without-hosts"][..])] {
        let part = json!({"@type": "x/envoy.admin.v3.EndpointsConfigDump", "dynamic_endpoint_configs": hosts(health)});
        let routes = vec![exact("one", "discovered"), exact("two", "two")];
        let discovered = json!({"cluster": {"name": "discovered", "eds_cluster_config": {"service_name": "eds"}}});
        let clusters = json!({"@type": "x/envoy.admin.v3.ClustersConfigDump", "dynamic_active_clusters": [discovered]});
        Setup { routes, more: vec![part, clusters], ..Setup::default() }.check(expected);
    }
}

fn failover(retry: &Value, cluster: Value) -> Setup {
    let mut route = follows();
    route["route"]["retry_policy"] = retry.clone();
    Setup {
        filters: vec![router("stop", &with_fallback())],
        routes: vec![route],
        clusters: vec![
            cluster,
            self::cluster("one"),
            self::cluster("two"),
            self::cluster("model:a>one"),
            self::cluster("model:b>two"),
        ],
        ..Setup::default()
    }
}

#[test]
fn chains_have_clusters_retries_and_an_upstream_instance() {
    let parts = &["model:a>one", "model:b>two"];
    let good = || aggregate("failover:a>one,b>two", parts, &[upstream()]);
    let retry = json!({"retry_on": "5xx", "retry_priority": {"name": "envoy.retry_priorities.previous_priorities"}});
    failover(&retry, good()).check(&[]);
    failover(&retry, cluster("web")).check(&["cluster-missing"]);
    failover(&json!({}), good()).check(&["failover-without-retry"]);
    failover(&json!({"retry_on": "5xx"}), good()).check(&["failover-without-priority"]);
    failover(&retry, aggregate("failover:a>one,b>two", parts, &[])).check(&["upstream-missing"]);
    failover(&retry, aggregate("failover:a>one,b>two", &["model:a>one", "model:c>three"], &[upstream()]))
        .check(&["cluster-missing"]);
    let plain = |name: &str| aggregate(name, &["model:b>two"], &[upstream()]);
    let mut setup = failover(&retry, good());
    setup.clusters[2] = plain("two");
    setup.check(&["upstream-without-chain"]);
    for (model, expected) in [("a", &[][..]), ("c", &["endpoint-unmarked"][..]), ("", &["endpoint-unmarked"][..])] {
        let metadata = json!({"filter_metadata": {"pointsman": {"model": model}}});
        let mut setup = failover(&retry, good());
        setup.clusters[3]["load_assignment"] = json!({"endpoints": [{"lb_endpoints": [{"metadata": metadata}]}]});
        setup.check(expected);
    }
    let listener = || json!({"per_connection_buffer_limit_bytes": 150_000});
    Setup { listener: listener(), version: "1.37.0", ..failover(&retry, good()) }
        .check(&["buffer-too-small-for-retries"]);
    Setup { listener: listener(), version: "1.38.0", ..failover(&retry, good()) }.check(&[]);
}

#[test]
fn mirrors_have_routes_and_clusters() {
    let mut policy = policy();
    policy["rules"] =
        json!([{"name": "r", "route": {"targets": [{"model": "a"}], "mirror": {"model": "b", "percent": 1}}}]);
    let setup =
        |routes, clusters| Setup { filters: vec![router("stop", &policy)], routes, clusters, ..Setup::default() };
    let all = |more: &[Value]| [&[cluster("one"), cluster("two"), cluster("web")], more].concat();
    setup(vec![follows()], all(&[])).check(&["mirror-without-route"]);
    let mut mirror = follows();
    let copied = json!({"name": "x-pointsman-mirror", "string_match": {"exact": "mirror:b>two"}});
    mirror["match"]["headers"] = json!([copied, mirror["match"]["headers"][0]]);
    mirror["route"]["request_mirror_policies"] = json!([{"cluster": "mirror:b>two"}]);
    setup(vec![mirror.clone(), follows()], all(&[])).check(&["cluster-missing"]);
    setup(vec![mirror.clone(), follows()], all(&[cluster("mirror:b>two")])).check(&["upstream-missing"]);
    let good = || all(&[aggregate("mirror:b>two", &["one"], &[upstream()])]);
    setup(vec![mirror.clone(), follows()], good()).check(&[]);
    let regex = |pattern: &str, cluster: &str| {
        let mut route = exact(pattern, cluster);
        route["match"]["headers"][0]["string_match"] = json!({"safe_regex": {"regex": pattern}});
        route
    };
    self::routes(vec![regex("one", "one"), regex("two", "gone")], &["cluster-missing"]);
    // The first of two routes that ask for the same takes all there is.
    let mut behind = mirror.clone();
    behind["route"] = json!({"weighted_clusters": {"clusters": [{"name": "gone"}]}});
    setup(vec![mirror.clone(), behind.clone(), follows()], good()).check(&[]);
    setup(vec![behind, mirror, follows()], good()).check(&["cluster-missing"]);
}

#[test]
fn bodies_fit_into_buffers() {
    let limit =
        |bytes: u64| Setup { listener: json!({"per_connection_buffer_limit_bytes": bytes}), ..Setup::default() };
    limit(100_001).check(&[]);
    limit(0).check(&[]);
    limit(100_000).check(&["buffer-too-small"]);
    let report = limit(32_768).check(&["buffer-too-small"]);
    assert!(report.findings[0].cause.contains("EDGE"));
    let window = |options: Value| Setup { manager: options, ..Setup::default() };
    let small = json!({"initial_stream_window_size": 65_536});
    window(json!({"http2_protocol_options": small})).check(&["http2-window-too-small"]);
    window(json!({"http2_protocol_options": small, "codec_type": "HTTP1"})).check(&[]);
    let mut policy = policy();
    policy["limits"]["maxBodyBytes"] = (20 << 20).into();
    let report = filters(vec![router("stop", &policy)], &["buffer-too-small", "http2-window-too-small"]);
    assert!(report.findings[1].cause.contains("16777216 (the default)"));
}

#[test]
fn a_routes_own_limit_counts_where_it_comes_early_enough() {
    for (version, expected) in [("1.36.4", &["buffer-too-small"][..]), ("1.37.0", &[][..])] {
        let mut routes = vec![follows(), rest()];
        routes.iter_mut().for_each(|route| route["request_body_buffer_limit"] = "100001".into());
        let listener = json!({"per_connection_buffer_limit_bytes": 1});
        Setup { version, routes, listener, ..Setup::default() }.check(expected);
    }
}

const NAME: &str = "extensions.istio.io/trafficextension/istio-system.llm~istio-translated-wasmplugin";

/// An installation whose router's configuration comes by extension config discovery.
fn discovered(config: Option<Value>, stats: Option<&str>) -> Setup {
    let resource =
        config.map(|config| json!({"version_info": "2", "ecds_filter": {"name": NAME, "typed_config": config}}));
    let part = json!({"@type": "x/envoy.admin.v3.EcdsConfigDump", "ecds_filters": Vec::from_iter(resource)});
    let filter = json!({"name": NAME, "config_discovery": {"type_urls": [WASM]}});
    Setup { filters: vec![filter], more: vec![part], stats: stats.map(str::to_owned), ..Setup::default() }
}

/// Statistics of an Envoy that serves this version of the router's configuration.
fn serving(version: &str) -> String {
    format!("{MACHINES}extension_config_discovery.http_filter.{NAME}.version_text: \"{version}\"\n")
}

#[test]
fn discovered_configurations_have_come_and_serve() {
    let good = || Some(router("stop", &policy())["typed_config"].clone());
    let report = discovered(good(), Some(&serving("2"))).check(&[]);
    assert_eq!(report.instances[0].filter, "WasmPlugin istio-system/llm");
    discovered(good(), Some(&serving("1"))).check(&["push-refused"]);
    discovered(None, Some(&serving("2"))).check(&["configuration-missing"]);
    let report = discovered(good(), None).check(&[]);
    assert_eq!(report.unseen.iter().filter(|line| line.contains("statistics")).count(), 2, "{}", report.text());
    for prefix in ["wasm-default-deny", "wasm-default-allow"] {
        let rbac = json!({"@type": format!("{HTTP}rbac.v3.RBAC"), "rules": {}, "rules_stat_prefix": prefix});
        let report = discovered(Some(rbac), Some(&serving("2"))).check(&["module-not-downloaded"]);
        assert!(report.findings[0].cause.contains(prefix));
    }
}

/// What Envoy tells where it is configured by delta xDS: the dump has no version.
fn by_delta(stats: &str) -> Setup {
    let mut setup = discovered(Some(router("stop", &policy())["typed_config"].clone()), Some(stats));
    setup.more[0]["ecds_filters"][0].as_object_mut().unwrap().remove("version_info");
    setup
}

#[test]
fn without_versions_in_the_dump_no_push_counts_as_refused() {
    let serves = |report: &Report| report.fine.iter().any(|line| line.contains("the latest configuration serves"));
    let report = by_delta(&serving("2")).check(&[]);
    assert!(serves(&report), "{}", report.text());
    let refused = format!("extension_config_discovery.http_filter.{NAME}.update_rejected: 1\n");
    let report = by_delta(&(serving("2") + &refused)).check(&[]);
    assert!(!serves(&report) && report.unseen.iter().any(|line| line.contains("1 updates were refused")));
    let report = discovered(Some(router("stop", &policy())["typed_config"].clone()), None).check(&[]);
    assert!(!serves(&report), "{}", report.text());
}

#[test]
fn an_invalid_configuration_says_whether_it_serves() {
    let bad = || Some(router("stop", &json!({"models": "none"}))["typed_config"].clone());
    let report = discovered(bad(), Some(&serving("1"))).check(&["configuration-invalid", "push-refused"]);
    assert!(report.findings[0].symptom.contains("keeps serving"));
    let report = discovered(bad(), Some(&serving("2"))).check(&["configuration-invalid"]);
    assert!(report.findings[0].symptom.contains("otherwise than this `pointsman`"));
}

#[test]
fn what_envoy_refused_is_shown_with_its_reason() {
    let state = json!({"name": "outbound", "error_state": {"details": "no such thing"}});
    let part = json!({"@type": "x/envoy.admin.v3.ListenersConfigDump", "dynamic_listeners": [state]});
    let report = Setup { more: vec![part], ..Setup::default() }.check(&["update-refused"]);
    assert_eq!(
        (report.findings[0].cause.as_str(), report.findings[0].places[0].as_str()),
        ("no such thing", "`outbound`")
    );
}

#[test]
fn machines_are_counted() {
    let stats = |stats: String| Setup { stats: Some(stats), ..Setup::default() };
    let with =
        |more: &str| format!("wasm.envoy.wasm.runtime.v8.created: 4\nwasm.envoy.wasm.runtime.v8.active: 2\n{more}\n");
    stats(with("")).check(&[]);
    stats(with("wasm.llm-router.vm_reload: 1")).check(&["machine-failed"]);
    stats(with("cluster.failover:a>one,b>two.wasm.llm-router.vm_reload_failure: 1")).check(&["machine-failed"]);
    stats(with("wasm.other.vm_reload: 1")).check(&[]);
    stats(with("wasm.remote_load_fetch_failures: 3")).check(&["download-failed"]);
    stats("wasm.p.vm_reload: 0\ncluster.c.wasm.envoy.wasm.runtime.v8.active: 1\n".into()).check(&[]);
    stats("wasm.envoy.wasm.runtime.v8.active: 0\n".into()).check(&["no-machine"]);
    stats("wasm.remote_load_fetch_failures: 3\n".into()).check(&["download-failed", "no-machine"]);
    let report = stats(String::new()).check(&[]);
    assert!(report.unseen.iter().any(|line| line.contains("`wasm.` statistics")));
}

/// With one worker, each machine is there three times.
#[test]
fn a_gate_whose_module_has_not_come_is_not_called_fine() {
    let apart = |mut filter: Value, vm_id: &str| {
        filter["typed_config"]["config"]["vm_config"] = json!({"vm_id": vm_id, "code": {"remote": {"sha256": "aa"}}});
        filter
    };
    let setup = |gates: &str, active: u64| Setup {
        filters: vec![apart(router("gate", &policy()), "r"), apart(gate(), gates)],
        stats: Some(format!("wasm.envoy.wasm.runtime.v8.active: {active}\n")),
        ..Setup::default()
    };
    let stand = |report: &Report| report.fine.iter().any(|line| line.starts_with("router and gate stand"));
    let report = setup("g", 3).check(&["module-not-loaded"]);
    assert!(!stand(&report) && report.findings[0].cause.contains("3 virtual machines run"), "{}", report.text());
    assert!(stand(&setup("g", 6).check(&[])));
    assert!(stand(&setup("r", 3).check(&[])), "they share one");
}

#[test]
fn a_disabled_instance_is_not_called_fine() {
    let mut filter = router("stop", &policy());
    filter["disabled"] = true.into();
    let report = filters(vec![filter], &[]);
    assert!(report.unseen.iter().any(|line| line.contains("disabled unless a route")), "{}", report.text());
}

#[test]
fn an_empty_envoy_has_nothing_installed() {
    let report = examine(&Answers { config_dump: json!({"configs": []}), ..Answers::default() });
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.envoy, "Envoy of unknown version");
}
