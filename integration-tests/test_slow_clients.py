"""A client that is slow at its first request is no wrong installation."""

import json

from harness.edge import JSON
from harness.http1 import Http1, head
from harness.waiting import wait_for

POLICY = {"models": [{"name": "m", "cluster": "provider"}]}
BODY = json.dumps({"messages": [], "model": "m"}).encode()


def two_seconds_of(edge) -> None:
    """The watch over a new installation judges within two seconds; the proxy's own clock tells when they are over."""
    start = edge.envoy.stat("server.uptime")
    wait_for("two seconds of the proxy's time", lambda: edge.envoy.stat("server.uptime") >= start + 2)


def test_a_body_that_comes_late_and_in_parts_is_served(edge):
    with Http1(edge.port) as client:
        client.send(head("POST", "/v1/chat/completions", [("host", "e"), JSON, ("content-length", str(len(BODY)))]))
        two_seconds_of(edge)
        client.send(BODY[:10])
        two_seconds_of(edge)
        client.send(BODY[10:])
        assert client.response().status == 200
    assert "wrong installation" not in edge.envoy.log()
