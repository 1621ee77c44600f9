"""The Envoy configurations that the pages show, in real Envoys."""

import json
import subprocess

import pytest
import yaml

from harness import locations, pages
from harness.envoy import Envoy
from harness.http1 import Http1, head
from harness.http2 import Http2
from harness.messages import Answer
from harness.provider import Provider, serving
from harness.waiting import wait_for

MODULE = "/etc/envoy/pointsman.wasm"
PORTS = {"port_value: 9901": "port_value: 0", "port_value: 10000": "port_value: 0"}


def envoy_configuration(hold: str, port: int) -> str:
    text = pages.one("yaml", "envoy").text
    for placeholder, value in PORTS.items():
        assert placeholder in text
        text = text.replace(placeholder, value)
    config, filters = yaml.safe_load(text), yaml.safe_load(pages.one("yaml", "envoy-filters").text)
    if hold == "gate":
        manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        manager["http_filters"] = filters
    text = json.dumps(config)
    assert MODULE in text and '"port_value": 8000' in text
    return text.replace(MODULE, str(locations.module())).replace('"port_value": 8000', f'"port_value": {port}')


@pytest.fixture
def llama():
    provider = Provider("llama")
    with serving([provider]):
        yield provider


@pytest.fixture
def installed(world, llama, tmp_path):
    version, hold = world
    envoy = Envoy(version, envoy_configuration(hold, llama.port), tmp_path)
    try:
        yield envoy
        envoy.assert_healthy()
    finally:
        envoy.stop()


def ask(envoy: Envoy, path: str, body: bytes, *headers):
    with Http1(envoy.port) as client:
        fields = [("host", "e"), ("content-type", "application/json"), ("content-length", str(len(body))), *headers]
        client.send(head("POST", path, fields) + body)
        return client.response()


def test_the_shown_configuration_routes(installed, llama):
    body = b'{"model": "auto", "messages": []}'
    seen = ask(installed, "/v1/chat/completions", body, ("x-pointsman-cluster", "nowhere"))
    assert seen.json()["served_by"] == "llama"
    (request,) = llama.requests
    assert request.json()["model"] == "meta-llama/Llama-3.2-3B-Instruct"
    assert request.header("x-pointsman-cluster") is None
    assert ask(installed, "/v1/chat/completions", b'{"model": "x"}').status == 404
    assert ask(installed, "/elsewhere", b"{}", ("x-pointsman-cluster", "llama")).body == b""
    assert len(llama.requests) == 1

    def decisions() -> list:
        lines = [json.loads(line) for line in installed.log().splitlines() if line.startswith("{")]
        return [line["decision"] and json.loads(line["decision"])["action"] for line in lines]

    wait_for("the access log", lambda: decisions() == ["route", "deny", None])


def test_nobody_steers_the_shown_configuration(installed, llama):
    """Not its clients, and no provider what clients are told of decisions."""
    said = [(b"x-pointsman-model", b"evil"), (b"x-pointsman-anything", b"evil"), (b"x-other", b"1")]
    llama.answer = lambda request: Answer(503, "text/plain", (b"no",), said)
    steering = [("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "9")]
    for address in ("10.0.0.1", "0.0.0.0"):
        llama.requests.clear()
        body = b'{"model": "auto", "messages": []}'
        seen = ask(installed, "/v1/chat/completions", body, ("x-forwarded-for", address), *steering)
        assert (seen.status, seen.header("x-other"), len(llama.requests)) == (503, "1", 1)
        assert [name for name, _ in seen.headers if name.lower().startswith(b"x-pointsman")] == []
        told = {name.lower() for name, _ in llama.requests[0].headers}
        assert not {b"x-envoy-external-address", b"x-envoy-internal"} & told


def test_the_shown_configuration_holds_what_it_says(installed, llama):
    body = b'{"messages": [{"content": "%s"}], "model": "auto"}' % (b"x" * (20 << 20))
    assert ask(installed, "/v1/chat/completions", body).json()["served_by"] == "llama"
    with Http2(installed.port) as client:
        stream = client.begin("POST", "/v1/chat/completions", [("content-type", "application/json")])
        client.send(stream, body, end=True)
        assert client.response(stream).json()["served_by"] == "llama"


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("yaml", "secret")])
def test_envoy_takes_a_secret_as_shown(block, tmp_path):
    """A file of the secret discovery service; Envoy is stricter with the same in its bootstrap."""
    (secret,) = yaml.safe_load(block.text)["resources"]
    assert secret.pop("@type") == "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    bootstrap = tmp_path / "envoy.json"
    bootstrap.write_text(json.dumps({"static_resources": {"secrets": [secret]}}))
    command = [locations.envoy_binary(locations.OLDEST_ENVOY), "--mode", "validate", "-c", bootstrap, "-l", "error"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
