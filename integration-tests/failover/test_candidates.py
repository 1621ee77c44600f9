"""No attempt, retry or copy goes where the decision does not allow: random policies, stale clusters, forged headers."""

import functools
import json
import random

import pytest

from harness import chance
from harness.http1 import head
from harness.waiting import wait_for

SEEDS = 2
"""Policies in each world; each world has its own."""
REQUESTS = 12


@functools.cache
def example(seed: str) -> tuple[dict, list]:
    source = random.Random(seed)
    policy = chance.policy_with_fallback(source)
    # Every model has a name of its own upstream, so that a provider's record says which one it was asked for.
    for model in policy["models"]:
        model["upstreamModel"] = f"{model['name']}@{model['cluster']}"
    return policy, [chance.request(source) for _ in range(REQUESTS)]


def wait_for_one_more(edge, test_id: str, attempts: int) -> None:
    wait_for("the copy", lambda: len(edge.arrived(test_id)) > attempts)


@pytest.mark.pairwise("world", runs=4)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_who_sees_a_request_is_who_explain_names(world, started, seed):
    policy, requests = example(f"{world} {seed}")
    edge = started(policy=policy, clusters={name: {} for name in chance.CLUSTERS})
    for provider in edge.providers.values():
        provider.fail("500")
    upstream = {model["name"]: (model["cluster"], model["upstreamModel"]) for model in policy["models"]}
    for method, path, headers, body in requests:
        expected = edge.made.explain(head(method, path, [("host", "edge.test"), *headers]) + body)
        seen = edge.ask(path, body if method == "POST" else None, headers, method)
        record = seen.record
        for outcome in ("attempt", "answeredBy", "answeredFrom"):
            record.pop(outcome, None)
        assert record == expected, f"{method} {path} {headers} {body[:2000]!r} under {json.dumps(policy)}"
        if expected["action"] == "route":
            chain = expected.get("chain", [expected["model"]])
            if "mirror" in expected:
                wait_for_one_more(edge, seen.test_id, len(chain))
            tried = edge.tried(seen.test_id)
            if mirror := expected.get("mirror"):
                tried.remove(upstream[mirror])
            assert tried == [upstream[model] for model in chain]
        else:
            assert edge.received(seen.test_id) == []
    edge.assert_healthy()
