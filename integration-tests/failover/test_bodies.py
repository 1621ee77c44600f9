"""Bodies of any size and spelling reach each attempt whole: its own model where the client's stood, its own length,
all else as sent."""

import json

import pytest

from harness import chain
from harness.chain import assert_own
from harness.edge import JSON
from harness.failover import EACH_ONCE

POLICY = {**chain.POLICY, "onFailure": {"missingModel": {"model": "alpha"}}}
POLICY["models"] = [{**POLICY["models"][0], "fallback": ["beta", "gamma"]}, *POLICY["models"][1:]]
SETTING = {"keys": chain.KEYS, "clusters": chain.CLUSTERS}
RUN_IN = EACH_ONCE

SIZES = {"1 KB": 1_000, "600 KB": 600_000, "5 MB": 5_000_000}
MODELS = {
    "first": '{"model":"auto","messages":[{"role":"user","content":"CONTENT"}]}',
    "last": '{"messages":[{"role":"user","content":"CONTENT"}],\n\t"model" : "auto"}\n',
    "escaped": '{"messages":[{"role":"user","content":"CONTENT"}],"model":"\\u0061ut\\u006f","user":"東京 \\u0000"}',
}


def body(place: str, size: int) -> bytes:
    text = MODELS[place]
    return text.replace("CONTENT", 'Umbau, \\"wann?\\" ' * (size // 17)).encode()


@pytest.mark.pairwise("world", "protocol", runs=4)
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("place", MODELS)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_each_attempt_gets_the_whole_body(edge, size, place, protocol):
    check(edge, body(place, size), protocol, in_pieces=False)


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_a_body_without_a_length_comes_in_pieces(edge, size, protocol):
    check(edge, body("last", size), protocol, in_pieces=True)


def check(edge, sent: bytes, protocol: str, in_pieces: bool) -> None:
    edge.providers["first"].fail("503")
    edge.providers["second"].fail("reset")
    pieces = [sent[:10], sent[10:300], sent[300:-20], sent[-20:-3], sent[-3:]] if in_pieces else sent
    seen = edge.ask(chain.CHAT, pieces, [JSON], protocol=protocol)
    assert seen.status == 200, seen.response
    arrived = edge.arrived(seen.test_id)
    assert [request.provider for request in arrived] == ["first", "second", "third"]
    for request in arrived:
        assert_own(request, sent)


@pytest.mark.pairwise("world", runs=4)
@pytest.mark.parametrize("cut", range(45, 62))
def test_a_value_can_lie_across_pieces(edge, cut):
    sent = b'{"messages":[{"role":"user","content":"hi"}],"model":"auto","n":1}'
    edge.providers["first"].fail("503")
    seen = edge.ask(chain.CHAT, [sent[:cut], sent[cut:]], [JSON])
    assert seen.response.json()["served_by"] == "second"
    for request in edge.arrived(seen.test_id):
        assert_own(request, sent)


@pytest.mark.parametrize("sent", [b'{"input":"x"}', b"{ }", b' {\n"input":["x","y"]}'])
def test_a_missing_model_is_added_for_each_attempt(edge, sent):
    edge.providers["first"].fail("503")
    seen = edge.ask("/v1/moderations", sent, [JSON])
    arrived = edge.arrived(seen.test_id)
    assert [(request.provider, request.json()["model"]) for request in arrived] == [
        ("first", "alpha-2026-01"),
        ("second", "beta"),
    ]
    for request in arrived:
        members = request.json()
        name = members.pop("model")
        assert members == json.loads(sent)
        added = b'"model":' + json.dumps(name).encode() + (b"," if members else b"")
        assert request.body == sent.replace(b"{", b"{" + added, 1)
        assert request.all("content-length") == [str(len(request.body)).encode()]
