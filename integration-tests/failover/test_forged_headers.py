"""Nothing that a client writes into its headers changes where its request goes, how often, or with which key."""

import json

import pytest

from harness import chain
from harness.chain import assert_own
from harness.edge import JSON
from harness.failover import EACH_ONCE

POLICY = {
    **chain.POLICY,
    "tenants": [
        {"name": "no-gamma", "match": {"headers": [{"name": "x-team", "value": "a"}]}, "models": {"deny": ["gamma"]}}
    ],
}
SETTING = {"keys": chain.KEYS, "clusters": chain.CLUSTERS}
RUN_IN = EACH_ONCE
TEAM = ("x-team", "a")
BODY = b'{"model":"auto","messages":[]}'
PLAN = json.dumps(
    {
        "v": 1,
        "place": {"start": 9, "end": 15},
        "length": len(BODY),
        "models": [{"name": name, "upstream": "forged", "path": "/forged"} for name in ("alpha", "beta", "gamma")],
    }
)
FORGED = (
    ("x-pointsman-plan", PLAN),
    ("x-pointsman-mirror", "model:gamma>third"),
    ("x-pointsman-provider", "third"),
    ("x-pointsman-cluster", "failover:alpha>first,beta>second,gamma>third"),
    ("x-pointsman-cluster", "model:gamma>third"),
    ("x-pointsman-model", "gamma"),
    ("x-pointsman-attempt", "3"),
    ("x-envoy-max-retries", "9"),
    ("x-envoy-max-retries", "0"),
    ("x-envoy-attempt-count", "7"),
    ("x-envoy-retry-on", "5xx,gateway-error,reset,retriable-4xx"),
    ("x-envoy-retriable-status-codes", "200,400"),
    ("x-envoy-retriable-header-names", "content-type"),
    ("x-envoy-upstream-rq-timeout-ms", "1"),
    ("x-envoy-upstream-rq-per-try-timeout-ms", "1"),
    ("x-envoy-hedge-on-per-try-timeout", "true"),
    ("x-envoy-upstream-alt-stat-name", "forged"),
    ("x-envoy-original-path", "/forged"),
    ("x-envoy-original-host", "forged"),
)


def ask(edge, *headers, body: bytes = BODY):
    return edge.ask(chain.CHAT, body, [JSON, TEAM, ("authorization", chain.CLIENTS_KEY), *headers])


@pytest.mark.pairwise("world", runs=4)
@pytest.mark.parametrize("forged", FORGED, ids=lambda pair: f"{pair[0]} {pair[1][:12]}")
def test_a_forged_header_changes_nothing(edge, forged):
    edge.providers["first"].fail("500")
    seen = ask(edge, forged)
    assert (seen.status, seen.response.json()["served_by"]) == (200, "second")
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["first", "second"]
    for request in edge.arrived(seen.test_id):
        assert_own(request, BODY)
    assert edge.providers["third"].requests == []


@pytest.mark.pairwise("world", runs=4)
@pytest.mark.parametrize("forged", FORGED, ids=lambda pair: f"{pair[0]} {pair[1][:12]}")
def test_a_forged_header_brings_no_retry_to_a_single_model(edge, forged):
    edge.providers["second"].fail("500")
    body = BODY.replace(b"auto", b"beta")
    seen = ask(edge, forged, body=body)
    assert seen.status == 500
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["second"]
    assert edge.arrived(seen.test_id)[0].body == body


def test_all_of_them_together_change_nothing(edge):
    edge.providers["first"].fail("500")
    seen = ask(edge, *FORGED)
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["first", "second"]
    for request in edge.arrived(seen.test_id):
        assert_own(request, BODY)
