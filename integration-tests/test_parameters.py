"""What a policy says of fields of the body, and of a tenant's output, is what the provider gets; the rest stays."""

import json

import pytest

from harness.edge import JSON

EVERY_WORLD = True
INSTALLATION = {"buffer_limit": 4_000_000}
POLICY = {
    "models": [
        {
            "name": "new",
            "cluster": "provider",
            "upstreamModel": "a-longer-name",
            "parameters": {
                "max_tokens": {"rename": "max_completion_tokens"},
                "max_completion_tokens": {"cap": 8192},
                "temperature": {"drop": True},
                "reasoning_effort": {"default": "low"},
                "options.num_ctx": {"cap": 10},
            },
        },
        {"name": "plain", "cluster": "provider"},
    ],
    "tenants": [
        {"name": "small", "match": {"headers": [{"name": "x-team", "value": "small"}]}, "maxOutputTokens": 100},
        {"name": "all", "match": {"headers": [{"name": "content-type", "value": "application/json"}]}},
    ],
}
CHAT = "/v1/chat/completions"
SMALL = ("x-team", "small")
LONG = "x" * 200_000
VERY_LONG = "x" * 1_300_000


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("text", ["hi", LONG, VERY_LONG], ids=["short", "long", "very long"])
def test_fields_are_changed_where_they_stand(edge, protocol, text):
    body = (
        f'{{"temperature" : 0.5, "model": "new" , "user":"é", "messages":[{{"role":"user","content":"{text}"}}],'
        f'"options":{{ "a":1 ,"num_ctx":11}}, "max_tokens" :9000, "seed":1e0 ,"stop":[]}}'
    ).encode()
    expected = (
        body.replace(b'"temperature" : 0.5, "model": "new"', b'"reasoning_effort":"low","model": "a-longer-name"')
        .replace(b'"num_ctx":11', b'"num_ctx":10')
        .replace(b'"max_tokens" :9000', b'"max_completion_tokens" :8192')
    )
    for sent in (body, pieces(body, 50_000) if len(body) > 50_000 else pieces(body, 40)):
        seen = edge.ask(CHAT, sent, protocol=protocol)
        assert seen.status == 200
        assert seen.upstream.body == expected
        length = [str(len(expected)).encode()] if sent is body else []
        assert seen.upstream.all("content-length") == length
    assert seen.record["changed"] == ["temperature", "options.num_ctx", "max_tokens", "reasoning_effort"]


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, 100),
        ({"max_tokens": 99}, 99),
        ({"max_tokens": 101}, 100),
        ({"max_tokens": "4096"}, 100),
        ({"max_tokens": 1e9}, 100),
        ({"max_tokens": -1}, 100),
        ({"max_tokens": 0}, 100),
        ({"max_tokens": None}, 100),
        ({"max_tokens": [5]}, 100),
        ({"max_tokens": {"a": 5}}, 100),
        ({"max_tokens": True}, 100),
    ],
)
def test_a_tenant_gets_no_more_than_its_cap(edge, protocol, asked, sent):
    body = {"model": "plain", "messages": [], **asked}
    seen = edge.ask(CHAT, body, [JSON, SMALL], protocol=protocol)
    assert (seen.status, seen.upstream.json()) == (200, {**body, "max_tokens": sent})
    assert seen.upstream.header("content-length") == str(len(seen.upstream.body))
    assert seen.record.get("changed", []) == ([] if asked.get("max_tokens") == 99 else ["max_tokens"])


@pytest.mark.parametrize(
    ("path", "body", "added"),
    [
        (CHAT, {"model": "new"}, {"max_completion_tokens": 100, "reasoning_effort": "low", "model": "a-longer-name"}),
        ("/v1/messages", {"model": "plain"}, {"max_tokens": 100}),
        ("/v1/responses", {"model": "plain"}, {"max_output_tokens": 100}),
        ("/api/chat", {"model": "plain"}, {"options": {"num_predict": 100}}),
        ("/v1/embeddings", {"model": "plain", "input": "a"}, {}),
        ("/v1/messages/count_tokens", {"model": "plain"}, {}),
    ],
)
def test_a_cap_is_spelled_as_the_api_does(edge, path, body, added):
    seen = edge.ask(path, body, [JSON, SMALL])
    assert (seen.status, seen.upstream.json()) == (200, {**body, **added})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"model":"new","temperature":1,"temperature":2}', "duplicateKey"),
        (b'{"model":"new","Temperature":1}', "keyCase"),
        (b'{"model":"new","options":{"num_ctx":1,"num_ctx":2}}', "duplicateKey"),
    ],
)
def test_what_two_servers_could_read_differently_is_refused(edge, body, reason):
    seen = edge.ask(CHAT, body)
    assert (seen.status, json.loads(seen.response.body)["error"]["code"]) == (400, reason)
    assert seen.reached == []


def test_others_flow_on_as_they_did(edge):
    body = json.dumps({"model": "plain", "messages": [LONG], "temperature": 1, "max_tokens": 10**9}).encode()
    seen = edge.ask(CHAT, pieces(body, 30_000))
    assert (seen.status, seen.upstream.body) == (200, body)
    assert "changed" not in seen.record
