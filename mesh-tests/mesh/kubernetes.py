"""A real API server with its etcd. There are no controllers and no kubelet: what these would write is written by hand.

Objects are applied as `kubectl apply --server-side` does it: by PATCH, with strict validation of fields; where a test
is about the command, kubectl itself runs.
"""

import http.client
import json
import pathlib
import ssl
import subprocess
from collections.abc import Iterable

import yaml

from mesh.program import Program, built

PORT, ETCD_PORT, ETCD_PEER_PORT = 6443, 2379, 2380
TOKEN = "mesh-tests"
KUBECONFIG = f"""
apiVersion: v1
kind: Config
clusters: [{{ name: mesh, cluster: {{ server: "https://127.0.0.1:{PORT}", insecure-skip-tls-verify: true }} }}]
users: [{{ name: admin, user: {{ token: {TOKEN} }} }}]
contexts: [{{ name: mesh, context: {{ cluster: mesh, user: admin }} }}]
current-context: mesh
"""
OWNER = "pointsman-mesh-tests"


class Refused(Exception):
    """What the API server said."""


class Cluster:
    def __init__(self, folder: pathlib.Path):
        self.folder, self.kubeconfig = folder, folder / "kubeconfig"
        folder.mkdir(parents=True, exist_ok=True)
        self.kubeconfig.write_text(KUBECONFIG)
        self._connection: http.client.HTTPSConnection | None = None
        self._resources: dict[str, dict[str, tuple[str, bool]]] = {}
        self._namespaces: set[str] = set()
        self._programs: list[Program] = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        keys = self.folder / "service-accounts.pem"
        command = ["openssl", "genrsa", "-out", str(keys), "2048"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        (self.folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
        client, peer = f"http://127.0.0.1:{ETCD_PORT}", f"http://127.0.0.1:{ETCD_PEER_PORT}"
        etcd = [built("etcd", "etcd"), "--data-dir", self.folder / "etcd-data", "--unsafe-no-fsync"]
        etcd += ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer]
        etcd += ["--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
        self._programs.append(Program("etcd", etcd, self.folder))
        issuer = "https://kubernetes.default.svc"
        server = [built("kubernetes", "kube-apiserver"), "--etcd-servers", client, "--authorization-mode", "RBAC"]
        server += ["--token-auth-file", self.folder / "tokens.csv", "--cert-dir", self.folder / "certificates"]
        server += ["--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", PORT]
        server += ["--service-account-issuer", issuer, "--service-account-key-file", keys]
        server += ["--service-account-signing-key-file", keys, "--service-cluster-ip-range", "10.0.0.0/24"]
        # Nobody makes the service accounts that it would want for each pod.
        server += ["--disable-admission-plugins", "ServiceAccount"]
        self._programs.append(Program("kube-apiserver", server, self.folder))
        self._programs[-1].wait_for("the API server", self._is_ready, within=120)

    def stop(self) -> None:
        for program in reversed(self._programs):
            program.stop()

    def _is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz")[0] == 200 and self.get("Namespace", "default") is not None
        except (OSError, http.client.HTTPException):
            return False

    # kubectl.

    def kubectl(self, *arguments, text: str | None = None) -> str:
        """What it prints; `Refused` with what it says when it ends with an error."""
        return self.run(built("kubernetes", "kubectl"), *arguments, text=text)

    def run(self, program, *arguments, text: str | None = None) -> str:
        """A command that finds the cluster as an operator's does."""
        command = [str(word) for word in (program, *arguments)]
        environment = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            command, env=environment, cwd=self.folder, input=text, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise Refused(done.stdout + done.stderr)
        return done.stdout

    # Objects.

    def apply(self, documents: Iterable[dict], dry_run: bool = False) -> None:
        for document in documents:
            self._apply(document, dry_run)

    def _apply(self, document: dict, dry_run: bool) -> None:
        metadata = document["metadata"]
        query = f"fieldManager={OWNER}&force=true&fieldValidation=Strict" + "&dryRun=All" * dry_run
        path = self.path(document["apiVersion"], document["kind"], metadata.get("namespace"), metadata["name"])
        status, answer = self.call("PATCH", f"{path}?{query}", document, "application/apply-patch+yaml")
        if status not in (200, 201):
            raise Refused(f"{document['kind']} {metadata['name']}: {answer.get('message')}")

    def get(self, kind: str, name: str, namespace: str | None = None, version: str = "v1") -> dict | None:
        status, answer = self.call("GET", self.path(version, kind, namespace, name))
        return answer if status == 200 else None

    def delete(self, documents: Iterable[dict]) -> None:
        for document in documents:
            metadata = document["metadata"]
            path = self.path(document["apiVersion"], document["kind"], metadata.get("namespace"), metadata["name"])
            status, answer = self.call("DELETE", path)
            if status not in (200, 202, 404):
                raise Refused(answer.get("message"))

    def set_status(self, document: dict, status: dict) -> None:
        """What a kubelet or a controller would write."""
        metadata = document["metadata"]
        path = self.path(document["apiVersion"], document["kind"], metadata.get("namespace"), metadata["name"])
        code, answer = self.call("PATCH", f"{path}/status", {"status": status}, "application/merge-patch+json")
        if code != 200:
            raise Refused(answer.get("message"))

    def ensure_namespace(self, name: str) -> None:
        if name not in self._namespaces:
            self._namespaces.add(name)
            self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, dry_run=False)

    def path(self, version: str, kind: str, namespace: str | None, name: str) -> str:
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        plural, namespaced = self._resource(base, kind)
        if namespaced:
            self.ensure_namespace(namespace or "default")
            base += f"/namespaces/{namespace or 'default'}"
        return f"{base}/{plural}/{name}"

    def _resource(self, base: str, kind: str) -> tuple[str, bool]:
        """A kind's name in paths, and whether it is in namespaces."""
        if kind == "Namespace":
            return "namespaces", False
        if kind not in self._resources.get(base, {}):
            status, answer = self.call("GET", base)
            known = answer.get("resources", []) if status == 200 else []
            self._resources[base] = {
                resource["kind"]: (resource["name"], resource["namespaced"])
                for resource in known
                if "/" not in resource["name"]
            }
        if kind not in self._resources[base]:
            raise Refused(f"the API server knows no {kind} of {base}")
        return self._resources[base][kind]

    def call(self, method: str, path: str, body: dict | None = None, kind: str = "application/json"):
        """Status and answer. One connection is enough, and is made anew when the server has closed it."""
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": kind}
        text = json.dumps(body) if body is not None else None
        for again in (True, False):
            if self._connection is None:
                context = ssl._create_unverified_context()
                self._connection = http.client.HTTPSConnection("127.0.0.1", PORT, timeout=60, context=context)
            try:
                self._connection.request(method, path, text, headers)
                reply = self._connection.getresponse()
                data = reply.read()
                return reply.status, json.loads(data) if data.startswith(b"{") else {"message": data.decode()}
            except (OSError, http.client.HTTPException):
                self._connection = None
                if not again:
                    raise
        raise AssertionError("unreachable")


def documents(text: str) -> list[dict]:
    return [document for document in yaml.safe_load_all(text) if document]
