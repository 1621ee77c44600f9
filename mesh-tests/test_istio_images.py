"""In a real mesh: istio-agent pulls the module from a registry, or does not, and what follows from that."""

import base64
import copy
import json

import pytest

from harness import locations
from harness.edge import JSON
from harness.waiting import wait_for
from istiod.rendered import NAMESPACE, URL
from mesh.pod import MODULES
from mesh.registry import HOST, REPOSITORY

POLICY = {"models": [{"name": "m", "cluster": "provider", "upstreamModel": "mm"}]}
INSTALLATION = {"default_cluster": "web"}


@pytest.fixture(scope="module", params=[pytest.param(("1.40.0", hold), id=hold) for hold in ("gate", "stop")])
def world(request):
    return request.param


@pytest.fixture
def digest(registry):
    return registry.push(locations.module(), "0.1.0")


def plugins(manifests: list[dict]) -> list[dict]:
    return [manifest["spec"] for manifest in manifests if manifest["kind"] == "WasmPlugin"]


def answers(edge) -> bool:
    """Any answer at all: by the router, or by what stands in its place."""
    return edge.ask("/v1/models", method="GET").status != 404


def assert_served(edge) -> None:
    seen = edge.chat("m")
    assert (seen.status, seen.upstream.json()["model"]) == (200, "mm")


def assert_nothing_passes(edge) -> None:
    for seen in (edge.chat("m"), edge.ask("/upload", b"x", [JSON, ("x-pointsman-cluster", "provider")])):
        assert seen.status in (403, 500) and seen.reached == []


def test_an_image_is_pulled_by_its_digest(deploy, registry, digest):
    registry.pulled.clear()
    assert_served(deploy(deployment={"istio": {"sha256": digest.removeprefix("sha256:")}}))
    # With a digest as `sha256`, a tag is only a name for it.
    assert any("/manifests/" in path for path in registry.pulled)
    assert any("/blobs/" in path for path in registry.pulled)


def test_a_digest_in_the_url_will_do(deploy, digest):
    assert_served(deploy(deployment={"istio": {"url": f"oci://{HOST}/{REPOSITORY}@{digest}"}}))


def test_a_digest_that_does_not_match_lets_nothing_pass(deploy):
    edge = deploy(deployment={"istio": {"sha256": "ab" * 32}}, ready=answers)
    assert_nothing_passes(edge)
    assert "which does not match" in edge.envoy.log() and "applying deny RBAC filter" in edge.envoy.log()


def test_a_registry_that_is_away_lets_nothing_pass(deploy, registry):
    registry.close()
    try:
        assert_nothing_passes(deploy(ready=answers))
    finally:
        registry.open()


def test_a_proxy_that_has_the_module_needs_no_registry_for_a_new_policy(deploy, registry):
    edge = deploy()
    registry.close()
    try:
        edge.push({"models": [{"name": "m", "cluster": "provider", "upstreamModel": "nn"}]})
        wait_for("the new policy", lambda: edge.chat("m").upstream.json()["model"] == "nn")
    finally:
        registry.open()


def test_a_slow_registry_delays_the_start_and_lets_nothing_pass_meanwhile(deploy, registry):
    registry.seconds = 3
    try:
        assert_served(deploy())
    finally:
        registry.seconds = 0


def test_a_pull_secret_opens_the_registry(deploy, registry, istiod, world):
    deployment = {"istio": {"imagePullSecret": "pull"}}
    if world[1] == "stop":
        # An EnvoyFilter has no pull secret.
        with pytest.raises(AssertionError, match="imagePullSecret"):
            deploy(deployment=deployment)
        return
    registry.password = "open-sesame"
    name = {"name": "pull", "namespace": NAMESPACE}
    data = {".dockerconfigjson": base64.b64encode(registry.docker_config().encode()).decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": name, "type": "kubernetes.io/dockerconfigjson"}
    istiod.cluster.apply([{**secret, "data": data}])
    try:
        assert_served(deploy(deployment=deployment))
    finally:
        registry.password = None
        istiod.cluster.delete([secret])


def test_without_the_pull_secret_nothing_passes(deploy, registry):
    registry.password = "open-sesame"
    try:
        assert_nothing_passes(deploy(ready=answers))
    finally:
        registry.password = None


def test_a_module_is_updated_by_another_tag(deploy, registry, tmp_path):
    """Other bytes under another tag: requests are served before, between and after."""
    other = tmp_path / "other.wasm"
    # A custom section changes the bytes and nothing else.
    other.write_bytes(locations.module().read_bytes() + bytes([0, 6, 5]) + b"other")
    edge = deploy()
    registry.push(other, "0.1.1")
    before = copy.deepcopy(edge.mesh.manifests)
    text = json.dumps(before).replace(URL, URL.replace("0.1.0", "0.1.1"))
    edge.mesh.manifests[:] = json.loads(text)
    registry.pulled.clear()
    edge.mesh.push()

    def is_pulled() -> bool:
        assert_served(edge)
        return any("/blobs/" in path for path in registry.pulled) and len(list(MODULES.rglob("*.wasm"))) > 1

    wait_for("the new module", is_pulled)
    for _ in range(20):
        assert_served(edge)
