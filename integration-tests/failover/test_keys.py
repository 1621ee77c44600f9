"""Each attempt carries its own provider's key and no other; no key is in a log, a statistic or a record, or gets to
the module."""

import pytest

from harness import chain
from harness.chain import KEY_HEADERS, KEYS, assert_own
from harness.edge import JSON
from harness.keys import Key
from harness.waiting import wait_for

POLICY = {
    **chain.POLICY,
    "aliases": [{"name": "auto"}, {"name": "copied"}],
    "rules": [
        *chain.POLICY["rules"],
        {
            "name": "copied",
            "match": {"models": ["copied"]},
            "route": {"targets": [{"model": "alpha"}], "fallback": ["beta"], "mirror": {"model": "gamma"}},
        },
    ],
}
SETTING = {"keys": KEYS, "clusters": chain.CLUSTERS, "log_level": "trace"}
SECRETS = (*(key.value.removeprefix("Bearer ") for key in KEYS.values()), "the-client-s-own-secret")
CLIENTS = tuple((name, "Bearer the-client-s-own-secret") for name in KEY_HEADERS)


def ask(edge, model: str = "auto"):
    return edge.ask(chain.CHAT, b'{"model":"' + model.encode() + b'"}', [JSON, *CLIENTS])


def test_no_attempt_carries_the_key_of_another(edge):
    edge.providers["first"].fail("500")
    edge.providers["second"].fail("429")
    seen = ask(edge)
    arrived = edge.arrived(seen.test_id)
    assert [request.provider for request in arrived] == ["first", "second", "third"]
    for request in arrived:
        assert_own(request, b'{"model":"auto"}')


def test_no_attempt_and_no_copy_carries_a_key_of_the_query(edge):
    edge.providers["first"].fail("500")
    query = b"?x=1;key=in-the-query&%6Bey=in-the-query&Subscription-Key=in-the-query&a=b"
    seen = edge.ask(chain.CHAT.encode() + query, b'{"model":"copied"}', [JSON])
    arrived = [
        *edge.arrived(seen.test_id),
        *wait_for("the copy", lambda: edge.providers["third"].received(seen.test_id)),
    ]
    assert {request.provider for request in arrived} == {"first", "second", "third"}
    assert [request.target for request in arrived if b"in-the-query" in request.target] == []
    assert arrived[0].target.endswith(b"?x=1&a=b")


def test_no_key_is_written_anywhere(edge):
    for name in ("first", "second"):
        edge.providers[name].fail("500")
    seen, copied = ask(edge), ask(edge, "copied")
    wait_for("the copy", lambda: edge.providers["third"].received(copied.test_id))
    for where, text in {
        "the record": str(seen.log) + str(copied.log),
        "a statistic": edge.envoy.admin("/stats?type=All")[1],
        "the module's log": "\n".join(line for line in edge.envoy.log().splitlines() if "[wasm]" in line),
    }.items():
        assert [secret for secret in SECRETS if secret in text] == [], where


def test_a_rotated_key_is_used_from_then_on(edge):
    rotated = Key("authorization", "Bearer sk-first-rotated")

    def carries(key: Key) -> bool:
        (request,) = edge.arrived(ask(edge).test_id)
        assert request.header("authorization") in (KEYS["first"].value, rotated.value)
        return request.header("authorization") == key.value

    assert carries(KEYS["first"])
    edge.made.key_files["first"].write(rotated.value)
    wait_for("the new key", lambda: carries(rotated))
    edge.made.key_files["first"].write(KEYS["first"].value)
    wait_for("the old key again", lambda: carries(KEYS["first"]))


def test_without_its_key_no_request_reaches_a_provider(edge):
    edge.made.key_files["first"].write("")

    def arrived() -> list[str]:
        seen = ask(edge)
        for request in edge.arrived(seen.test_id):
            assert_own(request, b'{"model":"auto"}')
        return [request.provider for request in edge.arrived(seen.test_id)]

    try:
        wait_for("the key to be gone", lambda: "first" not in arrived())
    finally:
        edge.made.key_files["first"].write(KEYS["first"].value)
        wait_for("the key to be back", lambda: arrived() == ["first"])


@pytest.fixture(scope="module")
def keyless(started):
    """Providers without keys of their own, and a model that has nobody to fall back to."""
    models = [*POLICY["models"], {"name": "single", "cluster": "first"}]
    return started(policy={**POLICY, "models": models}, keys={}, log_level="warning")


def test_a_clients_key_passes_where_there_is_one_provider_only(keyless):
    (request,) = keyless.arrived(ask(keyless, "single").test_id)
    assert request.header("authorization") == "Bearer the-client-s-own-secret"
    keyless.providers["first"].fail("500")
    for request in keyless.arrived(ask(keyless).test_id):
        assert [name for name in KEY_HEADERS if request.all(name)] == []
    keyless.assert_healthy()
