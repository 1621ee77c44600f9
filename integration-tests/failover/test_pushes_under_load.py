"""Policies change while requests are on their way: none of them fails for it."""

import os

import pytest

from harness import chain
from harness.edge import JSON
from harness.failover import EACH_VERSION, GATES, SHORT_IDLE

ALPHA, BETA, GAMMA = chain.POLICY["models"]
POLICY = {**chain.POLICY, "visibility": {"responseHeaders": True}}
SETTING = {
    "clusters": chain.CLUSTERS,
    "keys": chain.KEYS,
    "discovered": True,
    "concurrency": 2,
    "idle": SHORT_IDLE,
}
RUN_IN = (*EACH_VERSION, *GATES)
RATE = 60
SECONDS = float(os.environ.get("POINTSMAN_LOAD_SECONDS", "6"))


def by_rule(order: list[str], models=(ALPHA, BETA, GAMMA)) -> dict:
    first, *fallback = order
    route = {"targets": [{"model": first}], "fallback": fallback}
    rules = [{"name": "chain", "match": {"models": ["auto"]}, "route": route}]
    return {**POLICY, "models": list(models), "rules": rules}


def chat(number: int):
    """Most go to a chain, some to a model by its name."""
    model = "beta" if number % 5 == 0 else "auto"
    return f"session-{number % 10}", [JSON], b'{"messages":[],"model":"%s"}' % model.encode()


def assert_nobody_noticed(edge, load) -> None:
    assert len(load.fates) == RATE * SECONDS
    assert [fate for fate in load.fates if fate.status != 200 or not fate.complete][:5] == []
    wrong = [
        (request.provider, request.json()["model"])
        for request in edge.all_arrived()
        if request.complete and request.json()["model"] not in places(edge)[request.provider]
    ]
    assert wrong == []


def places(edge) -> dict[str, set[str]]:
    """The names under which each provider may be asked: those of its own, and of the model that moves."""
    moving = ALPHA["upstreamModel"]
    return {name: {own.model, *([moving] if name in ("first", "third") else [])} for name, own in chain.OWN.items()}


@pytest.fixture(autouse=True)
def at_first(edge):
    yield
    edge.wait_for_policy(edge.push(POLICY))


def test_pushes_in_quick_succession_take_nothing_from_requests_on_their_way(edge):
    """The first model hangs: when its requests move on, two further policies have taken over."""
    edge.wait_for_policy(edge.push(by_rule(["alpha", "beta", "gamma"])))
    edge.providers["first"].fail("hang")
    with edge.steady(RATE, SECONDS, chat) as load:
        load.wait_until(1.0)
        edge.push(by_rule(["gamma", "beta"]))
        version = edge.push(by_rule(["beta", "gamma"]))
        edge.wait_for_policy(version)
    assert_nobody_noticed(edge, load)
    late = [fate for fate in load.fates if fate.at < 1.0 and fate.took > 1.0]
    assert late, "some have waited for the first model, and were served by another policy's chain"


@pytest.mark.parametrize(("moved", "failure"), [(ALPHA, None), (BETA, "hang")], ids=["first", "next"])
def test_a_model_moves_between_clusters(edge, moved, failure):
    """The first of a chain; and one that is also asked by its name, and by requests that have waited for the first
    since before it moved."""
    models = [{**model, "cluster": "third"} if model is moved else model for model in (ALPHA, BETA, GAMMA)]
    edge.wait_for_policy(edge.push(by_rule(["alpha", "beta"])))
    if failure:
        edge.providers["first"].fail(failure)
    else:
        edge.providers["first"].pause = 0.02
    with edge.steady(RATE, SECONDS, chat) as load:
        for second in (1.0, 3.0):
            load.wait_until(second)
            edge.push(by_rule(["alpha", "beta"], models))
            load.wait_until(second + 1.0)
            edge.push(by_rule(["alpha", "beta"]))
    failed = [fate for fate in load.fates if fate.status != 200 or not fate.complete]
    assert failed[:5] == []
    assert len(load.fates) == RATE * SECONDS
    reached = {(request.provider, request.json()["model"]) for request in edge.all_arrived() if request.complete}
    assert ("third", moved.get("upstreamModel", moved["name"])) in reached
    if failure:
        moved_on = [fate for fate in load.fates if fate.at < 1.0 < fate.until and fate.took > 1.0]
        assert moved_on, "some were decided before the model moved, and reached it afterwards"
