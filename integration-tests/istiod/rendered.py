"""The manifests that `pointsman render istio` prints, which is what the mesh under test is made of."""

import pathlib
import subprocess
from collections.abc import Callable

import yaml

from harness import locations

NAMESPACE = "istio-ingress"
LABELS = {"istio": "ingressgateway"}
HOSTS = ["edge.test"]
"""What the tests call the gateway."""
PORT = 8080
URL = "oci://registry.example/pointsman:0.1.0"


def host_of(cluster: str) -> str:
    """The provider's host in the world outside."""
    return f"{cluster.lower()}.providers.example"


def manifests(
    folder: pathlib.Path,
    policy: dict,
    hold: str,
    version: str = "1.30",
    default: str | None = None,
    options: tuple[str, ...] = (),
    each: Callable[[str], dict] = lambda name: {},
    **deployment,
) -> list[dict]:
    """A user's folder, rendered. Every cluster of the policy is a host that is spoken to in TLS; `each` says what
    else of one."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [model["cluster"] for model in policy["models"]] + [default] * bool(default)
    clusters = [
        {"name": name, "address": host_of(name), "port": 443, "tls": {}, **each(name)} for name in dict.fromkeys(names)
    ]
    istio = {"version": version, "namespace": NAMESPACE, "selector": LABELS, "hosts": HOSTS, "port": PORT, "url": URL}
    described = {"clusters": clusters, "istio": {**istio, **deployment.pop("istio", {})}, **deployment}
    if default:
        described["defaultCluster"] = default
    (folder / "deployment.yaml").write_text(yaml.safe_dump(described))
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy))
    command = [locations.cli(), "render", "istio", folder, "--hold", hold, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
