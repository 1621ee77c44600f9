"""A gateway of a real mesh, for tests that know an edge and not what it is made of.

What the stand-in (`integration-tests/istiod`) makes of manifests by itself is here what istiod makes of them: they are
applied to the API server, and the agent's Envoy takes what it is given. Providers are where the manifests say, with
their names and ports.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator

from harness.edge import Edge, Installation
from harness.provider import Provider, serving
from harness.waiting import wait_for
from istiod import rendered
from istiod.gateway import Authority, TlsProvider, configure, hosts_of
from istiod.resources import Mesh
from mesh import sandbox
from mesh.istiod import Istiod
from mesh.pod import SYSTEM_ROOTS, Pod
from mesh.registry import Registry

ISTIO = "1.31"
"""What the pinned commits call themselves."""
PORTS = [rendered.PORT, rendered.PORT + 1]
"""Clients come to the first."""
_places: dict[str, str] = {}


def place_of(host: str) -> str:
    """An address of this machine that is the host's alone, and which its name resolves to."""
    if host not in _places:
        number = len(_places)
        _places[host] = f"127.0.{1 + number // 250}.{1 + number % 250}"
        sandbox.name_hosts({host: _places[host]})
    return _places[host]


@dataclasses.dataclass(frozen=True)
class Snapshot:
    extensions: list[str]


class Applied:
    """Manifests that were applied to the cluster."""

    def __init__(self, istiod: Istiod, manifests: list[dict]):
        self.istiod, self.manifests = istiod, manifests
        self._there: list[dict] = []
        self.pod: Pod | None = None

    def push(self) -> None:
        """What is no longer among the manifests is deleted first: two gates would be one too many."""
        wanted = {key(manifest) for manifest in self.manifests}
        self.istiod.cluster.delete(manifest for manifest in self._there if key(manifest) not in wanted)
        self._there = [*self.manifests]
        self.istiod.cluster.apply(self.manifests)

    def wait_until_known(self) -> None:
        wait_for("istiod to know all objects", lambda: {*map(key, self.manifests)} <= self.istiod.knows())

    def delete(self) -> None:
        gone = {*map(key, self._there)}
        self.istiod.cluster.delete(self._there)
        wait_for("istiod to forget all objects", lambda: not gone & self.istiod.knows())

    def snapshot(self) -> Snapshot:
        names = [filter_["ecds_filter"]["name"] for filter_ in self.pod.resources("ecds_filters")]
        return Snapshot(names)


def key(manifest: dict) -> tuple[str, str, str]:
    return manifest["kind"], manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]


class Gateway(Edge):
    def __init__(self, pod: Pod, installation: Installation, providers: dict[str, Provider], mesh: Applied):
        super().__init__(pod, installation, providers, pod.folder)
        self.mesh = mesh

    def push(self, policy: dict) -> None:
        """As an operator does who edits the policy where it is."""
        configure(self.mesh.manifests, policy)
        self.mesh.push()


def providers_of(manifests: list[dict], names: dict[str, str], authority: Authority) -> dict[str, Provider]:
    """One for each host of a ServiceEntry, at the host's own address and port."""
    mesh, found = Mesh(manifests), {}
    ports = {host: entry.spec["ports"][0] for entry in mesh.of("ServiceEntry") for host in entry.spec["hosts"]}
    for host, secured in hosts_of(mesh).items():
        name = names.get(host, host)
        found[name] = TlsProvider(name, authority.serve(host)) if secured else Provider(name)
        found[name].address, found[name].port = place_of(host), ports[host]["number"]
    return found


@contextlib.contextmanager
def running(
    istiod: Istiod,
    registry: Registry,
    world: tuple[str, str],
    folder: pathlib.Path,
    policy: dict,
    default: str | None = None,
    change=lambda manifests: None,
    deployment: dict | None = None,
    more: tuple[dict, ...] = (),
    ready=None,
    start=None,
    ports: list[int] = PORTS,
    **pod,
) -> Iterator[Gateway]:
    """A gateway from rendered manifests, which a test may change before they are applied. One authority vouches for
    the registry and for all providers, and the pod's system trusts it."""
    version, hold = world
    folder.mkdir(parents=True, exist_ok=True)
    SYSTEM_ROOTS.write_bytes(registry.authority.certificate.read_bytes())
    manifests = rendered.manifests(folder / "user", policy, hold, ISTIO, default, **(deployment or {}))
    manifests += more
    change(manifests)
    clusters = [model["cluster"] for model in policy["models"]] + [default] * bool(default)
    providers = providers_of(
        manifests, {rendered.host_of(cluster): cluster for cluster in clusters}, registry.authority
    )
    mesh = Applied(istiod, manifests)
    with serving(list(providers.values())), contextlib.ExitStack() as ends:
        ends.callback(mesh.delete)
        mesh.push()
        mesh.wait_until_known()
        mesh.pod = (start or ingress)(istiod, version, folder, ports, **pod)
        ends.callback(mesh.pod.stop)
        wait_for("the gateway's listener", lambda: ports[0] in mesh.pod.ports())
        mesh.pod.port = ports[0]
        edge = Gateway(mesh.pod, Installation(version, hold, policy), providers, mesh)
        wait_for("the router and its gate", lambda: (ready or decides)(edge))
        yield edge


def ingress(istiod: Istiod, version: str, folder: pathlib.Path, ports: list[int], **pod) -> Pod:
    return Pod(istiod, version, folder, rendered.LABELS, ports, **pod)


def decides(edge: Gateway) -> bool:
    """Whether the router of every worker answers a question that needs no provider."""
    return all(seen.log["record"] for seen in edge.ask_each_worker("/v1/models", method="GET"))
