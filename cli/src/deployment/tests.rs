//! What is read of a deployment file, and what is said about a wrong one.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};

fn read(text: &str) -> Result<Deployment, Vec<String>> {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let (process, nth) = (std::process::id(), FILES.fetch_add(1, Ordering::Relaxed));
    let file = std::env::temp_dir().join(format!("pointsman-deployment-{process}-{nth}.yaml"));
    std::fs::write(&file, text).unwrap();
    let read = load(&file).map(|(deployment, _)| deployment).map_err(|findings| {
        findings.iter().map(|finding| format!("{finding}").replace(&format!("{}", file.display()), "f")).collect()
    });
    std::fs::remove_file(file).unwrap();
    read
}

fn refused(text: &str, finding: &str) {
    assert_eq!(read(text).unwrap_err(), [finding], "{text}");
}

#[test]
fn defaults_are_filled_in() {
    let deployment = read("clusters: [{ name: a, demo: true }]").unwrap();
    assert_eq!((deployment.listener.port, deployment.admin.port, deployment.hold), (10000, 0, Hold::Stop));
    assert_eq!(deployment.buffer_limit_bytes, 41_943_040);
    assert!(deployment.policy.ends_with("policy.yaml") && deployment.policy.is_absolute());
}

#[test]
fn mistakes_are_placed() {
    refused(
        "clusters:\n- { name: a, adress: b }\n",
        "f:2:14: clusters[0].adress: unknown field; did you mean `address`?",
    );
    refused(
        "clusters: [{ name: a }]",
        "f:1:12: clusters[0]: needs an address and a port, or `endpoints`, or `demo: true`",
    );
    refused(
        "clusters: [{ name: a, address: b, port: 1, demoKey: k }]",
        "f:1:53: clusters[0].demoKey: only a cluster with `demo: true` has one",
    );
    refused(
        "defaultCluster: b\nclusters: [{ name: a, demo: true }]",
        "f:1:17: defaultCluster: no cluster `b` in this file",
    );
    refused(
        "clusters: [{ name: a, demo: true }, { name: a, demo: true }]",
        "f:1:45: clusters[1].name: a cluster `a` is already there",
    );
    refused(
        "clusters: [{ name: \"model:a\", demo: true }]",
        "f:1:20: clusters[0].name: clusters that begin with `model:` are made by `render`",
    );
    refused(
        "rateLimitService: { address: x, port: 1, onFailure: maybe }\nclusters: []",
        "f:1:53: rateLimitService.onFailure: unknown value `maybe`, expected one of `allow`, `deny`",
    );
    refused("rateLimitService: { address: x, port: 0 }\nclusters: []", "f:1:39: rateLimitService.port: must not be 0");
    refused("hold: never\nclusters: []", "f:1:7: hold: unknown value `never`, expected one of `stop`, `gate`");
    refused("listener: 5\nclusters: []", "f:1:11: listener: expected an object, found a number");
    refused(
        "bufferLimitBytes: 40MiB\nclusters: []",
        "f:1:19: bufferLimitBytes: expected a whole number, found a string",
    );
    refused("listener: { port: 70000 }\nclusters: []", "f:1:19: listener.port: must be from 0 to 65535");
}
#[test]
fn failover_has_defaults_that_fit_llms() {
    let deployment = read("clusters: [{ name: a, demo: true }]").unwrap();
    let failover = &deployment.failover;
    assert_eq!((deployment.version().to_string().as_str(), failover.mechanism), ("1.36", None));
    assert_eq!((failover.per_try_idle_timeout.to_string().as_str(), failover.per_try_timeout), ("120s", None));
    assert_eq!(failover.retriable_status_codes, [429, 529]);
    assert_eq!(deployment.clusters[0].circuit_breakers.max_retries, 10_000);
    assert!(read("envoyVersion: \"1.40\"\nfailover: { mechanism: priorityGroup }\nclusters: []").is_ok());
}

#[test]
fn files_are_found_beside_the_deployment() {
    let deployment =
        read("clusters: [{ name: a, address: x, port: 1, tls: { caFile: ca.pem }, credential: { sds: key.yaml } }]")
            .unwrap();
    let cluster = &deployment.clusters[0];
    let credential = cluster.credential.as_ref().unwrap();
    assert_eq!((credential.header.as_str(), &credential.secret_name), ("authorization", &None));
    assert!(credential.sds.is_absolute() && credential.sds.ends_with("key.yaml"));
    assert!(cluster.tls.as_ref().unwrap().ca_file.as_ref().unwrap().is_absolute());
}

#[test]
fn mistakes_in_failover_are_placed() {
    let clusters = "\nclusters: []";
    let one = |text: &str, finding: &str| refused(&format!("{text}{clusters}"), finding);
    one("envoyVersion: 1.40", "f:1:15: envoyVersion: a version needs quotes, as in \"1.36\"");
    one(
        "envoyVersion: \"1.35\"",
        "f:1:15: envoyVersion: expected an Envoy version from \"1.36\" to \"1.40\", found `1.35`",
    );
    one(
        "failover: { mechanism: cascade }",
        "f:1:24: failover.mechanism: unknown value `cascade`, expected one of `aggregate`, `composite`, `priorityGroup`, `matcher`",
    );
    one(
        "failover: { perTryTimeout: 5 }",
        "f:1:28: failover.perTryTimeout: expected a time such as 500ms, 120s or 5m, found a number",
    );
    one(
        "failover: { perTryIdleTimeout: 5d }",
        "f:1:32: failover.perTryIdleTimeout: `5d` is not a time such as 500ms, 120s or 5m",
    );
    one("failover: { retryOn: [] }", "f:1:22: failover.retryOn: must not be empty: no fallback would ever be tried");
    one(
        "failover: { retriableStatusCodes: [200] }",
        "f:1:36: failover.retriableStatusCodes[0]: expected a status of a failure, from 400 to 599, found 200",
    );
    one(
        "failover: { backOff: { baseInterval: 1s } }",
        "f:1:22: failover.backOff.maxInterval: must not be below `baseInterval`",
    );
    one("failover: { retryOn: [5xx, 5xy] }", "f:1:28: failover.retryOn[1]: unknown value `5xy`; did you mean `5xx`?");
}

#[test]
fn mistakes_in_a_cluster_are_placed() {
    let one = |cluster: &str, finding: &str| refused(&format!("clusters:\n- {{ name: a, {cluster} }}"), finding);
    one(
        "demo: true, endpoints: [{ port: 1 }]",
        "f:2:3: clusters[0]: a demo cluster has no address, port, endpoints or tls",
    );
    one(
        "address: x, port: 1, endpoints: [{ port: 1 }]",
        "f:2:46: clusters[0].endpoints: a cluster has either an address and a port, or `endpoints`",
    );
    one("endpoints: [{ port: 1 }, { port: 0 }]", "f:2:47: clusters[0].endpoints[1].port: must not be 0");
    one(
        "endpoints: [{ port: 1 }], tls: {}",
        "f:2:45: clusters[0].tls: several endpoints need `sni`: the name that their certificates are valid for",
    );
    one(
        "demo: true, authority: \"a b\"",
        "f:2:37: clusters[0].authority: expected a host, with or without a port, without scheme and path",
    );
    one(
        "demo: true, credential: { sds: k, header: Authorization }",
        "f:2:56: clusters[0].credential.header: expected a header's name, in lower case",
    );
    one(
        "demo: true, credential: { sds: k, header: x-pointsman-plan }",
        "f:2:56: clusters[0].credential.header: expected a header's name, in lower case",
    );
    one("demo: true, credential: {}", "f:2:38: clusters[0].credential.sds: is required");
    one(
        "demo: true, circuitBreakers: { maxRequests: 0 }",
        "f:2:58: clusters[0].circuitBreakers.maxRequests: must not be 0: nothing would get through",
    );
    one(
        "demo: true, outlierDetection: { maxEjectionPercent: 101 }",
        "f:2:66: clusters[0].outlierDetection.maxEjectionPercent: must not be above 100",
    );
    one("demo: true, healthCheck: { path: health }", "f:2:47: clusters[0].healthCheck.path: must begin with `/`");
}

#[test]
fn mistakes_in_the_listener_and_in_cors_are_placed() {
    let one = |text: &str, finding: &str| refused(&format!("{text}\nclusters: []"), finding);
    one(
        "listener: { tls: { certificateFile: a, keyFile: b, clientCertificates: required } }",
        "f:1:72: listener.tls.clientCertificates: needs `clientCaFile`: whose certificates to believe",
    );
    one("cors: { allowOrigins: [] }", "f:1:23: cors.allowOrigins: needs at least one origin");
    one(
        "cors: { allowOrigins: [\"*\"], allowCredentials: true }",
        "f:1:48: cors.allowCredentials: with `*`, every page on the web would act with its visitor's cookies: name the origins",
    );
}

#[test]
fn an_address_is_a_host_and_nothing_more() {
    let one = |address: &str, meant: &str| {
        let text = format!("clusters:\n- {{ name: a, port: 1, address: \"{address}\" }}");
        refused(
            &text,
            &format!(
                "f:2:32: clusters[0].address: expected a host name or an IP address without scheme, port and path{meant}"
            ),
        );
    };
    one("https://api.openai.com/v1", "; did you mean `api.openai.com`?");
    one("api.openai.com:443", "; did you mean `api.openai.com`?");
    one("api.openai.com/v1", "; did you mean `api.openai.com`?");
    one("a b", "");
    one("", "");
    one("[::1]", "");
    for address in ["::1", "10.0.0.4", "vllm_1.llm.svc.cluster.local", "x"] {
        read(&format!("clusters:\n- {{ name: a, port: 1, address: \"{address}\" }}")).unwrap();
    }
    refused(
        "clusters:\n- { name: a, endpoints: [{ address: \"http://b\", port: 1 }] }",
        "f:2:37: clusters[0].endpoints[0].address: expected a host name or an IP address without scheme, port and path; did you mean `b`?",
    );
}

#[test]
fn numbers_and_dots_that_are_no_ip_address_are_no_name_either() {
    for address in ["10.0.0.300", "10.0.0", "1", "010.0.0.1", "1.2.3.4."] {
        refused(
            &format!("clusters:\n- {{ name: a, endpoints: [{{ port: 1, address: \"{address}\" }}] }}"),
            &format!(
                "f:2:46: clusters[0].endpoints[0].address: `{address}` is not an IP address, and no host is named so"
            ),
        );
    }
    for address in ["10.0.0.4", "1a.example", "10.0.0.4.nip.io"] {
        read(&format!("clusters:\n- {{ name: a, port: 1, address: \"{address}\" }}")).unwrap();
    }
}

#[test]
fn names_asked_for_and_hosts_of_requests_are_hosts() {
    let cluster = |more: &str| format!("clusters:\n- {{ name: a, address: 10.0.0.1, port: 1, {more} }}");
    refused(
        &cluster("tls: { sni: \"https://api.openai.com\" }"),
        "f:2:54: clusters[0].tls.sni: expected a host name or an IP address without scheme, port and path; did you mean `api.openai.com`?",
    );
    refused(
        &cluster("tls: { sni: 10.0.0.300 }"),
        "f:2:54: clusters[0].tls.sni: `10.0.0.300` is not an IP address, and no host is named so",
    );
    let meant = "; did you mean `api.openai.com`?";
    for (authority, meant) in [
        ("api.openai.com/v1", meant),
        ("https://api.openai.com:8443/v1", meant),
        ("api.openai.com:0", meant),
        ("", ""),
        ("::1", ""),
        ("[::1", ""),
        ("10.0.0.300:80", ""),
    ] {
        let expected =
            "f:2:53: clusters[0].authority: expected a host, with or without a port, without scheme and path";
        refused(&cluster(&format!("authority: \"{authority}\"")), &format!("{expected}{meant}"));
    }
    for authority in ["api.openai.com", "api.openai.com:8443", "10.0.0.1:80", "[::1]:80", "[::1]", "vllm_1"] {
        read(&cluster(&format!("authority: \"{authority}\""))).unwrap();
    }
}

#[test]
fn envoy_listens_on_ip_addresses_each_place_once() {
    let one = |text: &str, finding: &str| refused(&format!("{text}\nclusters: []"), finding);
    let field = |field: &str, address: &str| format!("{field}: {{ port: 1, address: \"{address}\" }}");
    for (address, hint) in [
        ("*", "did you mean `0.0.0.0`?"),
        ("localhost", "did you mean `127.0.0.1`?"),
        ("edge.example", "`0.0.0.0` is every interface, `127.0.0.1` this machine alone"),
        ("10.0.0.300", "`0.0.0.0` is every interface, `127.0.0.1` this machine alone"),
    ] {
        let message = format!("address: expected an IP address to listen on; {hint}");
        one(&field("listener", address), &format!("f:1:31: listener.{message}"));
        one(&field("admin", address), &format!("f:1:28: admin.{message}"));
    }
    let both = |admin: &str, listener: &str| {
        format!(
            "listener: {{ port: 8080, address: \"{listener}\" }}\nadmin: {{ port: 8080, address: \"{admin}\" }}\nclusters: []"
        )
    };
    let twice = "f:2:16: admin.port: is the port of `listener` too: Envoy cannot listen twice at one place";
    for (admin, listener) in [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("::", "::1")] {
        refused(&both(admin, listener), twice);
    }
    for (admin, listener) in [("127.0.0.1", "10.0.0.1"), ("127.0.0.1", "::")] {
        read(&both(admin, listener)).unwrap();
    }
    // Any free port is another one.
    read("listener: { port: 0 }\nadmin: { port: 0 }\nclusters: []").unwrap();
}

#[test]
fn every_mistake_is_found_at_once() {
    let text = "\
envoyVersion: 1.40
listener:
  port: 10000
  adress: 0.0.0.0
failover:
  retryOn: [5xx, 5xy]
clusters:
- name: a
  address: a.example.com
  port: https
- name: a
  demo: yes
defaultCluster: b
hold: gat
hold: gate
";
    let expected = [
        "f:1:15: envoyVersion: a version needs quotes, as in \"1.36\"",
        "f:4:3: listener.adress: unknown field; did you mean `address`?",
        "f:6:18: failover.retryOn[1]: unknown value `5xy`; did you mean `5xx`?",
        "f:10:9: clusters[0].port: expected a whole number, found a string",
        "f:11:9: clusters[1].name: a cluster `a` is already there",
        "f:12:9: clusters[1].demo: expected true or false, found a string",
        "f:13:17: defaultCluster: no cluster `b` in this file",
        // The last of the two is the one too many; both findings are about `hold`.
        "f:15:1: hold: duplicate field",
        "f:15:7: hold: unknown value `gat`; did you mean `gate`?",
    ];
    assert_eq!(read(text).unwrap_err(), expected);
}

#[test]
fn what_could_not_be_read_is_held_against_nothing() {
    let one = |cluster: &str, finding: &str| refused(&format!("clusters:\n- {{ name: a, {cluster} }}"), finding);
    one("adress: b, port: 1", "f:2:14: clusters[0].adress: unknown field; did you mean `address`?");
    one("demo: 1, demoKey: k", "f:2:20: clusters[0].demo: expected true or false, found a number");
    one("address: b, port: 0x10000", "f:2:32: clusters[0].port: must be from 0 to 65535");
    assert_eq!(
        read("defaultCluster: b\nclusters: [{ nam: b, demo: true }]").unwrap_err(),
        ["f:2:12: clusters[0].name: is required", "f:2:14: clusters[0].nam: unknown field; did you mean `name`?"]
    );
    refused("defaultCluster: b\nclusters: {}", "f:2:11: clusters: expected a list, found an object");
    refused(
        "failover: { backOff: { baseInterval: never } }\nclusters: []",
        "f:1:38: failover.backOff.baseInterval: `never` is not a time such as 500ms, 120s or 5m",
    );
}

#[test]
fn what_is_no_deployment_says_so() {
    refused("", "f:1:1: expected an object, found nothing");
    refused("[]", "f:1:1: expected an object, found a list");
    refused("{}", "f:1:1: clusters: is required");
}

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/deployment.schema.json");

#[test]
fn the_published_schema_is_this_one() {
    let text = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PUBLISHED, &text).unwrap();
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(published == text, "schema/deployment.schema.json is out of date; run the tests with UPDATE_SCHEMA=1");
    assert!(jsonschema::meta::is_valid(&schema()));
}

/// What the schema says of a deployment, and whether the reader says anything.
fn judged(text: &str) -> (Vec<String>, bool) {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let source = Source::parse("f", text, pointsman_source::Format::Yaml).unwrap();
    let value = serde_json::to_value(&source.document).unwrap();
    let errors = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path)).collect();
    (errors, read(text).is_ok())
}

#[test]
fn the_schema_takes_every_deployment_of_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files: Vec<_> = ["examples", "envoy"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path().join(FILE_NAME))
        .filter(|file| file.is_file())
        .collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let (errors, is_read) = judged(&std::fs::read_to_string(&file).unwrap());
        assert!(errors.is_empty() && is_read, "{}: {errors:?}", file.display());
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let check = |text: &str, is_right: bool| {
        let (errors, is_read) = judged(text);
        assert_eq!((errors.is_empty(), is_read), (is_right, is_right), "{text}: {errors:?}");
    };
    check("clusters: []", true);
    check("{}", false);
    check("clusters: {}", false);
    check("clusters: []\nhold: gat", false);
    check("clusters: []\nholld: gate", false);
    check("clusters: []\nenvoyVersion: 1.40", false);
    check("clusters: []\nenvoyVersion: \"1.4\"", false);
    check("clusters: []\nenvoyVersion: \"1.36.4\"", true);
    check("clusters: []\nlistener: { address: \"::\" }", true);
    check(
        "clusters: []\nlistener: { tls: { certificateFile: a, keyFile: b, clientCertificates: optional, clientCaFile: c } }",
        true,
    );
    check("clusters: []\nlistener: { tls: { certificateFile: a } }", false);
    check("clusters: []\nlistener: { tls: { certificateFile: a, keyFile: b, clientCertificates: never } }", false);
    check("clusters: []\ncors: {}", false);
    check(
        "clusters: []\ncors: { allowOrigins: [\"https://*.a.example\", \"*\", \"http://[::1]:3000\"], maxAge: 10m }",
        true,
    );
    check("clusters: []\ncors: { allowOrigins: [\"https://a.example/\"] }", false);
    check("clusters: []\ncors: { allowOrigins: [\"*\"], allowHeaders: [\"a b\"] }", false);
    check("clusters: []\ntimeouts: { idle: 1h, answer: 30m, arrival: 10s }", true);
    check("clusters: []\ntimeouts: { answer: 0s }", false);
    check("clusters: []\nlistener: { port: 65536 }", false);
    check("clusters: []\nbufferLimitBytes: 40MiB", false);
    check("clusters: []\nfailover: { perTryTimeout: 5 }", false);
    check("clusters: []\nfailover: { perTryTimeout: 0s }", false);
    check("clusters: []\nfailover: { perTryTimeout: 05m }", true);
    check("clusters: []\nfailover: { mechanism: cascade }", false);
    check("clusters: []\nfailover: { retryOn: [5xx, 5xy] }", false);
    check("clusters: [{ demo: true }]", false);
    check("clusters: [{ name: a, demo: true, credential: {} }]", false);
    check("clusters: [{ name: a, demo: true, healthCheck: { path: /, interval: 1m } }]", true);
    let istio = "clusters: []\nistio: { namespace: a, url: c, selector: { d: e }";
    check(&format!("{istio} }}"), false);
    check(&format!("{istio}, hosts: [b.c] }}"), true);
    check(&format!("{istio}, hosts: [b.c], version: 1.30 }}"), false);
    check(&format!("{istio}, hosts: [b.c], failStrategy: open }}"), false);
    check(&format!("{istio}, hosts: [b.c], priority: high }}"), false);
    let envoy_gateway = "clusters: []\nenvoyGateway: { namespace: a, gateway: b, url: r/p";
    check(&format!("{envoy_gateway}, hosts: [c] }}"), true);
    check(&format!("{envoy_gateway}, hosts: c }}"), false);
    check(&format!("{envoy_gateway}, hosts: [c], pullPolicy: never }}"), false);
}

#[test]
fn every_field_is_described_and_every_default_fits() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions {
        assert!(definition["description"].is_string(), "{name}");
        for (key, property) in definition["properties"].as_object().unwrap() {
            assert!(property["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}.{key}");
            if let Some(default) = property.get("default") {
                let mut alone = property.clone();
                alone["$defs"] = definitions.clone().into();
                assert!(jsonschema::is_valid(&alone, default), "{name}.{key}");
            }
        }
    }
}
