"""A policy that arrives before the clusters that fit it: what they cannot do is refused, and nothing goes where it
must not."""

import os

import pytest

from harness import chain
from harness.failover import EACH_VERSION, GATES
from harness.waiting import wait_for

ALPHA, BETA, GAMMA = chain.POLICY["models"]
POLICY = chain.POLICY
SETTING = {"clusters": chain.CLUSTERS, "keys": chain.KEYS, "discovered": True}
RUN_IN = (*EACH_VERSION, *GATES)


@pytest.fixture
def pushed(edge):
    def push(policy: dict) -> None:
        edge.wait_for_policy(edge.push(policy, only="pointsman-router.yaml"))

    yield push
    push(POLICY)


def by_rule(targets: list[str], fallback: list[str], models=(ALPHA, BETA, GAMMA)) -> dict:
    route = {"targets": [{"model": name} for name in targets], "fallback": fallback}
    return {
        **POLICY,
        "models": list(models),
        "rules": [{"name": "chain", "match": {"models": ["auto"]}, "route": route}],
    }


def test_a_chain_without_a_cluster_is_refused_or_needs_none(edge, pushed):
    pushed(by_rule(["gamma"], ["alpha"]))
    seen = edge.chat("auto")
    if edge.made.setting.world.mechanism == "matcher":
        assert (seen.status, edge.tried(seen.test_id)) == (200, [("third", chain.OWN["third"].model)])
    else:
        assert (seen.status, edge.received(seen.test_id)) == (503, [])
    assert seen.record["chain"] == ["gamma", "alpha"]
    pushed(POLICY)
    assert edge.chat("auto").status == 200


def test_a_model_that_has_moved_is_not_asked_at_its_old_place(edge, pushed):
    moved = {**BETA, "cluster": "third"}
    pushed(by_rule(["alpha"], ["beta", "gamma"], [ALPHA, moved, GAMMA]))
    edge.providers["first"].fail("500")
    seen = edge.chat("auto")
    reached = [request.provider for request in edge.arrived(seen.test_id)]
    if edge.made.setting.world.mechanism == "matcher":
        assert (seen.status, reached, seen.record["answeredBy"]) == (200, ["first", "third"], "gamma")
    else:
        assert (seen.status, reached) == (503, [])


def test_names_that_have_changed_places_are_not_mixed_up(edge, pushed):
    swapped = [{**ALPHA, "name": "beta"}, {**BETA, "name": "alpha"}, GAMMA]
    pushed(by_rule(["alpha"], ["beta"], swapped))
    seen = edge.chat("auto")
    assert seen.status == 500 or seen.status == 503
    assert edge.received(seen.test_id) == []


def test_an_endpoint_that_says_it_is_elsewhere_gets_nothing(edge):
    """Clusters that somebody has changed by hand."""
    file = edge.made.discovery / "clusters.yaml"
    rendered = file.read_text()
    changed = rendered.replace('provider: "second"', 'provider: "elsewhere"')
    assert changed != rendered

    def replaced(text: str, status: int):
        new = file.with_suffix(".new")
        new.write_text(text)
        os.replace(new, file)

        def is_taken():
            seen = edge.chat("auto")
            return seen if seen.status == status else None

        return wait_for("Envoy to take the clusters", is_taken)

    edge.providers["first"].fail("500")
    seen = replaced(changed, 500)
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["first"]
    assert edge.tried(replaced(rendered, 200).test_id)[-1] == ("second", chain.OWN["second"].model)
