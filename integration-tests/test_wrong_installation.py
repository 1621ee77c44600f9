"""A wrong installation is said: a 500 in the client's API within two seconds, a line in the log, and nothing upstream."""

import time

import pytest

from harness.bootstrap import Chain
from harness.edge import JSON
from harness.waiting import wait_for

POLICY = {"models": [{"name": "m", "cluster": "provider"}]}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
WRONG = {
    "stop": {"flag-missing": Chain(("router",), False)},
    "gate": {"gate-missing": Chain(("router",), False), "gate-first": Chain(("gate", "router"), False)},
}
SAID = {"flag-missing": "allow_on_headers_stop_iteration", "gate-missing": "role: gate", "gate-first": "in front of its router"}


@pytest.fixture(scope="module", params=SAID)
def wrong(request, world, started):
    chain = WRONG[world[1]].get(request.param)
    if chain is None:
        pytest.skip(f"{request.param} is no mistake in hold mode {world[1]}")
    edge = started(chain=chain, default_cluster="web")
    edge.mistake = request.param
    return edge


def ask_in_time(edge, *arguments, **more):
    began = time.monotonic()
    seen = edge.ask(*arguments, **more)
    assert time.monotonic() - began < 2
    return seen


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("body", [ASKED, [b'{"model":"m",', b'"messages":[]}'], {**ASKED, "user": "x" * 300_000}], ids=["small", "pieces", "300KB"])
def test_an_llm_call_is_answered_with_a_500(wrong, body, protocol):
    seen = ask_in_time(wrong, "/v1/chat/completions", body, protocol=protocol)
    assert (seen.status, seen.reached) == (500, [])
    assert seen.response.header("content-type") == "application/json"
    assert SAID[wrong.mistake] in seen.response.json()["error"]["message"]
    assert (seen.record["action"], seen.record["reason"]) == ("deny", "installation")
    wrong.assert_healthy()


def test_anthropics_clients_are_told_in_anthropics_shape(wrong):
    seen = ask_in_time(wrong, "/v1/messages", {**ASKED, "max_tokens": 1})
    assert (seen.status, seen.reached) == (500, [])
    assert (seen.response.json()["type"], seen.response.json()["error"]["type"]) == ("error", "api_error")
    wrong.assert_healthy()


def test_the_log_says_what_to_do(wrong):
    ask_in_time(wrong, "/v1/chat/completions", ASKED)
    wait_for("a line in Envoy's log", lambda: SAID[wrong.mistake] in wrong.envoy.log())


def test_a_client_cannot_pose_as_the_router(wrong):
    steering = [JSON, ("x-pointsman-cluster", "provider"), ("x-pointsman-cluster", "pointsman-undecided")]
    seen = ask_in_time(wrong, "/v1/chat/completions", ASKED, steering)
    assert (seen.status, seen.reached) == (500, [])


def test_other_traffic_is_left_alone(wrong):
    seen = ask_in_time(wrong, "/healthz", None, [], method="GET")
    assert (seen.status, seen.reached) == (200, ["web"])
    seen = ask_in_time(wrong, "/upload", b"{" * 1000)
    assert (seen.status, seen.reached) == (200, ["web"])
