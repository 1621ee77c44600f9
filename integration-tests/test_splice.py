"""What goes with a changed body: its length, its digests, and nothing that still speaks of the old one."""

import json

import pytest

from harness.edge import CUT_OFF, JSON

EVERY_WORLD = True
POLICY = {
    "models": [
        {"name": "m", "cluster": "provider", "upstreamModel": "a-longer-name"},
        {"name": "same", "cluster": "provider"},
    ],
    "pathPrefixes": ["/openai"],
    "onFailure": {"missingModel": {"model": "m"}},
}
CHAT = "/v1/chat/completions"
DIGESTS = [
    ("content-md5", "AAAA"),
    ("digest", "sha-256=AAAA"),
    ("content-digest", "sha-256=:AAAA:"),
    ("repr-digest", "sha-256=:AAAA:"),
]


def body_for(model: str) -> bytes:
    return json.dumps({"model": model, "messages": []}).encode()


def test_a_digest_of_the_old_body_does_not_go_along(edge):
    seen = edge.ask(CHAT, body_for("m"), [JSON, *DIGESTS])
    assert seen.status == 200
    assert [name for name, _ in DIGESTS if seen.upstream.header(name)] == []


def test_a_digest_of_a_body_that_stays_goes_along(edge):
    seen = edge.ask(CHAT, body_for("same"), [JSON, *DIGESTS])
    assert [name for name, _ in DIGESTS if seen.upstream.header(name)] == [name for name, _ in DIGESTS]


@pytest.mark.parametrize("length", ["+{}", "{0},{0}", " {}", "0000{}", "{} ", "0x{}", "{}.0", ""])
@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_an_odd_length_is_exact_upstream_or_not_served(edge, length, protocol):
    """A length that Pointsman reads differently from the proxy would leave the old length in front of the new body."""
    body = body_for("m")
    odd = ("content-length", length.format(len(body)))
    seen = edge.ask_with_length(CHAT, body, [JSON, odd], protocol)
    if seen.status == 200:
        assert seen.upstream.body == body_for("a-longer-name")
        assert seen.upstream.all("content-length") in ([], [str(len(seen.upstream.body)).encode()])
    else:
        assert seen.status == CUT_OFF or seen.status >= 400
        assert [request for request in edge.received(seen.test_id) if request.complete] == []


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/openai/v1/chat/completions", "/openai/v1/chat/completions?x=y"]
)
def test_a_prefix_in_front_of_the_path_is_taken_off(edge, path):
    seen = edge.ask(path, body_for("m"))
    assert (seen.status, seen.upstream.target) == (200, path.removeprefix("/openai").encode())


def test_a_model_that_the_client_left_out_is_put_in(edge):
    for body in (b'{"messages":[]}', b' { "messages" : [] } ', b"{}", b"{ }"):
        seen = edge.ask(CHAT, body)
        assert (seen.status, seen.upstream.json()) == (200, {"model": "a-longer-name", **json.loads(body)})
        assert seen.upstream.header("content-length") == str(len(seen.upstream.body))


@pytest.mark.parametrize("spelled", [rb'"\u006d"', rb'"m"', b'"m"   ', b'\t"m"\n'])
def test_the_value_is_replaced_where_it_stands(edge, spelled):
    body = b'{"messages":[],"model":' + spelled + b',"user":"m"}'
    seen = edge.ask(CHAT, body)
    assert seen.upstream.body == body.replace(spelled.strip(), b'"a-longer-name"', 1)
