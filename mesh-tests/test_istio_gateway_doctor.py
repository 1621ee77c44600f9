"""In a real mesh: `pointsman doctor` finds nothing wrong where nothing is, and names each mistake, with the statistics
that Istio keeps by default. Beside it, `istioctl analyze`, which knows Istio's objects and not what they are for."""

import json

import pytest

import test_istio_doctor
from istiod import rendered
from mesh.pod import ALL_STATISTICS
from mesh.program import built
from test_doctor import examine_at
from test_istio_doctor import GATE, ROUTER, misspell, roles, swap, without_buffers

POLICY = test_istio_doctor.POLICY
INSTALLATION = {"default_cluster": "web"}


@pytest.fixture(scope="module")
def world():
    """Envoy before 1.38 would want larger buffers than are rendered for Istio 1.31, which doctor says."""
    return "1.40.0", "gate"


def analyzed(istiod) -> list[str]:
    """The codes of what `istioctl analyze` finds in the gateway's namespace."""
    command = [built("istio", "istioctl"), "analyze", "-n", rendered.NAMESPACE, "-o", "json", "--failure-threshold"]
    found = istiod.cluster.run(*command, "Error", "--ignore-unknown")
    return [message["code"] for message in json.loads(found or "[]")]


def test_a_right_installation_has_no_findings(deploy, istiod):
    edge = deploy(settings={})
    examined = examine_at(edge.envoy.address)
    assert (examined.code, examined.findings) == (0, []), examined.report
    assert [instance["filter"] for instance in examined.report["instances"]] == [ROUTER, GATE]
    # It has no word about routes that are there for one header, and none about the plugins.
    assert not {"IST0101", "IST0104", "IST0106"}.intersection(analyzed(istiod))


MISTAKES = {
    "gate-first": swap,
    "gate-missing": lambda manifests: manifests.remove(roles(manifests)["gate"]),
    "buffer-too-small": without_buffers,
    "route-shadowed": misspell,
}


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_has_its_finding(deploy, code):
    edge = deploy(MISTAKES[code], settings={})
    examined = examine_at(edge.envoy.address)
    assert examined.findings == [code], examined.report
    edge.envoy.accept_log()


def test_a_module_that_cannot_be_pulled_is_told(deploy, registry):
    registry.close()
    try:
        edge = deploy(settings={}, ready=lambda edge: edge.ask("/v1/models", method="GET").status == 403)
        assert examine_at(edge.envoy.address).findings == ["module-not-downloaded"]
    finally:
        registry.open()


@pytest.mark.parametrize("settings", [{}, ALL_STATISTICS], ids=["istios-statistics", "all-statistics"])
def test_a_refused_policy_is_told(deploy, settings):
    edge = deploy(settings=settings)
    edge.push({"models": "none"})
    edge.envoy.agent.wait_for("the rejection", lambda: "configuration rejected" in edge.envoy.log())
    assert "configuration-invalid" in examine_at(edge.envoy.address).findings
    edge.envoy.accept_log()
