"""In a real mesh: what a gateway's tests hold with the stand-in for istiod, they hold with istiod and its agent."""

import pytest

from mesh.gateway import Gateway
from test_istio import *  # noqa: F403

del shared_edge  # noqa: F821  the stand-in's: this file's is in conftest.py

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


def test_the_gateway_is_istiods(edge):
    assert isinstance(edge, Gateway)
    assert "istiod" in edge.envoy.admin("/server_info")[1] and "pilot-agent" in edge.envoy.agent.process.args[0]
