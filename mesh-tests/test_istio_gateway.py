"""In a real mesh: what a gateway's tests hold with the stand-in for istiod, they hold with istiod and its agent."""

import copy
import itertools

import pytest

from harness.waiting import wait_for
from istiod.gateway import configure
from mesh.gateway import Gateway
from test_istio import *  # noqa: F403
from test_istio import POLICY, rename_router, router

del shared_edge  # noqa: F821  the stand-in's: this file's is in conftest.py
del test_a_plugin_that_is_new_and_bad_lets_nothing_pass_until_it_is_right  # noqa: F821  there is a choice, see below
del test_the_extension_has_the_name_that_this_istio_gives_it  # noqa: F821  this Istio gives one name, see below

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


def test_the_gateway_is_istiods(edge):
    assert isinstance(edge, Gateway)
    assert "istiod" in edge.envoy.admin("/server_info")[1] and "pilot-agent" in edge.envoy.agent.process.args[0]


def test_the_extension_has_the_name_of_istio_1_30_and_newer(edge, world):
    name = "pointsman-router"
    if world[1] == "gate":
        name = "extensions.istio.io/trafficextension/istio-ingress.pointsman-router~istio-translated-wasmplugin"
    assert router(edge) == name
    assert edge.envoy.discovery(name)["config_reload"] >= 1


def test_a_plugin_that_is_new_and_bad_lets_nothing_pass_undecided(edge):
    """Envoy may take the new listener, and answers everything with a 500; or, when it has had that bad plugin before,
    it refuses the listener, and the old one serves by the old policy. A refused listener comes again only with the
    next thing that istiod has to say."""
    rejections = edge.envoy.log().count("configuration rejected")
    policy = edge.chat("gpt").record["policy"]
    before = copy.deepcopy(edge.mesh.manifests)
    configure(edge.mesh.manifests, {"models": "none"})
    rename_router(edge.mesh.manifests)
    edge.mesh.push()
    wait_for("the rejection", lambda: edge.envoy.log().count("configuration rejected") > rejections)
    for _ in range(20):
        for seen in (edge.chat("gpt"), edge.chat("secret", headers=[("x-team", "a")])):
            if seen.status == 500:
                assert (seen.log["flags"], seen.reached) == ("NFCF", [])
            else:
                assert seen.record["policy"] == policy and seen.reached == ["openai"][: seen.status == 200]
    edge.mesh.manifests[:] = before
    pushes = itertools.count(1)

    def serves() -> bool:
        edge.push({**POLICY, "limits": {"maxBodyBytes": 50_000_000 + next(pushes)}})
        try:
            wait_for("the old plugin", lambda: {s.status for s in edge.chat_with_each_worker("gpt")} == {200}, 5)
        except AssertionError:
            return False
        return True

    wait_for("the old plugin on every worker", serves)
    edge.envoy.accept_log()
