//! Who calls, what was delivered, and the keys of providers.

use super::*;

fn with_tenants(tenants: Value) -> Setup {
    let mut policy = policy();
    policy["tenants"] = tenants;
    Setup { filters: vec![router("stop", &policy)], ..Setup::default() }
}

fn jwt_authn(payload: &str) -> Value {
    let mut filter = native("jwt_authn.v3.JwtAuthentication");
    filter["typed_config"]["providers"] = json!({"p": {"payload_in_metadata": payload}});
    filter
}

#[test]
fn callers_can_be_who_tenants_are() {
    let certified = || with_tenants(json!([{"name": "t", "match": {"principals": ["spiffe://*"]}}]));
    let report = certified().check(&["principals-unproven"]);
    assert!(report.findings[0].cause.contains("without TLS"), "{}", report.text());
    let tls = |context: &Value| {
        let kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
        json!({"name": "tls", "typed_config": merge(json!({"@type": kind}), context.clone())})
    };
    let trusting = json!({"common_tls_context": {"validation_context": {"trusted_ca": {}}}});
    let combined = json!({"common_tls_context": {"combined_validation_context": {}}});
    for (context, expected) in [
        (json!({"common_tls_context": {}}), &["principals-unproven"][..]),
        (trusting, &[]),
        (combined, &[]),
        (json!({"require_client_certificate": true}), &[]),
    ] {
        Setup { transport: Some(tls(&context)), ..certified() }.check(expected);
    }
    let other = json!({"name": "x", "typed_config": {"@type": "x/envoy.extensions.transport_sockets.alts.v3.Alts"}});
    let report = Setup { transport: Some(other), ..certified() }.check(&[]);
    assert!(report.unseen.iter().any(|line| line.contains("show certificates")), "{}", report.text());
}

#[test]
fn claims_are_where_the_policy_looks() {
    let with = |front: Option<Value>, behind: Option<Value>| {
        let mut setup = with_tenants(json!([{"name": "t", "match": {"claims": [{"name": "a", "value": "b"}]}}]));
        setup.filters.splice(0..0, front);
        setup.filters.extend(behind);
        setup
    };
    with(Some(jwt_authn("jwt_payload")), None).check(&[]);
    for (setup, cause) in [
        (with(None, None), "no filter of this chain verifies tokens"),
        (with(None, Some(jwt_authn("jwt_payload"))), "stands behind the module"),
        (with(Some(jwt_authn("payload")), None), "leave them under `payload`"),
        (with(Some(jwt_authn("")), None), "have no `payload_in_metadata`"),
    ] {
        let report = setup.check(&["claims-never-there"]);
        assert!(report.findings[0].cause.contains(cause), "{}", report.text());
    }
}

#[test]
fn refused_updates_are_counted_where_envoy_keeps_no_reason() {
    let stats = |more: &str| Setup { stats: Some(format!("{MACHINES}{more}\n")), ..Setup::default() };
    stats("cluster_manager.cds.update_rejected: 0").check(&[]);
    for (counted, place) in [
        ("cluster_manager.cds.update_rejected: 2", "the clusters (CDS)"),
        ("listener_manager.lds.update_rejected: 2", "the listeners (LDS)"),
        ("http.edge.rds.all.update_rejected: 2", "the route table `all` (RDS)"),
    ] {
        let report = stats(counted).check(&["update-refused"]);
        assert_eq!(report.findings[0].places, [place]);
    }
}

#[test]
fn keys_have_come() {
    let secret = json!({"name": "one", "sds_config": {"path_config_source": {"path": "/k.yaml"}}});
    let injector = json!({"name": "key", "typed_config": {
        "@type": format!("{HTTP}credential_injector.v3.CredentialInjector"),
        "credential": {"typed_config": {"credential": secret}},
    }});
    let with = |list: &str| {
        let part = json!({"@type": "x/envoy.admin.v3.SecretsConfigDump", list: [{"name": "one"}]});
        let clusters = ["one", "two"].map(|name| {
            let mut cluster = cluster(name);
            cluster["typed_extension_protocol_options"] = json!({OPTIONS: {"http_filters": [injector]}});
            cluster
        });
        Setup { clusters: clusters.into(), more: vec![part], routes: vec![follows()], ..Setup::default() }
    };
    with("dynamic_active_secrets").check(&[]);
    let report = with("dynamic_warming_secrets").check(&["key-missing"]);
    assert_eq!(report.findings[0].places, ["secret `one`"]);
    let stats = format!("{MACHINES}sds.one.update_rejected: 1\n");
    let report = Setup { stats: Some(stats), ..with("dynamic_warming_secrets") }.check(&["key-missing"]);
    assert!(report.findings[0].cause.contains("refused it"), "{}", report.text());
}
