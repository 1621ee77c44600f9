"""Everything that `render istio`, `render envoy-gateway` and the chart can print is taken by a real API server, with
the CRDs of Istio, Gateway API and Envoy Gateway and with istiod's webhook; and what is wrong is refused.

The combinations are those of the integration tests, which ask a judge of their own (`harness/crds.py`). Here the API
server is asked, by server-side apply as a dry run, with strict validation of fields. What the judge has no CRD for is
held as well.
"""

import functools
import json

import pytest

import test_crds
import test_manifests
from harness import crds
from mesh.kubernetes import Cluster, Refused, documents
from test_helm import render, test_every_rendering_is_valid, test_its_output_is_a_base_for_kustomize
from test_manifests import (
    test_every_combination_for_envoy_gateway_is_valid,
    test_every_combination_for_istio_is_valid_or_refused_with_a_reason,
    test_the_manifests_in_the_repository_are_valid,
)

__all__ = [
    "render",
    "test_every_combination_for_envoy_gateway_is_valid",
    "test_every_combination_for_istio_is_valid_or_refused_with_a_reason",
    "test_every_rendering_is_valid",
    "test_its_output_is_a_base_for_kustomize",
    "test_the_manifests_in_the_repository_are_valid",
]


@functools.cache
def admission(cluster: Cluster):
    """Most objects are the same in many combinations: each is asked for once."""

    @functools.cache
    def admit(text: str) -> None:
        cluster.apply([json.loads(text)], dry_run=True)

    return admit


@pytest.fixture(autouse=True)
def real_judge(kubernetes, istiod, monkeypatch):
    """The API server in place of the integration tests' judge."""
    admit = admission(kubernetes)

    def assert_valid(documents: list[dict]) -> None:
        assert documents, "there is no object"
        for document in documents:
            admit(json.dumps(document))

    monkeypatch.setattr(test_manifests, "assert_valid", admit)
    monkeypatch.setattr(test_manifests, "UNCHECKED", set())
    monkeypatch.setattr(crds, "assert_valid", assert_valid)


def test_nothing_was_asked_of_the_other_judge(tmp_path, kubernetes):
    """The tests above are the integration tests' own: that they ask the API server is not to be taken for granted."""
    asked = admission(kubernetes).cache_info().misses
    outcome = test_manifests.render(
        tmp_path, "istio", {"istio": {**test_manifests.ISTIO, "selector": {"app": "asked-here-only"}}}
    )
    test_manifests.valid(outcome.stdout)
    assert admission(kubernetes).cache_info().misses > asked


@pytest.mark.parametrize("document", test_crds.cases("*-valid.yaml"))
def test_what_istio_calls_valid_is_taken(kubernetes, istiod, document):
    """Istio's own cases are about its CRDs: the webhook, which knows more, is not asked."""
    istiod.validate(False)
    try:
        kubernetes.apply([document], dry_run=True)
    finally:
        istiod.validate(True)


@pytest.mark.parametrize("document", test_crds.cases("*-invalid.yaml"))
def test_what_istio_calls_invalid_is_refused_by_both_judges(kubernetes, document):
    document.pop("_err")
    assert crds.problems(document)
    with pytest.raises(Refused) as refused:
        kubernetes.apply([document], dry_run=True)
    # By the schema, and not by the webhook or because the server does not know what it is.
    assert "webhook" not in str(refused.value) and "knows no" not in str(refused.value)


WRONG = {
    "misspelt": ("prority", lambda objects: plugin(objects)["spec"].update(prority=1)),
    "selector and targetRefs": ("targetRefs", lambda objects: plugin(objects)["spec"].update(targetRefs=[GATEWAY])),
    "a retry that Istio does not know": (
        "istiod: nonsense",
        lambda objects: one(objects, "VirtualService")["spec"]["http"][0].update(retries={"retryOn": "nonsense"}),
    ),
    "a route without a destination": (
        "istiod: ",
        lambda objects: one(objects, "VirtualService")["spec"]["http"][0].pop("route"),
    ),
    "the same port twice": (
        "duplicate entries",
        lambda objects: one(objects, "ServiceEntry")["spec"]["ports"].append(
            one(objects, "ServiceEntry")["spec"]["ports"][0]
        ),
    ),
}
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "g"}


def one(objects: list[dict], kind: str) -> dict:
    return next(found for found in objects if found["kind"] == kind)


def plugin(objects: list[dict]) -> dict:
    return one(objects, "WasmPlugin")


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_refused_by_the_schema_or_by_istiod(kubernetes, tmp_path, mistake):
    said, spoil = WRONG[mistake]
    target = test_manifests.TARGETS["ingress"]
    outcome = test_manifests.render(tmp_path, "istio", {"istio": {**test_manifests.ISTIO, **target}})
    objects = test_manifests.valid(outcome.stdout)
    spoil(objects)
    with pytest.raises(Refused) as refused:
        kubernetes.apply(objects, dry_run=True)
    sentence = str(refused.value)
    if said.startswith("istiod: "):
        assert "admission webhook" in sentence
    assert said.removeprefix("istiod: ") in sentence


def test_without_istiod_nothing_of_istios_is_taken(kubernetes, istiod, tmp_path):
    """The webhook is asked, and says no by being away: what an operator sees while istiod is down."""
    target = test_manifests.TARGETS["ingress"]
    outcome = test_manifests.render(tmp_path, "istio", {"istio": {**test_manifests.ISTIO, **target}})
    istiod.program.kill()
    try:
        with pytest.raises(Refused, match=r"failed calling webhook"):
            kubernetes.apply(documents(outcome.stdout), dry_run=True)
    finally:
        istiod.program.start()
        istiod.wait_until_ready()
