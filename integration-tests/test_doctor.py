"""`pointsman doctor` against real Envoys: a right installation has no findings, and every mistake has its own."""

import contextlib
import copy
import dataclasses
import json
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator

import pytest

from harness import bootstrap, certificates, locations, tokens
from harness.bootstrap import EXTENSIONS, TYPE, WASM_TYPE, Chain
from harness.edge import Installation, discovery_file, listeners, write_discovery
from harness.envoy import Envoy
from harness.http1 import Http1, head
from harness.waiting import wait_for

POLICY = {
    "models": [{"name": "a", "cluster": "one"}, {"name": "b", "cluster": "two"}],
    "limits": {"maxBodyBytes": 100_000},
}
HEADER = bootstrap.CLUSTER_HEADER
HOLDS = ("stop", "gate")


@dataclasses.dataclass
class Examined:
    code: int
    report: dict

    @property
    def findings(self) -> list[str]:
        return [finding["code"] for finding in self.report["findings"]]

    def finding(self, code: str) -> dict:
        return next(finding for finding in self.report["findings"] if finding["code"] == code)


def run_doctor(address: str, *options: str) -> subprocess.CompletedProcess:
    arguments = [locations.cli(), "doctor", address, *options]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


def examine_at(address: str) -> Examined:
    done = run_doctor(address, "--output", "json")
    assert done.stderr == ""
    return Examined(done.returncode, json.loads(done.stdout))


class Patient:
    """An Envoy with nothing behind its clusters."""

    def __init__(self, envoy: Envoy, folder: pathlib.Path):
        self.envoy, self.folder = envoy, folder
        self.address = (folder / "admin-address").read_text()

    def examine(self) -> Examined:
        return examine_at(self.address)


Change = Callable[[dict], object]


@contextlib.contextmanager
def patient(
    folder: pathlib.Path, version: str, hold: str, change: Change = lambda config: None, **more
) -> Iterator[Patient]:
    """The documented installation after `change`."""
    installation = Installation(version, hold, **{"policy": POLICY, "default_cluster": "web", **more})
    clusters = [bootstrap.cluster(name, 9, http2=False) for name in installation.clusters()]
    config = bootstrap.bootstrap(listeners(installation, folder), clusters)
    change(config)
    envoy = Envoy(version, json.dumps(config), folder)
    try:
        yield Patient(envoy, folder)
    finally:
        envoy.stop()


# Places in the configuration.


def manager(config: dict, listener: int = 0) -> dict:
    return config["static_resources"]["listeners"][listener]["filter_chains"][0]["filters"][0]["typed_config"]


def filters(config: dict) -> list[dict]:
    return manager(config)["http_filters"]


def plugin(config: dict, index: int = 0) -> dict:
    return filters(config)[index]["typed_config"]["config"]


def routes(config: dict) -> list[dict]:
    return manager(config)["route_config"]["virtual_hosts"][0]["routes"]


def without_cluster(config: dict, name: str) -> None:
    resources = config["static_resources"]
    resources["clusters"] = [cluster for cluster in resources["clusters"] if cluster["name"] != name]


def native(kind: str, message: str, **fields) -> dict:
    return {"name": kind, "typed_config": {"@type": f"{EXTENSIONS}filters.http.{kind}.v3.{message}", **fields}}


def routed_by_value(*values: str) -> list[dict]:
    matches = [{"prefix": "/", "headers": [{"name": HEADER, "string_match": {"exact": value}}]} for value in values]
    pairs = zip(matches, values, strict=True)
    return [
        {"match": match, "route": {"cluster": value}, "request_headers_to_remove": [HEADER]} for match, value in pairs
    ]


def as_upstream_filter(config: dict) -> None:
    """The router as a filter of the cluster `one`."""
    codec = {"name": "codec", "typed_config": {"@type": EXTENSIONS + "filters.http.upstream_codec.v3.UpstreamCodec"}}
    options(config["static_resources"]["clusters"][0])["http_filters"] = [copy.deepcopy(filters(config)[0]), codec]


@dataclasses.dataclass(frozen=True)
class Mistake:
    findings: tuple[str, ...]
    change: Change = lambda config: None
    hold: str = "stop"
    more: dict = dataclasses.field(default_factory=dict)


BUFFER = native("buffer", "Buffer", max_request_bytes=1000)
TWICE_LIMITED = {"policy": {**POLICY, "limits": {"maxBodyBytes": 600_000}}}
OTHER_POLICY = {"role": "router", "hold": "stop", "policy": {"models": POLICY["models"][:1]}}

TENANTS = [
    {"name": "certified", "match": {"principals": ["spiffe://a/*"]}},
    {"name": "tokened", "match": {"claims": [{"name": "org", "value": "a"}]}},
]
IDENTIFIED = {**POLICY, "tenants": TENANTS}

MISTAKES = {
    "nobody-can-be-identified": Mistake(
        ("principals-unproven", "claims-never-there"),
        more={
            "policy": {**IDENTIFIED, "identity": {"jwt": {"payload": "payload"}}},
            "front_filters": (tokens.authentication_filter(),),
        },
    ),
    "not-installed": Mistake(("not-installed",), lambda c: filters(c).pop(0)),
    "gate-without-router": Mistake(("gate-without-router",), more={"chain": Chain(("gate",), False)}),
    "flag-missing": Mistake(("flag-missing",), more={"chain": Chain(("router",), False)}),
    "gate-missing": Mistake(("gate-missing",), hold="gate", more={"chain": Chain(("router",), False)}),
    "gate-first": Mistake(("gate-first",), hold="gate", more={"chain": Chain(("gate", "router"), False)}),
    "gate-elsewhere": Mistake(
        ("gate-missing",),
        hold="gate",
        more={"chain": Chain(("router",), False), "elsewhere": Chain(("router", "gate"), False)},
    ),
    "filter-between": Mistake(("filter-between",), lambda c: filters(c).insert(1, native("cors", "Cors")), hold="gate"),
    "two-gates": Mistake(("two-gates",), hold="gate", more={"chain": Chain(("router", "gate", "gate"), False)}),
    "gate-unused": Mistake(("gate-unused",), more={"chain": Chain(("router", "gate"), True)}),
    "two-routers": Mistake(("two-routers",), more={"chain": Chain(("router", "router"), True)}),
    "behind-envoys-router": Mistake(
        ("not-installed", "behind-envoys-router"), lambda c: (as_upstream_filter(c), filters(c).pop(0))
    ),
    "buffer-behind": Mistake(("body-held-behind",), lambda c: filters(c).insert(1, BUFFER)),
    "fail-open": Mistake(("fail-open",), lambda c: plugin(c).update(failure_policy="FAIL_OPEN")),
    "fail-closed": Mistake(("fail-closed",), lambda c: plugin(c).pop("failure_policy")),
    "buffer-too-small": Mistake(
        ("buffer-too-small",),
        lambda c: c["static_resources"]["listeners"][0].update(per_connection_buffer_limit_bytes=32_768),
    ),
    "window-too-small": Mistake(
        ("http2-window-too-small",),
        lambda c: manager(c).update(http2_protocol_options={"initial_stream_window_size": 65_535}),
    ),
    "clients-internal": Mistake(
        ("clients-internal",), lambda c: manager(c).update(internal_address_config={"cidr_ranges": []})
    ),
    "cluster-missing": Mistake(("cluster-missing",), lambda c: without_cluster(c, "two")),
    "no-route": Mistake(("no-route",), lambda c: routes(c).pop(0)),
    "catch-all-first": Mistake(("route-shadowed",), lambda c: routes(c).reverse()),
    "value-without-route": Mistake(
        ("cluster-without-route",), lambda c: routes(c).__setitem__(slice(None), routed_by_value("one"))
    ),
    "header-leaks": Mistake(("header-leaks",), lambda c: routes(c)[0].pop("request_headers_to_remove")),
    "route-ignores-choice": Mistake(("route-ignores-choice",), lambda c: routes(c)[0].update(route={"cluster": "one"})),
    "no-hosts": Mistake(
        ("cluster-without-hosts",), lambda c: c["static_resources"]["clusters"][0]["load_assignment"].pop("endpoints")
    ),
}


@pytest.fixture(params=locations.ENVOY_VERSIONS)
def version(request):
    return request.param


@pytest.mark.parametrize("discovered", [False, True], ids=["inline", "ecds"])
@pytest.mark.parametrize("hold", HOLDS)
def test_a_right_installation_has_no_findings(tmp_path, version, hold, discovered):
    with patient(tmp_path, version, hold, discovered=discovered) as right:
        examined = right.examine()
        assert (examined.code, examined.findings) == (0, []), examined.report
        assert len(examined.report["fine"]) >= 10
        roles = [(instance["role"], instance["discovered"]) for instance in examined.report["instances"]]
        assert roles == [("router", discovered)] + ([("gate", False)] if hold == "gate" else [])
        shown = run_doctor(f"http://{right.address}/")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert shown.stdout.startswith(f"Envoy {version}\n") and "nothing wrong was found" in shown.stdout


def test_routes_by_value_are_right_too(tmp_path, version):
    def change(config):
        routes(config)[:1] = routed_by_value("one", "two")

    with patient(tmp_path, version, "stop", change) as right:
        assert right.examine().findings == []


@pytest.mark.pairwise("version", runs=1)
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_every_mistake_has_its_finding(tmp_path, version, mistake):
    with patient(tmp_path, version, mistake.hold, mistake.change, **mistake.more) as wrong:
        examined = wrong.examine()
        assert (examined.code, tuple(examined.findings)) == (1, mistake.findings), examined.report
        shown = run_doctor(wrong.address)
        assert shown.returncode == 1
        assert all(f"({code})" in shown.stdout for code in mistake.findings)


def test_the_limit_of_a_retry_depends_on_the_version(tmp_path, version):
    def change(config):
        routes(config)[0]["route"].update(retry_policy={"retry_on": "5xx"})

    with patient(tmp_path, version, "stop", change, **TWICE_LIMITED) as edge:
        assert edge.examine().findings == (
            ["buffer-too-small-for-retries"] if version == locations.OLDEST_ENVOY else []
        )


def test_listeners_with_different_policies_are_told_apart(tmp_path, version):
    def change(config):
        other = manager(config, 1)["http_filters"][0]["typed_config"]["config"]["configuration"]
        other["value"] = json.dumps({**OTHER_POLICY, "policy": {**POLICY, "models": POLICY["models"][:1]}})

    with patient(tmp_path, version, "stop", change, elsewhere=Chain(("router",), True)) as edge:
        examined = edge.examine()
        assert examined.findings == ["policies-differ"]
        places = examined.finding("policies-differ")["places"]
        assert any("`edge`" in place for place in places) and any("`elsewhere`" in place for place in places)


def failover(config: dict) -> None:
    """What a chain of two models needs."""
    resources = config["static_resources"]
    for model, cluster in (("a", "one"), ("b", "two")):
        single = bootstrap.cluster(f"model:{model}>{cluster}", 9, http2=False)
        endpoint = single["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
        endpoint["metadata"] = {"filter_metadata": {"pointsman": {"model": model}}}
        resources["clusters"].append(single)
    aggregate = EXTENSIONS + "clusters.aggregate.v3.ClusterConfig"
    module = bootstrap.wasm_filter("upstream", {"role": "upstream"}, locations.module(), flag=False)
    codec = {"name": "codec", "typed_config": {"@type": EXTENSIONS + "filters.http.upstream_codec.v3.UpstreamCodec"}}
    chain = bootstrap.cluster("failover:a>one,b>two", 9, http2=False)
    del chain["type"], chain["load_assignment"]
    chain["lb_policy"] = "CLUSTER_PROVIDED"
    parts = {"@type": aggregate, "clusters": ["model:a>one", "model:b>two"]}
    chain["cluster_type"] = {"name": "envoy.clusters.aggregate", "typed_config": parts}
    options(chain)["http_filters"] = [{"name": "pointsman-upstream", "typed_config": module}, codec]
    resources["clusters"].append(chain)
    priorities = EXTENSIONS + "retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"
    priority = {
        "name": "envoy.retry_priorities.previous_priorities",
        "typed_config": {"@type": priorities, "update_frequency": 1},
    }
    routes(config)[0]["route"]["retry_policy"] = {"retry_on": "5xx", "retry_priority": priority}


def options(cluster: dict) -> dict:
    return next(iter(cluster["typed_extension_protocol_options"].values()))


def retry_policy(config: dict) -> dict:
    return routes(config)[0]["route"]["retry_policy"]


def cluster_named(config: dict, name: str) -> dict:
    return next(cluster for cluster in config["static_resources"]["clusters"] if cluster["name"] == name)


# Without limits that are listened to: with them, the two could stand in either order, and each order has a cluster.
DEAF = {"feedback": {"rateLimits": False}}
CHAIN = {"policy": {**POLICY, **DEAF, "models": [{**POLICY["models"][0], "fallback": ["b"]}, POLICY["models"][1]]}}
CHAIN_MISTAKES = {
    "none": ((), lambda c: None),
    "no-cluster": (("cluster-missing",), lambda c: without_cluster(c, "failover:a>one,b>two")),
    "no-retry": (("failover-without-retry",), lambda c: routes(c)[0]["route"].pop("retry_policy")),
    "no-priority": (("failover-without-priority",), lambda c: retry_policy(c).pop("retry_priority")),
    "no-upstream": (
        ("upstream-missing",),
        lambda c: options(cluster_named(c, "failover:a>one,b>two")).pop("http_filters"),
    ),
    "upstream-on-plain-cluster": (
        ("upstream-without-chain",),
        lambda c: options(cluster_named(c, "two")).update(
            http_filters=options(cluster_named(c, "failover:a>one,b>two"))["http_filters"]
        ),
    ),
    "unmarked": (
        ("endpoint-unmarked",),
        lambda c: cluster_named(c, "model:b>two")["load_assignment"]["endpoints"][0]["lb_endpoints"][0].pop("metadata"),
    ),
}


@pytest.mark.pairwise("version", runs=1)
@pytest.mark.parametrize(("findings", "spoil"), CHAIN_MISTAKES.values(), ids=CHAIN_MISTAKES.keys())
def test_chains_of_models_are_examined(tmp_path, version, findings, spoil):
    with patient(tmp_path, version, "stop", lambda config: (failover(config), spoil(config)), **CHAIN) as edge:
        examined = edge.examine()
        assert tuple(examined.findings) == findings, examined.report
        assert ("upstream" in [instance["role"] for instance in examined.report["instances"]]) == (
            findings not in (("cluster-missing",), ("upstream-missing",))
        )


def push(edge: Patient, hold: str, policy: dict, number: str) -> None:
    write_discovery(edge.folder, Installation(edge.envoy.version, hold, policy), policy, version=number)


def taken(edge: Patient, what: str) -> int:
    return edge.envoy.stat(f"extension_config_discovery.http_filter.pointsman-router.{what}")


def test_a_refused_push_is_told_until_a_good_one_comes(tmp_path, version):
    with patient(tmp_path, version, "stop", discovered=True) as edge:
        push(edge, "stop", {"models": "none"}, "bad")
        wait_for("the refusal", lambda: taken(edge, "update_rejected") == 1)
        examined = edge.examine()
        assert examined.findings == ["configuration-invalid", "push-refused"]
        assert "keeps serving" in examined.finding("configuration-invalid")["symptom"]
        assert "models: expected a list" in examined.finding("configuration-invalid")["cause"]
        push(edge, "stop", POLICY, "good")
        wait_for("the next policy", lambda: taken(edge, "update_success") == 2)
        examined = edge.examine()
        assert (examined.code, examined.findings) == (0, [])
        assert any("1 earlier updates were refused" in line for line in examined.report["fine"])


def offer(folder: pathlib.Path, config: dict) -> None:
    response = bootstrap.discovery_response("pointsman-router", "1", config)
    (folder / "draft").write_text(json.dumps(response))
    os.replace(folder / "draft", discovery_file(folder))


@pytest.mark.parametrize("prefix", ["wasm-default-deny", "wasm-default-allow"])
def test_istios_substitute_for_a_module_is_recognised(tmp_path, version, prefix):
    rbac = EXTENSIONS + "filters.http.rbac.v3.RBAC"

    def change(config):
        offer(
            tmp_path, {"@type": rbac, "rules_stat_prefix": prefix, **({"rules": {}} if prefix.endswith("deny") else {})}
        )
        filters(config)[0]["config_discovery"]["type_urls"] = [WASM_TYPE, rbac]

    with patient(tmp_path, version, "stop", change, discovered=True) as edge:
        assert edge.examine().findings == ["module-not-downloaded"]


def test_a_configuration_that_never_came_is_missed(tmp_path, version):
    def change(config):
        source = filters(config)[0]["config_discovery"]["config_source"]
        source["path_config_source"]["path"] = str(tmp_path / "empty.json")
        source["initial_fetch_timeout"] = "0.1s"
        (tmp_path / "empty.json").write_text('{"version_info": "1", "resources": []}')

    with patient(tmp_path, version, "stop", change, discovered=True) as edge:
        assert edge.examine().findings == ["configuration-missing"]


def test_a_listener_that_envoy_refused_is_told_with_the_reason(tmp_path, version):
    file = tmp_path / "listeners.json"

    def write(listener: dict, number: str) -> None:
        resource = {"@type": TYPE + "envoy.config.listener.v3.Listener", **listener}
        draft = tmp_path / f"draft-{number}"
        draft.write_text(json.dumps({"version_info": number, "resources": [resource]}))
        os.replace(draft, file)

    def change(config):
        resources = config["static_resources"]
        listener = resources["listeners"].pop()
        write(listener, "1")
        bad = copy.deepcopy(listener)
        bad["name"] = "unheard-of"
        bad["filter_chains"][0]["filters"][0]["typed_config"]["stat_prefix"] = ""
        refused.append(bad)
        config["dynamic_resources"] = {
            "lds_config": {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
        }

    refused: list[dict] = []
    with patient(tmp_path, version, "stop", change) as edge:
        assert edge.examine().findings == []
        bad = copy.deepcopy(refused[0])
        bad["name"] = "edge"
        manager_of = bad["filter_chains"][0]["filters"][0]["typed_config"]
        manager_of["stat_prefix"] = "edge"
        manager_of["http_filters"][0]["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"] = str(
            tmp_path / "no-such.wasm"
        )
        write(bad, "2")
        wait_for("the refusal", lambda: edge.envoy.stat("listener_manager.lds.update_rejected") == 1)
        examined = edge.examine()
        assert examined.findings == ["update-refused"]
        assert "no-such.wasm" in examined.finding("update-refused")["cause"]


def test_who_can_be_identified_is_fine(tmp_path, version):
    authority = certificates.Authority(tmp_path)
    tls = certificates.transport_socket(authority, authority.issue("edge"))
    more = {"policy": IDENTIFIED, "front_filters": (tokens.authentication_filter(),), "transport_socket": tls}
    with patient(tmp_path, version, "stop", **more) as right:
        assert right.examine().findings == []


def test_refused_clusters_and_routes_are_told(tmp_path, version):
    """Envoy keeps no reason for them: only its counters show that it has not taken what it was given."""

    def write(name: str, resources: list[dict], number: str) -> dict:
        draft = tmp_path / f"draft-{name}"
        draft.write_text(json.dumps({"version_info": number, "resources": resources}))
        os.replace(draft, tmp_path / f"{name}.json")
        return {"path_config_source": {"path": str(tmp_path / f"{name}.json")}, "resource_api_version": "V3"}

    def change(config):
        resources = config["static_resources"]
        clusters[:] = [{"@type": TYPE + "envoy.config.cluster.v3.Cluster", **it} for it in resources.pop("clusters")]
        config["dynamic_resources"] = {"cds_config": write("clusters", clusters, "1")}
        table.update({"@type": TYPE + "envoy.config.route.v3.RouteConfiguration", "name": "table"})
        table.update(manager(config).pop("route_config"))
        source = write("routes", [table], "1")
        manager(config)["rds"] = {"route_config_name": "table", "config_source": source}

    clusters: list[dict] = []
    table: dict = {}
    with patient(tmp_path, version, "stop", change) as edge:
        assert edge.examine().findings == []
        write("clusters", [*clusters, {"@type": clusters[0]["@type"], "name": "bad", "connect_timeout": "-1s"}], "2")
        write("routes", [{**table, "virtual_hosts": [{"name": "x", "domains": []}]}], "2")
        for name in ("cluster_manager.cds", "http.edge.rds.table"):
            wait_for("the refusal", lambda name=name: edge.envoy.stat(f"{name}.update_rejected") == 1)
        examined = edge.examine()
        assert examined.findings == ["update-refused"]
        assert len(examined.finding("update-refused")["places"]) == 2


def test_keys_that_do_not_come_are_told(tmp_path, version):
    """One finding for each, however many chains need it."""
    secret = {
        "@type": f"{EXTENSIONS}transport_sockets.tls.v3.Secret",
        "generic_secret": {"secret": {"inline_string": "k"}},
    }
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(json.dumps({"resources": [{**secret, "name": "one"}]}))
    clusters = [
        {"name": name, "address": "127.0.0.1", "port": 9, "credential": {"sds": f"{name}.yaml"}}
        for name in ("one", "two")
    ]
    deployment = {"listener": {"port": 0}, "envoyVersion": version, "clusters": clusters}
    (tmp_path / "deployment.yaml").write_text(json.dumps(deployment))
    (tmp_path / "policy.yaml").write_text(json.dumps(CHAIN["policy"]))
    command = [locations.cli(), "render", "envoy", tmp_path, "--wasm", locations.module()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "two.yaml` has `one`, and no secret `two`" in done.stderr and done.stderr.count("warning") == 1
    envoy = Envoy(version, done.stdout, tmp_path / "envoy")
    try:
        examined = examine_at((tmp_path / "envoy" / "admin-address").read_text())
        assert examined.findings == ["key-missing"], examined.report
        finding = examined.finding("key-missing")
        assert finding["places"] == ["secret `two`"] and "no secret named `two`" in finding["cause"]
    finally:
        envoy.stop()


def section(number: int, *items: bytes) -> bytes:
    body = bytes([len(items)]) + b"".join(items)
    return bytes([number, len(body)]) + body


def trapping_module() -> bytes:
    """A module that traps at the headers of every request."""
    int32, functions = b"\x7f", ("proxy_abi_version_0_2_1", "malloc", "proxy_on_request_headers")
    types = [b"\x60\x00\x00", b"\x60\x01" + int32 + b"\x01" + int32, b"\x60\x03" + int32 * 3 + b"\x01" + int32]
    exports = [bytes([len(name)]) + name.encode() + bytes([0, index]) for index, name in enumerate(functions)]
    code = [b"\x02\x00\x0b", b"\x05\x00\x41\x80\x08\x0b", b"\x03\x00\x00\x0b"]
    sections = [
        section(1, *types),
        section(3, b"\x00", b"\x01", b"\x02"),
        section(5, b"\x00\x01"),
        section(7, *exports, b"\x06memory\x02\x00"),
        section(10, *code),
    ]
    return b"\0asm\x01\0\0\0" + b"".join(sections)


def test_a_module_that_has_failed_is_told(tmp_path, version):
    (tmp_path / "trap.wasm").write_bytes(trapping_module())

    def change(config):
        plugin(config)["vm_config"]["code"]["local"]["filename"] = str(tmp_path / "trap.wasm")

    with patient(tmp_path, version, "stop", change) as edge:
        assert edge.examine().findings == []
        for _ in range(2):
            with Http1(edge.envoy.port) as client:
                client.send(head("GET", "/", [("host", "edge.test")]))
                assert client.response().status == 503
        assert edge.examine().findings == ["machine-failed"]


def test_a_module_that_envoy_cannot_download_is_told(tmp_path, version):
    def change(config):
        uri = {"uri": "http://127.0.0.1/pointsman.wasm", "cluster": "one", "timeout": "1s"}
        remote = {"http_uri": uri, "sha256": "0" * 64, "retry_policy": {"num_retries": 0}}
        plugin(config)["vm_config"]["code"] = {"remote": remote}

    with patient(tmp_path, version, "stop", change) as edge:
        wait_for("the download to fail", lambda: edge.envoy.stat("wasm.remote_load_fetch_failures") > 0)
        assert edge.examine().findings == ["download-failed", "no-machine"]


def test_who_cannot_be_asked_is_exit_code_2(tmp_path, version):
    with patient(tmp_path, version, "stop") as edge:
        address, listener = edge.address, f"127.0.0.1:{edge.envoy.port}"
        done = run_doctor(listener)
        assert (done.returncode, done.stdout) == (2, "")
        assert "`GET /config_dump?include_eds` was answered with 503" in done.stderr
        done = run_doctor(f"{address}/elsewhere")
        assert (done.returncode, done.stdout) == (2, "")
        assert "was answered with 404" in done.stderr
    done = run_doctor(address)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot ask Envoy's admin interface" in done.stderr
