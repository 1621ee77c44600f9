"""Envoy Gateway with the API server's objects. It writes a Deployment for each Gateway, and the Envoy that is started
here has the bootstrap of that Deployment.

What a kubelet would do is done by hand: the secrets of `envoy-gateway certgen` become files in `/certs`, the proxy's
ConfigMap becomes files in `/sds`.
"""

import base64
import itertools
import json
import pathlib
import shutil

import yaml

from harness.waiting import wait_for
from mesh import sandbox
from mesh.envoy_gateway import CONFIGURATION, GATEWAY, EnvoyGateway, Proxy, surroundings
from mesh.kubernetes import Cluster, documents
from mesh.program import Program, built, rooted

SYSTEM = "envoy-gateway-system"
HOST = f"envoy-gateway.{SYSTEM}.svc.cluster.local"
OFF = {"disable": True}
PROVIDER = {"type": "Kubernetes", "kubernetes": {"leaderElection": OFF}}
MODULES = pathlib.Path("/var/lib/eg/wasm")
# Its port is the same as that of Envoy's own statistics, which is in another pod's network elsewhere.
TELEMETRY = {"metrics": {"prometheus": OFF}}
OWN = f"gateway.envoyproxy.io/owning-gateway-name={GATEWAY}"


class InCluster(EnvoyGateway):
    def __init__(self, cluster: Cluster, folder: pathlib.Path):
        self.cluster, self.folder = cluster, folder
        folder.mkdir(parents=True)
        self.access_log = folder / "access.log"
        self._there = surroundings(self.access_log)
        # A new pod has none.
        shutil.rmtree(MODULES, ignore_errors=True)
        cluster.ensure_namespace(SYSTEM)
        sandbox.name_hosts({HOST: "127.0.0.1", f"{HOST}.": "127.0.0.1"})
        config = CONFIGURATION | {"provider": PROVIDER, "telemetry": TELEMETRY}
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        self._binary = built("envoy-gateway", "envoy-gateway")
        cluster.run(self._binary, "certgen", "--disable-topology-injector")
        for secret, name in (("envoy-gateway", "gateway"), ("envoy", "envoy")):
            self._mount_secret(secret, folder / "certs" / name)
        cluster.apply(self._there)
        self.program = self._program()

    def _mount_secret(self, name: str, place: pathlib.Path) -> None:
        place.mkdir(parents=True)
        for file, value in self.cluster.get("Secret", name, SYSTEM)["data"].items():
            (place / file).write_bytes(base64.b64decode(value))

    def _program(self) -> Program:
        server = [self._binary, "server", "--config-path", self.folder / "config.yaml"]
        command = rooted(self.folder / "root", {"certs": self.folder / "certs/gateway"}, server)
        environment = {"KUBECONFIG": str(self.cluster.kubeconfig), "ENVOY_GATEWAY_NAMESPACE": SYSTEM}
        return Program("envoy-gateway", command, self.folder, **environment)

    def put(self, text: str) -> None:
        """As `kubectl apply --prune` does."""
        wanted = documents(text)
        names = {(one["kind"], one["metadata"]["name"]) for one in wanted}
        gone = [one for one in documents(self.text) if (one["kind"], one["metadata"]["name"]) not in names]
        self.cluster.delete(gone)
        self.cluster.apply(wanted)
        self.text = text

    def proxy(self, version: str, concurrency: int) -> Proxy:
        """With the bootstrap that Envoy Gateway has the proxy's container start with; its admin interface gets a free
        port."""
        arguments = wait_for("the proxy's Deployment", self._arguments)
        config = yaml.safe_load(arguments["--config-yaml"].replace("$(ENVOY_SERVICE_ZONE)", "zone"))
        config["node"] |= {"id": "proxy-1", "cluster": arguments["--service-cluster"]}
        config["admin"]["address"]["socket_address"]["port_value"] = 0
        self._mount_sds()
        return Mounted(version, json.dumps(config), self.folder, concurrency)

    def _arguments(self) -> dict[str, str] | None:
        found = self._owned("apps/v1", "Deployment")
        if not found:
            return None
        containers = found[0]["spec"]["template"]["spec"]["containers"]
        words = next(one["args"] for one in containers if one["name"] == "envoy")
        return dict(itertools.pairwise(words))

    def _mount_sds(self) -> None:
        (found,) = self._owned("v1", "ConfigMap")
        (self.folder / "sds").mkdir()
        for name, text in found["data"].items():
            (self.folder / "sds" / name).write_text(text)

    def _owned(self, version: str, kind: str) -> list[dict]:
        """What it has written for the Gateway."""
        path = self.cluster.path(version, kind, SYSTEM, "").rstrip("/")
        return self.cluster.call("GET", f"{path}?labelSelector={OWN}")[1]["items"]

    def stop(self) -> None:
        # The Gateway goes first: what was written for it is deleted only as long as its class is there.
        self.cluster.delete([*documents(self.text), self._there[-1]])
        wait_for("the proxy's Deployment to go", lambda: not self._owned("apps/v1", "Deployment"))
        self.cluster.delete(self._there)
        self.program.stop()


class Mounted(Proxy):
    """It has its certificate where Envoy Gateway says."""

    def _program(self) -> list[str]:
        folder = self._config.parent
        mounted = {"certs": folder / "certs/envoy", "sds": folder / "sds"}
        return rooted(folder / "proxys-root", mounted, super()._program())
