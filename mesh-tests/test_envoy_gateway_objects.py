"""Behind a real Envoy Gateway with the API server's objects: each rendered policy is taken, and what it is for
happens."""

import pytest

from harness import locations
from harness.edge import JSON
from harness.messages import Answer
from istiod.rendered import host_of
from mesh import envoy_gateway
from mesh.envoy_gateway import ALL, CONTROLLER, NAMESPACE
from mesh.kubernetes import documents

POLICY = {
    "models": [
        {"name": "gpt", "cluster": "openai", "upstreamModel": "gpt-2026-01-01"},
        {"name": "claude", "cluster": "anthropic", "apis": ["messages", "countTokens"]},
    ]
}
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module", params=locations.ENVOY_VERSIONS)
def world(request):
    return request.param, "objects"


@pytest.fixture(scope="module")
def shared_edge(registry, world, control, tmp_path_factory):
    folder = tmp_path_factory.mktemp("envoy-gateway") / "eg"
    with envoy_gateway.running(registry, world[0], folder, POLICY, "web", control=control) as edge:
        yield edge


@pytest.fixture
def answers(edge, monkeypatch):
    """Has a provider answer with these statuses, one after the other, and then with 200."""

    def set_up(provider: str, *statuses: int) -> None:
        left, usual = iter(statuses), edge.providers[provider].answer

        def answer(request):
            status = next(left, 200)
            return usual(request) if status == 200 else Answer.of({"error": status}, status)

        monkeypatch.setattr(edge.providers[provider], "answer", answer)

    return set_up


def conditions(status: dict) -> list[tuple[str, str]]:
    """Type and status of all that Envoy Gateway says of an object. An istiod of the same cluster has its own word on a
    BackendTLSPolicy, and knows no Backend."""
    said = [status, *status.get("parents", []), *status.get("ancestors", [])]
    said = [each for each in said if each.get("controllerName", CONTROLLER) == CONTROLLER]
    return [(one["type"], one["status"]) for each in said for one in each.get("conditions", [])]


def test_every_object_is_accepted(edge, kubernetes):
    silent = set()
    for one in documents(edge.gateway.text):
        found = kubernetes.get(one["kind"], one["metadata"]["name"], NAMESPACE, one["apiVersion"])
        said = conditions(found.get("status", {}))
        assert {status for _, status in said} <= {"True"}, found
        if ("Accepted", "True") not in said:
            silent.add(one["kind"])
    assert silent == set()
    gateway = kubernetes.get("Gateway", envoy_gateway.GATEWAY, NAMESPACE, ALL)["status"]
    assert dict(conditions(gateway)) == {"Accepted": "True", "Programmed": "False"}
    assert [dict(conditions(one)) for one in gateway["listeners"]] == [
        {"Programmed": "True", "Accepted": "True", "ResolvedRefs": "True"}
    ]


def test_what_a_provider_has_not_begun_is_tried_again(edge, answers):
    """BackendTrafficPolicy."""
    answers("openai", 503, 529)
    seen = edge.chat("gpt")
    assert (seen.status, seen.reached) == (200, ["openai"] * 3)
    answers("openai", 429)
    seen = edge.chat("gpt")
    assert (seen.status, seen.reached) == (429, ["openai"])


def test_as_much_is_held_as_the_deployment_says(edge):
    """ClientTrafficPolicy."""
    for protocol in ("http1", "http2"):
        seen = edge.ask(CHAT, {"model": "gpt", "messages": [], "user": "x" * 5_000_000}, [JSON], protocol=protocol)
        assert (seen.status, seen.upstream.json()["model"]) == (200, "gpt-2026-01-01")


def test_a_provider_is_asked_by_its_name_and_must_show_it(edge, registry):
    """BackendTLSPolicy."""
    provider, host = edge.providers["anthropic"], host_of("anthropic")

    def ask():
        return edge.ask("/v1/messages", {"model": "claude", "messages": [], "max_tokens": 9})

    provider.show(registry.authority.serve("somebody.example"))
    refused = ask()
    assert (refused.status, refused.reached) == (503, [])
    provider.show(registry.authority.serve(host))
    seen = ask()
    assert (seen.status, seen.upstream.header("host")) == (200, host)
    assert set(provider.server_names) == {host}
