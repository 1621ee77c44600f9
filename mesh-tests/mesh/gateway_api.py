"""A gateway of the Gateway API: istiod writes its Deployment, its Service and its account, and a pod of that
Deployment is started by hand."""

import contextlib
import pathlib
from collections.abc import Iterator

from harness.waiting import wait_for
from istiod import rendered
from mesh.gateway import Gateway, running
from mesh.istiod import Istiod
from mesh.pod import Pod
from mesh.registry import Registry

NAME, CLASS = "llm", "istio"
WRITTEN = f"{NAME}-{CLASS}"
"""What istiod calls all that it writes."""
VERSION = "gateway.networking.k8s.io/v1"
SETTINGS = {"selector": {}, "gateway": NAME}
"""In a deployment file, in place of a selector."""
OBJECTS = {"Deployment": "apps/v1", "Service": "v1", "ServiceAccount": "v1"}
"""What istiod writes."""
GATEWAY = {
    "apiVersion": VERSION,
    "kind": "Gateway",
    "metadata": {"name": NAME, "namespace": rendered.NAMESPACE},
    "spec": {"gatewayClassName": CLASS, "listeners": [{"name": "http", "protocol": "HTTP", "port": rendered.PORT}]},
}


class DeployedPod(Pod):
    def _service(self, ports: list[int]) -> list[dict]:
        """istiod has written the Service."""
        service = written(self.istiod, "Service")
        ports = [{"name": port["name"], "port": port["targetPort"]} for port in service["spec"]["ports"]]
        return [self._endpoints(WRITTEN, ports)]


def deployed(istiod: Istiod, version: str, folder: pathlib.Path, ports: list[int], **pod) -> Pod:
    """A pod of the Deployment that istiod has written."""
    wait_for("the Service", lambda: written(istiod, "Service"))
    template = wait_for("the Deployment", lambda: written(istiod, "Deployment"))["spec"]["template"]
    account, labels = template["spec"]["serviceAccountName"], template["metadata"]["labels"]
    return DeployedPod(istiod, version, folder, labels, ports, account=account, **pod)


def written(istiod: Istiod, kind: str) -> dict | None:
    return istiod.cluster.get(kind, WRITTEN, rendered.NAMESPACE, OBJECTS[kind])


def conditions(istiod: Istiod, kind: str, name: str) -> dict[str, tuple[str, str]]:
    """What istiod says of an object: by type, whether it is so, and why."""
    status = istiod.cluster.get(kind, name, rendered.NAMESPACE, VERSION).get("status", {})
    parents = [condition for parent in status.get("parents", []) for condition in parent["conditions"]]
    return {one["type"]: (one["status"], one["reason"]) for one in status.get("conditions", []) + parents}


@contextlib.contextmanager
def attached(
    istiod: Istiod, registry: Registry, world: tuple[str, str], folder: pathlib.Path, policy: dict, default: str | None
) -> Iterator[Gateway]:
    """What `render istio` prints for a Gateway of this API, with the Gateway, which is the user's own."""
    deployment = {"istio": SETTINGS}
    more = {"deployment": deployment, "more": (GATEWAY,), "start": deployed, "ports": [rendered.PORT]}
    try:
        with running(istiod, registry, world, folder, policy, default, **more) as edge:
            yield edge
    finally:
        # They belong to the Gateway, and nobody collects what nobody owns any more.
        metadata = {"namespace": rendered.NAMESPACE, "name": WRITTEN}
        gone = [{"apiVersion": version, "kind": kind, "metadata": metadata} for kind, version in OBJECTS.items()]
        istiod.cluster.delete(gone)
