"""A gateway of the mesh under test: Envoy with what istiod would give it, and a recording provider behind each host,
with TLS where the mesh speaks TLS to it."""

import asyncio
import contextlib
import json
import pathlib
import ssl
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import bootstrap, certificates
from harness.edge import Edge, Installation
from harness.envoy import Envoy
from harness.provider import Provider, serving
from istiod.agent import Agent, Image
from istiod.resources import Mesh, Workload
from istiod.translation import Snapshot, translate


class Authority(certificates.Authority):
    def serve(self, host: str) -> ssl.SSLContext:
        """The server's side of TLS for a host of this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), key)
        signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file = self.folder / f"{host}.pem"
        file.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()) + self._sign(signed))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def roots(self) -> dict:
        """A secret: whom to trust."""
        return {"validation_context": {"trusted_ca": {"filename": str(self.certificate)}}}

    def pair(self, name: str, *uris: str) -> dict:
        """A secret: a certificate and its key."""
        pair = self.issue(name, *uris)
        files = {"certificate_chain": {"filename": str(pair.certificate)}, "private_key": {"filename": str(pair.key)}}
        return {"tls_certificate": files}


class TlsProvider(Provider):
    """A provider behind TLS. It notes the names that it was asked for."""

    def __init__(self, name: str, context: ssl.SSLContext):
        super().__init__(name)
        self.server_names: list[str | None] = []
        self.show(context)

    def show(self, context: ssl.SSLContext) -> None:
        """What new connections are shown."""
        self._context = context
        context.sni_callback = lambda _socket, name, _context: self.server_names.append(name)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            await writer.start_tls(self._context)
            await super().serve(reader, writer)


class Proxy(Envoy):
    """Envoy as Istio names things in it."""

    def stats(self, pattern: str) -> dict[str, int]:
        """Without those of discovery: they have a plugin's name in them, which reads like a counter of the virtual
        machine."""
        return {
            name: count
            for name, count in super().stats(pattern).items()
            if not name.startswith("extension_config_discovery.")
        }

    def discovery(self, resource: str) -> dict[str, int]:
        """What became of the versions of a discovered extension."""
        prefix = f"extension_config_discovery.http_filter.{resource}."
        return {
            name.removeprefix(prefix): count
            for name, count in super().stats(r"extension_config_discovery").items()
            if prefix in name
        }

    def received_bytes(self) -> int:
        return sum(self.stats(r"^http.outbound_.*downstream_cx_rx_bytes_total$").values())

    def port_of(self, listener: str) -> int:
        statuses = json.loads(self.admin("/listeners?format=json")[1])["listener_statuses"]
        (found,) = [status for status in statuses if status["name"] == listener]
        return found["local_address"]["socket_address"]["port_value"]


class Gateway(Edge):
    def __init__(self, envoy: Proxy, installation: Installation, providers: dict[str, Provider], mesh: "Applied"):
        super().__init__(envoy, installation, providers, mesh.agent.folder)
        self.mesh = mesh

    def push(self, policy: dict) -> None:
        """As an operator does who edits the policy where it is."""
        configure(self.mesh.manifests, policy)
        self.mesh.push()


class Applied:
    """Manifests that were applied to a cluster, and what follows from them for one gateway."""

    def __init__(self, manifests: list[dict], workload: Workload, agent: Agent):
        self.manifests, self.workload, self.agent = manifests, workload, agent

    def snapshot(self) -> Snapshot:
        return translate(Mesh(self.manifests), self.workload, access_log(self.agent.folder))

    def push(self) -> None:
        self.agent.push(self.snapshot())


def configure(manifests: list[dict], policy: dict) -> None:
    """Writes the policy into the router's configuration: that of a WasmPlugin, or the text in an EnvoyFilter."""
    for resource in manifests:
        if resource["spec"].get("pluginConfig", {}).get("role") == "router":
            resource["spec"]["pluginConfig"]["policy"] = policy
        for patch in resource["spec"].get("configPatches", []):
            if patch["applyTo"] == "EXTENSION_CONFIG":
                configuration = patch["patch"]["value"]["typed_config"]["config"]["configuration"]
                configuration["value"] = json.dumps({**json.loads(configuration["value"]), "policy": policy})


def access_log(folder: pathlib.Path) -> list[dict]:
    """What `accessLogFile` and `accessLogFormat` of the mesh's configuration lead to."""
    kind = bootstrap.EXTENSIONS + "access_loggers.file.v3.FileAccessLog"
    config = {
        "@type": kind,
        "path": str(folder / "access.log"),
        "log_format": {"json_format": bootstrap.ACCESS_LOG_FIELDS},
    }
    return [{"name": "envoy.access_loggers.file", "typed_config": config}]


def hosts_of(mesh: Mesh) -> dict[str, bool]:
    """Every host of the world that the mesh knows, and whether it is spoken to in TLS."""
    secured = {
        rule.spec["host"]
        for rule in mesh.of("DestinationRule")
        if "tls" in json.dumps(rule.spec.get("trafficPolicy", {}))
    }
    return {host: host in secured for entry in mesh.of("ServiceEntry") for host in entry.spec["hosts"]}


@contextlib.contextmanager
def running(
    envoy_version: str,
    hold: str,
    policy: dict,
    manifests: list[dict],
    workload: Workload,
    folder: pathlib.Path,
    names: dict[str, str] | None = None,
    secrets: dict[str, dict] | None = None,
    images: dict[str, Image] | None = None,
    authority: Authority | None = None,
    elsewhere: dict[str, int] | None = None,
    concurrency: int = 1,
) -> Iterator[Gateway]:
    """The gateway, with a provider for each host. `names` says what a test calls the hosts' providers, `images`
    where modules can be had; without it, everywhere; `elsewhere` which hosts are served by somebody else, and at
    which port."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = authority or Authority(folder)
    providers: dict[str, Provider] = {}
    elsewhere = elsewhere or {}
    for host, secured in hosts_of(Mesh(manifests)).items():
        if host in elsewhere:
            continue
        name = (names or {}).get(host, host)
        providers[host] = TlsProvider(name, authority.serve(host)) if secured else Provider(name)
    with serving(list(providers.values())):
        addresses = {host: provider.port for host, provider in providers.items()} | elsewhere
        known = {"file-root:system": authority.roots(), **(secrets or {})}
        mesh = Applied(manifests, workload, Agent(folder, images, addresses, known))
        envoy = Proxy(envoy_version, json.dumps(mesh.agent.start(mesh.snapshot())), folder, concurrency)
        try:
            named = {provider.name: provider for provider in providers.values()}
            yield Gateway(envoy, Installation(envoy_version, hold, policy), named, mesh)
        finally:
            envoy.stop()
