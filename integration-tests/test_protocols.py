"""HTTP/1.1 and HTTP/2, every framing of a body, interim responses, trailers, keep-alive and early answers."""

import json

import pytest

from harness.edge import JSON, new_test_id
from harness.http1 import Http1, chunk, head, last_chunk
from harness.http2 import Http2, StreamReset
from harness.messages import Answer

EVERY_WORLD = True
POLICY = {
    "models": [
        {"name": "short", "cluster": "provider", "upstreamModel": "a-rather-longer-name-upstream"},
        {"name": "same", "cluster": "provider"},
    ],
}
CHAT = "/v1/chat/completions"


def body_for(model: str) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": "hi"}], "model": model}).encode()


ASKED = body_for("short")
EXPECTED = ASKED.replace(b'"short"', b'"a-rather-longer-name-upstream"')


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_body_with_a_length_gets_the_exact_new_length(edge, protocol):
    seen = edge.ask(CHAT, ASKED, protocol=protocol)
    assert (seen.status, seen.upstream.body) == (200, EXPECTED)
    assert seen.upstream.all("content-length") == [str(len(EXPECTED)).encode()]
    assert seen.upstream.header("transfer-encoding") is None


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_a_body_without_a_length_stays_without(edge, protocol, size):
    pieces = [ASKED[start : start + size] for start in range(0, len(ASKED), size)]
    seen = edge.ask(CHAT, pieces, protocol=protocol)
    assert (seen.status, seen.upstream.body) == (200, EXPECTED)
    assert seen.upstream.all("content-length") == []


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_name_that_stays_changes_nothing(edge, protocol):
    seen = edge.ask(CHAT, body_for("same"), protocol=protocol)
    assert (seen.status, seen.upstream.body) == (200, body_for("same"))


def test_expect_100_continue_is_answered_and_then_served(edge):
    test_id = new_test_id()
    with Http1(edge.port) as client:
        fields = [
            ("host", "e"),
            ("x-test-id", test_id),
            JSON,
            ("expect", "100-continue"),
            ("content-length", str(len(ASKED))),
        ]
        client.send(head("POST", CHAT, fields))
        assert client.response_head().status == 100
        client.send(ASKED)
        assert client.response().status == 200
    assert edge.providers["provider"].one(test_id).body == EXPECTED


def test_expect_100_continue_with_a_refused_body_is_refused(edge):
    body = body_for("unheard-of")
    with Http1(edge.port) as client:
        client.send(
            head("POST", CHAT, [("host", "e"), JSON, ("expect", "100-continue"), ("content-length", str(len(body)))])
        )
        assert client.response_head().status == 100
        client.send(body)
        assert client.response().status == 404


def test_trailers_in_http1_arrive(edge):
    test_id = new_test_id()
    with Http1(edge.port) as client:
        client.send(head("POST", CHAT, [("host", "e"), ("x-test-id", test_id), JSON, ("transfer-encoding", "chunked")]))
        client.send(chunk(ASKED) + last_chunk([("x-sum", "1")]))
        assert client.response().status == 200
    request = edge.providers["provider"].one(test_id)
    assert (request.body, request.trailers) == (EXPECTED, [(b"x-sum", b"1")])


def test_trailers_in_http2_arrive(edge):
    test_id = new_test_id()
    with Http2(edge.port) as client:
        stream = client.begin("POST", CHAT, [("x-test-id", test_id), JSON])
        client.send(stream, ASKED)
        client.send_trailers(stream, [("x-sum", "1")])
        assert client.response(stream).status == 200
    request = edge.providers["provider"].one(test_id)
    assert (request.body, request.trailers) == (EXPECTED, [(b"x-sum", b"1")])


def test_trailers_that_end_a_body_cut_off_are_refused(edge):
    with Http2(edge.port) as client:
        stream = client.begin("POST", CHAT, [JSON])
        client.send(stream, ASKED[:-1])
        client.send_trailers(stream, [("x-sum", "1")])
        assert client.response(stream).status == 400


def test_trailers_without_a_body_are_refused(edge):
    with Http2(edge.port) as client:
        stream = client.begin("POST", CHAT, [JSON])
        client.send_trailers(stream, [("x-sum", "1")])
        assert client.response(stream).status == 400


def test_one_connection_serves_many_requests_in_turn(edge):
    with Http1(edge.port) as client:
        for model, status in [("short", 200), ("unheard-of", 404), ("same", 200)] * 10:
            body = body_for(model)
            client.send(head("POST", CHAT, [("host", "e"), JSON, ("content-length", str(len(body)))]) + body)
            assert client.response().status == status


def test_streams_of_one_connection_are_decided_apart(edge):
    """Thirty streams open at once, their bodies interleaved piece by piece."""
    models = ["short", "same", "unheard-of"] * 10
    with Http2(edge.port) as client:
        streams = [client.begin("POST", CHAT, [JSON]) for _ in models]
        for start in range(0, 80, 16):
            for stream, model in zip(streams, models, strict=True):
                client.send(stream, body_for(model)[start : start + 16], end=start == 64)
        statuses = [client.response(stream).status for stream in streams]
    assert statuses == [200, 200, 404] * 10


def test_a_body_whose_length_lies_is_not_served(edge):
    """HTTP/2 lets a client say one length and send another; the proxy must not pass it on as whole."""
    test_id = new_test_id()
    with Http2(edge.port) as client:
        stream = client.begin("POST", CHAT, [("x-test-id", test_id), JSON, ("content-length", str(len(ASKED) + 5))])
        try:
            client.send(stream, ASKED, end=True)
            assert client.response(stream).status >= 400
        except StreamReset:
            pass
    assert [request for request in edge.received(test_id) if request.complete] == []


def test_a_streamed_answer_arrives_whole(edge, monkeypatch):
    pieces = tuple(f"data: {number}\n\n".encode() for number in range(50))
    monkeypatch.setattr(edge.providers["provider"], "answer", lambda _: Answer(200, "text/event-stream", pieces))
    assert edge.ask(CHAT, ASKED).response.body == b"".join(pieces)
    assert edge.ask(CHAT, ASKED, protocol="http2").response.body == b"".join(pieces)
