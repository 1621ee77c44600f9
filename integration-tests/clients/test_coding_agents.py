"""What Claude Code and Codex send, as they were recorded: `recorded/README.md`."""

import dataclasses

import pytest

from harness import locations, readings
from harness.edge import Edge, Seen

RECORDED = locations.REPOSITORY / "integration-tests" / "recorded"


@dataclasses.dataclass(frozen=True)
class Recording:
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    def of(cls, name: str) -> "Recording":
        head, _, body = (RECORDED / f"{name}.http").read_bytes().partition(b"\n\n")
        first, *lines = head.decode().splitlines()
        headers = [tuple(line.split(": ", 1)) for line in lines]
        return cls(first.split(" ")[1], [*headers, ("x-team", "a")], body)

    def sent(self, edge: Edge, body: bytes | None = None, protocol: str = "http1") -> Seen:
        return edge.ask(self.path, body or self.body, self.headers, protocol=protocol)


@pytest.fixture(params=["claude-code", "codex"])
def recording(request):
    return Recording.of(request.param)


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_only_the_model_changes(edge, recording, protocol):
    seen = recording.sent(edge, protocol=protocol)
    model = {"/v1/messages?beta=true": "claude-large-20260101", "/v1/responses": "gpt-large-2026-01-01"}[recording.path]
    assert (seen.status, seen.upstream.target) == (200, recording.path.encode())
    assert seen.upstream.body == readings.with_model(recording.body, model)
    assert seen.upstream.header("user-agent") == dict(recording.headers)["user-agent"]


def test_a_refusal_comes_before_the_stream_in_the_agents_shape(edge, recording):
    seen = recording.sent(edge, recording.body.replace(b"Say where this train goes.", b"for the laboratory"))
    assert (seen.status, seen.reached, seen.response.header("content-type")) == (403, [], "application/json")
    assert seen.response.json()["error"]["message"] == "not for the lab"


def test_an_unknown_model_is_told(edge, recording):
    seen = recording.sent(edge, readings.with_model(recording.body, "nobody"))
    assert (seen.status, seen.record["reason"]) == (404, "unknownModel")


def test_codex_is_sent_from_the_websocket_to_http_at_once(edge):
    upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("originator", "codex_exec"),
        ("x-team", "a"),
    ]
    seen = edge.ask("/v1/responses", None, upgrade, method="GET")
    assert (seen.status, seen.response.json()["error"]["code"]) == (426, "websocket")
