"""Clients and providers that leave in the middle: nothing stays behind, and the next request is served."""

import json
import random

import pytest

from harness.edge import JSON, new_test_id
from harness.http1 import Http1, head
from harness.http2 import Http2
from harness.waiting import wait_for

EVERY_WORLD = True
POLICY = {"models": [{"name": "m", "cluster": "provider", "upstreamModel": "mm"}]}
INSTALLATION = {"concurrency": 2, "buffer_limit": 8 << 20}
CHAT = "/v1/chat/completions"
FIRST = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 200_000}]}).encode()
LAST = json.dumps({"messages": [{"role": "user", "content": "x" * 200_000}], "model": "m"}).encode()


def is_served(edge) -> bool:
    return edge.ask(CHAT, {"model": "m", "messages": []}).status == 200


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("body", [FIRST, LAST], ids=["model-first", "model-last"])
def test_http1_clients_that_leave_anywhere_leave_nothing(edge, body, leave):
    chance = random.Random(leave)
    for _ in range(60):
        client = Http1(edge.port)
        sent = head("POST", CHAT, [("host", "edge.test"), JSON, ("content-length", str(len(body)))]) + body
        client.send_ignoring_reset(sent[: chance.choice([chance.randrange(200), chance.randrange(len(sent))])])
        client.reset() if leave == "reset" else client.close()
    assert is_served(edge)


@pytest.mark.parametrize("body", [FIRST, LAST], ids=["model-first", "model-last"])
def test_http2_streams_that_are_reset_anywhere_leave_nothing(edge, body):
    chance = random.Random(1)
    for _ in range(8):
        with Http2(edge.port) as client:
            for _ in range(8):
                stream = client.begin("POST", CHAT, [JSON])
                client.send(stream, body[: chance.randrange(60_000)])
                client.reset(stream)
            kept = client.begin("POST", CHAT, [JSON])
            client.send(kept, body, end=True)
            assert client.response(kept).status == 200
            abandoned = [client.begin("POST", CHAT, [JSON]) for _ in range(4)]
            client.send(abandoned[0], body[:100])
    assert is_served(edge)


def test_a_client_that_leaves_while_it_waits_for_the_answer_frees_the_provider(edge):
    test_id = new_test_id()
    client = Http1(edge.port)
    fields = [
        ("host", "edge.test"),
        ("x-test-id", test_id),
        ("x-test-reply", "hang"),
        JSON,
        ("content-length", str(len(FIRST))),
    ]
    client.send(head("POST", CHAT, fields) + FIRST)
    edge.providers["provider"].one(test_id)
    assert edge.envoy.active_requests()
    client.close()
    wait_for("the request to be gone", lambda: not edge.envoy.active_requests())
    assert is_served(edge)


def test_a_client_that_leaves_at_once_after_the_last_byte_leaves_nothing(edge):
    for body in [FIRST, LAST] * 20:
        client = Http1(edge.port)
        client.send(head("POST", CHAT, [("host", "edge.test"), JSON, ("content-length", str(len(body)))]) + body)
        client.reset()
    assert is_served(edge)


def test_a_provider_that_hangs_up_is_told_to_the_client(edge, monkeypatch):
    def hang_up(_):
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(edge.providers["provider"], "answer", hang_up)
        assert edge.ask(CHAT, FIRST).status == 503
    assert is_served(edge)


@pytest.mark.parametrize("rest", [b',"model":"m"}', b"nonsense}", b'"}'], ids=["second-model", "syntax", "quote"])
def test_a_body_that_goes_wrong_after_the_provider_has_answered_is_cut_off(edge, rest):
    """The decision is streamed, the provider answers early, and only then the body shows what it is."""
    test_id, begin = new_test_id(), FIRST[:-1]
    fields = [
        ("host", "edge.test"),
        ("x-test-id", test_id),
        ("x-test-reply", "early"),
        JSON,
        ("content-length", str(len(begin) + len(rest))),
    ]
    with Http1(edge.port) as client:
        client.send(head("POST", CHAT, fields) + begin)
        assert client.response_head().status == 200
        client.send_ignoring_reset(rest)
        wait_for("the request to be gone", lambda: not edge.envoy.active_requests())
    assert [request for request in edge.received(test_id) if request.complete] == []
    assert is_served(edge)
