"""Bodies from nothing to 20 MB, the model first and last: exact at the provider, within the memory that the policy
needs."""

import pytest

from harness.edge import JSON
from harness.memory import growth_in_front_of

EVERY_WORLD = True
POLICY = {"models": [{"name": "m", "cluster": "provider", "upstreamModel": "a-longer-name"}]}
INSTALLATION = {"buffer_limit": 32 << 20}
CHAT = "/v1/chat/completions"
KILO, MEGA = 1 << 10, 1 << 20
SIZES = {"1KB": KILO, "64KB": 64 * KILO, "1MB": MEGA, "5MB": 5 * MEGA, "20MB": 20 * MEGA}
ASKED, WRITTEN = b'"model":"m"', b'"model":"a-longer-name"'


def filler(size: int) -> bytes:
    line = b"The train on platform two is late. "
    return b'"messages":[{"role":"user","content":"' + (line * (size // len(line) + 1))[:size] + b'"}]'


def body_of(size: int, model: str, spelled: bytes = ASKED) -> bytes:
    text = filler(size - 60)
    return b"{" + (spelled + b"," + text if model == "first" else text + b"," + spelled) + b"}"


@pytest.fixture(scope="module")
def small_buffers(started):
    return started(buffer_limit=None)


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("model", ["first", "last"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_a_body_of_any_size_arrives_exactly(edge, size, model, protocol):
    seen = edge.ask(CHAT, body_of(size, model), protocol=protocol)
    assert seen.status == 200
    assert seen.upstream.body == body_of(size, model, WRITTEN)
    assert seen.upstream.header("content-length") == str(len(seen.upstream.body))


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_body_of_nothing_is_refused(edge, protocol):
    seen = edge.ask(CHAT, b"", protocol=protocol)
    assert (seen.status, seen.record["reason"]) == (400, "noBody")


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_with_envoys_default_limit_a_model_in_front_streams_through(small_buffers, protocol):
    seen = small_buffers.ask(CHAT, body_of(20 * MEGA, "first"), protocol=protocol)
    assert (seen.status, len(seen.upstream.body)) == (200, len(body_of(20 * MEGA, "first", WRITTEN)))
    small_buffers.assert_healthy()


@pytest.mark.parametrize(("protocol", "size"), [("http1", 3 * MEGA), ("http2", 20 * MEGA)])
def test_with_envoys_default_limit_a_model_behind_is_too_large(small_buffers, protocol, size):
    """The limit of HTTP/1.1 is the connection's buffer, 1 MiB; that of HTTP/2 the stream's window, 16 MiB."""
    seen = small_buffers.ask(CHAT, body_of(size, "last"), protocol=protocol)
    assert (seen.status, seen.reached) == (413, [])
    small_buffers.assert_healthy()


def test_memory_stays_flat_while_a_large_body_waits_for_a_slow_provider(small_buffers):
    """20 MB stand in front of a provider that reads nothing: Envoy holds its buffer limits and no more."""
    edge, provider = small_buffers, small_buffers.providers["provider"]
    assert edge.ask(CHAT, body_of(MEGA, "first")).status == 200
    growth, request = growth_in_front_of(provider, edge, CHAT, JSON, body_of(20 * MEGA, "first"))
    assert request.body == body_of(20 * MEGA, "first", WRITTEN)
    assert growth < 6 * MEGA
    edge.assert_healthy()
