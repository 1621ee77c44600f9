"""A wrong installation is said: a 500 in the client's API, a line in the log, and nothing upstream."""

import dataclasses
import time

import pytest

from harness import locations
from harness.bootstrap import Chain
from harness.edge import JSON
from harness.waiting import wait_for

EVERY_WORLD = True
IN_TIME = 10.0
"""Seconds within which a mistake is said: the watch takes two, and a busy machine may take longer to run it. Clients
hang for longer."""
POLICY = {"models": [{"name": "m", "cluster": "provider"}]}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@dataclasses.dataclass(frozen=True)
class Mistake:
    hold: str
    chain: Chain
    said: str
    elsewhere: Chain | None = None
    """The chain of another listener of the same Envoy."""


MISTAKES = {
    "flag-missing": Mistake("stop", Chain(("router",), False), "allow_on_headers_stop_iteration"),
    "gate-missing": Mistake("gate", Chain(("router",), False), "role: gate"),
    "gate-first": Mistake("gate", Chain(("gate", "router"), False), "right behind the router"),
    "gate-elsewhere": Mistake(
        "gate", Chain(("router",), False), "role: gate", elsewhere=Chain(("router", "gate"), False)
    ),
}


@pytest.fixture(scope="module", params=MISTAKES.values(), ids=MISTAKES.keys())
def mistake(request):
    return request.param


@pytest.fixture(scope="module", params=locations.ENVOY_VERSIONS)
def world(request, mistake):
    return request.param, mistake.hold


@pytest.fixture(scope="module")
def shared_edge(started, mistake):
    return started(chain=mistake.chain, elsewhere=mistake.elsewhere, default_cluster="web")


def ask_in_time(edge, *arguments, **more):
    began = time.monotonic()
    seen = edge.ask(*arguments, **more)
    assert time.monotonic() - began < IN_TIME
    return seen


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(
    "body",
    [ASKED, [b'{"model":"m",', b'"messages":[]}'], {**ASKED, "user": "x" * 300_000}],
    ids=["small", "pieces", "300KB"],
)
def test_an_llm_call_is_answered_with_a_500(edge, mistake, body, protocol):
    seen = ask_in_time(edge, "/v1/chat/completions", body, protocol=protocol)
    assert (seen.status, seen.reached) == (500, [])
    assert seen.response.header("content-type") == "application/json"
    assert mistake.said in seen.response.json()["error"]["message"]
    assert (seen.record["action"], seen.record["reason"]) == ("deny", "installation")


def test_anthropics_clients_are_told_in_anthropics_shape(edge):
    seen = ask_in_time(edge, "/v1/messages", {**ASKED, "max_tokens": 1})
    assert (seen.status, seen.reached) == (500, [])
    assert (seen.response.json()["type"], seen.response.json()["error"]["type"]) == ("error", "api_error")


def test_the_log_says_what_to_do(edge, mistake):
    ask_in_time(edge, "/v1/chat/completions", ASKED)
    wait_for("a line in Envoy's log", lambda: mistake.said in edge.envoy.log())


@pytest.mark.parametrize("clusters", [["provider", "pointsman-undecided"], ["pointsman-undecided"]], ids=["two", "one"])
def test_a_client_cannot_pose_as_the_router(edge, clusters):
    steering = [JSON, *(("x-pointsman-cluster", cluster) for cluster in clusters)]
    for _ in range(2):
        seen = ask_in_time(edge, "/v1/chat/completions", ASKED, steering)
        assert (seen.status, seen.reached) == (500, [])


def test_other_traffic_is_left_alone(edge):
    seen = ask_in_time(edge, "/healthz", None, [], method="GET")
    assert (seen.status, seen.reached) == (200, ["web"])
    seen = ask_in_time(edge, "/upload", b"{" * 1000)
    assert (seen.status, seen.reached) == (200, ["web"])
