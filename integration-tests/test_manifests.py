"""Every manifest that `render istio` and `render envoy-gateway` can print is what an API server would take.

That the judge, `harness/crds.py`, is right about Istio's own valid and invalid objects is held by `test_crds.py`.
What an API server does not look at, and istiod's webhook or Envoy would, is held elsewhere: the configuration that
istiod makes of these manifests runs in a real Envoy (`istiod/`). No CRD is at hand for `UNCHECKED`: of those, only
the shape is looked at.
"""

import functools
import itertools
import json
import pathlib
import subprocess

import pytest
import yaml

from harness import crds, locations

UNCHECKED = {"Backend", "BackendTrafficPolicy", "ClientTrafficPolicy", "HTTPRouteFilter"}
"""Kinds of Envoy Gateway whose CRDs are not among those at hand."""

POLICY = {"models": [{"name": "small", "cluster": "llama"}, {"name": "large", "cluster": "Azure.OpenAI:EU"}]}
CLUSTERS = [
    {"name": "llama", "address": "llama.models.svc.cluster.local", "port": 8000},
    {"name": "Azure.OpenAI:EU", "address": "eu.openai.azure.com", "port": 443, "tls": {"sni": "eu.openai.azure.com"}},
    {"name": "again", "address": "eu.openai.azure.com", "port": 8443, "tls": {}},
    {"name": "vllm", "endpoints": [{"address": "10.0.0.1", "port": 80}, {"address": "10.0.0.2", "port": 81}]},
    {
        "name": "names",
        "endpoints": [{"address": "a.example.net", "port": 80}, {"address": "b.example.net", "port": 80}],
    },
    {
        "name": "address",
        "address": "192.0.2.1",
        "port": 443,
        "tls": {"caFile": "/etc/llm/ca.pem", "sni": "llm.example.net"},
    },
]
ISTIO = {"namespace": "edge", "hosts": ["llm.example.com", "ai.example.com"], "url": "oci://registry.example.com/p:1"}
TARGETS = {
    "ingress": {"selector": {"istio": "ingressgateway"}},
    "ingress-tls": {"selector": {"istio": "ingressgateway"}, "credentialName": "llm-cert"},
    "ingress-of-others": {"selector": {"istio": "ingressgateway"}, "gateways": ["istio-system/shared"]},
    "gateway-api": {"gateway": "llm"},
    "egress": {"target": "egressGateway", "selector": {"istio": "egress"}, "service": "egress.edge.svc.cluster.local"},
    "sidecar": {"target": "sidecar", "selector": {"app": "chat"}, "port": 8080},
    "waypoint": {"target": "waypoint", "gateway": "llm"},
}
MODULES = {
    "plain": {},
    "pinned": {"sha256": "ab" * 32, "imagePullSecret": "pull", "imagePullPolicy": "Always"},
    "http": {"url": "https://files.example.com/p.wasm", "sha256": "ab" * 32},
    "file": {"url": "file:///var/lib/p.wasm"},
    "no-scheme": {"url": "registry.example.com/p@sha256:" + "ab" * 32},
}
VERSIONS = ("1.26", "1.28", "1.30")
"""On each side of every difference."""
PLACES = {
    "none": {},
    "authn": {"phase": "AUTHN", "priority": -5},
    "stats": {"phase": "STATS", "failStrategy": "FAIL_CLOSE"},
}


def render(folder: pathlib.Path, target: str, deployment: dict, *arguments: str) -> subprocess.CompletedProcess:
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    (folder / "deployment.yaml").write_text(yaml.safe_dump({"clusters": CLUSTERS, **deployment}))
    return subprocess.run(
        [locations.cli(), "render", target, folder, *arguments], capture_output=True, text=True, timeout=30
    )


def valid(text: str) -> list[dict]:
    """The objects of a manifest, none of which an API server would refuse."""
    documents = [
        document for document in yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if document
    ]
    for document in documents:
        if document["kind"] not in UNCHECKED:
            assert_valid(json.dumps(document))
    names = [(document["kind"], document["metadata"]["name"]) for document in documents]
    assert len(names) == len(set(names)), names
    return documents


@functools.cache
def assert_valid(document: str) -> None:
    """Most objects are the same in many combinations."""
    crds.assert_valid([json.loads(document)])


def kept() -> list[pathlib.Path]:
    folder = locations.REPOSITORY / "envoy"
    return [file for target in ("istio", "envoy-gateway") for file in sorted((folder / target).glob("*.yaml"))]


@pytest.mark.parametrize("file", kept(), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_manifests_in_the_repository_are_valid(file):
    assert valid(file.read_text())


def test_there_are_manifests_in_the_repository():
    assert {file.parent.name for file in kept()} == {"istio", "envoy-gateway"}


@pytest.mark.parametrize("hold", ["gate", "stop"])
@pytest.mark.parametrize("target", TARGETS)
def test_every_combination_for_istio_is_valid_or_refused_with_a_reason(target, hold, tmp_path):
    printed = 0
    for version, module, place, default in itertools.product(VERSIONS, MODULES, PLACES, (None, "vllm")):
        section = {**ISTIO, "version": version, **TARGETS[target], **MODULES[module], **PLACES[place]}
        deployment = {"istio": section, **({"defaultCluster": default} if default else {})}
        outcome = render(tmp_path, "istio", deployment, "--hold", hold)
        if outcome.returncode:
            assert hold == "stop" and outcome.stdout == "", outcome.stderr
            assert "deployment.yaml:" in outcome.stderr and "istio." in outcome.stderr
            continue
        printed += 1
        documents = valid(outcome.stdout)
        plugins = [document["spec"] for document in documents if document["kind"] == "WasmPlugin"]
        assert len(plugins) == (2 if hold == "gate" else 0)
        if plugins:
            gate, router = plugins
            assert router["priority"] == gate["priority"] + 1 and router.get("phase") == gate.get("phase")
            assert router["url"] == gate["url"] and router.get("match") == gate.get("match")
            assert router["pluginConfig"]["policy"] == POLICY
    # A waypoint cannot hold by itself; the others can from 1.28, without a pull secret and without a phase.
    everything = len(VERSIONS) * len(MODULES) * len(PLACES) * 2
    expected = {"gate": everything, "stop": 0 if target == "waypoint" else 2 * (len(MODULES) - 1) * 2}
    assert printed == expected[hold]


@pytest.mark.parametrize("default", [None, "vllm"])
@pytest.mark.parametrize(
    "module",
    [
        {},
        {"sha256": "ab" * 32, "pullSecret": "pull", "pullPolicy": "IfNotPresent"},
        {
            "url": "https://files.example.com/p.wasm",
            "gateUrl": "https://files.example.com/g.wasm",
            "sha256": "ab" * 32,
            "gateSha256": "cd" * 32,
            "pullPolicy": "Always",
        },
    ],
    ids=["plain", "pinned", "http"],
)
def test_every_combination_for_envoy_gateway_is_valid(module, default, tmp_path):
    section = {"namespace": "llm", "gateway": "llm", "hosts": ["llm.example.com"], "url": "registry.example.com/p:1"}
    section |= {"caConfigMap": "llm-ca", **module}
    outcome = render(
        tmp_path, "envoy-gateway", {"envoyGateway": section, **({"defaultCluster": default} if default else {})}
    )
    assert outcome.returncode == 0, outcome.stderr
    documents = valid(outcome.stdout)
    (policy,) = [document["spec"] for document in documents if document["kind"] == "EnvoyExtensionPolicy"]
    assert [instance["config"]["role"] for instance in policy["wasm"]] == ["router", "gate"]
    assert not any(instance["failOpen"] for instance in policy["wasm"])
    # Every route has the filters from the start, also the one that matches before anything is decided.
    routes = {
        document["metadata"]["name"]: document["spec"] for document in documents if document["kind"] == "HTTPRoute"
    }
    assert {target["name"] for target in policy["targetRefs"]} == set(routes)
    rules = [rule for route in routes.values() for rule in route["rules"]]
    assert [rule["matches"] for rule in rules if "headers" not in rule["matches"][0]] == [
        [{"path": {"type": "PathPrefix", "value": "/"}}]
    ]


def test_a_routes_values_are_the_policys_clusters(tmp_path):
    outcome = render(tmp_path, "istio", {"istio": {**ISTIO, **TARGETS["ingress"]}})
    (service,) = [document["spec"] for document in valid(outcome.stdout) if document["kind"] == "VirtualService"]
    *chosen, unknown, other = service["http"]
    matched = [route["match"][0]["headers"]["x-pointsman-cluster"]["exact"] for route in chosen]
    assert matched == [cluster["name"] for cluster in CLUSTERS]
    assert unknown["match"] == [{"headers": {"x-pointsman-cluster": {}}}] and "route" not in unknown
    assert "match" not in other


CHAIN = {
    "models": [
        {"name": "first", "cluster": "one", "fallback": ["second", "inside"]},
        {"name": "second", "cluster": "two"},
        {"name": "inside", "cluster": "llama"},
        {"name": "trial", "cluster": "two"},
    ],
    "rules": [{"name": "try", "route": {"targets": [{"model": "first"}], "mirror": {"model": "trial", "percent": 10}}}],
}
SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


def chained(folder: pathlib.Path, **section) -> subprocess.CompletedProcess:
    """A policy with a chain and a copy, providers with keys, in a folder that is not the deployment's."""
    keys, files = folder / "keys", folder / "files"
    keys.mkdir(), files.mkdir()
    clusters = [{"name": "llama", "address": "llama.models.svc.cluster.local", "port": 8000}]
    for name in ("one", "two"):
        secret = {"@type": SECRET, "name": name, "generic_secret": {"secret": {"inline_string": "Bearer key"}}}
        (keys / f"{name}.yaml").write_text(json.dumps({"resources": [secret]}))
        sds = {"sds": str(keys / f"{name}.yaml")}
        clusters.append({"name": name, "address": f"{name}.example.net", "port": 443, "tls": {}, "credential": sds})
    istio = {**ISTIO, **TARGETS["ingress"], "modulePath": str(locations.module()), **section}
    istio = {name: value for name, value in istio.items() if value is not None}
    (files / "policy.yaml").write_text(yaml.safe_dump(CHAIN))
    (files / "deployment.yaml").write_text(yaml.safe_dump({"clusters": clusters, "istio": istio}))
    command = [locations.cli(), "render", "istio", files, "--failover"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("version", locations.ENVOY_VERSIONS)
def test_envoy_takes_the_clusters_and_routes_of_a_chain(version, tmp_path):
    outcome = chained(tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    filters = [
        document["spec"]["configPatches"] for document in valid(outcome.stdout) if document["kind"] == "EnvoyFilter"
    ]
    patches = [patch for several in filters for patch in several]

    def values(kind: str, operation: str) -> list:
        return [
            one["patch"]["value"] for one in patches if (one["applyTo"], one["patch"]["operation"]) == (kind, operation)
        ]

    clusters = values("CLUSTER", "ADD")
    assert {cluster["name"] for cluster in clusters} == {
        *(f"model:{place}" for place in ("first>one", "second>two", "inside>llama")),
        "mirror:trial>two",
        "failover:first>one,second>two,inside>llama",
    } | {cluster["name"] for cluster in clusters if cluster["name"].startswith("failover:")}
    # The mesh's own clusters, as the patches with keys make them.
    own = [
        "outbound|443||one.example.net",
        "outbound|443||two.example.net",
        "outbound|8000||llama.models.svc.cluster.local",
    ]
    merged = values("CLUSTER", "MERGE")
    assert len(merged) == 2
    clusters += [{"name": name, "type": "STATIC", **options} for name, options in zip(own, [*merged, {}])]
    # What is put in front last comes first.
    routes = values("HTTP_ROUTE", "INSERT_FIRST")[::-1]
    assert [len(route["match"]["headers"]) for route in routes] == [2, 2, 2, 2, 1]
    hosts = [{"name": "all", "domains": ["*"], "routes": routes}]
    manager = {
        "@type": MANAGER,
        "stat_prefix": "all",
        "route_config": {"virtual_hosts": hosts, "validate_clusters": True},
        "http_filters": [{"name": "router", "typed_config": {"@type": ROUTER}}],
    }
    listener = {
        "name": "all",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
    }
    bootstrap = {
        "node": {"id": "a", "cluster": "a"},
        "static_resources": {"listeners": [listener], "clusters": clusters},
    }
    (tmp_path / "envoy.json").write_text(json.dumps(bootstrap))
    envoy = [locations.envoy_binary(version), "--mode", "validate", "-c", tmp_path / "envoy.json", "-l", "warning"]
    checked = subprocess.run(envoy, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"version": "1.27"}, "`--failover` needs Istio 1.28"),
        ({"modulePath": None}, "`--failover` needs `modulePath`"),
        ({"target": "waypoint", "selector": {}, "gateway": "w"}, "a waypoint cannot serve a policy with `fallback`"),
    ],
)
def test_a_chain_that_cannot_be_served_is_refused(section, said, tmp_path):
    outcome = chained(tmp_path, **section)
    assert outcome.returncode == 1 and outcome.stdout == "" and said in outcome.stderr, outcome.stderr
