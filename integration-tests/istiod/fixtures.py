"""Fixtures that put a test file into a mesh: its `POLICY` behind a gateway of Istio's, its `INSTALLATION` as far as it applies.

A file that imports the tests of another file runs them there: they know an edge, and not what it is made of.
"""

import contextlib

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


@pytest.fixture(scope="module")
def deployed(world, request, tmp_path_factory):
    """Starts gateways, each from manifests that a test may change before they are applied."""
    with contextlib.ExitStack() as gateways:

        def deploy(policy: dict, default: str | None = None, change=lambda manifests: None, **more) -> gateway.Gateway:
            envoy, hold = world
            folder = tmp_path_factory.mktemp("mesh")
            version = more.pop("istio_version", VERSIONS[envoy])
            manifests = rendered.manifests(folder / "user", policy, hold, version, default, **more.pop("deployment", {}))
            change(manifests)
            hosts = {rendered.host_of(model["cluster"]): model["cluster"] for model in policy["models"]}
            names = {**hosts, **({rendered.host_of(default): default} if default else {})}
            pod = Workload(rendered.NAMESPACE, rendered.LABELS, f"{version}.1")
            return gateways.enter_context(gateway.running(envoy, hold, policy, manifests, pod, folder, names=names, **more))

        yield deploy


@pytest.fixture(scope="module")
def shared_edge(deployed, request):
    """The gateway of a file."""
    wanted = getattr(request.module, "INSTALLATION", {})
    return deployed(request.module.POLICY, wanted.get("default_cluster"), concurrency=wanted.get("concurrency", 1))
