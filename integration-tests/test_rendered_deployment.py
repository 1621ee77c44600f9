"""What `pointsman render envoy` prints is loaded by Envoy as it is: the documented installation, from a user's own
files."""

import json
import subprocess

import pytest
import yaml

from harness import certificates, locations
from harness.envoy import Envoy
from harness.http1 import Http1, chunk, head, last_chunk
from harness.http2 import Http2
from harness.provider import Provider, serving
from harness.waiting import wait_for


def policy(upstream: str) -> dict:
    models = [{"name": "large", "cluster": "first", "upstreamModel": upstream}, {"name": "small", "cluster": "second"}]
    return {"models": models, "aliases": [{"name": "auto", "model": "small"}]}


class Deployment:
    """A user's folder with a policy and a deployment file, rendered by the CLI."""

    def __init__(self, folder, hold: str, providers: list[Provider]):
        self.folder = folder
        clusters = [{"name": provider.name, "address": "127.0.0.1", "port": provider.port} for provider in providers]
        described = {"listener": {"port": 0}, "hold": hold, "clusters": clusters, "defaultCluster": providers[-1].name}
        (folder / "deployment.yaml").write_text(yaml.safe_dump(described))
        self.write(policy("large-1"))

    def write(self, document: dict) -> None:
        (self.folder / "policy.yaml").write_text(yaml.safe_dump(document))

    def render(self, *options: str) -> str:
        command = [locations.cli(), "render", "envoy", self.folder, "--wasm", locations.module(), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def providers():
    providers = [Provider(name) for name in ("first", "second", "web")]
    with serving(providers):
        yield {provider.name: provider for provider in providers}


@pytest.fixture
def deployment(world, tmp_path, providers):
    return Deployment(tmp_path, world[1], list(providers.values()))


@pytest.fixture
def started_envoy(world, tmp_path):
    """Starts Envoy with a rendered configuration, and checks on it at the end."""
    running = []

    def start(config: str) -> Envoy:
        running.append(Envoy(world[0], config, tmp_path / "envoy"))
        return running[-1]

    yield start
    for envoy in running:
        try:
            envoy.assert_healthy()
        finally:
            envoy.stop()


def ask(envoy: Envoy, path: str, body: dict):
    text = json.dumps(body).encode()
    with Http1(envoy.port) as client:
        client.send(
            head(
                "POST", path, [("host", "e"), ("content-type", "application/json"), ("content-length", str(len(text)))]
            )
            + text
        )
        return client.response()


def test_a_rendered_configuration_routes(deployment, started_envoy, providers):
    envoy = started_envoy(deployment.render())
    assert ask(envoy, "/v1/chat/completions", {"model": "large", "messages": []}).json()["served_by"] == "first"
    assert providers["first"].requests[0].json()["model"] == "large-1"
    assert providers["first"].requests[0].header("x-pointsman-cluster") is None
    assert ask(envoy, "/v1/messages", {"model": "auto", "messages": []}).json()["served_by"] == "second"
    assert ask(envoy, "/healthz", {}).json()["served_by"] == "web"
    assert ask(envoy, "/v1/chat/completions", {"model": "nobody", "messages": []}).status == 404


def send_http2(envoy: Envoy, path: str, body: bytes):
    """In pieces and without a length, so that nobody knows how large it is before it has come."""
    with Http2(envoy.port, timeout=60) as client:
        stream = client.begin("POST", path, [("content-type", "application/json")])
        client.send(stream, body, end=True)
        return client.response(stream)


def model_last(size: int) -> dict:
    return {"messages": [{"role": "user", "content": "x" * size}], "model": "small"}


def test_a_large_body_fits_the_rendered_buffer(deployment, started_envoy):
    envoy = started_envoy(deployment.render())
    body = model_last(20_000_000)
    assert ask(envoy, "/v1/chat/completions", body).json()["served_by"] == "second"
    assert send_http2(envoy, "/v1/chat/completions", json.dumps(body).encode()).json()["served_by"] == "second"


def test_a_body_beyond_the_policys_limit_is_refused_in_the_words_of_the_api(deployment, started_envoy):
    envoy = started_envoy(deployment.render())
    body = json.dumps(model_last(32 << 20)).encode()
    response = send_http2(envoy, "/v1/messages", body)
    assert (response.status, response.json()["error"]["type"]) == (413, "request_too_large")
    chunked = head(
        "POST", "/v1/messages", [("host", "e"), ("content-type", "application/json"), ("transfer-encoding", "chunked")]
    )
    with Http1(envoy.port) as client:
        client.send_ignoring_reset(chunked + chunk(body) + last_chunk())
        response = client.response()
    assert (response.status, response.json()["error"]["type"]) == (413, "request_too_large")


def test_rendering_again_brings_a_new_policy_into_a_running_envoy(deployment, started_envoy, providers, tmp_path):
    folder = str(tmp_path / "discovery")
    envoy = started_envoy(deployment.render("--ecds-dir", folder))

    def model() -> str:
        ask(envoy, "/v1/chat/completions", {"model": "large", "messages": []})
        return providers["first"].requests[-1].json()["model"]

    assert model() == "large-1"
    deployment.write(policy("large-2"))
    deployment.render("--ecds-dir", folder)
    wait_for("the new policy", lambda: model() == "large-2")


def test_the_access_log_holds_the_record_that_explain_prints(deployment, started_envoy, tmp_path):
    envoy = started_envoy(deployment.render())
    body = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
    ask(envoy, "/v1/messages", body)
    (tmp_path / "body.json").write_text(json.dumps(body))
    command = [
        locations.cli(),
        "explain",
        tmp_path / "policy.yaml",
        "--request",
        tmp_path / "body.json",
        "--api",
        "messages",
        "--output",
        "json",
    ]
    explained = json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)

    def logged() -> list[dict]:
        lines = [json.loads(line) for line in envoy.log().splitlines() if line.startswith("{")]
        return [json.loads(line["decision"]) for line in lines if line["decision"]]

    assert wait_for("the access log", logged) == [explained]


def test_clients_are_known_by_the_certificates_that_a_listener_asks_for(tmp_path, providers):
    authority = certificates.Authority(tmp_path)
    server = authority.issue("server")
    finance, other = (
        authority.issue("finance", "spiffe://a/ns/finance/sa/x"),
        authority.issue("other", "spiffe://a/ns/b"),
    )
    tls = {"certificateFile": server.certificate.name, "keyFile": server.key.name}
    tls |= {"clientCaFile": "authority.pem", "clientCertificates": "optional"}
    deployment = Deployment(tmp_path, "stop", list(providers.values()))
    described = yaml.safe_load((tmp_path / "deployment.yaml").read_text())
    (tmp_path / "deployment.yaml").write_text(yaml.safe_dump({**described, "listener": {"port": 0, "tls": tls}}))
    tenants = [{"name": "finance", "match": {"principals": ["spiffe://a/ns/finance/*"]}}]
    deployment.write({**policy("large-1"), "tenants": tenants})
    envoy = Envoy(locations.NEWEST_ENVOY, deployment.render(), tmp_path / "envoy")
    try:
        for pair, status in ((finance, 200), (other, 403), (None, 403)):
            body = b'{"model": "small", "messages": []}'
            length = ("content-length", str(len(body)))
            with Http1(envoy.port, tls=authority.client_context(pair)) as client:
                client.send(
                    head("POST", "/v1/messages", [("host", "e"), ("content-type", "application/json"), length]) + body
                )
                assert client.response().status == status
        envoy.assert_healthy()
    finally:
        envoy.stop()
