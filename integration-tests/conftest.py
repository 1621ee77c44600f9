"""Fixtures: every behaviour test runs in the oldest or the newest Envoy, in one of both hold modes, on an edge shared
by its file; `make test-all` runs it in all four (harness/pairing.py)."""

import contextlib
import itertools

import pytest

pytest.register_assert_rewrite("harness")

from harness import locations, pairing
from harness.edge import Installation, running

HOLDS = ("stop", "gate")
LONGEST = (
    "test_stories.py",
    "test_failover_load.py",
    "test_feedback.py",
    "test_canary.py",
    "test_doctor.py",
    "test_bypass.py",
)
"""Files with the longest waits for time to pass, then those with most to do."""
WORLDS = [pytest.param(world, id="-".join(world)) for world in itertools.product(locations.ENVOY_VERSIONS, HOLDS)]


def pytest_collection_modifyitems(config, items):
    """Leaves out the combinations that `pairwise` tests need not run in. Files that take long begin first, so that no
    worker is left with one of them at the end.
    """
    left_out = {*pairing.left_out(items), *pairing.left_to_other_files(items, (locations.ENVOY_VERSIONS, HOLDS))}
    config.hook.pytest_deselected(items=list(left_out))
    order = {name: place for place, name in enumerate(LONGEST)}
    items[:] = sorted(
        (item for item in items if item not in left_out), key=lambda item: order.get(item.path.name, len(order))
    )


@pytest.fixture(scope="module", params=WORLDS)
def world(request):
    """An Envoy version and a hold mode."""
    return request.param


@pytest.fixture(scope="module")
def started(world, request, tmp_path_factory):
    """Starts further edges for a file, each with the installation that differs from the file's own by `changes`."""
    with contextlib.ExitStack() as edges:

        def start(**changes):
            version, hold = world
            installation = Installation(version, hold, **{"policy": getattr(request.module, "POLICY", {}), **changes})
            return edges.enter_context(running(installation, tmp_path_factory.mktemp("edge")))

        yield start


@pytest.fixture(scope="module")
def shared_edge(started, request):
    return started(**getattr(request.module, "INSTALLATION", {}))


@pytest.fixture
def edge(shared_edge):
    """The edge of this file: `POLICY` is its policy, `INSTALLATION` what else differs from the documented
    installation."""
    yield shared_edge
    shared_edge.assert_healthy()
