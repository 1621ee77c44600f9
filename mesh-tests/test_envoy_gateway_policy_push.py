"""Behind a real Envoy Gateway: a policy that is rendered again takes over under load without one failed request; Envoy
Gateway itself may be away; a policy that `render` would not have printed is rejected by the proxy."""

import pytest

from harness.waiting import wait_for
from mesh import envoy_gateway
from mesh.load import FreshLoad
from test_envoy_gateway import WORLDS
from test_policy_push import ASKED, CHAT, model_asked_for, policy, serves


@pytest.fixture(scope="module", params=WORLDS, ids="-".join)
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(registry, world, control, tmp_path_factory):
    folder = tmp_path_factory.mktemp("envoy-gateway") / "eg"
    with envoy_gateway.running(registry, world[0], folder, policy(0), "web", concurrency=2, control=control) as edge:
        edge.providers["provider"].answer = model_asked_for
        yield edge


def test_new_policies_take_over_under_load_without_a_failed_request(edge):
    """Envoy Gateway replaces the listener: new connections have the new policy, and old ones are drained."""
    with FreshLoad(edge, CHAT, ASKED) as load:
        for number in range(1, 6):
            edge.push(policy(number))
            load.wait_for(f"version-{number}")
    assert load.failures == [] and load.answers > 30


def test_envoy_gateway_is_restarted_under_load_and_nobody_notices(edge):
    with FreshLoad(edge, CHAT, ASKED) as load:
        edge.gateway.restart()
        load.wait_for_more(100)
        edge.push(policy(9))
        load.wait_for("version-9", within=120)
    assert load.failures == [] and load.answers > 100


def test_a_bad_policy_is_rejected_and_the_old_one_keeps_serving(edge):
    """`render` would not print it: it is written by hand into what was printed."""
    edge.push(policy(3))
    wait_for("a good policy", lambda: serves(edge, "version-3"))
    good = edge.gateway.text
    bad = good.replace('upstreamModel: "version-3"', "upstreamModel: 3").replace(
        "upstreamModel: version-3", "upstreamModel: 3"
    )
    assert bad != good
    edge.gateway.put(bad)
    wait_for("the rejection in the log", lambda: "configuration rejected" in edge.envoy.log())
    assert serves(edge, "version-3")
    edge.gateway.put(good)
    edge.push(policy(4))
    wait_for("a good policy again", lambda: serves(edge, "version-4"))
    edge.envoy.accept_log()
