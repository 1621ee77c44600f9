//! `render istio` and `render envoy-gateway`: what is refused, what is kept in `envoy/`, what depends on the settings.

use crate::program::{folder, pointsman, project, without};
use std::path::Path;

const POLICY: &str = "models:\n- { name: small, cluster: llama }\n";
const CLUSTERS: &str = "clusters:\n- { name: llama, address: llm.example.net, port: 443, tls: {} }\n";
const GATEWAY: &str =
    "istio: { namespace: edge, hosts: [llm.example.com], selector: { app: gw }, url: \"oci://r.example.com/p:1\"";
const ENVOY_GATEWAY: &str =
    "envoyGateway: { namespace: llm, gateway: llm, hosts: [llm.example.com], url: \"r.example.com/p:1\"";

fn deployment(test: &str, policy: &str, deployment: &str) -> std::path::PathBuf {
    folder(test, &[("policy.yaml", policy), ("deployment.yaml", deployment)])
}

fn rendered(test: &str, text: &str, more: &[&str]) -> String {
    let folder = deployment(test, POLICY, text);
    let outcome = pointsman(&[&["render", "istio", folder.to_str().unwrap()], more].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.stdout
}

fn refused(test: &str, target: &str, text: &str, more: &[&str], expected: &str) {
    let folder = deployment(test, POLICY, text);
    let outcome = pointsman(&[&["render", target, folder.to_str().unwrap()], more].concat());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert_eq!(without(&folder, &outcome.stderr), format!("deployment.yaml:{expected}\n1 error\n"));
}

fn expect(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[test]
fn the_keys_that_ids_are_signed_with_are_the_proxys() {
    let signing = format!("{POLICY}providerState: {{ signedIds: {{ unsigned: deny }} }}\n");
    let rendered = |test: &str, target: &str, settings: &str, more: &[&str]| {
        let folder = deployment(test, &signing, &format!("{CLUSTERS}{settings} }}\n"));
        let outcome = pointsman(&[&["render", target, folder.to_str().unwrap()], more].concat());
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome.stdout
    };
    let gated = rendered("keys-gate", "istio", GATEWAY, &[]);
    assert_eq!(gated.matches("- { name: POINTSMAN_ID_KEYS, valueFrom: HOST }").count(), 2, "{gated}");
    let stopped = rendered("keys-stop", "istio", GATEWAY, &["--hold", "stop"]);
    expect(&stopped, &["environment_variables: { host_env_keys: [POINTSMAN_ID_KEYS] }", "value: signedIds"]);
    let gateway = rendered("keys-envoy-gateway", "envoy-gateway", ENVOY_GATEWAY, &[]);
    // The gate is apart there, and signs nothing.
    assert_eq!(gateway.matches("env: { hostKeys: [POINTSMAN_ID_KEYS] }").count(), 1, "{gateway}");
}

/// `UPDATE_MANIFESTS=1` writes them anew.
#[test]
fn the_manifests_in_the_repository_are_what_the_commands_print() {
    let all: [(&str, &[&str]); 5] = [
        ("istio/gateway.yaml", &["istio", "examples/istio"]),
        ("istio/gateway-hold-stop.yaml", &["istio", "examples/istio", "--hold", "stop"]),
        ("istio/gateway-failover.yaml", &["istio", "examples/istio/failover.yaml", "--failover"]),
        ("istio/sidecar.yaml", &["istio", "examples/istio/sidecar.yaml"]),
        ("envoy-gateway/gateway.yaml", &["envoy-gateway", "examples/istio"]),
    ];
    for (file, arguments) in all {
        let outcome = pointsman(&[&["render"], arguments].concat());
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{file}");
        // Envoy Gateway's file provider takes no document that has only comments.
        assert!(outcome.stdout.split("---\n").all(|document| document.contains("\nkind: ")), "{file}");
        let file = project().join("envoy").join(file);
        if std::env::var_os("UPDATE_MANIFESTS").is_some() {
            std::fs::write(&file, &outcome.stdout).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == outcome.stdout, "{} is out of date; run the tests with UPDATE_MANIFESTS=1", file.display());
    }
}

#[test]
fn a_deployment_without_the_section_says_so() {
    let text = CLUSTERS;
    refused("istio-none", "istio", text, &[], "1:1: has no section `istio`, which says where in the mesh");
    refused("gateway-none", "envoy-gateway", text, &[], "1:1: has no section `envoyGateway`, which says which gateway");
}

#[test]
fn mistakes_are_placed() {
    let text = |more: &str| format!("{CLUSTERS}{GATEWAY}{more} }}\n");
    refused(
        "istio-field",
        "istio",
        &text(", prioritty: 5"),
        &[],
        "3:108: istio.prioritty: unknown field; did you mean `priority`?",
    );
    refused(
        "istio-version",
        "istio",
        &text(", version: 1.30"),
        &[],
        "3:117: istio.version: a version needs quotes, as in \"1.30\"",
    );
    refused(
        "istio-target",
        "istio",
        &text(", target: gateway"),
        &[],
        "3:116: istio.target: unknown value `gateway`, expected one of `ingressGateway`, `egressGateway`, `sidecar`, `waypoint`",
    );
    refused(
        "istio-open",
        "istio",
        &text(", failStrategy: FAIL_OPEN"),
        &[],
        "3:122: istio.failStrategy: FAIL_OPEN is not safe: without the module, a request would pass unrouted, and a client's own x-pointsman-cluster would be believed",
    );
    refused(
        "gateway-oci",
        "envoy-gateway",
        &format!("{CLUSTERS}{}}}\n", ENVOY_GATEWAY.replace("\"r.", "\"oci://r.")),
        &[],
        "3:78: envoyGateway.url: Envoy Gateway writes an image without `oci://`: r.example.com/p:1",
    );
}

#[test]
fn what_hold_stop_cannot_have_is_refused() {
    let text = |more: &str| format!("{CLUSTERS}{GATEWAY}{more} }}\n");
    let stop = ["--hold", "stop"];
    refused(
        "stop-old",
        "istio",
        &text(", version: \"1.27\""),
        &stop,
        "3:117: istio.version: `hold: stop` needs Istio 1.28: an older one does not know the flag that it uses",
    );
    refused(
        "stop-secret",
        "istio",
        &text(", imagePullSecret: s"),
        &stop,
        "3:125: istio.imagePullSecret: is not for `hold: stop`, where the secret itself would have to stand in the EnvoyFilter",
    );
}

#[test]
fn a_cluster_that_a_mesh_cannot_reach_is_refused() {
    let text = |cluster: &str| format!("clusters:\n- {{ name: llama, {cluster} }}\n{GATEWAY} }}\n");
    refused(
        "istio-demo",
        "istio",
        &text("demo: true"),
        &[],
        "2:3: clusters[0]: a demo server runs only with `pointsman run`: a mesh needs its address and port",
    );
    refused(
        "istio-short",
        "istio",
        &text("address: llama.models, port: 80").replace("llama.models", "llama"),
        &[],
        "2:27: clusters[0].address: write a Kubernetes service in full: name.namespace.svc.cluster.local",
    );
    refused(
        "istio-ca",
        "istio",
        &text("address: a.example.net, port: 443, tls: { sni: a, caFile: ca.pem }"),
        &[],
        "2:76: clusters[0].tls.caFile: must be a path from the root, as the proxy sees it",
    );
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let outcome = pointsman(&["render", "istio", "examples/istio", "--hold", "both"]);
    assert_eq!(outcome.code, Some(2));
    expect(&outcome.stderr, &["[possible values: gate, stop]"]);
}

#[test]
fn router_and_gate_stand_side_by_side() {
    let text = rendered("istio-chain", &format!("{CLUSTERS}{GATEWAY}, priority: 7, phase: STATS }}\n"), &[]);
    let plugins: Vec<&str> = text.split("---\n").filter(|object| object.contains("kind: WasmPlugin")).collect();
    assert_eq!(plugins.len(), 2);
    expect(plugins[0], &["pluginName: pointsman-gate", "priority: 6\n", "phase: STATS\n", "role: gate"]);
    expect(plugins[1], &["pluginName: pointsman-router", "priority: 7\n", "phase: STATS\n", "hold: gate"]);
    assert!(!text.contains("allow_on_headers_stop_iteration"));
}

#[test]
fn filter_names_follow_the_version() {
    let text = |version: &str| format!("{CLUSTERS}{GATEWAY}, version: \"{version}\" }}\n");
    expect(
        &rendered("istio-1.29", &text("1.29"), &[]),
        &["extensions.istio.io/wasmplugin/edge.pointsman-gate\n", "per_connection_buffer_limit_bytes: 83886080"],
    );
    expect(
        &rendered("istio-1.30", &text("1.30"), &[]),
        &[
            "extensions.istio.io/trafficextension/edge.pointsman-gate~istio-translated-wasmplugin\n",
            "per_connection_buffer_limit_bytes: 41943040",
        ],
    );
    expect(&rendered("istio-1.26", &text("1.26"), &[]), &["failStrategy: FAIL_CLOSE\n"]);
}

#[test]
fn stop_is_one_envoy_filter_and_no_plugin() {
    let sha256 = "ab".repeat(32);
    let text = rendered("istio-stop", &format!("{CLUSTERS}{GATEWAY}, hold: stop, sha256: {sha256} }}\n"), &[]);
    assert!(!text.contains("WasmPlugin\n") && !text.contains("role: gate"));
    expect(
        &text,
        &[
            "applyTo: EXTENSION_CONFIG",
            "operation: INSERT_BEFORE",
            "allow_on_headers_stop_iteration: true",
            "uri: \"oci://r.example.com/p:1\", cluster: _, timeout: 30s",
            &format!("sha256: \"{sha256}\""),
            "\"hold\": \"stop\"",
        ],
    );
    let text = rendered("istio-stop-file", &format!("{CLUSTERS}{GATEWAY}, hold: stop }}\n"), &[]);
    expect(&text, &["sha256: \"nil\""]);
}

#[test]
fn each_kind_of_proxy_has_its_own_way() {
    let text = |more: &str| {
        format!("{CLUSTERS}istio: {{ namespace: edge, hosts: [llm.example.com], url: \"oci://r/p:1\", {more} }}\n")
    };
    let sidecar = rendered("istio-sidecar", &text("target: sidecar, port: 8080, selector: { app: chat }"), &[]);
    expect(&sidecar, &["ports:\n    - number: 8080", "context: SIDECAR_OUTBOUND", "portNumber: 8080"]);
    assert!(!sidecar.contains("kind: Gateway"));
    let egress = "target: egressGateway, selector: { istio: egress }, service: egress.edge.svc.cluster.local";
    let egress = rendered("istio-egress", &text(egress), &[]);
    expect(&egress, &["mode: ISTIO_MUTUAL", "gateways: [mesh]", "name: pointsman-to-gateway"]);
    let waypoint = rendered("istio-waypoint", &text("target: waypoint, gateway: llm"), &[]);
    expect(&waypoint, &["kind: ServiceEntry, name: pointsman", "istio.io/use-waypoint: llm", "kind: HTTPRoute"]);
    assert!(!waypoint.contains("mode: CLIENT") && !waypoint.contains("kind: EnvoyFilter"));
    let gateway = rendered("istio-gateway-api", &text("gateway: llm"), &[]);
    expect(
        &gateway,
        &["- { name: llm }", "kind: Hostname, name: llm.example.net, port: 443", "kind: Gateway, name: llm"],
    );
}

#[test]
fn servers_without_a_name_get_one() {
    let clusters =
        "clusters:\n- name: llama\n  endpoints: [{ address: 10.0.0.1, port: 80 }, { address: 10.0.0.2, port: 81 }]\n";
    let text = rendered("istio-endpoints", &format!("{clusters}{GATEWAY} }}\n"), &[]);
    expect(
        &text,
        &[
            "hosts: [pointsman-llama.pointsman.internal]",
            "resolution: STATIC",
            "- { address: \"10.0.0.2\", ports: { http-80: 81 } }",
            "destination: { host: pointsman-llama.pointsman.internal, port: { number: 80 } }",
        ],
    );
}

#[test]
fn many_clusters_need_many_routes() {
    let models: String = (0..40).map(|n| format!("- {{ name: m{n}, cluster: c{n} }}\n")).collect();
    let clusters: String =
        (0..40).map(|n| format!("- {{ name: c{n}, address: c{n}.example.net, port: 80 }}\n")).collect();
    let text = format!("clusters:\n{clusters}{ENVOY_GATEWAY} }}\n");
    let folder = deployment("gateway-many", &format!("models:\n{models}"), &text);
    let outcome = pointsman(&["render", "envoy-gateway", folder.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(outcome.stdout.matches("kind: HTTPRoute\n").count(), 3);
    expect(&outcome.stdout, &["kind: HTTPRoute, name: pointsman-3 }"]);
}

#[test]
fn a_chain_is_asked_for() {
    let outcome = pointsman(&["render", "istio", "examples/istio/failover.yaml"]);
    let expected = "examples/istio/failover.yaml:17:3: istio: the policy has `fallback`, `rollout` or `mirror`, which need EnvoyFilters: say `--failover`\n1 error\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), expected));
}

#[test]
fn a_chain_brings_clusters_routes_and_keys() {
    let outcome = pointsman(&["render", "istio", "examples/istio/failover.yaml", "--failover"]);
    expect(
        &outcome.stdout,
        &[
            "name: \"failover:gpt-4o>openai,mistral-large>mistral\"",
            "{ name: x-pointsman-cluster, string_match: { prefix: \"failover:\" } }",
            "cluster: { service: api.openai.com, portNumber: 443 }",
            "filename: \"/var/lib/pointsman/plugin.wasm\"",
        ],
    );
}

/// The listener that other Envoys have in front of them would be the mesh's to make.
#[test]
fn limits_of_a_chain_stay_where_they_are_in_a_mesh() {
    let deployment = std::fs::read_to_string(project().join("examples/istio/failover.yaml")).unwrap();
    let policy = std::fs::read_to_string(project().join("examples/istio/failover-policy.yaml")).unwrap();
    let narrow = deployment.replace("tls: {}", "tls: {}\n  circuitBreakers: { maxRequests: 5 }");
    let folder = folder("istio-limits", &[("failover-policy.yaml", &policy), ("deployment.yaml", &narrow)]);
    let outcome = pointsman(&["render", "istio", folder.to_str().unwrap(), "--failover"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    expect(&outcome.stdout, &["name: \"model:gpt-4o>openai\"", "max_requests: 5"]);
    assert!(!outcome.stdout.contains("pointsman-limits") && !outcome.stdout.contains("\"try:"));
}

#[test]
fn keys_in_files_are_not_for_envoy_gateway() {
    let text = CLUSTERS.replace("tls: {}", "credential: { sds: /keys.yaml }");
    let expected = "2:67: clusters[0].credential: a key from a file is not for Envoy Gateway: put it into a Secret, and an HTTPRouteFilter with `credentialInjection` on the route";
    refused("gateway-key", "envoy-gateway", &format!("{text}{ENVOY_GATEWAY} }}\n"), &[], expected);
}

#[test]
fn a_policy_with_fallback_is_not_for_envoy_gateway() {
    let policy = "models:\n- { name: a, cluster: llama, fallback: [b] }\n- { name: b, cluster: llama }\n";
    let folder = deployment("gateway-fallback", policy, &format!("{CLUSTERS}{ENVOY_GATEWAY} }}\n"));
    let outcome = pointsman(&["render", "envoy-gateway", folder.to_str().unwrap()]);
    let expected = "deployment.yaml:3:15: envoyGateway: cannot serve a policy with `fallback`, `rollout` or `mirror`: Envoy Gateway's API has no filters that run once per attempt\n1 error\n";
    assert_eq!((outcome.code, without(Path::new(&folder), &outcome.stderr).as_str()), (Some(1), expected));
}

const BY_CLAIM: &str =
    "models: [{ name: small, cluster: llama }]\ntenants: [{ name: t, match: { claims: [{ name: org, value: a }] } }]\n";

/// What `render istio` prints for a policy, and what it warns of.
fn of_policy(test: &str, policy: &str, more: &str) -> (String, String) {
    let folder = deployment(test, policy, &format!("{GATEWAY}{more} }}\n{CLUSTERS}"));
    let outcome = pointsman(&["render", "istio", folder.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    (outcome.stdout, without(&folder, &outcome.stderr))
}

#[test]
fn claims_are_looked_for_where_istio_leaves_them() {
    let (text, _) = of_policy("istio-payload", BY_CLAIM, "");
    expect(&text, &["`identity.jwt.payload: payload` is added", "identity:", "payload: payload"]);
    let said = format!("{BY_CLAIM}identity: {{ jwt: {{ payload: mine }} }}\n");
    let (text, _) = of_policy("istio-payload-said", &said, "");
    assert!(text.contains("payload: mine") && !text.contains("is added"), "{text}");
    let (text, _) = of_policy("istio-payload-none", POLICY, "");
    assert!(!text.contains("identity"), "{text}");
}

#[test]
fn principals_that_nobody_can_be_are_warned_of() {
    let by_certificate =
        "models: [{ name: small, cluster: llama }]\ntenants: [{ name: t, match: { principals: [\"spiffe://*\"] } }]\n";
    let warned = "istio.target: warning: no caller will ever be one of the policy's `principals`: the Gateway that is made here asks clients for no certificate";
    let (_, said) = of_policy("istio-principals", by_certificate, "");
    assert!(said.contains(warned), "{said}");
    let (_, said) = of_policy("istio-principals-own", by_certificate, ", gateways: [edge/mutual]");
    assert_eq!(said, "");
    let (_, said) = of_policy("istio-principals-none", POLICY, "");
    assert_eq!(said, "");
}

#[test]
fn every_object_can_be_found_again() {
    let (text, _) = of_policy("istio-labels", POLICY, ", name: llm");
    let labels = "labels: { app.kubernetes.io/name: pointsman, app.kubernetes.io/instance: llm, app.kubernetes.io/managed-by: pointsman-render";
    assert_eq!(text.matches(labels).count(), text.matches("\nkind: ").count(), "{text}");
    expect(&text, &["kubectl get -l app.kubernetes.io/managed-by=pointsman-render,app.kubernetes.io/instance=llm"]);
}
