"""What others have no say in: no client how often Envoy tries, how long, or where, and no provider in Pointsman's
name."""

import json
import time

import pytest

from harness import chain
from harness.edge import JSON
from harness.failover import ENDS
from harness.messages import Answer
from harness.provider import describe

POLICY = chain.POLICY
SOON = {"consecutiveGatewayFailure": 3, "interval": "100ms", "baseEjectionTime": "30s"}
SETTING = {
    "clusters": {**chain.CLUSTERS, "first": {**chain.CLUSTERS["first"], "outlierDetection": SOON}},
    "deployment": {"defaultCluster": "third"},
}
RUN_IN = ENDS
ADDRESSES = (None, "10.0.0.1", "127.0.0.1", "0.0.0.0", "::1", "fd00::1", "8.8.8.8, 192.168.0.1")
AGAIN = (("x-envoy-retry-on", "5xx,retriable-status-codes,gateway-error"), ("x-envoy-max-retries", "50"))
PAID = (*AGAIN, ("x-envoy-retriable-status-codes", "200"))
HEDGED = (*AGAIN, ("x-envoy-hedge-on-per-try-timeout", "true"), ("x-envoy-upstream-rq-per-try-timeout-ms", "20"))
HURRIES = (
    ("x-envoy-upstream-rq-timeout-ms", "10"),
    ("x-envoy-upstream-rq-per-try-timeout-ms", "10"),
    ("x-envoy-upstream-stream-duration-ms", "10"),
)


def slowly(request):
    time.sleep(0.2)
    return describe(request)


def asked(edge, headers, address, model="beta", path=chain.CHAT, protocol="http1"):
    """A request, and how often it arrived."""
    said = [("x-forwarded-for", address)] if address else []
    body = json.dumps({"model": model, "messages": []}).encode()
    seen = edge.ask(path, body, [JSON, *said, *headers], protocol=protocol)
    return seen, len(edge.arrived(seen.test_id))


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("path", [chain.CHAT, "/elsewhere"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_one_request_stays_one(edge, address, path, protocol):
    assert asked(edge, PAID, address, path=path, protocol=protocol)[1] == 1
    edge.providers["second" if path == chain.CHAT else "third"].fail("503")
    seen, times = asked(edge, AGAIN, address, path=path, protocol=protocol)
    assert (seen.status, times) == (503, 1)


@pytest.mark.parametrize("address", ADDRESSES[:2])
@pytest.mark.parametrize("path", [chain.CHAT, "/elsewhere"])
def test_a_slow_answer_is_waited_for_once(edge, address, path):
    for provider in edge.providers.values():
        provider.restore(slowly)
    for headers in (HEDGED, *((hurry,) for hurry in HURRIES)):
        seen, times = asked(edge, headers, address, path=path)
        assert (seen.status, times) == (200, 1), headers


def test_no_client_ejects_a_provider(edge):
    edge.providers["first"].restore(slowly)
    for hurry in HURRIES * 2:
        seen, _ = asked(edge, (hurry,), "10.0.0.1", model="auto")
        assert (seen.status, seen.response.json()["served_by"]) == (200, "first")
    assert sum(edge.envoy.stats("outlier_detection.ejections_enforced_total").values()) == 0


def test_no_client_makes_statistics(edge):
    asked(edge, (("x-envoy-upstream-alt-stat-name", "of-the-client"),), "10.0.0.1")
    assert edge.envoy.stats("of-the-client") == {}


def test_providers_are_not_told_where_a_client_is(edge):
    for path in (chain.CHAT, "/elsewhere"):
        seen, _ = asked(edge, (), "192.0.2.7", path=path)
        (request,) = edge.arrived(seen.test_id)
        told = {name.lower(): value for name, value in request.headers}
        assert told[b"x-forwarded-for"] == b"192.0.2.7", "what the client says is its own business"
        assert not {b"x-envoy-external-address", b"x-envoy-internal"} & told.keys()


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("asked_for", ["auto", "beta", None])
def test_no_provider_speaks_in_our_name(edge, asked_for, protocol):
    evil = [(b"x-pointsman-model", b"evil"), (b"X-Pointsman-Anything", b"evil"), (b"x-other", b"1")]
    for provider in edge.providers.values():
        provider.restore(lambda request: Answer(200, "application/json", (b"{", b"}"), evil, evil))
    path = chain.CHAT if asked_for else "/elsewhere"
    seen, _ = asked(edge, (), None, model=asked_for, path=path, protocol=protocol)
    assert (seen.status, seen.response.header("x-other")) == (200, "1")
    assert [name for name, _ in seen.response.headers if name.lower().startswith(b"x-pointsman")] == []
