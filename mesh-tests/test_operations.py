"""What an operator does with the manifests and the chart, by the real kubectl and helm against a real API server."""

import json
import re

import pytest
import yaml

from harness import helm, locations
from istiod import rendered
from mesh.kubernetes import Refused
from test_helm import DIGEST, ENVOY_GATEWAY, ISTIO, POLICY

LABELS = "app.kubernetes.io/managed-by=pointsman-render,app.kubernetes.io/instance=pointsman"
KINDS = ["WasmPlugin", "EnvoyFilter", "ServiceEntry", "DestinationRule", "VirtualService", "Gateway"]
GROUPS = {"WasmPlugin": "extensions.istio.io/v1alpha1", "EnvoyFilter": "networking.istio.io/v1alpha3"}


def policy(*clusters: str) -> dict:
    return {"models": [{"name": f"model-of-{cluster}", "cluster": cluster} for cluster in clusters]}


@pytest.fixture
def printed(tmp_path):
    """What `render istio` prints for a policy with these clusters."""

    def render(*clusters: str) -> str:
        return yaml.safe_dump_all(rendered.manifests(tmp_path, policy(*clusters), "gate"))

    return render


def there(kubernetes) -> set[str]:
    """Kind and name of everything in the namespace that Pointsman rendered."""
    kinds = ",".join(f"{kind.lower()}s.{group(kind).split('/')[0]}" for kind in KINDS)
    kinds = kinds.replace("serviceentrys", "serviceentries")
    text = kubernetes.kubectl("get", kinds, "-n", rendered.NAMESPACE, "-l", LABELS, "-o", "name")
    return {re.sub(r"\..*/", "/", line) for line in text.split()}


def group(kind: str) -> str:
    return GROUPS.get(kind, "networking.istio.io/v1")


def test_what_is_rendered_is_applied_changed_and_removed(kubernetes, istiod, printed):
    apply = ["apply", "--server-side", "-f", "-"]
    first = kubernetes.kubectl(*apply, text=printed("one", "two"))
    assert "wasmplugin.extensions.istio.io/pointsman-router serverside-applied" in first
    before = there(kubernetes)
    kubernetes.kubectl(*apply, text=printed("one", "two"))
    assert there(kubernetes) == before
    # A cluster more, by the same command.
    kubernetes.kubectl(*apply, text=printed("one", "two", "three"))
    assert len(there(kubernetes) - before) == 2
    kubernetes.kubectl("delete", "-f", "-", text=printed("one", "two", "three"))
    assert there(kubernetes) == set()


def test_what_a_policy_no_longer_needs_is_pruned_by_label(kubernetes, istiod, printed):
    """By the command of docs/istio.md."""
    allowed = [word for kind in KINDS for word in ("--prune-allowlist", f"{group(kind)}/{kind}")]
    prune = ["apply", "--prune", "-l", LABELS, "-n", rendered.NAMESPACE, *allowed, "-f", "-"]
    kubernetes.kubectl(*prune, text=printed("one", "two"))
    both = there(kubernetes)
    said = kubernetes.kubectl(*prune, text=printed("one"))
    assert "pruned" in said
    left = there(kubernetes)
    assert both - left == {name for name in both if "two" in name} and left
    kubernetes.kubectl("delete", "-f", "-", text=printed("one"))


TARGETS = {
    "istio-gate": (ISTIO, {"wasmplugin/pointsman-gate", "wasmplugin/pointsman-router"}),
    "istio-stop": ({**ISTIO, "mode": "stop"}, {"envoyfilter/pointsman-router"}),
    "envoy-gateway": (ENVOY_GATEWAY, {"envoyextensionpolicy/pointsman"}),
}


@pytest.mark.parametrize("target", TARGETS)
def test_the_chart_is_installed_upgraded_rolled_back_and_removed(kubernetes, istiod, tmp_path, target):
    values, expected = TARGETS[target]
    changed = {**values, "policy": {**POLICY, "models": [*POLICY["models"], {"name": "new", "cluster": "openai"}]}}
    for name, content in (("first", values), ("second", changed)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))

    def run(*words) -> str:
        return kubernetes.run(locations.tool("helm"), *words, "--namespace", "charted")

    def applied() -> str:
        kinds = "wasmplugins,envoyfilters,envoyextensionpolicies"
        return kubernetes.kubectl("get", kinds, "-n", "charted", "-o", "yaml")

    def names() -> set[str]:
        found = yaml.safe_load(applied())["items"]
        return {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in found}

    run("install", "pointsman", helm.CHART, "--create-namespace", "--values", tmp_path / "first.json")
    try:
        assert names() == expected
        assert DIGEST.removeprefix("sha256:") in applied() and not re.search(r"name\W+new\b", applied())
        run("upgrade", "pointsman", helm.CHART, "--values", tmp_path / "second.json")
        assert names() == expected and re.search(r"name\W+new\b", applied())
        run("rollback", "pointsman", "1")
        assert not re.search(r"name\W+new\b", applied())
    finally:
        run("uninstall", "pointsman")
    assert names() == set()


def test_a_chart_with_a_wrong_value_installs_nothing(kubernetes, istiod, tmp_path):
    (tmp_path / "values.json").write_text(json.dumps({**ISTIO, "istio": {"selector": {"istio": 7}}}))
    command = [locations.tool("helm"), "install", "wrong", helm.CHART, "--values", tmp_path / "values.json"]
    with pytest.raises(Refused, match="selector"):
        kubernetes.run(*command, "--namespace", "charted", "--create-namespace")
    assert "wrong" not in kubernetes.run(locations.tool("helm"), "list", "--namespace", "charted")
