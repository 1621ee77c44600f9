"""A copy goes to another model under that model's own name; whatever becomes of it, the answer is the same and as
fast."""

import pytest

from harness import chain
from harness.chain import assert_own
from harness.edge import JSON
from harness.failover import EACH_ONCE
from harness.waiting import wait_for

ALPHA, BETA, GAMMA = chain.POLICY["models"]


def route(name: str, asked: str, **more) -> dict:
    return {"name": name, "match": {"models": [asked]}, "route": {"targets": [{"model": "alpha"}], **more}}


POLICY = {
    "models": [
        {**ALPHA, "labels": {"region": "eu"}},
        {**BETA, "labels": {"region": "eu"}},
        {**GAMMA, "labels": {"region": "us"}, "contextWindow": 2_000_000},
    ],
    "aliases": [{"name": name} for name in ("alone", "chained", "sampled", "azure")],
    "tenants": [
        {
            "name": "eu",
            "match": {"headers": [{"name": "x-team", "value": "eu"}]},
            "models": {"require": {"region": "eu"}},
        },
    ],
    "rules": [
        route("alone", "alone", mirror={"model": "gamma"}),
        route("chained", "chained", fallback=["beta"], mirror={"model": "gamma"}),
        route(
            "sampled",
            "sampled",
            fallback=["beta"],
            mirror={"model": "gamma", "percent": 30},
            sticky={"header": "x-session"},
        ),
        route("azure", "azure", fallback=[], mirror={"model": "beta"}),
    ],
    "onFailure": {"unknownTenant": "allow"},
    "feedback": {"rateLimits": False},
}
SETTING = {"keys": chain.KEYS, "clusters": chain.CLUSTERS, "idle": "120s"}
"""A copy that hangs does so for longer than any client waits: who has an answer has not waited for the copy."""
RUN_IN = EACH_ONCE


def body(model: str, size: int = 100) -> bytes:
    return (
        b'{"messages":[{"role":"user","content":"' + b"x" * size + b'"}], "model": "' + model.encode() + b'","n":1.0}'
    )


def ask(edge, model: str, size: int = 100, headers=(), **more):
    keys = [(name, chain.CLIENTS_KEY) for name in chain.KEY_HEADERS]
    return edge.ask(chain.CHAT, body(model, size), [JSON, *keys, *headers], **more)


def copies(edge, seen, to: str = "third") -> list:
    """The copies of a request, once they are there."""
    found = lambda: [request for request in edge.providers[to].received(seen.test_id) if request.complete]  # noqa: E731
    return wait_for("the copy", found)


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("asked", ["alone", "chained"])
def test_a_copy_is_the_other_models_own(edge, asked, protocol):
    seen = ask(edge, asked, protocol=protocol)
    assert (seen.status, seen.response.json()["served_by"], seen.record["mirror"]) == (200, "first", "gamma")
    (copy,) = copies(edge, seen)
    assert_own(copy, body(asked))
    (original,) = edge.providers["first"].received(seen.test_id)
    chain.assert_body(original, body(asked), "alpha-2026-01")


def test_a_copy_has_the_path_of_its_provider(edge):
    seen = ask(edge, "azure")
    (copy,) = copies(edge, seen, to="second")
    assert_own(copy, body("azure"))


@pytest.mark.parametrize("asked", ["alone", "chained"])
def test_a_body_of_5_mb_is_copied_whole(edge, asked):
    seen = ask(edge, asked, size=5_000_000)
    (copy,) = copies(edge, seen)
    assert_own(copy, body(asked, 5_000_000))


@pytest.mark.parametrize("asked", ["alone", "chained"])
def test_a_body_in_pieces_is_copied(edge, asked):
    text = body(asked, 3000)
    seen = edge.ask(chain.CHAT, [text[:900], text[900:-16], text[-16:]], [JSON])
    (copy,) = copies(edge, seen)
    assert_own(copy, text)


@pytest.mark.parametrize("failure", ["refuse", "reset", "hang", "500", "429", "held"])
@pytest.mark.parametrize("asked", ["alone", "chained"])
def test_whatever_becomes_of_a_copy_the_answer_is_the_same(edge, asked, failure):
    edge.providers["third"].fail(failure)
    seen = ask(edge, asked)
    assert (seen.status, seen.response.json()["served_by"]) == (200, "first")
    if failure in ("hang", "held"):
        wait_for("the copy, which has no answer yet", lambda: seen.test_id in edge.providers["third"].waiting)
    if asked == "chained":
        assert (seen.record["attempt"], seen.record["answeredBy"]) == (1, "alpha")


def test_a_retry_makes_no_second_copy(edge):
    edge.providers["first"].fail("500")
    seen = ask(edge, "chained")
    assert seen.response.json()["served_by"] == "second"
    assert len(copies(edge, seen)) == 1
    for request in edge.arrived(seen.test_id):
        assert_own(request, body("chained"))


def test_what_may_not_leave_is_not_copied(edge):
    seen = ask(edge, "chained", headers=[("x-team", "eu")])
    assert (seen.status, seen.record.get("mirror")) == (200, None)
    assert {"model": "gamma", "reason": "label"} in seen.record["excluded"]
    assert ask(edge, "chained").status == 200
    assert edge.providers["third"].received(seen.test_id) == []


def test_a_share_of_the_sessions_is_copied_always_the_same(edge):
    def mirrored() -> set[int]:
        found = {number: ask(edge, "sampled", headers=[("x-session", f"s{number}")]) for number in range(60)}
        said = {number for number, seen in found.items() if seen.record.get("mirror") == "gamma"}
        for number in said:
            copies(edge, found[number])
        got = {number for number, seen in found.items() if edge.providers["third"].received(seen.test_id)}
        assert got == said
        return got

    first = mirrored()
    assert 6 <= len(first) <= 32
    assert mirrored() == first
