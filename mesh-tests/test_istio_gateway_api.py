"""In a real mesh: a gateway of the Gateway API's class `istio`, whose Deployment istiod writes. HTTPRoutes lead to the
hosts, and the plugins find the gateway by `targetRefs`."""

import pytest

from harness.edge import JSON
from harness.waiting import wait_for
from mesh import gateway_api
from mesh.gateway_api import attached, conditions, written
from test_doctor import examine_at
from test_istio import (
    CHAT,
    INSTALLATION,
    POLICY,
    test_a_client_cannot_choose_the_route,
    test_a_refusal_says_what_the_policy_says,
    test_a_request_goes_to_the_host_of_its_models_cluster,
    test_no_header_of_pointsmans_reaches_a_provider,
    test_what_is_no_llm_call_goes_where_everything_else_goes,
)

__all__ = [
    "test_a_client_cannot_choose_the_route",
    "test_a_refusal_says_what_the_policy_says",
    "test_a_request_goes_to_the_host_of_its_models_cluster",
    "test_no_header_of_pointsmans_reaches_a_provider",
    "test_what_is_no_llm_call_goes_where_everything_else_goes",
]

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]
ACCEPTED = {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("True", "ResolvedRefs")}
PLUGINS = {"gate": ["pointsman-router", "pointsman-gate"], "stop": ["pointsman-router"]}


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(istiod, registry, world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    with attached(istiod, registry, world, folder, POLICY, INSTALLATION["default_cluster"]) as edge:
        yield edge


def test_the_plugins_are_at_the_gateway_and_the_routes_are_taken(edge, istiod, world):
    found = edge.mesh.snapshot().extensions
    for name in PLUGINS[world[1]]:
        assert any(name in one for one in found), found
    assert len(found) == len(PLUGINS[world[1]])
    assert conditions(istiod, "HTTPRoute", "pointsman") == ACCEPTED


def test_a_gateway_is_programmed_as_soon_as_it_has_an_address(edge, istiod):
    """It serves before: the address is a load balancer's, of which there is none here until one is written down."""
    service = written(istiod, "Service")
    istiod.cluster.set_status(service, {"loadBalancer": {}})
    waiting = {**ACCEPTED, "Programmed": ("False", "AddressNotAssigned")}
    wait_for("the Gateway to wait", lambda: conditions(istiod, "Gateway", gateway_api.NAME) == waiting, 8)
    assert edge.chat("gpt").status == 200
    istiod.cluster.set_status(service, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})
    ready = {**ACCEPTED, "Programmed": ("True", "Programmed")}
    wait_for("the Gateway to be programmed", lambda: conditions(istiod, "Gateway", gateway_api.NAME) == ready, 8)


def test_a_large_body_is_held(edge):
    """The EnvoyFilter that allows it finds the gateway by `targetRefs` as well."""
    asked = {"model": "m", "messages": [{"role": "user", "content": "x" * 5_000_000}]}
    for protocol in ("http1", "http2"):
        seen = edge.ask(CHAT, asked, [JSON], protocol=protocol)
        assert (seen.status, seen.upstream.json()["model"]) == (200, "a-longer-name")


def test_a_new_policy_is_taken(edge):
    edge.push({**POLICY, "models": [{**POLICY["models"][0], "upstreamModel": "gpt-next"}, *POLICY["models"][1:]]})
    wait_for("the new policy", lambda: edge.chat("gpt").upstream.json()["model"] == "gpt-next")
    edge.push(POLICY)
    wait_for("the old policy", lambda: edge.chat("gpt").upstream.json()["model"] == "gpt-2026-01-01")


def test_the_doctor_finds_nothing(edge, world):
    expected = ["buffer-too-small-for-retries"] * (world[0] == "1.36.4")
    examined = examine_at(edge.envoy.address)
    assert examined.findings == expected, examined.report
