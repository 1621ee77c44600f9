"""A rule about the prompt cannot be dodged by spelling the prompt in another way, or by cutting it elsewhere."""

import base64
import json

import pytest

from harness.edge import JSON

POLICY = {
    "models": [{"name": "m", "cluster": "provider"}],
    "rules": [
        {
            "name": "no-codeword",
            "match": {"keywords": ["project aurora"]},
            "deny": {"status": 403, "message": "not that"},
        },
        {"name": "no-pictures", "match": {"images": True}, "deny": {"status": 403, "message": "no pictures"}},
        {"name": "no-tools", "match": {"tools": True}, "deny": {"status": 403, "message": "no tools"}},
    ],
}
CHAT = "/v1/chat/completions"
URL = {"url": "https://example.test/cat.png"}
DATA = {"url": "data:image/png;base64,AAAA"}


def saying(content: bytes) -> bytes:
    return b'{"model":"m","messages":[{"role":"user","content":' + content + b"}]}"


def with_parts(*parts: dict) -> bytes:
    return saying(json.dumps(parts).encode())


DODGES = {
    "plain": ("no-codeword", saying(b'"about project aurora, please"')),
    "in-capitals": ("no-codeword", saying(b'"Project AURORA"')),
    "escaped": ("no-codeword", saying(rb'"p\u0072oject \u0061urora"')),
    "escaped-space": ("no-codeword", saying(rb'"project\u0020aurora"')),
    "in-a-text-part": ("no-codeword", with_parts({"type": "text", "text": "project aurora"})),
    "in-the-second-part": (
        "no-codeword",
        with_parts({"type": "text", "text": "a"}, {"type": "text", "text": "project aurora"}),
    ),
    "in-the-system-prompt": (
        "no-codeword",
        b'{"model":"m","messages":[{"role":"system","content":"project aurora"},{"role":"user","content":"x"}]}',
    ),
    "in-the-last-of-many": (
        "no-codeword",
        saying(b'"x"},' + b'{"role":"user","content":"y"},' * 300 + b'{"role":"user","content":"project aurora"'),
    ),
    "behind-200-kilobytes": ("no-codeword", saying(b'"' + b"lorem ipsum " * 17_000 + b'project aurora"')),
    "content-before-role": ("no-codeword", b'{"messages":[{"content":"project aurora","role":"user"}],"model":"m"}'),
    "picture-by-link": ("no-pictures", with_parts({"type": "image_url", "image_url": URL})),
    "picture-by-data": ("no-pictures", with_parts({"type": "image_url", "image_url": DATA})),
    "picture-type-last": ("no-pictures", with_parts({"image_url": DATA, "type": "image_url"})),
    "picture-type-escaped": ("no-pictures", saying(rb'[{"type":"im\u0061ge_url","image_url":{"url":"data:"}}]')),
    "picture-key-escaped": ("no-pictures", saying(rb'[{"t\u0079pe":"image_url","image_url":{"url":"data:"}}]')),
    "picture-without-a-type": ("no-pictures", with_parts({"image_url": DATA})),
    "picture-type-in-capitals-key": ("no-pictures", with_parts({"Type": "image_url", "image_url": DATA})),
    "tools": ("no-tools", b'{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}'),
    "functions": ("no-tools", b'{"model":"m","messages":[],"functions":[{"name":"f"}]}'),
    "tools-key-escaped": (
        "no-tools",
        rb'{"model":"m","messages":[],"t\u006fols":[{"type":"function","function":{"name":"f"}}]}',
    ),
}
HIDDEN = {
    "messages-twice": (
        "duplicateKey",
        b'{"model":"m","messages":[{"role":"user","content":"x"}],'
        b'"messages":[{"role":"user","content":"project aurora"}]}',
    ),
    "messages-in-capitals": (
        "keyCase",
        b'{"model":"m","messages":[],"Messages":[{"role":"user","content":"project aurora"}]}',
    ),
    "messages-with-a-long-s": (
        "keyCase",
        '{"model":"m","messages":[],"me\u017fsages":[{"role":"user","content":"project aurora"}]}'.encode(),
    ),
    "tools-twice": ("duplicateKey", b'{"model":"m","messages":[],"tools":[],"tools":[{"type":"function"}]}'),
    "tools-in-capitals": ("keyCase", b'{"model":"m","messages":[],"TOOLS":[{"type":"function"}]}'),
}


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.pairwise("world")
@pytest.mark.parametrize("framing", ["whole", "pieces"])
@pytest.mark.parametrize(("rule", "body"), DODGES.values(), ids=DODGES.keys())
def test_a_rule_sees_the_prompt_however_it_is_spelled(edge, rule, body, framing):
    pieces = cut(body, 7 if len(body) < 500 else 50_000) if framing == "pieces" else body
    seen = edge.ask(CHAT, pieces, [JSON])
    assert (seen.status, seen.record.get("rule"), seen.reached) == (403, rule, [])


@pytest.mark.pairwise("world")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(("reason", "body"), HIDDEN.values(), ids=HIDDEN.keys())
def test_a_prompt_that_two_parsers_read_differently_is_refused(edge, reason, body, protocol):
    seen = edge.ask(CHAT, body, [JSON], protocol=protocol)
    assert (seen.status, seen.record["reason"], seen.reached) == (400, reason, [])


def test_a_picture_in_words_is_text(edge):
    seen = edge.ask(CHAT, saying(rb'"{\"type\":\"image_url\",\"image_url\":{}}"'), [JSON])
    assert (seen.status, seen.record["reason"]) == (200, "default")


def test_base64_that_spells_the_codeword_is_no_text(edge):
    part = {"type": "file", "file": {"file_data": base64.b64encode(b"project aurora " * 9).decode()}}
    assert edge.ask(CHAT, with_parts(part), [JSON]).status == 200


def test_a_document_in_plain_text_is_text(edge):
    part = {"type": "document", "source": {"type": "text", "data": "notes on project aurora"}}
    assert edge.ask(CHAT, with_parts(part), [JSON]).record["reason"] == "denied"
