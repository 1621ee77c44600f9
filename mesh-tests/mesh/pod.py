"""A pod without a kubelet: istio-agent and the Envoy that it starts, with a real token, in a folder of its own."""

import json
import os
import pathlib
import shutil
import signal

from harness import locations
from harness.waiting import wait_for
from istiod.gateway import Proxy
from mesh import istiod as istiods
from mesh.istiod import Istiod
from mesh.program import Program, built

ADMIN_PORT = 15000
ADDRESS = "10.0.0.99"
MODULES = pathlib.Path("/var/lib/istio/data")
SYSTEM_ROOTS = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
ALL_STATISTICS = {"proxyStatsMatcher": {"inclusionRegexps": [".*"]}}


class Pod(Proxy):
    """An ingress gateway's: to a test, the Envoy in it."""

    kind, protocol = "router", "http"
    ip = ADDRESS
    agent: Program | None = None

    def __init__(
        self,
        istiod: Istiod,
        version: str,
        folder: pathlib.Path,
        labels: dict[str, str],
        ports: list[int],
        concurrency: int = 1,
        settings: dict = ALL_STATISTICS,
        name: str = "gateway-1",
        namespace: str = istiods.GATEWAYS,
        account: str = "gateway",
        **environment: str,
    ):
        self.version, self.folder, self.istiod = version, folder, istiod
        self.name, self.namespace, self.labels, self.account = name, namespace, labels, account
        self._admin_port, self._checked_until = ADMIN_PORT, 0
        folder.mkdir(parents=True, exist_ok=True)
        self._connect()
        try:
            self._register(ports)
            self._mount()
            self._capture()
            self._start(concurrency, settings, environment)
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _connect(self) -> None:
        """Its network is the sandbox's."""

    def _capture(self) -> None:
        """Nothing that it sends or gets is led through the proxy."""

    def _register(self, ports: list[int]) -> None:
        cluster, metadata = self.istiod.cluster, {"namespace": self.namespace, "labels": self.labels}
        container = {"name": "istio-proxy", "image": "none", "ports": [{"containerPort": port} for port in ports]}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**metadata, "name": self.account}}
        spec = {"nodeName": "node-1", "serviceAccountName": self.account, "containers": [container]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "name": self.name}, "spec": spec}
        cluster.apply([account, pod, *(self._service(ports) if ports else [])])
        ready = [{"type": "Ready", "status": "True"}]
        status = {"phase": "Running", "podIP": self.ip, "podIPs": [{"ip": self.ip}], "conditions": ready}
        cluster.set_status(pod, status)

    def _service(self, ports: list[int]) -> list[dict]:
        """A gateway has listeners only where a Service selects its pod, and the pod an address."""
        served = [{"name": f"{self.protocol}-{port}", "port": port} for port in ports]
        metadata = {"name": self.account, "namespace": self.namespace, "labels": self.labels}
        spec = {"selector": self.labels, "ports": [{**port, "targetPort": port["port"]} for port in served]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        return [service, self._endpoints(self.account, served)]

    def _endpoints(self, service: str, served: list[dict]) -> dict:
        """What a controller would write of a Service: that this pod serves it."""
        labels = {**self.labels, "kubernetes.io/service-name": service}
        target = {"kind": "Pod", "name": self.name, "namespace": self.namespace}
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": service, "namespace": self.namespace, "labels": labels},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [self.ip], "conditions": {"ready": True}, "targetRef": target}],
            "ports": served,
        }

    def _mount(self) -> None:
        """What a kubelet would mount: the token and the root certificate, the labels, an empty folder for modules."""
        secrets = self.folder / "var/run/secrets"
        for name in ("tokens", "istio"):
            (secrets / name).mkdir(parents=True, exist_ok=True)
        (secrets / "istio/root-cert.pem").write_bytes(self.istiod.root.read_bytes())
        request = {"spec": {"audiences": ["istio-ca"], "expirationSeconds": 3600}}
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{self.account}/token"
        status, answer = self.istiod.cluster.call("POST", path, request)
        assert status == 201, answer
        (secrets / "tokens/istio-token").write_text(answer["status"]["token"])
        labels = self._seen("/etc/istio/pod") / "labels"
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text("".join(f'{name}="{value}"\n' for name, value in self.labels.items()))
        modules = self._seen(str(MODULES))
        shutil.rmtree(modules, ignore_errors=True)
        modules.mkdir(parents=True)

    def _seen(self, folder: str) -> pathlib.Path:
        """Where the pod's folder is for the tests."""
        return pathlib.Path(folder)

    def _entered(self, command: list) -> list:
        """The command line that runs something in the pod."""
        return command

    def _start(self, concurrency: int, settings: dict, environment: dict[str, str]) -> None:
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
            "INSTANCE_IP": self.ip,
            "SERVICE_ACCOUNT": self.account,
            "PILOT_CERT_PROVIDER": "istiod",
            "CA_ADDR": discovery,
            "ISTIO_META_CLUSTER_ID": "Kubernetes",
            "TRUST_DOMAIN": "cluster.local",
            "PROXY_CONFIG": json.dumps(config),
        }
        environment = {**known, **environment}
        self.agent = Program("agent", self._entered(command), self.folder, **environment)
        self._process, self.log_file = self.agent.process, self.agent.log_file

    def _wait(self) -> None:
        self.agent.wait_for("Envoy", self._envoy)
        self.agent.wait_for("Envoy to be ready", self._is_ready)

    def _envoy(self) -> int | None:
        """The process id of the Envoy that the agent has started."""
        tasks = pathlib.Path(f"/proc/{self.agent.process.pid}/task")
        children = [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]
        return children[0] if children else None

    @property
    def pid(self) -> int:
        return self._envoy()

    def active_requests(self) -> dict[str, int]:
        """Without the streams that never end: the agent's and, through it, istiod's."""
        return {name: count for name, count in super().active_requests().items() if "-grpc;." not in name}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{ADMIN_PORT}"

    def resources(self, kind: str) -> list[dict]:
        """What Envoy has taken of a kind, as `/config_dump` prints it."""
        dump = json.loads(self.admin(f"/config_dump?resource={kind}")[1])
        return dump.get("configs", [])

    def stop(self) -> None:
        if self.agent:
            envoy = self._envoy() if self.agent.process.poll() is None else None
            self.agent.stop()
            # An agent that had to be killed leaves its Envoy behind.
            if envoy and pathlib.Path(f"/proc/{envoy}/exe").exists():
                os.kill(envoy, signal.SIGKILL)
        self.istiod.cluster.call("DELETE", f"/api/v1/namespaces/{self.namespace}/pods/{self.name}?gracePeriodSeconds=0")
        wait_for("the pod to be gone", lambda: self.istiod.cluster.get("Pod", self.name, self.namespace) is None)
