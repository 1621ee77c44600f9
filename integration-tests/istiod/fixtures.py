"""Fixtures that put a test file into a mesh: its `POLICY` behind a gateway of Istio's, its `INSTALLATION` as far as
it applies.

A file that imports the tests of another file runs them there: they know an edge, and not what it is made of.
"""

import contextlib
import pathlib
from collections.abc import Iterator

import pytest

from istiod import gateway, rendered
from istiod.resources import Workload

VERSIONS = {"1.36.4": "1.29", "1.40.0": "1.30"}
"""The Istio that a test takes for an Envoy: before and after the filters' names have changed."""

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]
"""`gate` is two plain WasmPlugins, `stop` an EnvoyFilter, which needs Istio 1.28."""


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


@contextlib.contextmanager
def running(
    world: tuple[str, str],
    folder: pathlib.Path,
    policy: dict,
    default: str | None = None,
    change=lambda manifests: None,
    **more,
) -> Iterator[gateway.Gateway]:
    """A gateway from rendered manifests, which a test may change before they are applied."""
    version, hold = world
    istio = VERSIONS[version]
    manifests = rendered.manifests(folder / "user", policy, hold, istio, default, **more.pop("deployment", {}))
    change(manifests)
    clusters = [model["cluster"] for model in policy["models"]] + [default] * bool(default)
    names = {rendered.host_of(cluster): cluster for cluster in clusters}
    with gateway.running(version, hold, policy, manifests, pod(f"{istio}.1"), folder, names=names, **more) as edge:
        yield edge


def pod(istio: str) -> Workload:
    """A gateway's pod under this version of Istio."""
    return Workload(rendered.NAMESPACE, rendered.LABELS, istio)


@pytest.fixture(scope="module")
def shared_edge(world, request, tmp_path_factory):
    """The gateway of a file."""
    wanted, folder = getattr(request.module, "INSTALLATION", {}), tmp_path_factory.mktemp("mesh")
    concurrency = wanted.get("concurrency", 1)
    with running(world, folder, request.module.POLICY, wanted.get("default_cluster"), concurrency=concurrency) as edge:
        yield edge


@pytest.fixture
def deploy(world, request, tmp_path_factory):
    """Starts further gateways for one test, and checks on them when it is over."""
    with contextlib.ExitStack() as gateways:
        started = []

        def start(change=lambda manifests: None, **more) -> gateway.Gateway:
            folder = tmp_path_factory.mktemp("mesh")
            default = more.pop("default", request.module.INSTALLATION["default_cluster"])
            started.append(
                gateways.enter_context(running(world, folder, request.module.POLICY, default, change, **more))
            )
            return started[-1]

        yield start
        for edge in started:
            edge.assert_healthy()
