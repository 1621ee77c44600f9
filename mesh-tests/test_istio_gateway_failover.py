"""In a real mesh: an attempt that fails goes on to the next provider, by the EnvoyFilters that `render istio
--failover` prints and istiod merges."""

import pytest

from harness import locations
from harness.keys import KeyFile
from mesh.gateway import running
from test_istio_failover import *  # noqa: F403
from test_istio_failover import POLICY

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(istiod, registry, world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    for name in ("one", "two"):
        KeyFile(folder, name).write(f"Bearer key of {name}")

    def each(name: str) -> dict:
        return {
            "tls": {"caFile": str(registry.authority.certificate)},
            "credential": {"sds": str(folder / f"{name}.json")},
        }

    deployment = {"options": ("--failover",), "each": each, "istio": {"modulePath": str(locations.module())}}
    with running(istiod, registry, world, folder, POLICY, deployment=deployment) as edge:
        yield edge
