"""What a provider says about its limits keeps the next requests, on every worker, away from it for as long as it
said."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from harness import chain
from harness.edge import JSON
from harness.failover import ENDS, GATES
from harness.messages import Answer
from harness.waiting import wait_for

T = TypeVar("T")
POLICY = {**chain.POLICY, "feedback": {"rateLimits": True, "maxSeconds": 2}, "visibility": {"responseHeaders": True}}
SETTING = {"concurrency": 2, "clusters": chain.CLUSTERS}
RUN_IN = (*ENDS, *GATES)
LIMIT = 2.0
"""Seconds that a provider asks for, unless the test says otherwise."""


def models(edge) -> set[str]:
    """Whom each worker sends to."""
    return {seen.record["model"] for seen in edge.chat_with_each_worker("auto")}


def come_home(edge) -> None:
    """Waits until every worker sends to the first provider again."""
    wait_for("requests to come home", lambda: models(edge) == {"alpha"})


def before_it_is_over(edge, limit: float, step: Callable[[], T]) -> T:
    """What is seen while a limit holds that the step brings about. A step that took longer than the limit has seen
    something else, and is done once more."""
    for _ in range(20):
        since = time.monotonic()
        seen = step()
        if time.monotonic() - since < limit:
            return seen
        come_home(edge)
    raise AssertionError(f"this machine is too busy for {limit:g} seconds")


@pytest.fixture(autouse=True)
def at_home(edge):
    yield
    for provider in edge.providers.values():
        provider.restore()
    come_home(edge)


def limited(edge, status: int, *headers) -> None:
    """The first provider answers so, once; then it is well again."""
    edge.providers["first"].answer = lambda request: Answer(status, "application/json", (b"{}",), headers)
    seen = edge.chat("auto")
    edge.providers["first"].restore()
    assert [request.provider for request in edge.arrived(seen.test_id)] == (
        ["first"] if status == 200 else ["first", "second"]
    )


def test_a_429_sends_the_next_requests_elsewhere_and_they_come_home(edge):
    since = time.monotonic()

    def step() -> list:
        limited(edge, 429, (b"retry-after", b"2"))
        return edge.chat_with_each_worker("auto")

    for seen in before_it_is_over(edge, LIMIT, step):
        assert [request.provider for request in edge.arrived(seen.test_id)] == ["second"]
        assert {"model": "alpha", "reason": "rateLimited"} in seen.record["excluded"]
        assert seen.response.header("x-pointsman-model") == "beta"
    come_home(edge)
    assert time.monotonic() - since >= 1.0


def test_a_limit_that_is_used_up_is_heard_in_a_good_answer(edge):
    def step():
        limited(edge, 200, (b"x-ratelimit-remaining-requests", b"0"), (b"x-ratelimit-reset-requests", b"1.5s"))
        return edge.chat("auto")

    seen = before_it_is_over(edge, 1.0, step)
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["second"]
    assert {"model": "alpha", "reason": "rateLimited"} in seen.record["excluded"]


def test_a_provider_of_a_single_model_is_heard_too(edge):
    def step() -> set[str]:
        edge.providers["first"].answer = lambda request: Answer(
            429, "application/json", (b"{}",), ((b"retry-after", b"2"),)
        )
        assert edge.chat("alpha").status == 429
        edge.providers["first"].restore()
        return models(edge)

    assert before_it_is_over(edge, LIMIT, step) == {"beta"}
    assert edge.chat("alpha").record["model"] == "alpha", "nobody else can serve it"


@pytest.mark.parametrize(
    "account",
    [*chain.KEY_HEADERS, "?key", "?Subscription-Key", "?x=1;k%65y", "?%2Baccess_token+"],
)
def test_the_limit_of_one_clients_account_is_nobody_elses(edge, account):
    """A client's account goes to the one provider there is, and that provider speaks of that account."""
    edge.providers["first"].answer = lambda request: Answer(
        429, "application/json", (b"{}",), ((b"retry-after", b"2"),)
    )
    path, headers = (chain.CHAT + account + "=x", []) if account.startswith("?") else (chain.CHAT, [(account, "x")])
    seen = edge.ask(path, b'{"model":"alpha"}', [JSON, *headers])
    edge.providers["first"].restore()
    assert (seen.status, seen.record["model"]) == (429, "alpha")
    assert edge.chat("auto").record["model"] == "alpha"


def test_when_all_are_limited_requests_are_still_served(edge):
    def step():
        for provider in edge.providers.values():
            provider.answer = lambda request: Answer(429, "application/json", (b"{}",), ((b"retry-after", b"2"),))
        assert edge.chat("auto").status == 429
        for provider in edge.providers.values():
            provider.restore()
        return edge.chat("auto")

    seen = before_it_is_over(edge, LIMIT, step)
    assert (seen.status, seen.record["chain"], seen.record.get("excluded")) == (200, ["alpha", "beta", "gamma"], None)


def test_who_asks_for_an_hour_is_left_alone_no_longer_than_the_policy_says(edge):
    limited(edge, 429, (b"retry-after", b"3600"))
    come_home(edge)


@pytest.mark.parametrize("said", [b"soon", b"-1", b"", b"99999999999999999999", b"\xff", b"0"])
def test_an_odd_retry_after_breaks_nothing(edge, said):
    limited(edge, 429, (b"retry-after", said))
    assert edge.chat("auto").status == 200


def test_a_clients_own_key_speaks_for_that_client_only(edge):
    edge.providers["first"].answer = lambda request: Answer(429, "application/json", (b"{}",), [(b"retry-after", b"2")])
    assert edge.chat("alpha", headers=[("authorization", "Bearer sk-of-one-client")]).status == 429
    edge.providers["first"].restore()
    assert models(edge) == {"alpha"}
