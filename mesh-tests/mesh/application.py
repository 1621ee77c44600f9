"""An application in a pod: a process that knows a URL, and nothing of proxies."""

import json
import pathlib
import sys

from harness.edge import Edge, Installation
from harness.messages import Response
from harness.provider import Provider
from mesh.workload import Workload

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
