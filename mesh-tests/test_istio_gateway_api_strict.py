"""In a real mesh: HTTPRoutes at a gateway of the Gateway API without a default cluster. There is no rule for what is no
LLM call, and no client's header opens one."""

import pytest

from harness.edge import JSON
from istiod import rendered
from mesh.gateway_api import attached
from test_istio import ASK, CHAT, POLICY

STEERING = ["anthropic", rendered.host_of("anthropic"), "pointsman-undecided", "openai"]


@pytest.fixture(scope="module", params=[pytest.param(("1.40.0", hold), id=hold) for hold in ("gate", "stop")])
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(istiod, registry, world, tmp_path_factory):
    with attached(istiod, registry, world, tmp_path_factory.mktemp("gateway"), POLICY, None) as edge:
        yield edge


@pytest.mark.parametrize("cluster", STEERING)
def test_nothing_but_an_llm_call_is_served(edge, cluster):
    steering = [JSON, ("x-pointsman-cluster", cluster)]
    for path, body, method in (("/upload", b"{not json", "POST"), ("/healthz", None, "GET"), ("/", None, "GET")):
        seen = edge.ask(path, body, steering, method)
        assert (seen.status, seen.reached) == (404, [])
    refused = edge.ask(CHAT, {"model": "nobody", "messages": ASK}, steering)
    assert (refused.status, refused.reached) == (404, [])
    assert edge.ask(CHAT, {"model": "gpt", "messages": ASK}, steering).reached == ["openai"]
