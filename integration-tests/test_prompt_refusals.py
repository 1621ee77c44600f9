"""A refusal is answered at once when nothing more of the request can come."""

import json

import pytest

from harness.edge import JSON
from harness.http1 import Http1, head
from harness.http2 import Http2

POLICY = {
    "models": [{"name": "m", "cluster": "provider"}, {"name": "secret", "cluster": "provider"}],
    "rules": [{"name": "no-secrets", "match": {"models": ["secret"]}, "deny": {}}],
}
INSTALLATION = {"upgrades": ("websocket", "foo")}
SOON = 10
"""Seconds. Without an answer of ours the idle timeout would give one after five minutes."""
BODIES = {
    "refused-model": (json.dumps({"model": "secret", "messages": []}).encode(), 403),
    "duplicate-key": (b'{"model": "m", "model": "secret", "messages": []}', 400),
}


@pytest.mark.pairwise("world")
@pytest.mark.parametrize("protocol", ["websocket", "foo"])
@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES.keys())
def test_an_upgrade_with_a_body_is_refused_at_once(edge, protocol, body, status):
    headers = [
        ("host", "e"),
        JSON,
        ("connection", "upgrade"),
        ("upgrade", protocol),
        ("content-length", str(len(body))),
    ]
    with Http1(edge.port, timeout=SOON) as client:
        client.send(head("POST", "/v1/chat/completions", headers) + body)
        assert client.response().status == (426 if protocol == "websocket" else status)


@pytest.mark.pairwise("world")
@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES.keys())
def test_all_announced_bytes_of_an_http2_request_are_enough(edge, body, status):
    with Http2(edge.port, timeout=SOON) as client:
        stream = client.begin("POST", "/v1/chat/completions", [JSON, ("content-length", str(len(body)))])
        client.send(stream, body)
        assert client.response(stream).status == status


def test_a_refusal_still_costs_an_http1_client_no_connection(edge):
    body, status = BODIES["refused-model"]
    with Http1(edge.port, timeout=SOON) as client:
        for _ in range(3):
            client.send(head("POST", "/v1/chat/completions", [("host", "e"), JSON, ("content-length", str(len(body)))]))
            client.send(body)
            assert client.response().status == status
