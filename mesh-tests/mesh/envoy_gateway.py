"""Envoy Gateway with its file provider, or with the API server's objects, and the Envoy that it configures.

Envoy Gateway would start Envoy by itself: in a cluster as a Deployment, on a host by a download. Here a stock Envoy is
started with the bootstrap that it needs, and takes everything else from Envoy Gateway over mutual TLS.
"""

import contextlib
import json
import pathlib
import subprocess
from collections.abc import Callable, Iterator

import yaml

from harness import bootstrap, locations
from harness.edge import Edge, Installation
from harness.envoy import Envoy
from harness.provider import Provider, serving
from harness.waiting import wait_for
from istiod.gateway import TlsProvider
from istiod.rendered import host_of
from mesh.gateway import decides, place_of
from mesh.pod import SYSTEM_ROOTS
from mesh.program import Program, built
from mesh.registry import HOST, REPOSITORY, Registry

NAMESPACE, GATEWAY, PORT = "llm", "llm", 18090
XDS_PORT, WASM_PORT = 18000, 18002
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
ALL = "gateway.networking.k8s.io/v1"
OWN = "gateway.envoyproxy.io/v1alpha1"

CONFIGURATION = {
    "apiVersion": OWN,
    "kind": "EnvoyGateway",
    "gateway": {"controllerName": CONTROLLER},
    "extensionApis": {"enableBackend": True},
}


def provider_of_files(folder: pathlib.Path) -> dict:
    resource = {"type": "File", "file": {"paths": [str(folder / "resources")]}}
    # Else in the home folder of whoever runs this.
    homes = {home: str(folder / home) for home in ("configHome", "dataHome", "stateHome", "runtimeDir")}
    return {"type": "Custom", "custom": {"resource": resource, "infrastructure": {"type": "Host", "host": homes}}}


def surroundings(access_log: pathlib.Path) -> list[dict]:
    """What is there before Pointsman: a class, a Gateway, and how its proxies log."""
    sink = {"type": "File", "file": {"path": str(access_log)}}
    settings = [{"format": {"type": "JSON", "json": bootstrap.ACCESS_LOG_FIELDS}, "sinks": [sink]}]
    proxy = {"telemetry": {"accessLog": {"settings": settings}}}
    parameters = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "logging", "namespace": NAMESPACE}
    listener = {"name": "http", "protocol": "HTTP", "port": PORT}
    return [
        {"apiVersion": OWN, "kind": "EnvoyProxy", "metadata": here("logging"), "spec": proxy},
        {
            "apiVersion": ALL,
            "kind": "GatewayClass",
            "metadata": {"name": "eg"},
            "spec": {"controllerName": CONTROLLER, "parametersRef": parameters},
        },
        {
            "apiVersion": ALL,
            "kind": "Gateway",
            "metadata": here(GATEWAY),
            "spec": {"gatewayClassName": "eg", "listeners": [listener]},
        },
    ]


def here(name: str) -> dict:
    return {"name": name, "namespace": NAMESPACE}


def render(folder: pathlib.Path, policy: dict, default: str | None, **section) -> str:
    """A user's folder, rendered: what is printed, as it is printed."""
    folder.mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys([model["cluster"] for model in policy["models"]] + [default] * bool(default))
    clusters = [{"name": name, "address": host_of(name), "port": 443, "tls": {}} for name in names]
    gateway = {"namespace": NAMESPACE, "gateway": GATEWAY, "hosts": ["edge.test"], "url": f"{HOST}/{REPOSITORY}:0.1.0"}
    described = {"clusters": clusters, "envoyGateway": gateway | section}
    if default:
        described["defaultCluster"] = default
    (folder / "deployment.yaml").write_text(yaml.safe_dump(described))
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy))
    command = [locations.cli(), "render", "envoy-gateway", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


class EnvoyGateway:
    """With its file provider."""

    text = ""
    """What was put there last."""

    def __init__(self, folder: pathlib.Path):
        self.folder, self.resources = folder, folder / "resources"
        self.resources.mkdir(parents=True)
        config = CONFIGURATION | {"provider": provider_of_files(folder)}
        (folder / "config.json").write_text(json.dumps(config))
        self._binary = built("envoy-gateway", "envoy-gateway")
        certgen = [str(self._binary), "certgen", "--local", "--config-home", str(folder / "configHome")]
        subprocess.run(certgen, cwd=folder, env={"HOME": str(folder)}, check=True, capture_output=True, timeout=60)
        self.certificates = folder / "configHome/certs/envoy"
        self.access_log = folder / "access.log"
        write(self.resources / "gateway.yaml", yaml.safe_dump_all(surroundings(self.access_log)))
        command = [self._binary, "server", "--config-path", folder / "config.json"]
        self.program = Program("envoy-gateway", command, folder)

    def put(self, text: str) -> None:
        write(self.resources / "pointsman.yaml", text)
        self.text = text

    def proxy(self, version: str, concurrency: int) -> "Proxy":
        return Proxy(version, json.dumps(proxy_config(self.certificates)), self.folder, concurrency)

    def restart(self) -> None:
        self.program.kill()
        self.program.start()

    def stop(self) -> None:
        self.program.stop()


def write(file: pathlib.Path, text: str) -> None:
    # Envoy Gateway reads whatever appears in its folder.
    draft = file.parent.with_name("draft")
    draft.write_text(text)
    draft.replace(file)


class Proxy(Envoy):
    def received_bytes(self) -> int:
        return self.stat(r"http\.http-\d+\.downstream_cx_rx_bytes_total")

    def active_requests(self) -> dict[str, int]:
        """Without the streams to Envoy Gateway, which never end."""
        return {name: n for name, n in super().active_requests().items() if not name.startswith("cluster.xds_cluster.")}

    def _listener_port(self) -> int:
        wait_for("the Gateway's listener", lambda: PORT in self.ports())
        return PORT


def proxy_config(certificates: pathlib.Path) -> dict:
    """What Envoy Gateway has Envoy start with, as far as Envoy Gateway is in it."""
    pair = {"certificate_chain": file(certificates / "tls.crt"), "private_key": file(certificates / "tls.key")}
    common = {
        "tls_params": {"tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": [pair],
        "validation_context": {"trusted_ca": file(certificates / "ca.crt")},
    }
    socket = {"name": "tls", "typed_config": {"@type": TLS, "common_tls_context": common}}
    streams = {"@type": f"type.googleapis.com/{HTTP_OPTIONS}", "explicit_http_config": {"http2_protocol_options": {}}}
    clusters = [
        {**bootstrap.cluster(name, port, http2=False), "transport_socket": socket}
        for name, port in (("xds_cluster", XDS_PORT), ("wasm_cluster", WASM_PORT))
    ]
    clusters[0]["typed_extension_protocol_options"] = {HTTP_OPTIONS: streams}
    ads = {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "set_node_on_first_message_only": True,
        "grpc_services": [{"envoy_grpc": {"cluster_name": "xds_cluster"}}],
    }
    source = {"ads": {}, "resource_api_version": "V3"}
    return {
        "node": {"id": "proxy-1", "cluster": f"{NAMESPACE}/{GATEWAY}"},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "dynamic_resources": {"ads_config": ads, "cds_config": source, "lds_config": source},
        "static_resources": {"clusters": clusters},
    }


def file(path: pathlib.Path) -> dict:
    return {"filename": str(path)}


class Gateway(Edge):
    def __init__(self, envoy: Proxy, installation: Installation, providers: dict, gateway: EnvoyGateway):
        super().__init__(envoy, installation, providers, gateway.folder)
        self.gateway, self.user = gateway, gateway.folder / "user"

    def push(self, policy: dict) -> None:
        """As an operator does who renders again and puts the file in place, or applies it."""
        self.gateway.put(render(self.user, policy, self.installation.default_cluster))


@contextlib.contextmanager
def running(
    registry: Registry,
    version: str,
    folder: pathlib.Path,
    policy: dict,
    default: str | None,
    concurrency: int = 1,
    control: Callable[[pathlib.Path], EnvoyGateway] = EnvoyGateway,
    ready: Callable[[Edge], bool] = decides,
) -> Iterator[Gateway]:
    registry.push(locations.gate_module(), "0.1.0", "pointsman-gate")
    SYSTEM_ROOTS.write_bytes(registry.authority.certificate.read_bytes())
    installation = Installation(version, "gate", policy, concurrency=concurrency, default_cluster=default)
    providers: dict[str, Provider] = {}
    for name in installation.clusters():
        providers[name] = TlsProvider(name, registry.authority.serve(host_of(name)))
        providers[name].address, providers[name].port = place_of(host_of(name)), 443
    with serving(list(providers.values())), contextlib.ExitStack() as ends:
        gateway = control(folder)
        ends.callback(gateway.stop)
        gateway.put(render(folder / "user", policy, default))
        envoy = gateway.proxy(version, concurrency)
        ends.callback(envoy.stop)
        edge = Gateway(envoy, installation, providers, gateway)
        wait_for("the router and its gate", lambda: ready(edge))
        yield edge
