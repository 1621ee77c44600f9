"""Istio's resources as the API server hands them over, and the workload that configuration is made for."""

import dataclasses
import itertools

import yaml

ROOT_NAMESPACE = "istio-system"


@dataclasses.dataclass(frozen=True)
class Resource:
    kind: str
    name: str
    namespace: str
    spec: dict
    labels: dict
    created: tuple
    """Sorts by age: the timestamp if there is one, then the place in the file."""

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclasses.dataclass(frozen=True)
class Workload:
    """The proxy's pod. Only gateways get listeners here; the other classes are known to the selection of plugins."""

    namespace: str
    labels: dict
    version: str = "1.29.2"
    kind: str = "gateway"

    @property
    def release(self) -> tuple[int, int]:
        major, minor, *_ = self.version.split(".")
        return int(major), int(minor)

    def selected_by(self, labels: dict | None) -> bool:
        return all(self.labels.get(name) == value for name, value in (labels or {}).items())


class Mesh:
    """All resources, as a user has applied them."""

    def __init__(self, manifests: str | list[dict], default_namespace: str = "default"):
        documents = yaml.safe_load_all(manifests) if isinstance(manifests, str) else manifests
        numbers = itertools.count()
        self.resources = [read(document, default_namespace, next(numbers)) for document in documents if document]

    def of(self, kind: str) -> list[Resource]:
        """The resources of a kind, oldest first."""
        return sorted(
            (resource for resource in self.resources if resource.kind == kind), key=lambda resource: resource.created
        )

    def one(self, kind: str, name: str) -> Resource:
        (found,) = [resource for resource in self.of(kind) if resource.name == name]
        return found

    def applying_to(self, kind: str, workload: Workload) -> list[Resource]:
        """Those of the root namespace, for the whole mesh, then those of the workload's own namespace, if they
        select it."""
        found = self.of(kind)
        spaces = dict.fromkeys([ROOT_NAMESPACE, workload.namespace])
        near = [resource for space in spaces for resource in found if resource.namespace == space]
        return [resource for resource in near if selects(resource, workload)]


def read(document: dict, default_namespace: str, number: int) -> Resource:
    metadata = document["metadata"]
    namespace = metadata.get("namespace", default_namespace)
    created = (str(metadata.get("creationTimestamp", "")), number)
    return Resource(
        document["kind"], metadata["name"], namespace, document.get("spec", {}), metadata.get("labels", {}), created
    )


def selects(resource: Resource, workload: Workload) -> bool:
    targets = resource.spec.get("targetRefs", [])
    if target := resource.spec.get("targetRef"):
        targets = [target]
    if targets:
        gateway = workload.labels.get("gateway.networking.k8s.io/gateway-name")
        own = [target for target in targets if target.get("kind") == "Gateway" and target["name"] == gateway]
        return bool(own) and resource.namespace == workload.namespace
    labels = resource.spec.get("selector", {}).get("matchLabels") or resource.spec.get("workloadSelector", {}).get(
        "labels"
    )
    return workload.selected_by(labels)
