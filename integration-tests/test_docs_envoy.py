"""The Envoy configurations that the pages show, in real Envoys."""

import gzip
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


def put_in_front(config: dict) -> None:
    """The parts that the page shows one by one, in the places that it names."""
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    filters = []
    for block in pages.of("yaml", "envoy-part"):
        part = yaml.safe_load(block.text)
        filters += part.pop("http_filters")
        for host in part.pop("route_config", {}).get("virtual_hosts", []):
            (own,) = (known for known in manager["route_config"]["virtual_hosts"] if known["name"] == host["name"])
            own.update(host)
        assert not part, block.id
    manager["http_filters"] = filters + manager["http_filters"]


def envoy_configuration(hold: str, port: int, fronted: bool = False) -> str:
    text = pages.one("yaml", "envoy").text
    for placeholder, value in PORTS.items():
        assert placeholder in text
        text = text.replace(placeholder, value)
    config, filters = yaml.safe_load(text), yaml.safe_load(pages.one("yaml", "envoy-filters").text)
    if hold == "gate":
        manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        manager["http_filters"] = filters
    if fronted:
        put_in_front(config)
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


@pytest.fixture
def fronted(world, llama, tmp_path):
    version, hold = world
    envoy = Envoy(version, envoy_configuration(hold, llama.port, fronted=True), tmp_path)
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


def test_browsers_and_compressed_bodies_need_the_parts_that_are_shown(fronted, llama):
    page = ("origin", "https://chat.example.com")
    with Http1(fronted.port) as client:
        asked = [("access-control-request-method", "POST"), ("access-control-request-headers", "x-api-key")]
        client.send(head("OPTIONS", "/v1/messages", [("host", "e"), page, *asked]))
        preflight = client.response()
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (200, page[1])
    assert "x-api-key" in preflight.header("access-control-allow-headers")
    body = b'{"model": "auto", "messages": []}'
    seen = ask(fronted, "/v1/chat/completions", body, page)
    assert (seen.status, seen.header("access-control-allow-origin")) == (200, page[1])
    refused = ask(fronted, "/v1/chat/completions", b'{"model": "x"}', page)
    assert (refused.status, refused.header("access-control-allow-origin")) == (404, page[1])
    elsewhere = ask(fronted, "/v1/chat/completions", body, ("origin", "https://evil.example"))
    assert (elsewhere.status, elsewhere.header("access-control-allow-origin")) == (200, None)
    packed = ask(fronted, "/v1/chat/completions", gzip.compress(body), ("content-encoding", "gzip"))
    assert packed.json()["served_by"] == "llama"
    assert llama.requests[-1].json()["model"] == "meta-llama/Llama-3.2-3B-Instruct"
    assert llama.requests[-1].header("content-encoding") is None


CHAINED = {
    "models": [
        {"name": "a", "cluster": "first", "fallback": ["b"]},
        {"name": "b", "cluster": "second"},
        {"name": "c", "cluster": "third"},
    ],
    "aliases": [{"name": "auto"}],
    "rules": [
        {"name": "r", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "a"}], "mirror": {"model": "c"}}}
    ],
}


def test_a_configuration_with_rendered_parts_serves_fallback_and_mirror(tmp_path):
    """The parts that the page names, in place of those that it shows."""
    first, _, third = providers = [Provider(name) for name in ("first", "second", "third")]
    first.answer = lambda request: Answer(503, "text/plain", (b"no",))
    with serving(providers):
        clusters = [{"name": it.name, "address": "127.0.0.1", "port": it.port} for it in providers]
        (tmp_path / "deployment.yaml").write_text(yaml.safe_dump({"clusters": clusters}))
        (tmp_path / "policy.yaml").write_text(yaml.safe_dump(CHAINED))
        command = [locations.cli(), "render", "envoy", tmp_path, "--wasm", locations.module()]
        rendered = yaml.safe_load(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
        config = json.loads(envoy_configuration("stop", 8000))
        own, parts = (each["static_resources"] for each in (config, rendered))
        own["clusters"] = parts["clusters"]
        own, parts = (each["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"] for each in (own, parts))
        shown, taken = own["route_config"]["virtual_hosts"][0], parts["route_config"]["virtual_hosts"][0]
        shown.update({key: taken[key] for key in taken if key not in ("name", "domains")})
        own["http_filters"][0] = parts["http_filters"][0]
        envoy = Envoy(locations.NEWEST_ENVOY, json.dumps(config), tmp_path / "envoy")
        try:
            seen = ask(envoy, "/v1/chat/completions", b'{"model": "auto", "messages": []}')
            assert seen.json()["served_by"] == "second"
            wait_for("the copy", lambda: third.requests)
            told = [[request.json()["model"] for request in provider.requests] for provider in providers]
            assert told == [["a"], ["b"], ["c"]]
            doctor = [locations.cli(), "doctor", (tmp_path / "envoy" / "admin-address").read_text()]
            done = subprocess.run(doctor, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stdout
            envoy.assert_healthy()
        finally:
            envoy.stop()


def test_a_websocket_is_told_to_come_by_http(installed, llama):
    with Http1(installed.port) as client:
        upgrade = [("host", "e"), ("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]
        client.send(head("GET", "/v1/responses", [*upgrade, ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]))
        refused = client.response(of="GET")
    assert (refused.status, refused.json()["error"]["code"]) == (426, "websocket")
    assert llama.requests == []


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
