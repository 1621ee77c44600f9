"""The stand-in for istiod says what Istio's source says: names, order, JSON, patches. What a real istiod has printed is
in `test_istio_goldens.py`. The other tests build on it."""

import copy
import hashlib
import json
import textwrap

import pytest
import yaml

from istiod import gojson, routes
from istiod.agent import Agent, Image
from istiod.extensions import plugins
from istiod.patches import Unknown
from istiod.resources import Mesh, Workload
from istiod.translation import Snapshot, translate

LABELS = {"istio": "ingressgateway"}
PLUGIN = yaml.safe_load(
    """
    apiVersion: extensions.istio.io/v1alpha1
    kind: WasmPlugin
    metadata: { name: router, namespace: ingress }
    spec:
      selector: { matchLabels: { istio: ingressgateway } }
      url: registry.example/pointsman:1
      pluginName: pointsman-router
      pluginConfig: { role: router }
    """
)
SERVED = list(
    yaml.safe_load_all(
        textwrap.dedent("""
        kind: Gateway
        metadata: { name: llm, namespace: ingress }
        spec:
          selector: { istio: ingressgateway }
          servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ["*"] }]
        ---
        kind: VirtualService
        metadata: { name: llm, namespace: ingress }
        spec:
          hosts: [llm.example]
          gateways: [llm]
          http:
          - name: first
            match: [{ headers: { x-pointsman-cluster: { exact: openai } } }]
            headers: { request: { remove: [x-pointsman-cluster], set: { x-b: "2", x-a: "1" }, add: { ":authority": never } } }
            rewrite: { authority: api.openai.com }
            route: [{ destination: { host: api.openai.com } }]
          - timeout: 5s
            retries: { attempts: 3, retryOn: "reset,503,429", perTryTimeout: 2s }
            route:
            - { destination: { host: api.openai.com, subset: eu }, weight: 90 }
            - { destination: { host: other.example, port: { number: 80 } }, weight: 10 }
        ---
        kind: ServiceEntry
        metadata: { name: openai, namespace: ingress }
        spec: { hosts: [api.openai.com], ports: [{ number: 443, name: https, protocol: HTTPS }], resolution: DNS }
        ---
        kind: DestinationRule
        metadata: { name: openai, namespace: ingress }
        spec:
          host: api.openai.com
          subsets: [{ name: eu, labels: {} }]
          trafficPolicy:
            connectionPool: { tcp: { maxConnections: 100, connectTimeout: 5s }, http: { http1MaxPendingRequests: 10, idleTimeout: 60s } }
            outlierDetection: { consecutive5xxErrors: 0, consecutiveGatewayErrors: 5, interval: 10s, maxEjectionPercent: 100 }
            tls: { mode: SIMPLE, sni: api.openai.com, subjectAltNames: [api.openai.com] }
        """)
    )
)


def plugin(name: str, labels: dict | None = LABELS, **spec) -> dict:
    changed = copy.deepcopy(PLUGIN)
    changed["metadata"]["name"] = name
    changed["spec"] |= {"selector": {"matchLabels": labels}} if labels is not None else {}
    changed["spec"] |= spec
    return changed


def workload(version: str = "1.29.2", **more) -> Workload:
    return Workload(**{"namespace": "ingress", "labels": LABELS, "version": version, **more})


def translated(*documents: dict, version: str = "1.29.2") -> Snapshot:
    return translate(Mesh([*SERVED, *documents]), workload(version))


def manager(snapshot: Snapshot) -> dict:
    return snapshot.listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]


def order(snapshot: Snapshot) -> list[str]:
    return [one["name"] for one in manager(snapshot)["http_filters"]]


# pluginConfig, as Go prints a Struct.


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (128000, "128000"),
        (2.50, "2.5"),
        (0.02, "0.02"),
        (1_000_000, "1000000"),
        (10**20, "100000000000000000000"),
        (10**21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (0.0000001, "1e-7"),
        (1.25e-10, "1.25e-10"),
        (2**53 + 1, "9007199254740992"),
        (-3, "-3"),
        (-0.0, "-0"),
        (0, "0"),
        (True, "true"),
        (None, "null"),
        ([], "[]"),
        ({}, "{}"),
        ({"b": 1, "a": {"d": 2, "c": 3}, "Z": 4}, '{"Z":4,"a":{"c":3,"d":2},"b":1}'),
        ("<a&b>", r'"\u003ca\u0026b\u003e"'),
        ('\n\t"\\\x01\x7f', '"\\n\\t\\"\\\\\\u0001\x7f"'),
        ("Grüße \u2028", '"Grüße \\u2028"'),
    ],
)
def test_json_is_printed_as_go_prints_a_struct(value, printed):
    assert gojson.dumps(value) == printed
    assert json.loads(printed) == value or value == 2**53 + 1


# WasmPlugin.


def test_before_1_30_the_filter_has_the_plugins_name():
    (extension,) = translated(PLUGIN).extensions.values()
    assert extension["name"] == "extensions.istio.io/wasmplugin/ingress.router"
    assert extension["typed_config"]["config"]["name"] == "ingress.router"


def test_from_1_30_on_the_filter_is_that_of_a_traffic_extension():
    snapshot = translated(PLUGIN, version="1.30.3")
    (extension,) = snapshot.extensions.values()
    assert extension["name"] == "extensions.istio.io/trafficextension/ingress.router~istio-translated-wasmplugin"
    assert extension["typed_config"]["config"]["name"] == "ingress.router~istio-translated-wasmplugin"
    assert extension["name"] in order(snapshot)


def test_the_configuration_is_a_string_of_json_and_the_vm_has_no_id():
    (extension,) = translated(PLUGIN).extensions.values()
    config = extension["typed_config"]["config"]
    assert config["configuration"] == {
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": '{"role":"router"}',
    }
    assert (config["root_id"], config["failure_policy"]) == ("pointsman-router", "FAIL_CLOSED")
    assert config["vm_config"]["runtime"] == "envoy.wasm.runtime.v8"
    assert "vm_id" not in config["vm_config"]
    assert config["vm_config"]["code"]["remote"]["http_uri"]["uri"] == "oci://registry.example/pointsman:1"


def test_no_configuration_is_no_message_at_all():
    (extension,) = translated(plugin("p", pluginConfig={})).extensions.values()
    assert "configuration" not in extension["typed_config"]["config"]


@pytest.mark.parametrize(
    ("strategy", "policy"), [("FAIL_CLOSE", "FAIL_CLOSED"), ("FAIL_OPEN", "FAIL_OPEN"), ("FAIL_RELOAD", "FAIL_RELOAD")]
)
def test_a_fail_strategy_is_a_failure_policy(strategy, policy):
    (extension,) = translated(plugin("p", failStrategy=strategy)).extensions.values()
    assert extension["typed_config"]["config"]["failure_policy"] == policy


def test_the_listener_waits_for_the_extension_and_would_take_rbac_for_it():
    source = manager(translated(PLUGIN))["http_filters"][1]["config_discovery"]
    assert source["config_source"] == {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
    assert [url.rpartition(".")[2] for url in source["type_urls"]] == ["Wasm", "RBAC"]


def test_phases_and_priorities_put_plugins_between_istios_own_filters():
    jwt = {
        "kind": "RequestAuthentication",
        "metadata": {"name": "j", "namespace": "ingress"},
        "spec": {"jwtRules": [{"issuer": "i", "jwks": "{}"}]},
    }
    deny = {
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "a", "namespace": "ingress"},
        "spec": {"action": "DENY"},
    }
    wanted = [
        plugin("unset"),
        plugin("low", priority=1),
        plugin("high", priority=20),
        plugin("negative", priority=-5),
        plugin("younger", priority=20),
        plugin("stats", phase="STATS"),
        plugin("authz", phase="AUTHZ"),
        plugin("authn", phase="AUTHN"),
    ]
    names = [
        name.removeprefix("extensions.istio.io/wasmplugin/ingress.") for name in order(translated(*wanted, jwt, deny))
    ]
    assert names == [
        *(
            "istio.metadata_exchange",
            "authn",
            "envoy.filters.http.jwt_authn",
            "authz",
            "envoy.filters.http.rbac",
            "stats",
        ),
        *("high", "younger", "low", "negative", "unset"),
        *(
            "envoy.filters.http.grpc_stats",
            "istio.alpn",
            "envoy.filters.http.fault",
            "envoy.filters.http.cors",
            "istio.stats",
        ),
        "envoy.filters.http.router",
    ]


CLIENT, SERVER = [{"mode": "CLIENT"}], [{"mode": "SERVER"}]


@pytest.mark.parametrize(
    ("match", "kind", "port", "runs"),
    [
        ([], "gateway", 8080, True),
        ([], "sidecar-inbound", 8080, True),
        (CLIENT, "gateway", 8080, True),
        (CLIENT, "sidecar-outbound", 8080, True),
        (CLIENT, "sidecar-inbound", 8080, False),
        (CLIENT, "waypoint", 8080, False),
        (SERVER, "waypoint", 8080, True),
        (SERVER, "gateway", 8080, False),
        ([{"ports": [{"number": 8080}]}], "gateway", 8080, True),
        ([{"ports": [{"number": 8080}]}], "gateway", 8081, False),
        ([{"mode": "CLIENT", "ports": [{"number": 1}]}, {"mode": "CLIENT_AND_SERVER"}], "waypoint", 2, True),
    ],
)
def test_a_match_is_about_the_listeners_class_and_port(match, kind, port, runs):
    found = plugins(Mesh([plugin("p", match=match)]), workload(), kind, port)
    assert bool(found["UNSPECIFIED_PHASE"]) is runs


@pytest.mark.parametrize(
    ("document", "runs"),
    [
        (plugin("own"), True),
        (plugin("no-selector", labels=None, selector={}), True),
        (plugin("other-labels", labels={"istio": "egressgateway"}), False),
        ({**plugin("root"), "metadata": {"name": "root", "namespace": "istio-system"}}, True),
        ({**plugin("elsewhere"), "metadata": {"name": "elsewhere", "namespace": "apps"}}, False),
        (plugin("network", type="NETWORK"), False),
        (plugin("gateway-api", targetRefs=[{"kind": "Gateway", "name": "llm"}]), True),
        (plugin("other-gateway", targetRefs=[{"kind": "Gateway", "name": "web"}]), False),
    ],
    ids=lambda value: value["metadata"]["name"] if isinstance(value, dict) else None,
)
def test_a_plugin_runs_where_namespace_and_selector_or_target_say(document, runs):
    pod = workload(labels={**LABELS, "gateway.networking.k8s.io/gateway-name": "llm"})
    assert any(plugins(Mesh([document]), pod, "gateway", 8080).values()) is runs


# The agent.


def fetched(document: dict, tmp_path, images: dict) -> dict:
    (extension,) = translated(document).extensions.values()
    return Agent(tmp_path, images, {}, {}).fetched(extension)["typed_config"]


def test_the_agent_makes_the_module_a_local_file_and_keeps_its_own_variables_to_itself(tmp_path):
    env = [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": "HOST"}]
    document = plugin("p", imagePullPolicy="Always", vmConfig={"env": env})
    config = fetched(document, tmp_path, {"oci://registry.example/pointsman:1": Image(tmp_path / "m.wasm")})["config"]
    assert config["vm_config"]["code"] == {"local": {"filename": str(tmp_path / "m.wasm")}}
    assert config["vm_config"]["environment_variables"] == {"key_values": {"A": "1"}, "host_env_keys": ["B"]}
    plain = fetched(PLUGIN, tmp_path, {"oci://registry.example/pointsman:1": Image(tmp_path / "m.wasm")})["config"]
    assert "environment_variables" not in plain["vm_config"]


@pytest.mark.parametrize(("strategy", "denies"), [("FAIL_CLOSE", True), ("FAIL_RELOAD", True), ("FAIL_OPEN", False)])
def test_a_module_that_cannot_be_had_is_an_rbac_filter_for_all_or_for_nobody(tmp_path, strategy, denies):
    config = fetched(plugin("p", failStrategy=strategy), tmp_path, {})
    assert config["@type"].endswith("RBAC")
    assert config.get("rules", {}).get("action") == ("DENY" if denies else None)


def test_the_digest_is_that_of_the_module_or_of_the_images_manifest(tmp_path):
    module = tmp_path / "m.wasm"
    module.write_bytes(b"wasm")
    of_module = hashlib.sha256(b"wasm").hexdigest()
    image = {"http://files.example/m.wasm": Image(module, "d"), "oci://registry.example/m": Image(module, "d")}

    def is_had(url: str, sha256: str) -> bool:
        return fetched(plugin("p", url=url, sha256=sha256), tmp_path, image)["@type"].endswith("Wasm")

    assert [is_had("http://files.example/m.wasm", digest) for digest in (of_module, "d")] == [True, False]
    assert [is_had("oci://registry.example/m", digest) for digest in (of_module, "d")] == [False, True]


# ServiceEntry and DestinationRule.


def test_without_a_name_the_name_is_that_of_the_request():
    rule = {
        "kind": "DestinationRule",
        "metadata": {"name": "o", "namespace": "ingress"},
        "spec": {"host": "o", "trafficPolicy": {"tls": {"mode": "SIMPLE"}}},
    }
    entry = {
        "kind": "ServiceEntry",
        "metadata": {"name": "o", "namespace": "ingress"},
        "spec": {"hosts": ["o"], "ports": [{"number": 443, "name": "h", "protocol": "HTTPS"}], "resolution": "DNS"},
    }
    cluster = translated(rule, entry).clusters[-1]
    (options,) = cluster["typed_extension_protocol_options"].values()
    assert options["upstream_http_protocol_options"] == {"auto_sni": True, "auto_san_validation": True}


# VirtualService.


@pytest.mark.parametrize("wrong", ["529", "reset, 503", "overloaded"])
def test_a_retry_condition_that_istio_does_not_know_is_not_let_in(wrong):
    """Go has no text for 529, and blanks are not trimmed."""
    with pytest.raises(routes.Rejected):
        routes.retry_policy({"attempts": 1, "retryOn": wrong})


def test_a_gateway_without_routes_knows_nothing():
    configuration = translate(Mesh(SERVED[:1]), workload()).routes["http.8080"]
    assert configuration["virtual_hosts"] == [{"name": "blackhole:8080", "domains": ["*"], "routes": []}]


# EnvoyFilter.


def envoy_filter(*patches: dict, **more) -> dict:
    spec = {"workloadSelector": {"labels": LABELS}, "configPatches": list(patches), **more}
    return {"kind": "EnvoyFilter", "metadata": {"name": "e", "namespace": "ingress"}, "spec": spec}


def patch(target: str, operation: str, value: dict, **match) -> dict:
    return {"applyTo": target, "match": match, "patch": {"operation": operation, "value": value}}


def in_chain(name: str) -> dict:
    return {
        "filterChain": {
            "filter": {"name": "envoy.filters.network.http_connection_manager", "subFilter": {"name": name}}
        }
    }


def test_an_added_extension_is_discovered_as_a_plugins_is():
    document = envoy_filter(patch("EXTENSION_CONFIG", "ADD", {"name": "own", "typed_config": {"@type": "x"}}))
    assert translated(PLUGIN, document).extensions["own"] == {"name": "own", "typed_config": {"@type": "x"}}


def test_a_filter_is_inserted_where_the_patch_says_or_nowhere():
    at_router = patch(
        "HTTP_FILTER",
        "INSERT_BEFORE",
        {"name": "own"},
        context="GATEWAY",
        listener=in_chain("envoy.filters.http.router"),
    )
    nowhere = patch(
        "HTTP_FILTER",
        "INSERT_BEFORE",
        {"name": "lost"},
        listener=in_chain("extensions.istio.io/wasmplugin/ingress.gone"),
    )
    inbound = patch("HTTP_FILTER", "INSERT_FIRST", {"name": "inbound"}, context="SIDECAR_INBOUND")
    names = order(translated(envoy_filter(at_router, nowhere, inbound)))
    assert names[-2:] == ["own", "envoy.filters.http.router"]
    assert {"lost", "inbound"} & set(names) == set()


def test_a_patch_may_be_for_some_versions_only():
    document = envoy_filter(
        patch("LISTENER", "MERGE", {"per_connection_buffer_limit_bytes": 5}, proxy={"proxyVersion": r"^1\.30"})
    )
    assert "per_connection_buffer_limit_bytes" not in translated(document).listeners[0]
    assert translated(document, version="1.30.1").listeners[0]["per_connection_buffer_limit_bytes"] == 5


def test_a_merge_replaces_entries_of_maps_and_lengthens_lists():
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    own = {"typed_extension_protocol_options": {options: {"@type": "own"}}, "connect_timeout": "1s"}
    by_name = patch("CLUSTER", "MERGE", own, cluster={"service": "api.openai.com", "portNumber": 443})
    removed = patch(
        "HTTP_ROUTE",
        "MERGE",
        {"request_headers_to_remove": ["x-more"]},
        routeConfiguration={"vhost": {"route": {"name": "first"}}},
    )
    by_header = patch(
        "HTTP_ROUTE",
        "MERGE",
        {"route": {"cluster_header": "x-pointsman-cluster"}},
        routeConfiguration={"vhost": {"route": {"name": "first"}}},
    )
    snapshot = translated(envoy_filter(by_name, removed, by_header))
    assert snapshot.clusters[0]["typed_extension_protocol_options"] == {options: {"@type": "own"}}
    assert snapshot.clusters[0]["connect_timeout"] == "1s"
    first, second = snapshot.routes["http.8080"]["virtual_hosts"][0]["routes"]
    assert first["request_headers_to_remove"] == ["x-pointsman-cluster", "x-more"]
    assert (first["route"]["cluster_header"], "cluster" in first["route"]) == ("x-pointsman-cluster", False)
    assert "request_headers_to_remove" not in second


def test_an_unknown_patch_is_an_error():
    with pytest.raises(Unknown):
        translated(envoy_filter(patch("EXTENSION_CONFIG", "MERGE", {})))
