"""An application in a pod: a process that knows a URL, and nothing of proxies."""

import contextlib
import json
import pathlib
import sys
from collections.abc import Iterator

from harness.edge import Edge, Installation
from harness.messages import Response
from harness.provider import Provider, serving
from istiod import rendered
from mesh.gateway import Applied, providers_of
from mesh.istiod import Istiod
from mesh.pod import SYSTEM_ROOTS
from mesh.registry import Registry
from mesh.workload import Workload, serving_to_pods

PROGRAM = pathlib.Path(__file__).parent / "caller.py"


class Application(Edge):
    """What its requests led to is found as with any edge: in the log of its proxy, and at the providers."""

    def __init__(self, pod: Workload, installation: Installation, providers: dict[str, Provider], url: str):
        super().__init__(pod, installation, providers, pod.folder)
        self.pod, self.base = pod, url

    def _ask_http1(self, method: str, path: str, headers: list, body: bytes | None) -> Response:
        return self.call(self.base, method, path, headers, body)

    def call(self, base: str, method: str, path: str, headers: list, body: bytes | None) -> Response:
        asked = {"url": base + path, "method": method, "headers": headers, "body": (body or b"").decode()}
        answer = json.loads(self.pod.network.run(sys.executable, "-I", PROGRAM, text=json.dumps(asked)))
        if answer.get("error"):
            raise ConnectionError(answer["error"])
        named = [(name.encode(), value.encode()) for name, value in answer["headers"]]
        return Response(answer["status"], named, answer["body"].encode())

    def address_of(self, host: str) -> str | None:
        """What the pod's own resolver says."""
        found = self.pod.network.run("sh", "-c", f"getent ahostsv4 {host} || true").split()
        return found[0] if found else None


@contextlib.contextmanager
def called(
    istiod: Istiod, registry: Registry, folder: pathlib.Path, policy: dict, hold: str, target: dict
) -> Iterator[tuple[dict[str, Provider], dict[str, str]]]:
    """What applications call is applied: gives the providers behind it, and the names by which pods find them."""
    SYSTEM_ROOTS.write_bytes(registry.authority.certificate.read_bytes())
    manifests = rendered.manifests(folder / "user", policy, hold, "1.31", istio=target)
    names = {rendered.host_of(model["cluster"]): model["cluster"] for model in policy["models"]}
    providers = providers_of(manifests, names, registry.authority)
    # The hosts that applications call have nobody behind them.
    providers = {name: providers[name] for name in names.values()}
    for number, provider in enumerate(providers.values()):
        provider.address = f"10.9.1.{number + 1}"
    hosts = {rendered.host_of(name): provider.address for name, provider in providers.items()}
    mesh = Applied(istiod, manifests)
    with serving_to_pods(registry), serving(list(providers.values())), contextlib.ExitStack() as ends:
        ends.callback(mesh.delete)
        mesh.push()
        mesh.wait_until_known()
        yield providers, hosts
