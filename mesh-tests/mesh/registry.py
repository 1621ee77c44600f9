"""A real registry behind TLS, with the images that `pointsman image` writes pushed into it by crane.

crane's registry speaks plain HTTP and knows no accounts. What stands in front of it for those who pull has a
certificate, asks for a password if it is told to, and can be slow or away.
"""

import base64
import http.client
import http.server
import pathlib
import ssl
import subprocess
import threading
import time

from harness import locations
from istiod.gateway import Authority
from mesh import sandbox
from mesh.program import Program, answers, built

HOST = "registry.example"
"""What the manifests of the integration tests call it."""
ADDRESS, OWN_ADDRESS = "127.0.0.5", "127.0.0.6"
REPOSITORY = "pointsman"


class Registry:
    def __init__(self, folder: pathlib.Path):
        self.folder, self.authority = folder, Authority(folder)
        self.password: str | None = None
        self.seconds = 0.0
        """How long it takes to give out a blob."""
        self.pulled: list[str] = []
        self._crane = built("registry", "crane")
        (folder / "blobs").mkdir()
        command = [self._crane, "registry", "serve", "--address", f"{OWN_ADDRESS}:80", "--disk", folder / "blobs"]
        self.program = Program("registry", command, folder)
        self.program.wait_for("the registry", lambda: answers(f"http://{OWN_ADDRESS}/v2/"))
        self._context = self.authority.serve(HOST)
        self._server: Front | None = None
        self.open()

    def open(self) -> None:
        self.close()
        self._server = Front((ADDRESS, 443), self, self._context)
        threading.Thread(target=self._server.serve_forever, name="registry").start()

    def close(self) -> None:
        """Nobody listens any more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def stop(self) -> None:
        self.close()
        self.program.stop()

    def push(self, module: pathlib.Path, tag: str, repository: str = REPOSITORY) -> str:
        """An image of this module, by the command line that operators use; gives its digest."""
        layout = self.folder / f"{repository}-{tag}"
        made = _run(locations.cli(), "image", "--wasm", module, "--output", layout, "--tag", tag)
        name = f"{OWN_ADDRESS}:80/{repository}:{tag}"
        _run(self._crane, "push", "--insecure", layout, name)
        digest = made.splitlines()[-1].split()[-1]
        assert digest.startswith("sha256:"), made
        assert _run(self._crane, "digest", "--insecure", name).strip() == digest
        return digest

    def docker_config(self) -> str:
        """What a pull secret holds."""
        account = base64.b64encode(f"mesh:{self.password}".encode()).decode()
        return '{"auths":{"%s":{"auth":"%s"}}}' % (HOST, account)

    def lets_in(self, authorization: str | None) -> bool:
        expected = base64.b64encode(f"mesh:{self.password}".encode()).decode()
        return self.password is None or authorization == f"Basic {expected}"


class Front(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], registry: Registry, context: ssl.SSLContext):
        super().__init__(address, Pull)
        self.registry = registry
        # The handshake belongs to the connection's own thread.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request, client_address) -> None:
        """A client that leaves is no concern of the tests."""


class Pull(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        registry = self.server.registry
        if not registry.lets_in(self.headers.get("authorization")):
            return self._answer(401, [("www-authenticate", 'Basic realm="https://registry.example/"')], b"")
        if "/blobs/" in self.path:
            time.sleep(registry.seconds)
        registry.pulled.append(self.path)
        connection = http.client.HTTPConnection(OWN_ADDRESS, 80, timeout=60)
        connection.request(self.command, self.path, headers={"accept": self.headers.get("accept", "*/*")})
        reply = connection.getresponse()
        kept = [(name, value) for name, value in reply.getheaders() if name.lower() not in NOT_HANDED_ON]
        if self.command == "HEAD":
            kept.append(("content-length", reply.getheader("content-length", "0")))
        return self._answer(reply.status, kept, reply.read())

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


NOT_HANDED_ON = {"content-length", "transfer-encoding", "date", "connection"}


def _run(*command) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def name_hosts() -> None:
    sandbox.name_hosts({HOST: ADDRESS})
