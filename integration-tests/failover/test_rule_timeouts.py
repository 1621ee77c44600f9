"""A rule's timeout ends a request, however many models it has, and stands over the deployment's own."""

import time

import pytest

from harness import chain
from harness.failover import EACH_ONCE

ROUTE = {"targets": [{"model": "alpha"}], "timeout": "1s"}
POLICY = {
    **chain.POLICY,
    "rules": [
        {"name": "chain", "match": {"models": ["auto"]}, "route": {**ROUTE, "fallback": ["beta", "gamma"]}},
        {"name": "one", "match": {"models": ["gamma"]}, "route": {**ROUTE, "targets": [{"model": "gamma"}]}},
        {"name": "patient", "match": {"models": ["alpha"]}, "route": {**ROUTE, "timeout": "60s"}},
    ],
}
SETTING = {
    "policy": POLICY,
    "keys": chain.KEYS,
    "clusters": chain.CLUSTERS,
    "deployment": {"timeouts": {"answer": "3s"}},
}
RUN_IN = EACH_ONCE


def timed(edge, model: str) -> tuple:
    began = time.monotonic()
    return edge.chat(model), time.monotonic() - began


@pytest.mark.parametrize(("model", "provider"), [("auto", "first"), ("gamma", "third")])
def test_an_answer_that_does_not_come_is_not_waited_for(edge, model, provider):
    edge.providers[provider].fail("hang")
    seen, took = timed(edge, model)
    assert (seen.status, seen.reached) == (504, [provider])
    assert 0.9 < took < 2.5


def test_all_attempts_together_have_that_time(edge):
    edge.providers["first"].fail("503")
    edge.providers["second"].fail("hang")
    seen, took = timed(edge, "auto")
    assert (seen.status, seen.reached) == (504, ["first", "second"])
    assert 0.9 < took < 2.5


def test_a_longer_time_stands_over_the_deployments(edge):
    edge.providers["first"].fail("slow")
    seen, took = timed(edge, "alpha")
    assert (seen.status, seen.reached) == (200, ["first"])
    assert took > 3


def test_nobody_else_sees_it(edge):
    for model in ("auto", "gamma"):
        seen = edge.chat(model)
        assert (seen.status, seen.upstream.header("x-envoy-upstream-rq-timeout-ms")) == (200, None)


def test_a_client_still_has_no_say(edge):
    seen = edge.ask(
        "/v1/chat/completions",
        {"model": "gamma", "messages": []},
        headers=[
            ("content-type", "application/json"),
            ("x-envoy-upstream-rq-timeout-ms", "1"),
        ],
    )
    assert seen.status == 200
