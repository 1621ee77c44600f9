"""A pod with a network of its own: an application's, whose traffic its sidecar captures, or a gateway's."""

import contextlib
import http.client
import json
import pathlib
import threading
from collections.abc import Iterator

from harness import locations
from mesh import istiod as istiods
from mesh import registry as registries
from mesh.istiod import Istiod
from mesh.network import NODE, PROXYS_GROUP, Network, open_node
from mesh.pod import ADMIN_PORT, ALL_STATISTICS, Pod
from mesh.program import Program, built
from mesh.registry import Front, Registry

REGISTRY_ADDRESS = "10.9.0.5"
"""Where pods find it. Its other address is the sandbox's alone."""
CAPTURE = ["-p", "15001", "-z", "15006", "-u", PROXYS_GROUP, "-g", PROXYS_GROUP, "-m", "REDIRECT", "-i", "*", "-b", "*"]
CAPTURE += ["-d", "15090,15021,15020", "--redirect-dns"]
"""What an injected pod's init container asks for, with DNS."""


class Workload(Pod):
    """`kind` is `sidecar` or `router`; the service account is called like the workload."""

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
        self.istiod, self.version, self.folder, self.kind = istiod, version, folder, kind
        self.name, self.namespace, self.labels, self.account = name, namespace, labels, name
        self._checked_until, self.port = 0, None
        discovered = {istiods.HOST: NODE, registries.HOST: REGISTRY_ADDRESS, **(hosts or {})}
        self.network = Network(folder, discovered)
        try:
            self._register(list(ports))
            self._mount()
            if kind == "sidecar" and captured:
                self.network.run(built(istiod.part, "pilot-agent"), "istio-iptables", *CAPTURE)
            self.agent = self._start(1, settings, environment)
            self._process, self.log_file = self.agent.process, self.agent.log_file
            self.agent.wait_for("Envoy", self._envoy)
            self.agent.wait_for("Envoy to be ready", self._is_ready)
        except BaseException:
            self.stop()
            raise

    def _register(self, ports: list[int]) -> None:
        cluster, address = self.istiod.cluster, self.network.address
        metadata = {"namespace": self.namespace, "labels": self.labels}
        container = {"name": "istio-proxy", "image": "none", "ports": [{"containerPort": port} for port in ports]}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**metadata, "name": self.account}}
        spec = {"nodeName": "node-1", "serviceAccountName": self.account, "containers": [container]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "name": self.name}, "spec": spec}
        cluster.apply([account, pod, *(self._service(ports) if ports else [])])
        ready = [{"type": "Ready", "status": "True"}]
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": ready}
        cluster.set_status(pod, status)

    def _service(self, ports: list[int]) -> list[dict]:
        """With the endpoints that a controller would write."""
        served = [{"name": f"tls-{port}", "port": port} for port in ports]
        metadata = {"namespace": self.namespace, "name": self.name, "labels": self.labels}
        slice_ = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": self.name}},
            "addressType": "IPv4",
            "endpoints": [
                {
                    "addresses": [self.network.address],
                    "conditions": {"ready": True},
                    "targetRef": {"kind": "Pod", "name": self.name, "namespace": self.namespace},
                }
            ],
            "ports": served,
        }
        spec = {"selector": self.labels, "ports": [{**port, "targetPort": port["port"]} for port in served]}
        return [{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}, slice_]

    def _mount(self) -> None:
        secrets = self.folder / "var/run/secrets"
        for name in ("tokens", "istio"):
            (secrets / name).mkdir(parents=True, exist_ok=True)
        (secrets / "istio/root-cert.pem").write_bytes(self.istiod.root.read_bytes())
        request = {"spec": {"audiences": ["istio-ca"], "expirationSeconds": 3600}}
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{self.account}/token"
        status, answer = self.istiod.cluster.call("POST", path, request)
        assert status == 201, answer
        (secrets / "tokens/istio-token").write_text(answer["status"]["token"])
        (self.network.folder_seen("/var/lib/istio") / "data").mkdir()
        labels = self.network.folder_seen("/etc/istio") / "pod/labels"
        labels.parent.mkdir()
        labels.write_text("".join(f'{name}="{value}"\n' for name, value in self.labels.items()))

    def _start(self, concurrency: int, settings: dict, environment: dict[str, str]) -> Program:
        discovery = f"{istiods.HOST}:{istiods.DISCOVERY_PORT}"
        config = {
            "discoveryAddress": discovery,
            "binaryPath": str(locations.envoy_binary(self.version)),
            "configPath": str(self.folder / "etc"),
            "concurrency": concurrency,
            "proxyAdminPort": ADMIN_PORT,
            "fileFlushInterval": "0.010s",
            "terminationDrainDuration": "1s",
            **settings,
        }
        part = self.istiod.part
        command = [built(part, "pilot-agent"), "proxy", self.kind, "--domain", f"{self.namespace}.svc.cluster.local"]
        command += ["--templateFile", built(part, "envoy_bootstrap.json"), "--proxyLogLevel", "warning"]
        command += ["--proxyComponentLogLevel", "wasm:info"]
        known = {
            "POD_NAME": self.name,
            "POD_NAMESPACE": self.namespace,
            "INSTANCE_IP": self.network.address,
            "SERVICE_ACCOUNT": self.account,
            "PILOT_CERT_PROVIDER": "istiod",
            "CA_ADDR": discovery,
            "ISTIO_META_CLUSTER_ID": "Kubernetes",
            "ISTIO_META_INTERCEPTION_MODE": "REDIRECT",
            "ISTIO_META_DNS_CAPTURE": "true",
            "TRUST_DOMAIN": "cluster.local",
            "PROXY_CONFIG": json.dumps(config),
        }
        entered = self.network.command(*command, group=PROXYS_GROUP)
        return Program("agent", entered, self.folder, **{**known, **environment})

    def admin(self, path: str, method: str = "GET") -> tuple[int, str]:
        with self.network.inside():
            connection = http.client.HTTPConnection("127.0.0.1", ADMIN_PORT, timeout=60)
            connection.connect()
        try:
            connection.request(method, path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def stop(self) -> None:
        try:
            if hasattr(self, "agent"):
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
