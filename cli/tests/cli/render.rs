use crate::program::{folder, pointsman, without};
use std::path::Path;

const POLICY: &str = "models:\n- { name: small, cluster: llama }\n";

fn render(folder: &Path, more: &[&str]) -> String {
    let outcome = pointsman(&[&["render", "envoy", folder.to_str().unwrap()], more].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.stdout
}

fn expect(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[test]
fn a_cluster_with_tls_checks_the_name_it_asks_for() {
    let deployment = "clusters:\n- { name: llama, address: llm.example.com, port: 443, tls: {} }\n- { name: other, address: 10.0.0.1, port: 80 }\ndefaultCluster: other\n";
    let text = render(
        &folder("render-tls", &[("policy.yaml", POLICY), ("deployment.yaml", deployment)]),
        &["--wasm", "/m.wasm"],
    );
    expect(
        &text,
        &[
            "type: STRICT_DNS",
            "type: STATIC",
            "sni: \"llm.example.com\"",
            "{ san_type: DNS, matcher: { exact: \"llm.example.com\" } }",
            "filename: \"/m.wasm\"",
            "allow_on_headers_stop_iteration: true",
            "route: { cluster: \"other\", timeout: 0s }",
        ],
    );
    assert!(!text.contains("pointsman-gate"));
}

#[test]
fn hold_gate_needs_no_flag_but_a_second_instance() {
    let deployment = "hold: gate\nclusters: [{ name: llama, demo: true }]\n";
    let text = render(&folder("render-gate", &[("policy.yaml", POLICY), ("deployment.yaml", deployment)]), &[]);
    expect(
        &text,
        &[
            "name: pointsman-gate",
            "{ \"role\": \"gate\" }",
            "\"hold\": \"gate\"",
            "# Its demo servers: pointsman demo llama=18001",
            "status: 404",
        ],
    );
    assert!(!text.contains("allow_on_headers_stop_iteration"));
}

/// Both instances, for one machine runs them and the first to come says what it sees; and no other policy's machine is taken.
#[test]
fn who_signs_ids_sees_the_keys_and_nothing_else() {
    let signing = format!("{POLICY}providerState: {{ signedIds: {{}} }}\n");
    let deployment = "hold: gate\nclusters: [{ name: llama, demo: true }]\n";
    let text = render(&folder("render-keys", &[("policy.yaml", &signing), ("deployment.yaml", deployment)]), &[]);
    assert_eq!(text.matches("environment_variables: { host_env_keys: [POINTSMAN_ID_KEYS] }").count(), 2, "{text}");
    assert_eq!(text.matches("value: signedIds").count(), 2, "{text}");
    let text = render(&folder("render-no-keys", &[("policy.yaml", POLICY), ("deployment.yaml", deployment)]), &[]);
    assert!(!text.contains("environment_variables"), "{text}");
}

#[test]
fn the_policy_can_live_in_files_of_its_own() {
    let folder = folder(
        "render-ecds",
        &[("policy.yaml", POLICY), ("deployment.yaml", "clusters: [{ name: llama, demo: true }]\n")],
    );
    let ecds = folder.join("ecds");
    let text = render(&folder, &["--ecds-dir", ecds.to_str().unwrap()]);
    expect(&text, &["config_discovery:", "watched_directory:"]);
    assert!(!text.contains("\"models\""));
    let resource = std::fs::read_to_string(ecds.join("pointsman-router.yaml")).unwrap();
    expect(&resource, &["version_info: \"", "TypedExtensionConfig", "\"models\""]);
    let mut files: Vec<_> =
        std::fs::read_dir(ecds).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, [".needs.json", "clusters.yaml", "pointsman-router.yaml", "routes.yaml"]);
}

#[test]
fn an_envoy_that_cannot_be_asked_gets_nothing() {
    let folder = folder(
        "render-nobody",
        &[("policy.yaml", POLICY), ("deployment.yaml", "clusters: [{ name: llama, demo: true }]\n")],
    );
    let xds = folder.join("xds");
    let arguments =
        ["render", "envoy", folder.to_str().unwrap(), "--xds-dir", xds.to_str().unwrap(), "--admin", "127.0.0.1:1"];
    let outcome = pointsman(&arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert_eq!(outcome.stderr, "error: Envoy's admin interface at `127.0.0.1:1` does not answer\n");
    assert_eq!(std::fs::read_dir(xds).unwrap().count(), 0);
}

#[test]
fn a_bad_policy_is_not_rendered() {
    let folder = folder("render-bad", &[("policy.yaml", "modles: []\n"), ("deployment.yaml", "clusters: []\n")]);
    let outcome = pointsman(&["render", "envoy", folder.to_str().unwrap()]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(
        without(&folder, &outcome.stderr).starts_with("policy.yaml:1:1: modles: unknown field"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_bad_deployment_has_its_place() {
    let folder =
        folder("render-deployment", &[("policy.yaml", POLICY), ("deployment.yaml", "clusters:\n- { name: llama }\n")]);
    let outcome = pointsman(&["render", "envoy", folder.to_str().unwrap()]);
    let expected =
        "deployment.yaml:2:3: clusters[0]: needs an address and a port, or `endpoints`, or `demo: true`\n1 error\n";
    assert_eq!((outcome.code, without(&folder, &outcome.stderr).as_str()), (Some(1), expected));
}

#[test]
fn timeouts_and_tls_with_clients_are_what_the_deployment_says() {
    let deployment = "listener: { port: 8443, tls: { certificateFile: edge.pem, keyFile: edge.key, clientCaFile: ca.pem } }\ntimeouts: { idle: 15m, answer: 1h, arrival: 30s }\nclusters: [{ name: llama, demo: true }]\n";
    let text = render(&folder("render-timeouts", &[("policy.yaml", POLICY), ("deployment.yaml", deployment)]), &[]);
    expect(
        &text,
        &[
            "stream_idle_timeout: 900s",
            "request_timeout: 30s",
            "timeout: 3600s",
            "require_client_certificate: true",
            "/edge.pem\"",
            "trusted_ca: { filename:",
        ],
    );
    let optional = deployment.replace("clientCaFile: ca.pem", "clientCaFile: ca.pem, clientCertificates: optional");
    let text = render(&folder("render-optional", &[("policy.yaml", POLICY), ("deployment.yaml", &optional)]), &[]);
    assert!(text.contains("trusted_ca") && !text.contains("require_client_certificate"), "{text}");
}

#[test]
fn principals_that_nobody_can_be_are_warned_of() {
    let policy = format!("{POLICY}tenants: [{{ name: t, match: {{ principals: [\"spiffe://*\"] }} }}]\n");
    let plain = "listener: { port: 1 }\nclusters: [{ name: llama, demo: true }]\n";
    let folder = folder("render-principals", &[("policy.yaml", &policy), ("deployment.yaml", plain)]);
    let outcome = pointsman(&["render", "envoy", folder.to_str().unwrap()]);
    let expected = "deployment.yaml:1:11: listener: warning: asks clients for no certificate, so no caller will ever be one of the policy's `principals`: give it `tls` with `clientCaFile`\n";
    assert_eq!((outcome.code, without(&folder, &outcome.stderr).as_str()), (Some(0), expected));
}
