"""Who fails again and again is left alone for a while: later requests skip that provider without burning an attempt."""

import pytest

from harness import chain
from harness.failover import SHORT_IDLE, WORLDS
from harness.waiting import wait_for

POLICY = chain.POLICY
SOON = {"consecutiveGatewayFailure": 3, "interval": "100ms", "baseEjectionTime": "500ms", "maxEjectionTime": "500ms"}
CLUSTERS = {name: {**cluster, "outlierDetection": SOON} for name, cluster in chain.CLUSTERS.items()}
SETTING = {"clusters": CLUSTERS, "idle": SHORT_IDLE}
RUN_IN = tuple(world for world in WORLDS if world.mechanism == "aggregate")


def served(edge):
    seen = edge.chat("auto")
    assert seen.status == 200
    return seen


def reached(edge, seen=None) -> list[str]:
    return [request.provider for request in edge.arrived((seen or served(edge)).test_id)]


def left_alone(edge):
    """A request that skipped the first provider. It is not asked for a second one: the ejection may be over by then."""
    seen = served(edge)
    return seen if reached(edge, seen) == ["second"] else None


@pytest.mark.parametrize("failure", ["hang", "503", "reset"])
def test_a_failing_provider_is_skipped_and_used_again(edge, failure):
    edge.providers["first"].fail(failure)
    assert reached(edge) == ["first", "second"]
    seen = wait_for("the first provider to be ejected", lambda: left_alone(edge))
    assert (seen.record["attempt"], seen.record["answeredBy"]) == (1, "beta")
    edge.providers["first"].restore()
    wait_for("the first provider to be used again", lambda: reached(edge) == ["first"])


def test_a_provider_that_refuses_is_skipped(edge):
    edge.providers["first"].fail("refuse")
    wait_for("the first provider to be ejected", lambda: edge.chat("auto").record["attempt"] == 1)
    assert reached(edge) == ["second"]
    edge.providers["first"].restore()
    wait_for("the first provider to be used again", lambda: reached(edge) == ["first"])


@pytest.fixture(scope="module")
def homeless(started):
    return started(clusters={**CLUSTERS, "first": {"address": "nowhere.invalid", "port": 9}})


def test_a_provider_without_hosts_is_skipped(homeless):
    seen = homeless.chat("auto")
    assert (seen.status, seen.response.json()["served_by"]) == (200, "second")
    assert seen.record["attempt"] == 1
    homeless.assert_healthy()
