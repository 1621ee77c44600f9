use crate::program::{folder, pointsman, without};

const VALID: &str = "models:\n- { name: small, cluster: llama }\n";

/// `lines` are what `check` prints for a policy file of this name.
fn check(test: &str, name: &str, policy: &str, code: i32, lines: &[&str]) {
    let folder = folder(test, &[(name, policy)]);
    let outcome = pointsman(&["check", folder.join(name).to_str().unwrap()]);
    let stdout = without(&folder, &outcome.stdout);
    assert_eq!(stdout.lines().collect::<Vec<_>>(), lines, "{}", outcome.stderr);
    assert_eq!(outcome.code, Some(code));
}

#[test]
fn a_valid_policy_is_ok_and_has_a_version() {
    let folder = folder(
        "check-valid",
        &[("policy.yaml", VALID), ("policy.json", r#"{"models": [{"cluster": "llama", "name": "small"}]}"#)],
    );
    let versions: Vec<_> = ["policy.yaml", "policy.json"]
        .iter()
        .map(|name| {
            let outcome = pointsman(&["check", folder.join(name).to_str().unwrap()]);
            assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
            outcome.stdout.trim().rsplit_once(' ').unwrap().1.to_owned()
        })
        .collect();
    assert_eq!(versions[0], versions[1], "YAML and JSON are the same policy");
    assert_eq!(versions[0].len(), 64);
}

#[test]
fn a_file_moves_no_cursor_and_makes_no_lines() {
    check(
        "check-escapes",
        "policy.yaml",
        &format!("{VALID}\"\\e]0;owned\\a\": 1\n\"a\\nb\": 1\ndefault: {{ action: \"\\e[2J\" }}\n"),
        1,
        &[
            "policy.yaml:3:1: \\u{1b}]0;owned\\u{7}: unknown field",
            "policy.yaml:4:1: a\\u{a}b: unknown field",
            "policy.yaml:5:20: default.action: unknown value `\\u{1b}[2J`, expected one of `allow`, `deny`",
            "3 errors",
        ],
    );
}

#[test]
fn a_hundred_thousand_mistakes_are_counted_not_printed() {
    let unknown: String = (0..100_000).map(|number| format!("unknown-{number}: 1\n")).collect();
    let folder = folder("check-flood", &[("policy.yaml", &format!("{VALID}{unknown}"))]);
    let outcome = pointsman(&["check", folder.join("policy.yaml").to_str().unwrap()]);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!((outcome.code, lines.len()), (Some(1), 202));
    assert!(lines.contains(&format!("{}:1:1: and 99800 errors more", folder.join("policy.yaml").display()).as_str()));
}

#[test]
fn a_yaml_syntax_error_has_its_place() {
    let folder = folder("check-syntax", &[("policy.yaml", "models:\n- name: small\n cluster: llama\n")]);
    let outcome = pointsman(&["check", folder.join("policy.yaml").to_str().unwrap()]);
    assert!(without(&folder, &outcome.stdout).starts_with("policy.yaml:3:"), "{}", outcome.stdout);
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn a_missing_file_is_one_sentence() {
    check("check-missing", "other.yaml", "", 1, &["other.yaml:1:1: expected an object, found nothing", "1 error"]);
    let outcome = pointsman(&["check", "nowhere.yaml"]);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), "nowhere.yaml: no such file or directory\n1 error\n")
    );
}

#[test]
fn a_deployment_is_checked_with_its_policy() {
    let deployment = "clusters:\n- { name: openai, demo: true }\n";
    let folder = folder("check-folder", &[("policy.yaml", VALID), ("deployment.yaml", deployment)]);
    let outcome = pointsman(&["check", folder.to_str().unwrap()]);
    let expected = "policy.yaml:2:27: models[0].cluster: no cluster `llama` in the deployment\n1 error\n";
    assert_eq!((outcome.code, without(&folder, &outcome.stdout).as_str()), (Some(1), expected));
}

#[test]
fn every_mistake_of_a_deployment_is_printed_in_the_order_of_the_file() {
    let deployment = "\
listner: { port: 10000 }
hold: gat
clusters:
- { name: llama, address: llama.example.com, port: \"8080\" }
- { name: llama, demo: true, credential: {} }
istio: { namespace: a, hosts: [b.c], url: ftp://c, selector: { d: e } }
";
    let folder = folder("check-deployment", &[("policy.yaml", VALID), ("deployment.yaml", deployment)]);
    let outcome = pointsman(&["check", folder.to_str().unwrap()]);
    let expected = "\
deployment.yaml:1:1: listner: unknown field; did you mean `listener`?
deployment.yaml:2:7: hold: unknown value `gat`; did you mean `gate`?
deployment.yaml:4:52: clusters[0].port: expected a whole number, found a string
deployment.yaml:5:11: clusters[1].name: a cluster `llama` is already there
deployment.yaml:5:42: clusters[1].credential.sds: is required
deployment.yaml:6:43: istio.url: Istio fetches oci, http, https and file, not `ftp`
6 errors
";
    assert_eq!((outcome.code, without(&folder, &outcome.stdout).as_str()), (Some(1), expected));
}

/// `warning` is what `check` and `render` say about a buffer that cannot hold the largest body of the policy.
fn warns(test: &str, policy: &str, deployment: &str, warning: &str) {
    let policy = format!("{VALID}{policy}");
    let deployment = format!("clusters: [{{ name: llama, demo: true }}]\n{deployment}");
    let folder = folder(test, &[("policy.yaml", &policy), ("deployment.yaml", &deployment)]);
    for command in [&["check"][..], &["render", "envoy"]] {
        let outcome = pointsman(&[command, &[folder.to_str().unwrap()]].concat());
        assert_eq!((outcome.code, without(&folder, &outcome.stderr).as_str()), (Some(0), warning), "{command:?}");
    }
}

#[test]
fn a_buffer_smaller_than_the_largest_body_is_warned_of() {
    warns(
        "check-buffer",
        "",
        "bufferLimitBytes: 33554432\n",
        "deployment.yaml:2:19: bufferLimitBytes: warning: not above the policy's `limits.maxBodyBytes` of 33554432: a body that does not fit is refused by Envoy, in plain text (P0045)\n",
    );
    warns(
        "check-body",
        "limits: { maxBodyBytes: 50000000 }\n",
        "",
        "policy.yaml:3:25: limits.maxBodyBytes: warning: not below the deployment's `bufferLimitBytes`, by default 41943040: a body that does not fit is refused by Envoy, in plain text (P0045)\n",
    );
    warns("check-one-more", "", "bufferLimitBytes: 33554433\n", "");
    warns("check-no-limit", "", "bufferLimitBytes: 0\n", "");
    warns("check-defaults", "", "", "");
}

#[test]
fn an_admin_interface_for_everybody_is_warned_of() {
    let message = "warning: whoever reaches it can stop Envoy and read its configuration: `127.0.0.1` is this machine alone (P0047)";
    for (test, address) in [("check-admin-all", "0.0.0.0"), ("check-admin-one", "10.0.0.7"), ("check-admin-six", "::")]
    {
        warns(
            test,
            "",
            &format!("admin: {{ address: \"{address}\", port: 9901 }}\n"),
            &format!("deployment.yaml:2:19: admin.address: {message}\n"),
        );
    }
    warns("check-admin-loopback", "", "admin: { address: 127.0.0.2, port: 9901 }\n", "");
    warns("check-admin-loopback-six", "", "admin: { address: \"::1\", port: 9901 }\n", "");
}

#[test]
fn principals_are_looked_for_where_clients_come_in() {
    let policy = format!("{VALID}tenants: [{{ name: t, match: {{ principals: [\"spiffe://*\"] }} }}]\n");
    let listener = "listener: { address: 0.0.0.0 }";
    let istio = "istio: { namespace: a, hosts: [b.test], url: \"oci://c/d:1\", selector: { e: f } }";
    let gateway = "envoyGateway: { namespace: a, gateway: b, url: r/p, hosts: [c] }";
    for (test, more, expected) in [
        ("check-principals-listener", listener, Some("deployment.yaml:2:11: listener")),
        ("check-principals-none", "", Some("deployment.yaml:1:1")),
        ("check-principals-istio", istio, Some("deployment.yaml:2:8: istio.target")),
        ("check-principals-gateway", gateway, None),
    ] {
        let deployment = format!("clusters: [{{ name: llama, demo: true }}]\n{more}\n");
        let folder = folder(test, &[("policy.yaml", &policy), ("deployment.yaml", &deployment)]);
        let stderr = without(&folder, &pointsman(&["check", folder.to_str().unwrap()]).stderr);
        let places: Vec<&str> =
            stderr.lines().filter_map(|line| line.split_once(": warning: ").map(|it| it.0)).collect();
        assert_eq!(places, expected.into_iter().collect::<Vec<_>>(), "{stderr}");
        assert!(stderr.is_empty() || stderr.ends_with("(P0046)\n"), "{stderr}");
    }
}

#[test]
fn every_error_is_printed_in_the_order_of_the_file() {
    let policy = "
models:
- { name: small, cluster: llama, clustr: x }
- { name: small, cluster: 5 }
- { name: other, cluster: llama, cluster: llama }
- name: lone
rules:
- name: first
  match: { models: [smal] }
  route:
    targets:
    - { model: smalll }
visibilty: {}
";
    check(
        "check-errors",
        "policy.yaml",
        policy,
        1,
        &[
            "policy.yaml:3:34: models[0].clustr: unknown field; did you mean `cluster`?",
            "policy.yaml:4:11: models[1].name: `small` is taken by models[0]",
            "policy.yaml:4:27: models[1].cluster: expected a string, found a number",
            "policy.yaml:5:34: models[2].cluster: duplicate field",
            "policy.yaml:6:3: models[3].cluster: is required",
            "policy.yaml:9:21: rules[0].match.models[0]: no model or alias `smal`; did you mean `small`?",
            "policy.yaml:12:16: rules[0].route.targets[0].model: no model `smalll` in the catalog; did you mean `small`?",
            "policy.yaml:13:1: visibilty: unknown field; did you mean `visibility`?",
            "8 errors",
        ],
    );
}

/// Envoy would say some of this at its start, and some only to clients.
#[test]
fn files_that_envoy_will_read_are_looked_at() {
    let secret = |name: &str| format!("resources: [{{ name: {name}, generic_secret: {{ secret: {{}} }} }}]\n");
    let deployment = "\
listener: { tls: { certificateFile: edge.pem, keyFile: key.yaml } }
clusters:
- { name: llama, address: a.example.com, port: 443 }
- { name: b, address: b, port: 80, credential: { sds: nope.yaml } }
- { name: c, address: b, port: 80, credential: { sds: key.yaml } }
- { name: d, address: b, port: 80, credential: { sds: key.yaml, secretName: other } }
";
    let files = [
        ("policy.yaml", "models:\n- { name: small, cluster: llama }\n"),
        ("deployment.yaml", deployment),
        ("key.yaml", &secret("other")),
    ];
    let folder = folder("check-files", &files);
    let outcome = pointsman(&["check", folder.to_str().unwrap()]);
    let said = without(&folder, &outcome.stderr).replace(&format!("{}/", folder.display()), "");
    let expected = "\
deployment.yaml:1:37: listener.tls.certificateFile: warning: `edge.pem`: no such file or directory; Envoy will refuse the configuration (P0041)
deployment.yaml:1:56: listener.tls.keyFile: warning: `key.yaml`: is no PEM file; Envoy will refuse the configuration (P0041)
deployment.yaml:3:48: clusters[0].port: warning: is the port of TLS, and there is no `tls`: requests would go in plain text, with their keys (P0042)
deployment.yaml:4:55: clusters[1].credential.sds: warning: `nope.yaml`: no such file or directory; Envoy will refuse the configuration (P0041)
deployment.yaml:5:55: clusters[2].credential.sds: warning: `key.yaml` has `other`, and no secret `c` (`secretName`, by default the cluster's name); calls to this cluster will get a 401 `Failed to inject credential` (P0041)
";
    assert_eq!((outcome.code, said.as_str()), (Some(0), expected));
}
