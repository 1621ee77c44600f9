"""Headers that break careless code: bytes that are no UTF-8, very many, very long. None of them traps the virtual
machine."""

import pytest

from harness.edge import JSON

POLICY = {
    "models": [{"name": "m", "cluster": "provider"}],
    "tenants": [{"name": "team", "match": {"headers": [{"name": "x-team", "value": "a"}]}}],
    "onFailure": {"unknownTenant": "allow"},
    "rules": [
        {
            "name": "no-contractors",
            "match": {"headers": [{"name": "x-groups", "type": "RegularExpression", "value": ".*contractors.*"}]},
            "deny": {},
        },
        {
            "name": "a-header",
            "match": {"headers": [{"name": "x-odd", "type": "RegularExpression", "value": "^a+$"}]},
            "route": {"targets": [{"model": "m"}]},
        },
    ],
    "visibility": {"responseHeaders": True},
}
ASKED = {"model": "m", "messages": []}
ODD = {
    "latin1": [("x-odd", b"caf\xe9")],
    "all-high-bytes": [("x-odd", bytes(range(0x80, 0x100)))],
    "in-the-tenant": [("x-team", b"a\xff")],
    "in-many": [(f"x-odd-{number}", b"\xff\xfe") for number in range(20)],
    "in-content-type": [("accept", b"\xff")],
    "in-a-reserved-name": [("x-pointsman-model", b"\xff\xff")],
    "in-user-agent": [("user-agent", b"\xc3\x28")],
    "tab-inside": [("x-odd", "a\tb")],
    "empty": [("x-odd", "")],
    "sixty-headers": [(f"x-odd-{number}", str(number)) for number in range(60)],
    "twenty-kilobytes": [("x-odd", "a" * 20_000)],
    "thirty-kilobytes-in-ten": [(f"x-odd-{number}", "b" * 3000) for number in range(10)],
    "the-same-header-fifty-times": [("x-odd", "a")] * 50,
    "long-name": [("x-" + "n" * 2000, "1")],
}


@pytest.mark.pairwise("world")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("headers", ODD.values(), ids=ODD.keys())
def test_an_odd_header_is_carried_and_the_request_served(edge, headers, protocol):
    seen = edge.ask("/v1/chat/completions", ASKED, [JSON, *headers], protocol=protocol)
    assert (seen.status, seen.upstream.provider) == (200, "provider")
    for name, value in headers:
        if not name.startswith("x-pointsman"):
            sent = value.encode() if isinstance(value, str) else value
            assert sent in seen.upstream.all(name) or sent in b",".join(seen.upstream.all(name))


STEERING = [
    "x-portkey-config",
    "x-portkey-custom-host",
    "azureml-model-deployment",
    "x-gateway-model-name",
    "x-ai-eg-model",
    "x-higress-llm-model",
    "helicone-target-url",
]


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_header_that_others_take_for_a_model_does_not_reach_them(edge, protocol):
    steering = [(name, "secret") for name in STEERING]
    seen = edge.ask("/v1/chat/completions", ASKED, [JSON, *steering, ("x-kept", "1")], protocol=protocol)
    assert (seen.status, seen.upstream.header("x-kept")) == (200, "1")
    assert [name for name in STEERING if seen.upstream.all(name)] == []


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(
    "path", [b"/v1/chat/completions\xff", b"/v1/\xc3\x28", b"/v1/models/\xff", b"/v1/chat/completions?q=\xff"]
)
def test_an_odd_path_breaks_nothing(edge, path, protocol):
    edge.ask(path, ASKED, [JSON], protocol=protocol)
    edge.ask(path, None, [], method="GET", protocol=protocol)
    assert edge.chat("m").status == 200


def test_an_odd_content_type_is_refused(edge):
    seen = edge.ask("/v1/chat/completions", ASKED, [("content-type", b"application/json\xff")])
    assert (seen.status, seen.record["reason"]) == (415, "contentType")


def test_a_header_beyond_envoys_limit_is_envoys_to_refuse(edge):
    seen = edge.ask("/v1/chat/completions", ASKED, [JSON, ("x-odd", "a" * 70_000)])
    assert (seen.status, seen.reached) == (431, [])
    assert edge.chat("m").status == 200


UNCLEAR = {
    "plain": [("x-groups", "staff,contractors")],
    "longer-than-a-regular-expression-may-search": [("x-groups", "contractors" + "x" * 4086)],
    "no-utf8": [("x-groups", b"contractors,\xff")],
    "latin1": [("x-groups", b"contractors,caf\xe9")],
    "second-of-two": [("x-groups", "staff"), ("x-groups", "contractors")],
    "first-of-two": [("x-groups", "contractors"), ("x-groups", "staff")],
}


@pytest.mark.pairwise("world")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("headers", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_a_refusal_that_cannot_be_judged_refuses(edge, headers, protocol):
    seen = edge.ask("/v1/chat/completions", ASKED, [JSON, *headers], protocol=protocol)
    assert (seen.status, seen.record.get("rule"), seen.reached) == (403, "no-contractors", [])


def test_a_refusal_that_can_be_judged_and_does_not_apply_refuses_nobody(edge):
    assert edge.ask("/v1/chat/completions", ASKED, [JSON, ("x-groups", "staff"), ("x-groups", "others")]).status == 200
