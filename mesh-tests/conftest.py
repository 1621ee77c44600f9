"""Fixtures: one API server, one istiod and one registry for the whole run; gateways come and go."""

import contextlib
import functools

import pytest

pytest.register_assert_rewrite("harness", "mesh")

from mesh import sandbox

try:
    sandbox.enter()
except (sandbox.Refused, PermissionError) as refused:
    raise pytest.UsageError(
        f"these tests need a network and mounts of their own, as root or in a user namespace: {refused}"
    ) from None

from harness import locations, pairing
from mesh import gateway
from mesh import istiod as istiods
from mesh import registry as registries
from mesh.envoy_gateway import EnvoyGateway
from mesh.envoy_gateway_in_cluster import InCluster
from mesh.kubernetes import Cluster
from mesh.program import built

ORDER = ("test_admission", "test_operations", "test_istio", "test_envoy_gateway")
"""What needs no proxy comes first."""


def pytest_collection_modifyitems(config, items):
    left_out = pairing.left_out(items)
    config.hook.pytest_deselected(items=list(left_out))
    places = {name: place for place, name in enumerate(ORDER)}

    def place(item) -> int:
        return next((places[name] for name in ORDER if item.path.stem.startswith(name)), len(ORDER))

    items[:] = sorted((item for item in items if item not in left_out), key=place)


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory):
    running = Cluster(tmp_path_factory.mktemp("kubernetes"))
    try:
        # Gateway API's are among Envoy Gateway's. istiod looks for both once, when it starts.
        for part, options in (("envoy-gateway", ["--recursive"]), ("istio", [])):
            running.kubectl("apply", "--server-side", "--force-conflicts", *options, "-f", built(part, "crds"))
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def istiod(kubernetes, tmp_path_factory):
    istiods.name_hosts()
    running = istiods.Istiod(kubernetes, tmp_path_factory.mktemp("istiod") / "istiod")
    yield running
    running.program.stop()


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    registries.name_hosts()
    running = registries.Registry(tmp_path_factory.mktemp("registry"))
    running.push(locations.module(), "0.1.0")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def control(request, world):
    """Envoy Gateway for a folder, with what the world says as its provider."""
    if world[1] == "files":
        return EnvoyGateway
    return functools.partial(InCluster, request.getfixturevalue("kubernetes"))


@pytest.fixture(scope="module")
def shared_edge(istiod, registry, world, request, tmp_path_factory):
    """The gateway of a file: its `POLICY` behind a gateway of Istio's, its `INSTALLATION` as far as it applies."""
    wanted = getattr(request.module, "INSTALLATION", {})
    default, concurrency = wanted.get("default_cluster"), wanted.get("concurrency", 1)
    folder = tmp_path_factory.mktemp("gateway")
    with gateway.running(
        istiod, registry, world, folder, request.module.POLICY, default, concurrency=concurrency
    ) as edge:
        yield edge


@pytest.fixture
def edge(shared_edge):
    yield shared_edge
    shared_edge.assert_healthy()


@pytest.fixture
def deploy(istiod, registry, world, request, tmp_path_factory):
    """Starts a gateway for one test, and checks on it when it is over. One at a time: they share the port."""
    with contextlib.ExitStack() as ends:
        started = []

        def start(change=lambda manifests: None, **more):
            default = more.pop("default", request.module.INSTALLATION["default_cluster"])
            folder = tmp_path_factory.mktemp("gateway")
            running = gateway.running(istiod, registry, world, folder, request.module.POLICY, default, change, **more)
            started.append(ends.enter_context(running))
            return started[-1]

        yield start
        for edge in started:
            edge.assert_healthy()
