"""In a real mesh: a changed WasmPlugin or EnvoyFilter takes over under load without one failed request, and a bad one
is rejected while the old one serves. What is pushed goes through the API server, istiod and the agent."""

import pytest

from test_policy_push import *  # noqa: F403

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param
