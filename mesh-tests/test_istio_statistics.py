"""In a real mesh: what `pointsman doctor` sees more with the statistics that an annotation keeps."""

import pytest

from harness.waiting import wait_for
from mesh.pod import ALL_STATISTICS
from test_doctor import Examined, examine_at
from test_istio_analyze import DISCOVERY
from test_istio_doctor import POLICY

INSTALLATION = {"default_cluster": "web"}
ANNOTATION = {"proxyStatsMatcher": {"inclusionPrefixes": [DISCOVERY]}}
"""Of docs/doctor.md."""


@pytest.fixture(scope="module")
def world():
    return "1.40.0", "gate"


KEPT = {"istios-statistics": {}, "with-the-annotation": ANNOTATION, "all-statistics": ALL_STATISTICS}


@pytest.mark.parametrize("settings", KEPT.values(), ids=KEPT.keys())
def test_whether_the_latest_policy_serves_is_seen_with_the_annotation(deploy, settings):
    """The agent speaks delta xDS: the dump has no versions, so what was refused is known by its count."""
    edge = deploy(settings=settings)

    def examined() -> Examined:
        return examine_at(edge.envoy.address)

    def said(kind: str, words: str) -> int:
        return len([sentence for sentence in examined().report[kind] if words in sentence])

    # One for the router, one for the gate.
    assert examined().findings == []
    assert said("unseen", DISCOVERY) == (0 if settings else 2), examined().report
    assert said("fine", "the latest configuration serves") == (2 if settings else 0), examined().report
    edge.push({"models": "none"})
    wait_for("the refusal", lambda: examined().findings == ["configuration-invalid"], within=20)
    assert "keeps serving" in examined().report["findings"][0]["symptom"]
    assert bool(said("unseen", "updates were refused")) == bool(settings), examined().report
    edge.push(POLICY)
    wait_for("what is right", lambda: examined().findings == [], within=20)
    edge.envoy.admin("/reset_counters", method="POST")
    assert said("fine", "the latest configuration serves") == (2 if settings else 0), examined().report
    edge.envoy.accept_log()


def test_a_module_that_cannot_be_pulled_is_told(deploy, registry):
    registry.close()
    try:
        edge = deploy(settings={}, ready=lambda edge: edge.ask("/v1/models", method="GET").status == 403)
        assert examine_at(edge.envoy.address).findings == ["module-not-downloaded"]
    finally:
        registry.open()
