"""In a mesh: an attempt that fails goes on to the next provider, by the EnvoyFilters that `render istio --failover`
prints.

What each attempt looks like in all cases is held in `failover/`; here only that the patches lead there in what
istiod makes.
"""

import json

import pytest

from harness import locations
from harness.keys import KeyFile
from harness.messages import Answer
from istiod import fixtures, gateway
from istiod.fixtures import world  # noqa: F401

POLICY = {
    "models": [
        {"name": "first", "cluster": "one", "upstreamModel": "first-2026", "fallback": ["second"]},
        {"name": "second", "cluster": "two", "upstreamModel": "a-much-longer-name"},
    ],
}
CHAT = "/v1/chat/completions"
ASKED = {"model": "first", "messages": [{"role": "user", "content": "Where does this train go?"}]}
OF_CLIENT = ("authorization", "Bearer the client's own")


@pytest.fixture(scope="module")
def shared_edge(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mesh")
    authority = gateway.Authority(folder)
    for name in ("one", "two"):
        KeyFile(folder, name).write(f"Bearer key of {name}")

    def each(name: str) -> dict:
        return {"tls": {"caFile": str(authority.certificate)}, "credential": {"sds": str(folder / f"{name}.json")}}

    deployment = {"options": ("--failover",), "each": each, "istio": {"modulePath": str(locations.module())}}
    secrets = {f"file-root:{authority.certificate}": authority.roots()}
    with fixtures.running(world, folder, POLICY, deployment=deployment, authority=authority, secrets=secrets) as edge:
        yield edge


@pytest.fixture
def failing(edge, monkeypatch):
    """Lets a provider answer with a status."""

    def fail(provider: str, status: int) -> None:
        monkeypatch.setattr(edge.providers[provider], "answer", lambda request: Answer.of({}, status))

    return fail


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("status", [503, 429, 500])
def test_the_next_provider_gets_its_own_model_and_key(edge, failing, status, protocol):
    failing("one", status)
    seen = edge.ask(CHAT, ASKED, [("content-type", "application/json"), OF_CLIENT], protocol=protocol)
    assert seen.status == 200
    attempts = {request.provider: request for request in edge.received(seen.test_id)}
    assert {name: request.json()["model"] for name, request in attempts.items()} == {
        "one": "first-2026",
        "two": "a-much-longer-name",
    }
    assert {name: request.header("authorization") for name, request in attempts.items()} == {
        name: f"Bearer key of {name}" for name in attempts
    }
    assert {name: request.header("host") for name, request in attempts.items()} == {
        name: f"{name}.providers.example" for name in attempts
    }
    for request in attempts.values():
        assert request.header("content-length") == str(len(request.body))
        assert [name for name, _ in request.headers if name.startswith(b"x-pointsman")] == []
    # Envoy logs a cluster by its name in statistics.
    assert (seen.record["model"], seen.log["cluster"]) == ("first", "failover%3Afirst%3Eone%2Csecond%3Etwo")
    assert seen.response.json() == {"served_by": "two", "bytes": len(attempts["two"].body)}


def test_a_model_without_a_chain_takes_the_meshs_own_route_with_its_key(edge):
    seen = edge.ask(CHAT, {**ASKED, "model": "second"}, [("content-type", "application/json"), OF_CLIENT])
    assert (seen.status, seen.upstream.provider, seen.upstream.json()["model"]) == (200, "two", "a-much-longer-name")
    assert seen.upstream.header("authorization") == "Bearer key of two"
    assert seen.log["cluster"] == "outbound|443||two.providers.example;"


def test_a_whole_body_goes_to_each(edge, failing):
    failing("one", 503)
    body = json.dumps({**ASKED, "user": "x" * 600_000}).encode()
    seen = edge.ask(CHAT, body)
    assert seen.status == 200
    sizes = {request.provider: len(request.body) for request in edge.received(seen.test_id)}
    assert sizes["two"] - sizes["one"] == len("a-much-longer-name") - len("first-2026")
