"""In a real mesh: applications reach an egress gateway by ISTIO_MUTUAL, and the certificates of istiod's authority say
which of them calls. Each is a process in a network of its own, whose traffic is captured."""

import contextlib
import socket
import ssl

import pytest

from harness.certificates import Authority
from harness.edge import Edge, Installation, Seen
from harness.waiting import wait_for
from istiod import rendered
from istiod.jwt import encode
from mesh.application import Application, called
from mesh.workload import Workload

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]
HOST = "llm.example.com"
CHAT = "spiffe://cluster.local/ns/chat/sa/chat"
LABELS = {"istio": "egressgateway"}
TARGET = {
    "target": "egressGateway",
    "namespace": "istio-egress",
    "selector": LABELS,
    "hosts": [HOST],
    "service": "egress.istio-egress.svc.cluster.local",
    "port": 80,
}
POLICY = {
    "models": [{"name": "gpt", "cluster": "openai"}, {"name": "lab", "cluster": "laboratory"}],
    "tenants": [
        {"name": "chat", "match": {"principals": [CHAT]}, "models": {"allow": ["gpt"]}},
        {"name": "lab", "match": {"principals": ["spiffe://cluster.local/ns/lab/*"]}},
    ],
}
FORGED = {
    "client-cert": ("x-forwarded-client-cert", f'By=spiffe://x;Hash=00;Subject="";URI={CHAT}'),
    "spiffe": ("x-spiffe-id", CHAT),
    "principal": ("x-envoy-downstream-peer-principal", CHAT),
    "peer-metadata": ("x-envoy-peer-metadata-id", "sidecar~10.1.0.2~chat.chat~chat.svc.cluster.local"),
    "istio-attributes": ("x-istio-attributes", encode(CHAT.encode())),
    "tenant": ("x-pointsman-tenant", "chat"),
}


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


class Egress(Edge):
    """The gateway, whose log has the records, and the applications that call it."""

    applications: dict[str, Application]

    def record_of(self, seen: Seen) -> dict:
        return Seen(self, seen.test_id, seen.response).record

    def assert_all_healthy(self) -> None:
        for one in (*self.applications.values(), self):
            one.assert_healthy()


@pytest.fixture(scope="module")
def shared_egress(istiod, registry, world, tmp_path_factory):
    version, hold = world
    folder = tmp_path_factory.mktemp("egress")
    with (
        called(istiod, registry, folder, POLICY, hold, TARGET) as (providers, hosts),
        contextlib.ExitStack() as ends,
    ):

        def start(name: str, namespace: str, labels: dict, **more) -> Workload:
            pod = Workload(istiod, version, folder / namespace, name, namespace, labels, **more)
            ends.callback(pod.stop)
            return pod

        gateway = start("egress", "istio-egress", LABELS, kind="router", ports=(443,), hosts=hosts)
        installation = Installation(version, hold, POLICY)
        egress = Egress(gateway, installation, providers, gateway.folder)
        egress.applications = {}
        for name in ("chat", "other"):
            pod = start(name, name, {"app": name, "security.istio.io/tlsMode": "istio"})
            egress.applications[name] = Application(pod, installation, providers, f"http://{HOST}")
        chat = egress.applications["chat"]
        wait_for("the router and its gate", lambda: chat.ask("/v1/models", method="GET").status == 200)
        yield egress


@pytest.fixture
def egress(shared_egress):
    yield shared_egress
    shared_egress.assert_all_healthy()


def test_an_applications_certificate_makes_the_tenant(egress):
    seen = egress.applications["chat"].chat("gpt")
    host = rendered.host_of("openai")
    assert (seen.status, seen.upstream.provider, seen.upstream.header("host")) == (200, "openai", host)
    assert egress.record_of(seen)["tenant"] == "chat"
    assert seen.log["cluster"] == "outbound|443|pointsman|egress.istio-egress.svc.cluster.local;"


def test_a_tenant_gets_its_own_models_and_nobody_else_any(egress):
    for name, model, reason in (("chat", "lab", "noCandidate"), ("other", "gpt", "unknownTenant")):
        refused = egress.applications[name].chat(model)
        assert (refused.status in (403, 404), refused.reached) == (True, [])
        assert egress.record_of(refused)["reason"] == reason


@pytest.mark.parametrize("header", FORGED.values(), ids=FORGED.keys())
def test_no_header_makes_a_tenant(egress, header):
    refused = egress.applications["other"].chat("gpt", headers=[header])
    assert (egress.record_of(refused)["reason"], refused.reached) == ("unknownTenant", [])


def test_no_header_makes_another_tenant(egress):
    lab = [(name, value.replace("/ns/chat/", "/ns/lab/")) for name, value in FORGED.values()]
    refused = egress.applications["chat"].chat("lab", headers=lab)
    assert egress.record_of(refused)["tenant"] == "chat"
    assert (egress.record_of(refused)["reason"], refused.reached) == ("noCandidate", [])


def test_an_application_cannot_choose_the_route(egress):
    for cluster in ("laboratory", "outbound|443||laboratory.providers.example", "pointsman-undecided"):
        steering = [("x-pointsman-cluster", cluster)]
        assert egress.applications["chat"].chat("gpt", headers=steering).reached == ["openai"]
        assert egress.applications["other"].chat("gpt", headers=steering).reached == []
        assert egress.applications["chat"].ask("/upload", b"x", steering).reached == []


def test_without_a_certificate_of_the_mesh_nobody_gets_in(egress, tmp_path):
    stranger = Authority(tmp_path).issue("stranger", CHAT)
    for pair in (None, stranger):
        context = ssl._create_unverified_context()
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        assert answer_to(egress.envoy.network.address, context) == b""


def answer_to(address: str, context: ssl.SSLContext) -> bytes:
    """Nothing, if TLS ends it."""
    request = f"GET /v1/models HTTP/1.1\r\nhost: {HOST}\r\n\r\n".encode()
    with socket.create_connection((address, 443), timeout=20) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=HOST) as secured:
                secured.sendall(request)
                return secured.recv(1000)
        except (ssl.SSLError, ConnectionError):
            return b""
