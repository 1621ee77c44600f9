"""In a real mesh: the module in an application's own sidecar. The application is a process in a network of its own,
whose traffic `istio-iptables` captures; the agent has its certificate, its policy and its module from the mesh."""

import contextlib
import json
import subprocess
import sys

import pytest

from harness.edge import JSON, Installation
from harness.waiting import wait_for
from istiod import rendered
from mesh.application import Application, called
from mesh.network import PROXYS_GROUP
from mesh.workload import Workload

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]
HOST, PORT = "llm.example.com", 8080
LABELS = {"app": "chat", "security.istio.io/tlsMode": "istio"}
POLICY = {
    "models": [
        {"name": "gpt", "cluster": "openai", "upstreamModel": "gpt-2026-01-01"},
        {"name": "claude", "cluster": "anthropic", "apis": ["messages", "countTokens"]},
    ],
    "aliases": [{"name": "auto"}],
    "rules": [
        {
            "name": "no-lab",
            "match": {"keywords": ["laboratory"]},
            "deny": {"status": 403, "message": "not for the lab"},
        },
        {"name": "auto", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "gpt"}]}},
    ],
}
ASK = [{"role": "user", "content": "Where does this train go?"}]
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_application(istiod, registry, world, tmp_path_factory):
    version, hold = world
    folder = tmp_path_factory.mktemp("sidecar")
    target = {"target": "sidecar", "namespace": "chat", "selector": {"app": "chat"}, "hosts": [HOST], "port": PORT}
    with (
        called(istiod, registry, folder, POLICY, hold, target) as (providers, hosts),
        contextlib.ExitStack() as ends,
    ):
        pod = Workload(istiod, version, folder / "pod", "chat", "chat", LABELS, hosts=hosts)
        ends.callback(pod.stop)
        application = Application(pod, Installation(version, hold, POLICY), providers, f"http://{HOST}:{PORT}")
        wait_for("the router and its gate", lambda: application.ask("/v1/models", method="GET").status == 200)
        yield application


@pytest.fixture
def application(shared_application):
    yield shared_application
    shared_application.assert_healthy()


@pytest.mark.parametrize(
    ("path", "model", "cluster", "written"),
    [
        (CHAT, "gpt", "openai", "gpt-2026-01-01"),
        (CHAT, "auto", "openai", "gpt-2026-01-01"),
        ("/v1/messages", "claude", "anthropic", "claude"),
    ],
)
def test_what_an_application_asks_by_name_goes_to_the_models_host(application, path, model, cluster, written):
    seen = application.ask(path, {"model": model, "messages": ASK})
    host = rendered.host_of(cluster)
    assert (seen.status, seen.upstream.provider, seen.upstream.header("host")) == (200, cluster, host)
    assert seen.upstream.json()["model"] == written
    assert (seen.log["cluster"], seen.record["cluster"]) == (f"outbound|443||{host};", cluster)
    assert set(application.providers[cluster].server_names) == {host}


def test_the_name_is_the_agents_and_the_way_is_iptables(application):
    """Nobody else knows the name, and nothing has the address: without the capture there is no way."""
    assert application.address_of(HOST).startswith("240.240.")
    assert application.address_of("nowhere.example") is None
    # What the proxy's group sends is not captured.
    connect = f"import socket; socket.create_connection(({HOST!r}, {PORT}), 2)"
    network = application.pod.network
    ways = [network.command(sys.executable, "-c", connect, group=group) for group in (None, PROXYS_GROUP)]
    assert [subprocess.run(way, capture_output=True, timeout=60).returncode for way in ways] == [0, 1]


def test_an_application_cannot_choose_the_route(application):
    steering = [("x-pointsman-cluster", "anthropic"), ("x-pointsman-anything", "x")]
    seen = application.chat("gpt", headers=steering)
    assert (seen.status, seen.reached) == (200, ["openai"])
    assert [name for name, _ in seen.upstream.headers if name.lower().startswith(b"x-pointsman")] == []
    for model, status in (("unheard-of", 404), ("claude", 400)):
        refused = application.chat(model, headers=steering)
        assert (refused.status, refused.reached) == (status, []), model
    other = application.ask("/upload", b"anything", [JSON, *steering])
    assert (other.status, other.reached, other.log["record"]) == (404, [], None)


def test_a_refusal_says_what_the_policy_says(application):
    refused = application.ask(CHAT, {"model": "gpt", "messages": [{"role": "user", "content": "for the laboratory"}]})
    assert (refused.status, refused.response.json()["error"]["message"]) == (403, "not for the lab")


def test_what_goes_elsewhere_is_not_the_modules(application):
    """A provider's own address, in the application's own TLS: the sidecar hands it on unread. Who must not do that
    needs an egress gateway, or a Sidecar resource."""
    steering = [("x-pointsman-cluster", "anthropic"), ("x-test-id", "direct"), JSON]
    host = rendered.host_of("openai")
    text = json.dumps({"model": "gpt", "messages": ASK})
    answer = application.call(f"https://{host}", "POST", CHAT, steering, text.encode())
    (request,) = application.received("direct")
    assert (answer.status, request.provider, request.body) == (200, "openai", text.encode())
    assert request.header("x-pointsman-cluster") == "anthropic"
