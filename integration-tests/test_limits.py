"""The policy's own limits: bodies beyond `maxBodyBytes`, with a length and without, and nesting beyond `maxDepth`."""

import pytest

from harness.edge import JSON

EVERY_WORLD = True
POLICY = {
    "models": [{"name": "m", "cluster": "provider"}],
    "limits": {"maxBodyBytes": 100_000, "maxDepth": 20},
}
INSTALLATION = {"default_cluster": "web"}
CHAT = "/v1/chat/completions"


def body_of(size: int, model: str) -> bytes:
    text = b'"user":"' + b"x" * (size - 23) + b'"'
    body = b"{" + (b'"model":"m",' + text if model == "first" else text + b',"model":"m"') + b"}"
    assert len(body) == size
    return body


def pieces(body: bytes) -> list[bytes]:
    return [body[start : start + 30_000] for start in range(0, len(body), 30_000)]


@pytest.mark.parametrize("framing", ["length", "pieces"])
@pytest.mark.parametrize("model", ["first", "last"])
@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_the_largest_body_passes_and_one_byte_more_does_not(edge, protocol, model, framing):
    for size, status in [(100_000, 200), (100_001, 413)]:
        body = body_of(size, model)
        seen = edge.ask(CHAT, body if framing == "length" else pieces(body), [JSON], protocol=protocol)
        assert seen.status == status
        if status == 413:
            assert seen.record["reason"] == "oversize"
            assert seen.response.json()["error"]["message"]
            assert [request for request in edge.received(seen.test_id) if request.complete] == []


def test_anthropics_clients_learn_it_in_anthropics_words(edge):
    seen = edge.ask("/v1/messages", body_of(100_001, "last"), [JSON])
    assert (seen.status, seen.response.json()["error"]["type"]) == (413, "request_too_large")


@pytest.mark.parametrize(("levels", "status"), [(19, 200), (20, 400)])
def test_the_deepest_nesting_passes_and_one_level_more_does_not(edge, levels, status):
    body = b'{"model":"m","a":' + b"[" * levels + b"]" * levels + b"}"
    assert edge.ask(CHAT, body, [JSON]).status == status


def test_other_traffic_knows_no_limit(edge):
    seen = edge.ask("/upload", b"x" * 3_000_000)
    assert (seen.status, len(seen.upstream.body)) == (200, 3_000_000)
