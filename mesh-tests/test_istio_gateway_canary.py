"""In a real mesh: a share of the conversations goes to another model, copies go to a third, and a canary that fails
costs nobody an answer; by the EnvoyFilters that `render istio --failover` prints and istiod merges."""

import collections

import pytest

from harness import locations
from harness.edge import JSON
from harness.messages import Answer
from harness.waiting import wait_for
from mesh.gateway import running

ROUTE = {
    "targets": [{"model": "stable", "variant": "stable"}],
    "sticky": {"header": "x-session"},
    "rollout": {"model": "canary", "percent": 30, "by": "session", "variant": "canary"},
    "fallback": ["stable"],
    "mirror": {"model": "lab", "percent": 100},
}
POLICY = {
    "models": [
        {"name": "stable", "cluster": "one", "upstreamModel": "stable-1"},
        {"name": "canary", "cluster": "two", "upstreamModel": "canary-2-with-a-longer-name"},
        {"name": "lab", "cluster": "three", "upstreamModel": "lab-3"},
    ],
    "aliases": [{"name": "support"}],
    "rules": [{"name": "try", "match": {"models": ["support"]}, "route": ROUTE}],
}
OWN = {"one": "stable-1", "two": "canary-2-with-a-longer-name", "three": "lab-3"}
CHAT = "/v1/chat/completions"
ASKED = {"model": "support", "messages": [{"role": "user", "content": "Where does this train go?"}]}


@pytest.fixture(scope="module", params=locations.ENVOY_VERSIONS)
def world(request):
    return request.param, "gate"


@pytest.fixture(scope="module")
def shared_edge(istiod, registry, world, tmp_path_factory):
    deployment = {"options": ("--failover",), "istio": {"modulePath": str(locations.module())}}
    with running(istiod, registry, world, tmp_path_factory.mktemp("gateway"), POLICY, deployment=deployment) as edge:
        yield edge


def ask(edge, session: int):
    return edge.ask(CHAT, ASKED, [JSON, ("x-session", f"session-{session}")])


def test_conversations_are_shared_out_and_stay_where_they_are(edge):
    first = [ask(edge, session).response.json()["served_by"] for session in range(60)]
    again = [ask(edge, session).response.json()["served_by"] for session in range(60)]
    assert first == again
    shares = collections.Counter(first)
    assert set(shares) == {"one", "two"} and 6 <= shares["two"] <= 32


def test_a_copy_goes_to_the_lab_under_its_own_name(edge):
    for session in range(5):
        seen = ask(edge, session)
        wait_for("the copy", lambda seen=seen: len(edge.received(seen.test_id)) == 2)
        models = {request.provider: request.json()["model"] for request in edge.received(seen.test_id)}
        assert "three" in models and models == {name: OWN[name] for name in models}
        assert seen.response.json()["served_by"] != "three"


def test_a_canary_that_fails_costs_nobody_an_answer(edge, monkeypatch):
    on_canary = [n for n in range(60) if ask(edge, n).response.json()["served_by"] == "two"]
    monkeypatch.setattr(edge.providers["two"], "answer", lambda request: Answer.of({}, 503))
    for session in on_canary[:10]:
        seen = ask(edge, session)
        assert (seen.status, seen.response.json()["served_by"]) == (200, "one")
