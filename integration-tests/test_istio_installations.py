"""In a mesh: what else stands around the two WasmPlugins, other ways to install them, and wrong ones.

A wrong installation is answered with a clear error; never with a hang, and never with a request that nobody has
decided.
"""

import contextlib
import copy

import pytest

from harness.edge import JSON
from harness.waiting import wait_for
from istiod import gateway, rendered
from istiod.fixtures import deploy  # noqa: F401
from test_wrong_installation import ask_in_time

POLICY = {"models": [{"name": "m", "cluster": "provider", "upstreamModel": "mm"}]}
INSTALLATION = {"default_cluster": "web"}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
CHAT = "/v1/chat/completions"
OTHER_PORT = 8081


@pytest.fixture(
    scope="module", params=[pytest.param((version, "gate"), id=version) for version in ("1.36.4", "1.40.0")]
)
def world(request):
    return request.param


def plugin(manifests: list[dict], role: str) -> dict:
    (found,) = [
        one
        for one in manifests
        if one["kind"] == "WasmPlugin" and one["spec"].get("pluginConfig", {}).get("role") == role
    ]
    return found


def add_port(manifests: list[dict]) -> None:
    """A second server of the gateway."""
    (found,) = [one for one in manifests if one["kind"] == "Gateway"]
    found["spec"]["servers"].append(
        {**found["spec"]["servers"][0], "port": {"number": OTHER_PORT, "name": "http-2", "protocol": "HTTP"}}
    )


@contextlib.contextmanager
def at_port(edge: gateway.Gateway, port: int):
    """The gateway by another of its ports."""
    first, edge.envoy.port = edge.envoy.port, edge.envoy.port_of(f"0.0.0.0_{port}")
    yield
    edge.envoy.port = first


# Right ones.


def test_a_policy_ahead_of_its_routes_sends_nothing_where_other_traffic_goes(deploy):
    def change(manifests: list[dict]) -> None:
        plugin(manifests, "router")["spec"]["pluginConfig"]["policy"]["models"][0]["cluster"] = "new-provider"

    seen = deploy(change).chat("m")
    assert (seen.status, seen.reached) == (503, [])
    assert b"no route leads to the cluster" in seen.response.body


def test_all_ports_of_a_gateway_are_routed(deploy):
    edge = deploy(add_port)
    for port in (rendered.PORT, OTHER_PORT):
        with at_port(edge, port):
            assert (edge.chat("m").status, edge.chat("nobody").status) == (200, 404)
            assert edge.chat("m").upstream.json()["model"] == "mm"


def test_two_ports_have_a_policy_each(deploy):
    def change(manifests: list[dict]) -> None:
        add_port(manifests)
        for role in ("router", "gate"):
            first = plugin(manifests, role)
            second = copy.deepcopy(first)
            first["spec"]["match"] = [{"mode": "CLIENT", "ports": [{"number": rendered.PORT}]}]
            second["spec"]["match"] = [{"mode": "CLIENT", "ports": [{"number": OTHER_PORT}]}]
            second["metadata"]["name"] = f"second-{role}"
            if role == "router":
                second["spec"]["pluginConfig"]["policy"] = {
                    "models": [{"name": "n", "cluster": "provider", "upstreamModel": "nn"}]
                }
            manifests.append(second)

    edge = deploy(change)
    for port, model, other in ((rendered.PORT, "m", "n"), (OTHER_PORT, "n", "m")):
        with at_port(edge, port):
            for protocol in ("http1", "http2"):
                seen = edge.ask(CHAT, {**ASKED, "model": model}, protocol=protocol)
                assert (seen.status, seen.upstream.json()["model"]) == (200, model * 2)
            assert edge.chat(other).status == 404


def test_router_and_gate_need_no_common_virtual_machine(deploy):
    def change(manifests: list[dict]) -> None:
        plugin(manifests, "gate")["spec"]["vmConfig"] = {"env": [{"name": "ONLY_HERE", "value": "1"}]}

    edge = deploy(change, concurrency=2)
    for _ in range(8):
        for protocol in ("http1", "http2"):
            assert edge.ask(CHAT, ASKED, protocol=protocol).upstream.json()["model"] == "mm"


@pytest.mark.parametrize("phase", ["AUTHN", "AUTHZ", "STATS"])
def test_any_phase_will_do_for_routing(deploy, phase):
    def change(manifests: list[dict]) -> None:
        for role in ("router", "gate"):
            plugin(manifests, role)["spec"]["phase"] = phase

    assert deploy(change).chat("m").status == 200


def test_what_istios_authorization_denies_the_router_never_sees(deploy):
    rule = {"to": [{"operation": {"paths": ["/v1/embeddings", "/admin*"], "methods": ["POST"]}}]}
    metadata = {"name": "deny", "namespace": rendered.NAMESPACE}
    spec = {"action": "DENY", "rules": [rule]}
    denied = {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}
    edge = deploy(lambda manifests: manifests.append(denied))
    for path in ("/v1/embeddings", "/admin/x"):
        seen = edge.ask(path, {"model": "m", "input": "x"})
        assert (seen.status, seen.log["record"], seen.reached) == (403, None, [])
    assert edge.chat("m").status == 200


# Wrong ones.


def test_a_cluster_that_has_no_route_is_an_error(deploy):
    """The policy is ahead of the VirtualService, and there is no default cluster."""
    edge = deploy(default=None)
    edge.push({"models": [*POLICY["models"], {"name": "new", "cluster": "new-provider"}]})
    wait_for(
        "the new policy on every worker",
        lambda: all(seen.record["action"] == "route" for seen in edge.chat_with_each_worker("new")),
    )
    seen = edge.chat("new")
    assert (seen.status, seen.log["details"], seen.reached) == (503, "direct_response", [])


def lacks_gate(manifests: list[dict]) -> None:
    manifests.remove(plugin(manifests, "gate"))


def has_gate_first(manifests: list[dict]) -> None:
    plugin(manifests, "gate")["spec"]["priority"] = plugin(manifests, "router")["spec"]["priority"] + 1


def has_equal_priorities(manifests: list[dict]) -> None:
    """The older plugin comes first, and the gate is applied first."""
    plugin(manifests, "gate")["spec"]["priority"] = plugin(manifests, "router")["spec"]["priority"]


def has_gate_in_an_earlier_phase(manifests: list[dict]) -> None:
    plugin(manifests, "gate")["spec"]["phase"] = "AUTHZ"


def has_gate_at_another_port(manifests: list[dict]) -> None:
    add_port(manifests)
    plugin(manifests, "gate")["spec"]["match"] = [{"mode": "CLIENT", "ports": [{"number": OTHER_PORT}]}]


MISTAKES = [lacks_gate, has_gate_first, has_equal_priorities, has_gate_in_an_earlier_phase, has_gate_at_another_port]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_wrong_order_is_said_with_a_500(deploy, mistake):
    edge = deploy(mistake)
    for protocol in ("http1", "http2"):
        for body in (ASKED, [b'{"model":"m",', b'"messages":[]}'], {**ASKED, "user": "x" * 300_000}):
            seen = ask_in_time(edge, CHAT, body, protocol=protocol)
            assert (seen.status, seen.reached) == (500, [])
            assert "gate" in seen.response.json()["error"]["message"]
    assert edge.ask("/healthz", None, method="GET").reached == ["web"]
    edge.envoy.accept_log()


def test_a_router_for_requests_that_come_in_never_runs_at_a_gateway(deploy):
    """`mode: SERVER` is for sidecars and waypoints. There is no router then, and no model is served: no route
    matches."""

    def change(manifests: list[dict]) -> None:
        for role in ("router", "gate"):
            plugin(manifests, role)["spec"]["match"] = [{"mode": "SERVER"}]

    assert deploy(change).chat("m").reached == ["web"]


def test_a_module_that_cannot_be_had_lets_nothing_pass(deploy):
    edge = deploy(images={})
    for seen in (edge.chat("m"), edge.ask("/upload", b"x", [JSON, ("x-pointsman-cluster", "provider")])):
        assert (seen.status, seen.reached) == (403, [])
