"""Who fails again and again is left alone for a while: later requests skip that provider without burning an attempt."""

import pytest

from harness import chain
from harness.failover import SHORT_IDLE, WORLDS
from harness.waiting import wait_for

POLICY = chain.POLICY
SOON = {"consecutiveGatewayFailure": 3, "interval": "100ms", "baseEjectionTime": "500ms", "maxEjectionTime": "500ms"}
CLUSTERS = {name: {**cluster, "outlierDetection": SOON} for name, cluster in chain.CLUSTERS.items()}
SETTING = {"clusters": CLUSTERS, "idle": SHORT_IDLE}
RUN_IN = tuple(world for world in WORLDS if world.mechanism in ("aggregate", "matcher"))


def skipped(edge) -> int:
    """The attempt that follows a skipped provider. With `matcher`, skipping is an attempt that fails at once."""
    return 2 if edge.made.setting.world.mechanism == "matcher" else 1


def served(edge):
    seen = edge.chat("auto")
    assert seen.status == 200
    return seen


def reached(edge, seen=None) -> list[str]:
    return [request.provider for request in edge.arrived((seen or served(edge)).test_id)]


def ejected(edge) -> int:
    """Endpoints that are left alone after a further request."""
    served(edge)
    return sum(edge.envoy.stats(r"cluster\.model.*outlier_detection\.ejections_active").values())


def left_alone(edge):
    """A request that skipped the first provider. It is not asked for a second one: the ejection may be over by then."""
    seen = served(edge)
    return seen if reached(edge, seen) == ["second"] else None


@pytest.mark.parametrize("failure", ["hang", "503", "reset"])
def test_a_failing_provider_is_skipped_and_used_again(edge, failure):
    edge.providers["first"].fail(failure)
    assert reached(edge) == ["first", "second"]
    seen = wait_for("the first provider to be ejected", lambda: left_alone(edge))
    assert (seen.record["attempt"], seen.record["answeredBy"]) == (skipped(edge), "beta")
    edge.providers["first"].restore()
    wait_for("the first provider to be used again", lambda: reached(edge) == ["first"])


def test_a_provider_that_refuses_is_skipped(edge):
    edge.providers["first"].fail("refuse")
    wait_for("the first provider to be ejected", lambda: ejected(edge) == 1)
    assert reached(edge) == ["second"]
    edge.providers["first"].restore()
    wait_for("the first provider to be used again", lambda: reached(edge) == ["first"])


@pytest.fixture(scope="module")
def homeless(started):
    return started(clusters={**CLUSTERS, "first": {"address": "nowhere.invalid", "port": 9}})


def test_a_provider_without_hosts_is_skipped(homeless):
    seen = homeless.chat("auto")
    assert (seen.status, seen.response.json()["served_by"]) == (200, "second")
    assert seen.record["attempt"] == skipped(homeless)
    homeless.assert_healthy()


@pytest.fixture(scope="module")
def all_homeless(started):
    nowhere = {name: {**cluster, "address": "nowhere.invalid", "port": 9} for name, cluster in CLUSTERS.items()}
    return started(clusters=nowhere)


def test_where_nobody_has_hosts_the_client_learns_it_at_once(all_homeless):
    seen = all_homeless.chat("auto")
    assert (seen.status, all_homeless.arrived(seen.test_id)) == (503, [])
    all_homeless.assert_healthy()
