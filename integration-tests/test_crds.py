"""The judge of manifests is judged: Istio's own valid and invalid objects, and what its cases leave out."""

import re

import pytest
import yaml

from harness import crds, locations

CASES = locations.SHARED / "data" / "ecosystem" / "istio-validation-cases"


def cases(pattern: str) -> list:
    files = sorted(CASES.glob(pattern))
    assert files, f"no file {pattern} in {CASES}"
    documents = [
        (file.stem, document) for file in files for document in yaml.safe_load_all(file.read_text()) if document
    ]
    return [pytest.param(document, id=f"{stem}-{document['metadata']['name']}") for stem, document in documents]


@pytest.mark.parametrize("document", cases("*-valid.yaml"))
def test_what_istio_takes_is_valid(document):
    assert crds.problems(document) == []


# The same complaints in the words of another validator.
SAME = {
    "Required value": "is a required property",
    "in body should be at least": "should be non-empty",
    "in body should match": "does not match",
    "in body must be of type": "is not of type",
}
INVALID_VALUE = re.compile(r'Invalid value: "\w+": ')


@pytest.mark.parametrize("document", cases("*-invalid.yaml"))
def test_what_istio_refuses_is_invalid_for_the_same_reason(document):
    expected = document.pop("_err")
    found = crds.problems(document)
    assert found
    said = next((ours for theirs, ours in SAME.items() if theirs in expected), INVALID_VALUE.sub("", expected))
    assert any(said in problem for problem in found), f"{found} does not say: {expected}"


PLUGIN = {
    "apiVersion": "extensions.istio.io/v1alpha1",
    "kind": "WasmPlugin",
    "metadata": {"name": "p"},
    "spec": {"url": "oci://r/p:1"},
}
ROUTE = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r"}}
REF = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "g"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            {**PLUGIN, "spec": {"url": "oci://r/p:1", "prority": 1}},
            "spec: Additional properties",
            id="a misspelt field",
        ),
        pytest.param({**PLUGIN, "metadata": {"name": "P"}}, "metadata.name:", id="a name in capitals"),
        pytest.param({**PLUGIN, "metadata": {}}, "'name' is a required property", id="no name"),
        pytest.param(
            {**PLUGIN, "spec": {"url": "oci://r/p:1", "priority": 2**31}}, "is no int32", id="too large a number"
        ),
        pytest.param(
            {**PLUGIN, "spec": {"url": "oci://r/p:1", "selector": {}, "targetRefs": [REF]}},
            "only one of",
            id="selector and targetRefs",
        ),
        pytest.param(
            {**ROUTE, "spec": {"parentRefs": [{"name": "g"}, {"name": "g"}]}},
            "must be unique",
            id="the same parent twice",
        ),
        pytest.param(
            {**ROUTE, "spec": {"rules": [{"backendRefs": [{"name": "s"}]}]}},
            "Must have port",
            id="a service without a port, by its defaults",
        ),
    ],
)
def test_what_the_api_server_would_refuse(document, expected):
    found = crds.problems(document)
    assert any(expected in problem for problem in found), found


def test_plugin_configuration_is_free():
    spec = {"url": "registry.example.com/p@sha256:1", "pluginConfig": {"policy": {"models": [None, 1, {"a": []}]}}}
    assert crds.problems({**PLUGIN, "spec": spec}) == []


def test_a_kind_without_a_crd_is_said():
    with pytest.raises(crds.Unknown, match="no CRD for Pod of v1"):
        crds.problems({"apiVersion": "v1", "kind": "Pod"})


def test_every_rule_compiles():
    """A rule that this CEL does not understand would only show when an object reaches it."""
    rules = {rule["rule"] for schema in crds._schemas().values() for rule in _rules(schema)}
    assert len(rules) > 100
    for rule in rules - {rule for rule in rules if "oldSelf" in rule}:
        crds._program(rule)


def _rules(schema: dict):
    yield from schema.get("x-kubernetes-validations", [])
    for part in [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]:
        if isinstance(part, dict):
            yield from _rules(part)
