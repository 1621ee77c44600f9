"""A client that is slow at its first request is no wrong installation."""

import json

from harness.collector import collecting
from harness.edge import JSON
from harness.http1 import Http1, chunk, head, last_chunk
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


def test_slow_clients_behind_a_filter_that_collects_bodies_prove_nothing(started, tmp_path):
    edge = started(front_filters=(collecting(tmp_path),))
    lengths = [("host", "e"), JSON, ("content-length", str(len(BODY)))]
    chunks = [("host", "e"), JSON, ("transfer-encoding", "chunked")]
    with Http1(edge.port) as announced, Http1(edge.port) as silent:
        announced.send(head("POST", "/v1/chat/completions", lengths) + BODY[:6])
        silent.send(head("POST", "/v1/chat/completions", chunks) + chunk(BODY[:6]))
        two_seconds_of(edge)
        two_seconds_of(edge)
        assert [edge.chat("m").status for _ in range(20)] == [200] * 20
        announced.send(BODY[6:])
        silent.send(chunk(BODY[6:]) + last_chunk())
        assert (announced.response().status, silent.response().status) == (200, 200)
    assert "wrong installation" not in edge.envoy.log()
    edge.assert_healthy()
