"""Fixtures: every test of failover runs on what `pointsman render envoy` writes, in every Envoy and with every
mechanism."""

import contextlib

import pytest

from harness.failover import MOST, WORLDS, Setting, running
from harness.pairing import WHOLE


def pytest_generate_tests(metafunc):
    """A file runs in the worlds that it names, else in most; in all of them for the whole product."""
    if "world" in metafunc.fixturenames:
        worlds = getattr(metafunc.module, "RUN_IN", WORLDS if WHOLE else MOST)
        metafunc.parametrize(
            "world", [pytest.param(world, id=str(world)) for world in worlds], indirect=True, scope="module"
        )


@pytest.fixture(scope="module")
def world(request):
    """An Envoy version, a mechanism and a hold mode."""
    return request.param


@pytest.fixture(scope="module")
def started(world, request, tmp_path_factory):
    """Starts further edges for a file, each with the setting that differs from the file's own by `changes`."""
    with contextlib.ExitStack() as edges:

        def start(**changes):
            own = {"policy": getattr(request.module, "POLICY", {}), **getattr(request.module, "SETTING", {})}
            setting = Setting(world, **{**own, **changes})
            return edges.enter_context(running(setting, tmp_path_factory.mktemp("edge")))

        yield start


@pytest.fixture(scope="module")
def shared_edge(started):
    return started()


@pytest.fixture
def edge(shared_edge):
    """The edge of this file: `POLICY` is its policy, `SETTING` what else differs from the defaults."""
    yield shared_edge
    shared_edge.assert_healthy()
