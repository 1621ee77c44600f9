"""HTTP/1.1 spelled byte by byte: framings that two servers could read differently, and those that are plain."""

import dataclasses

import pytest

from harness.corpus import CHAT, MESSAGES, OPEN, POLICIES, SECRET, members
from harness.edge import new_test_id
from harness.http1 import Http1, chunk, last_chunk
from harness.messages import Response

EVERY_WORLD = True
POLICY = POLICIES["model-decides"]
INSTALLATION = {"default_cluster": "web"}
GOOD = members(OPEN, MESSAGES)
BAD = members(SECRET, MESSAGES)
CHUNKED = b"transfer-encoding: chunked\r\n"


@dataclasses.dataclass(frozen=True)
class Framing:
    name: str
    status: int
    fields: bytes
    body: bytes
    start: bytes = b"POST " + CHAT.encode() + b" HTTP/1.1"

    def __str__(self) -> str:
        return self.name


def length(size: int | bytes) -> bytes:
    return b"content-length: %b\r\n" % (size if isinstance(size, bytes) else str(size).encode())


SERVED = [
    Framing("plain-length", 200, length(len(GOOD)), GOOD),
    Framing("plain-chunked", 200, CHUNKED, chunk(GOOD) + last_chunk()),
    Framing("chunk-extensions", 200, CHUNKED, b"%x;model=secret\r\n" % len(GOOD) + GOOD + b"\r\n" + last_chunk()),
    Framing("chunk-size-with-zeros", 200, CHUNKED, b"0000%X\r\n" % len(GOOD) + GOOD + b"\r\n" + last_chunk()),
    Framing("chunked-in-capitals", 200, b"Transfer-Encoding: Chunked\r\n", chunk(GOOD) + last_chunk()),
    Framing(
        "trailers", 200, CHUNKED, chunk(GOOD) + last_chunk([("model", "secret"), ("x-pointsman-cluster", "secret")])
    ),
    Framing("trailers-asking-for-secret", 403, CHUNKED, chunk(BAD) + last_chunk([("model", "open")])),
    Framing("absolute-target", 200, length(len(GOOD)), GOOD, b"POST http://edge.test" + CHAT.encode() + b" HTTP/1.1"),
    Framing(
        "absolute-target-asking-for-secret",
        403,
        length(len(BAD)),
        BAD,
        b"POST http://edge.test" + CHAT.encode() + b" HTTP/1.1",
    ),
    Framing("bare-carriage-return", 200, length(len(GOOD)) + b"x-a: b\rx-pointsman-cluster: secret\r\n", GOOD),
    Framing("length-with-leading-zeros", 200, length(b"000%d" % len(GOOD)), GOOD),
]
TURNED_AWAY = [
    Framing("length-and-chunked", 400, CHUNKED + length(5), chunk(GOOD) + last_chunk()),
    Framing("chunked-and-length", 400, length(len(GOOD)) + CHUNKED, chunk(GOOD) + last_chunk()),
    Framing("two-lengths", 400, length(len(GOOD)) + length(5), GOOD),
    Framing("length-list", 400, length(b"5, %d" % len(GOOD)), GOOD),
    Framing("negative-length", 400, length(b"-1"), GOOD),
    Framing("length-with-plus", 400, length(b"+%d" % len(GOOD)), GOOD),
    Framing("length-in-hexadecimal", 400, length(b"0x20"), GOOD),
    Framing("gzip-then-chunked", 501, b"transfer-encoding: gzip, chunked\r\n", chunk(GOOD) + last_chunk()),
    Framing("unknown-coding", 501, b"transfer-encoding: xchunked\r\n", chunk(GOOD) + last_chunk()),
    Framing("identity-coding", 501, b"transfer-encoding: identity\r\n", GOOD),
    Framing("space-before-the-colon", 400, b"transfer-encoding : chunked\r\n", chunk(GOOD) + last_chunk()),
    Framing("chunk-size-is-no-number", 400, CHUNKED, b"zz\r\n" + GOOD + b"\r\n" + last_chunk()),
    Framing("nul-in-a-header", 400, length(len(GOOD)) + b"x-a: b\x00c\r\n", GOOD),
]


def send(edge, framing: Framing) -> tuple[str, Response]:
    test_id = new_test_id()
    fields = (
        b"host: edge.test\r\nx-team: guest\r\nx-test-id: %b\r\ncontent-type: application/json\r\n" % test_id.encode()
    )
    with Http1(edge.port) as client:
        client.send(framing.start + b"\r\n" + fields + framing.fields + b"\r\n" + framing.body)
        return test_id, client.response()


@pytest.mark.parametrize("framing", SERVED, ids=str)
def test_a_plain_framing_is_read_exactly(edge, framing):
    test_id, response = send(edge, framing)
    assert response.status == framing.status
    received = edge.received(test_id)
    assert [request.provider for request in received] == (["open"] if framing.status == 200 else [])
    if received:
        assert received[0].body == GOOD
        assert not [name for name, _ in received[0].headers if name.startswith(b"x-pointsman")]


@pytest.mark.parametrize("framing", TURNED_AWAY, ids=str)
def test_an_ambiguous_framing_reaches_nobody(edge, framing):
    test_id, response = send(edge, framing)
    assert response.status in (framing.status, 400)
    assert [request for request in edge.received(test_id) if request.complete] == []


def test_a_second_request_in_the_same_write_is_decided_by_itself(edge):
    with Http1(edge.port) as client:
        for body in (GOOD, GOOD, BAD):
            head = b"POST %b HTTP/1.1\r\nhost: e\r\nx-team: guest\r\ncontent-type: application/json\r\n" % CHAT.encode()
            client.send(head + length(len(body)) + b"\r\n" + body)
        assert [client.response().status for _ in range(3)] == [200, 200, 403]


def test_what_follows_a_short_length_is_no_request(edge):
    """The classic smuggling: bytes behind the body are the next request, and that is decided for itself."""
    smuggled = (
        b"POST %b HTTP/1.1\r\nhost: e\r\nx-team: guest\r\nx-pointsman-cluster: secret\r\n"
        b"content-type: application/json\r\n" % CHAT.encode()
    )
    smuggled += length(len(BAD)) + b"\r\n" + BAD
    test_id, response = send(edge, Framing("smuggled", 200, length(len(GOOD)), GOOD + smuggled))
    assert response.status == 200
    assert edge.providers["open"].one(test_id).body == GOOD
    assert edge.providers["secret"].requests == []


def test_an_interrupted_body_reaches_nobody_whole(edge):
    test_id = new_test_id()
    with Http1(edge.port) as client:
        head = b"POST %b HTTP/1.1\r\nhost: e\r\nx-team: guest\r\nx-test-id: %b\r\n" % (CHAT.encode(), test_id.encode())
        client.send(head + b"content-type: application/json\r\n" + length(len(GOOD) + 10) + b"\r\n" + GOOD)
    edge.envoy.assert_healthy()
    assert [request for request in edge.received(test_id) if request.complete] == []
