"""What a provider says about its limits keeps the next requests, on every worker, away from it for as long as it said."""

import time

import pytest

from harness import chain
from harness.failover import ENDS, GATES
from harness.outage import Reply
from harness.waiting import wait_for

POLICY = {**chain.POLICY, "feedback": {"rateLimits": True, "maxSeconds": 2}, "visibility": {"responseHeaders": True}}
SETTING = {"concurrency": 2, "clusters": chain.CLUSTERS}
RUN_IN = (*ENDS, *GATES)
EVERY_WORKER = 12
"""So many connections meet both workers, but for a chance of one in two thousand."""


def models(edge) -> set[str]:
    return {edge.chat("auto").record["model"] for _ in range(EVERY_WORKER)}


def come_home(edge) -> float:
    """Waits until every worker sends to the first provider again, and says how long that took."""
    since = time.monotonic()
    wait_for("requests to come home", lambda: models(edge) == {"alpha"}, within=10)
    return time.monotonic() - since


@pytest.fixture(autouse=True)
def at_home(edge):
    yield
    for provider in edge.providers.values():
        provider.restore()
    come_home(edge)


def limited(edge, status: int, *headers) -> None:
    """The first provider answers so, once; then it is well again."""
    edge.providers["first"].answer = lambda request: Reply(status, "application/json", (b"{}",), headers)
    seen = edge.chat("auto")
    edge.providers["first"].restore()
    assert [request.provider for request in edge.arrived(seen.test_id)] == (["first"] if status == 200 else ["first", "second"])


def test_a_429_sends_the_next_requests_elsewhere_and_they_come_home(edge):
    limited(edge, 429, (b"retry-after", b"2"))
    since = time.monotonic()
    for _ in range(EVERY_WORKER):
        seen = edge.chat("auto")
        assert [request.provider for request in edge.arrived(seen.test_id)] == ["second"]
        assert {"model": "alpha", "reason": "rateLimited"} in seen.record["excluded"]
        assert seen.response.header("x-pointsman-model") == "beta"
    come_home(edge)
    # The upper end is far away on purpose: a busy machine makes tests slow, not a limit longer.
    assert 1.0 <= time.monotonic() - since <= 8.0


def test_a_limit_that_is_used_up_is_heard_in_a_good_answer(edge):
    limited(edge, 200, (b"x-ratelimit-remaining-requests", b"0"), (b"x-ratelimit-reset-requests", b"1.5s"))
    seen = edge.chat("auto")
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["second"]
    assert {"model": "alpha", "reason": "rateLimited"} in seen.record["excluded"]


def test_a_provider_of_a_single_model_is_heard_too(edge):
    edge.providers["first"].answer = lambda request: Reply(429, "application/json", (b"{}",), ((b"retry-after", b"2"),))
    assert edge.chat("alpha").status == 429
    edge.providers["first"].restore()
    assert {edge.chat("auto").record["model"] for _ in range(EVERY_WORKER)} == {"beta"}
    assert edge.chat("alpha").record["model"] == "alpha", "nobody else can serve it"


def test_when_all_are_limited_requests_are_still_served(edge):
    for provider in edge.providers.values():
        provider.answer = lambda request: Reply(429, "application/json", (b"{}",), ((b"retry-after", b"2"),))
    assert edge.chat("auto").status == 429
    for provider in edge.providers.values():
        provider.restore()
    seen = edge.chat("auto")
    assert (seen.status, seen.record["chain"], seen.record.get("excluded")) == (200, ["alpha", "beta", "gamma"], None)


def test_who_asks_for_an_hour_is_left_alone_no_longer_than_the_policy_says(edge):
    limited(edge, 429, (b"retry-after", b"3600"))
    assert come_home(edge) < 8


@pytest.mark.parametrize("said", [b"soon", b"-1", b"", b"99999999999999999999", b"\xff", b"0"])
def test_an_odd_retry_after_breaks_nothing(edge, said):
    limited(edge, 429, (b"retry-after", said))
    assert edge.chat("auto").status == 200


def test_a_clients_own_key_speaks_for_that_client_only(edge):
    edge.providers["first"].answer = lambda request: Reply(429, "application/json", (b"{}",), [(b"retry-after", b"2")])
    assert edge.chat("alpha", headers=[("authorization", "Bearer sk-of-one-client")]).status == 429
    edge.providers["first"].restore()
    assert models(edge) == {"alpha"}
