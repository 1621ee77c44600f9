"""Who fails again and again is left alone for a while: later requests skip that provider without burning an attempt."""

import pytest

from harness import chain
from harness.failover import WORLDS
from harness.waiting import wait_for

POLICY = chain.POLICY
SOON = {"consecutiveGatewayFailure": 3, "interval": "100ms", "baseEjectionTime": "500ms", "maxEjectionTime": "500ms"}
CLUSTERS = {name: {**cluster, "outlierDetection": SOON} for name, cluster in chain.CLUSTERS.items()}
SETTING = {"clusters": CLUSTERS}
RUN_IN = tuple(world for world in WORLDS if world.mechanism == "aggregate")


def reached(edge) -> list[str]:
    seen = edge.chat("auto")
    assert seen.status == 200
    return [request.provider for request in edge.arrived(seen.test_id)]


@pytest.mark.parametrize("failure", ["hang", "503", "reset"])
def test_a_failing_provider_is_skipped_and_used_again(edge, failure):
    edge.providers["first"].fail(failure)
    assert reached(edge) == ["first", "second"]
    wait_for("the first provider to be ejected", lambda: reached(edge) == ["second"])
    seen = edge.chat("auto")
    assert (seen.record["attempt"], seen.record["answeredBy"]) == (1, "beta")
    edge.providers["first"].restore()
    wait_for("the first provider to be used again", lambda: reached(edge) == ["first"], within=10)


def test_a_provider_that_refuses_is_skipped(edge):
    edge.providers["first"].fail("refuse")
    wait_for("the first provider to be ejected", lambda: edge.chat("auto").record["attempt"] == 1)
    assert reached(edge) == ["second"]
    edge.providers["first"].restore()
    wait_for("the first provider to be used again", lambda: reached(edge) == ["first"], within=10)


@pytest.fixture(scope="module")
def homeless(started):
    return started(clusters={**CLUSTERS, "first": {"address": "nowhere.invalid", "port": 9}})


def test_a_provider_without_hosts_is_skipped(homeless):
    seen = homeless.chat("auto")
    assert (seen.status, seen.response.json()["served_by"]) == (200, "second")
    assert seen.record["attempt"] == 1
    homeless.assert_healthy()
