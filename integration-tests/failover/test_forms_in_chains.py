"""Forms reach each attempt whole: its own model where the client's stood, its own length, all else as sent."""

import pytest

from harness import chain
from harness.chain import assert_body
from harness.failover import EACH_ONCE

POLICY = {**chain.POLICY, "onFailure": {"missingModel": {"model": "alpha"}}}
POLICY["models"] = [{**POLICY["models"][0], "fallback": ["beta", "gamma"]}, *POLICY["models"][1:]]
SETTING = {"keys": chain.KEYS, "clusters": chain.CLUSTERS}
RUN_IN = EACH_ONCE

TRANSCRIPTIONS = "/v1/audio/transcriptions"
FORM = ("content-type", "multipart/form-data; boundary=B-1")
SIZES = {"1 KB": 1_000, "600 KB": 600_000, "5 MB": 5_000_000}


def part(name: str, content: bytes, more: str = "") -> bytes:
    return f'--B-1\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def form(size: int, model: str) -> bytes:
    file = part("file", (b"RIFF\r\n--B\xff\x00" * (size // 11 + 1))[:size], '; filename="a.wav"')
    named = part("model", b"auto")
    return {"first": named + file, "last": file + named, "none": file}[model] + b"--B-1--\r\n"


@pytest.mark.pairwise("world", "protocol", runs=4)
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("model", ["first", "last"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_each_attempt_gets_the_whole_form(edge, size, model, protocol):
    sent = form(size, model)
    edge.providers["first"].fail("503")
    edge.providers["second"].fail("reset")
    seen = edge.ask(TRANSCRIPTIONS, sent, [FORM], protocol=protocol)
    assert seen.status == 200, seen.response
    arrived = edge.arrived(seen.test_id)
    assert [request.provider for request in arrived] == ["first", "second", "third"]
    for request in arrived:
        assert_body(request, sent, chain.OWN[request.provider].model)
        path = chain.OWN[request.provider].path.replace("chat/completions", "audio/transcriptions")
        assert request.target.decode() == path


@pytest.mark.pairwise("world", runs=4)
@pytest.mark.parametrize("cut", range(55, 75))
def test_a_model_can_lie_across_pieces(edge, cut):
    sent = form(100, "first")
    edge.providers["first"].fail("503")
    seen = edge.ask(TRANSCRIPTIONS, [sent[:cut], sent[cut:]], [FORM])
    assert seen.response.json()["served_by"] == "second"
    for request in edge.arrived(seen.test_id):
        assert_body(request, sent, chain.OWN[request.provider].model)


def test_a_missing_model_is_added_for_each_attempt(edge):
    sent = form(1000, "none")
    edge.providers["first"].fail("503")
    seen = edge.ask(TRANSCRIPTIONS, sent, [FORM])
    arrived = edge.arrived(seen.test_id)
    assert [request.provider for request in arrived] == ["first", "second"]
    for request in arrived:
        model = chain.OWN[request.provider].model
        assert request.body == part("model", model.encode()) + sent
        assert request.all("content-length") == [str(len(request.body)).encode()]
