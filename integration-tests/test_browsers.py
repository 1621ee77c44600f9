"""Websockets and pages of other origins, at what `render envoy` writes."""

import json
import subprocess

import pytest
import yaml

from harness import locations
from harness.envoy import Envoy
from harness.http1 import Http1, head
from harness.messages import Response
from harness.provider import Provider, serving

HOST = ("host", "e")
JSON = ("content-type", "application/json")
UPGRADE = [
    HOST,
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
]
PREFLIGHT = [
    HOST,
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization,content-type"),
]
ALLOW = "access-control-allow-origin"
POLICY = {"models": [{"name": "m", "cluster": "provider"}]}


@pytest.fixture(scope="module")
def provider():
    provider = Provider("provider")
    with serving([provider]):
        yield provider


def rendered(folder, hold: str, provider: Provider, **more) -> str:
    folder.mkdir(exist_ok=True)
    cluster = {"name": provider.name, "address": "127.0.0.1", "port": provider.port}
    deployment = {"listener": {"port": 0}, "hold": hold, "clusters": [cluster], **more}
    (folder / "deployment.yaml").write_text(yaml.safe_dump(deployment))
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    command = [locations.cli(), "render", "envoy", folder, "--wasm", locations.module()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def envoy(world, provider, tmp_path_factory):
    """Without a default cluster: everything but LLM calls leads nowhere."""
    version, hold = world
    folder = tmp_path_factory.mktemp("rendered")
    cors = {"allowOrigins": ["https://ui.example", "https://*.corp.example"]}
    envoy = Envoy(version, rendered(folder, hold, provider, cors=cors), folder / "envoy")
    try:
        yield envoy
        envoy.assert_healthy()
    finally:
        envoy.stop()


def ask(envoy: Envoy, method: str, path: str, headers: list, body: bytes | None = None) -> Response:
    length = [("content-length", str(len(body)))] if body is not None else []
    with Http1(envoy.port) as client:
        client.send(head(method, path, [*headers, *length]) + (body or b""))
        return client.response(of=method)


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions", "/responses"])
def test_a_websocket_at_a_routed_path_gets_426_and_a_body(envoy, provider, path):
    provider.requests.clear()
    answer = ask(envoy, "GET", path, UPGRADE)
    assert (answer.status, answer.header("content-type")) == (426, "application/json")
    assert answer.json()["error"]["code"] == "websocket" and "websocket" in answer.json()["error"]["message"]
    assert provider.requests == []
    # Clients go on by HTTP, as Codex does at once.
    body = json.dumps({"model": "m", "input": [], "messages": []}).encode()
    assert ask(envoy, "POST", path, [HOST, JSON], body).json()["served_by"] == "provider"


def test_a_websocket_elsewhere_is_no_way_around(envoy, provider):
    provider.requests.clear()
    assert ask(envoy, "GET", "/v1/realtime?model=m", UPGRADE).status == 400
    assert ask(envoy, "GET", "/elsewhere", UPGRADE).status == 404
    assert provider.requests == []


@pytest.mark.parametrize("origin", ["https://ui.example", "https://chat.corp.example", "https://a.b.corp.example"])
def test_a_preflight_is_answered_by_envoy(envoy, provider, origin):
    provider.requests.clear()
    for path in ("/v1/chat/completions", "/v1/messages", "/anywhere"):
        answer = ask(envoy, "OPTIONS", path, [*PREFLIGHT, ("origin", origin)])
        assert (answer.status, answer.header(ALLOW)) == (200, origin)
        assert "POST" in answer.header("access-control-allow-methods")
        allowed = answer.header("access-control-allow-headers").split(",")
        assert {"authorization", "content-type", "x-stainless-lang", "anthropic-version"} <= set(allowed)
        assert answer.header("access-control-max-age") == "3600"
    assert provider.requests == []


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://corp.example",
        "http://ui.example",
        "https://ui.example.evil.example",
        "https://xcorp.example",
    ],
)
def test_others_get_no_permission(envoy, provider, origin):
    answer = ask(envoy, "OPTIONS", "/v1/chat/completions", [*PREFLIGHT, ("origin", origin)])
    assert (answer.status, answer.header(ALLOW)) == (200, None)
    body = b'{"model": "m", "messages": []}'
    answer = ask(envoy, "POST", "/v1/chat/completions", [HOST, JSON, ("origin", origin)], body)
    assert answer.header(ALLOW) is None


def test_a_page_reads_answers_and_refusals(envoy, provider):
    page = ("origin", "https://ui.example")
    answer = ask(envoy, "POST", "/v1/chat/completions", [HOST, JSON, page], b'{"model": "m", "messages": []}')
    assert (answer.status, answer.json()["served_by"], answer.header(ALLOW)) == (200, "provider", page[1])
    refused = ask(envoy, "POST", "/v1/chat/completions", [HOST, JSON, page], b'{"model": "nobody", "messages": []}')
    assert (refused.status, refused.header(ALLOW)) == (404, page[1])
    assert refused.json()["error"]["code"] == "model_not_found"
    nowhere = ask(envoy, "GET", "/elsewhere", [HOST, page])
    assert (nowhere.status, nowhere.header(ALLOW)) == (404, page[1])
    assert ask(envoy, "GET", "/elsewhere", [HOST]).body == b"not an LLM call, and no default cluster\n"


def test_an_operators_own_cors_filter_works_in_what_is_rendered(provider, tmp_path):
    """Added by hand: the filter first in the chain, the policy on the virtual host."""
    config = yaml.safe_load(rendered(tmp_path / "plain", "stop", provider))
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    name, types = "envoy.filters.http.cors", "type.googleapis.com/envoy.extensions.filters.http.cors.v3."
    manager["http_filters"].insert(0, {"name": name, "typed_config": {"@type": types + "Cors"}})
    manager["route_config"]["virtual_hosts"][0]["typed_per_filter_config"] = {
        name: {
            "@type": types + "CorsPolicy",
            "allow_origin_string_match": [{"exact": "https://ui.example"}],
            "allow_methods": "POST",
            "allow_headers": "authorization,content-type",
        }
    }
    envoy = Envoy(locations.NEWEST_ENVOY, json.dumps(config), tmp_path / "envoy")
    try:
        answer = ask(envoy, "OPTIONS", "/v1/chat/completions", [*PREFLIGHT, ("origin", "https://ui.example")])
        assert (answer.status, answer.header(ALLOW)) == (200, "https://ui.example")
    finally:
        envoy.stop()
