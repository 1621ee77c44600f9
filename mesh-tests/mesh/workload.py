"""A pod with a network of its own: an application's, whose traffic its sidecar captures, or a gateway's."""

import contextlib
import http.client
import pathlib
import threading
from collections.abc import Iterator

from mesh import istiod as istiods
from mesh import registry as registries
from mesh.istiod import Istiod
from mesh.network import NODE, PROXYS_GROUP, Network, open_node
from mesh.pod import ALL_STATISTICS, Pod
from mesh.program import built
from mesh.registry import Front, Registry

REGISTRY_ADDRESS = "10.9.0.5"
"""Where pods find it. Its other address is the sandbox's alone."""
CAPTURE = ["-p", "15001", "-z", "15006", "-u", PROXYS_GROUP, "-g", PROXYS_GROUP, "-m", "REDIRECT", "-i", "*", "-b", "*"]
CAPTURE += ["-d", "15090,15021,15020", "--redirect-dns"]
"""What an injected pod's init container asks for, with DNS."""
TRAFFIC = {"ISTIO_META_INTERCEPTION_MODE": "REDIRECT", "ISTIO_META_DNS_CAPTURE": "true"}
"""What the agent is told of it."""


class Workload(Pod):
    """`kind` is `sidecar` or `router`; the service account is called like the workload."""

    protocol = "tls"

    def __init__(
        self,
        istiod: Istiod,
        version: str,
        folder: pathlib.Path,
        name: str,
        namespace: str,
        labels: dict[str, str],
        kind: str = "sidecar",
        ports: tuple[int, ...] = (),
        hosts: dict[str, str] | None = None,
        settings: dict = ALL_STATISTICS,
        captured: bool = True,
        **environment: str,
    ):
        self.kind, self.port, self._captured = kind, None, captured and kind == "sidecar"
        self._hosts = {istiods.HOST: NODE, registries.HOST: REGISTRY_ADDRESS, **(hosts or {})}
        named = {"name": name, "namespace": namespace, "account": name}
        super().__init__(
            istiod, version, folder, labels, list(ports), 1, settings, **named, **{**TRAFFIC, **environment}
        )

    def _connect(self) -> None:
        self.network = Network(self.folder, self._hosts)
        self.ip = self.network.address

    def _capture(self) -> None:
        if self._captured:
            self.network.run(built(self.istiod.part, "pilot-agent"), "istio-iptables", *CAPTURE)

    def _seen(self, folder: str) -> pathlib.Path:
        return self.network.folder_seen(folder)

    def _entered(self, command: list) -> list:
        return self.network.command(*command, group=PROXYS_GROUP)

    def _admin_connection(self) -> http.client.HTTPConnection:
        with self.network.inside():
            connection = super()._admin_connection()
            connection.connect()
        return connection

    def stop(self) -> None:
        try:
            super().stop()
        finally:
            self.network.stop()


@contextlib.contextmanager
def serving_to_pods(registry: Registry) -> Iterator[None]:
    """The registry, where pods see it."""
    open_node()
    front = Front((REGISTRY_ADDRESS, 443), registry, registry.authority.serve(registries.HOST))
    threading.Thread(target=front.serve_forever, name="registry for pods").start()
    try:
        yield
    finally:
        front.shutdown()
        front.server_close()
