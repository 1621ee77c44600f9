"""A provider that speaks HTTP/2: lengths, bodies and trailers arrive as they do over HTTP/1.1."""

import json

import pytest

from harness.edge import JSON, new_test_id
from harness.http2 import Http2

POLICY = {"models": [{"name": "short", "cluster": "provider", "upstreamModel": "a-rather-longer-name-upstream"}]}
INSTALLATION = {"http2_clusters": ("provider",)}
CHAT = "/v1/chat/completions"
ASKED = json.dumps({"model": "short", "messages": [{"role": "user", "content": "hi" * 20_000}]}).encode()
EXPECTED = ASKED.replace(b'"short"', b'"a-rather-longer-name-upstream"')


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_the_length_is_exact(edge, protocol):
    seen = edge.ask(CHAT, ASKED, protocol=protocol)
    assert (seen.status, seen.upstream.body) == (200, EXPECTED)
    assert seen.upstream.header("content-length") == str(len(EXPECTED))


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_pieces_arrive_whole(edge, protocol):
    seen = edge.ask(CHAT, [ASKED[:20], ASKED[20:10_000], ASKED[10_000:]], protocol=protocol)
    assert (seen.status, seen.upstream.body) == (200, EXPECTED)


def test_trailers_arrive(edge):
    test_id = new_test_id()
    with Http2(edge.port) as client:
        stream = client.begin("POST", CHAT, [("x-test-id", test_id), JSON])
        client.send(stream, ASKED)
        client.send_trailers(stream, [("x-sum", "1")])
        assert client.response(stream).status == 200
    assert edge.providers["provider"].one(test_id).trailers == [(b"x-sum", b"1")]
