"""The module alone keeps clients from steering Envoy: here the connection manager holds all of them for internal."""

import pytest

from harness.edge import JSON

POLICY = {"models": [{"name": "m", "cluster": "provider"}], "onFailure": {"unsupportedApi": "pass"}}
INSTALLATION = {"default_cluster": "web", "manager": {"internal_address_config": {"cidr_ranges": []}}}
FROM_INSIDE = ("x-forwarded-for", "10.0.0.1")
PAID = [
    ("x-envoy-retry-on", "5xx,retriable-status-codes"),
    ("x-envoy-retriable-status-codes", "200"),
    ("x-envoy-max-retries", "20"),
]
STEERING = [
    *PAID,
    ("x-envoy-retry-grpc-on", "unavailable"),
    ("x-envoy-retriable-header-names", "content-type"),
    ("x-envoy-upstream-rq-timeout-ms", "60000"),
    ("x-envoy-upstream-rq-per-try-timeout-ms", "60000"),
    ("x-envoy-upstream-rq-timeout-alt-response", "1"),
    ("x-envoy-upstream-stream-duration-ms", "60000"),
    ("x-envoy-upstream-alt-stat-name", "forged"),
    ("x-envoy-hedge-on-per-try-timeout", "true"),
    ("x-envoy-expected-rq-timeout-ms", "60000"),
    ("x-envoy-original-dst-host", "127.0.0.1:9"),
]
PATHS = {
    "routed": ("/v1/chat/completions", "provider"),
    "no LLM call": ("/anything", "web"),
    "passed": ("/v1/videos", "web"),
}
BODY = b'{"model": "m", "messages": []}'


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_one_request_stays_one(edge, path, protocol):
    seen = edge.ask(path[0], BODY, [JSON, FROM_INSIDE, *PAID], protocol=protocol)
    assert (seen.status, seen.reached) == (200, [path[1]])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_what_steers_ends_here_and_what_tells_goes_on(edge, path):
    told = [("x-envoy-decorator-operation", "its"), ("x-envoy-peer-metadata-id", "sidecar~10.0.0.1~a~b")]
    seen = edge.ask(path[0], BODY, [JSON, FROM_INSIDE, *STEERING, *told])
    left = {name.decode().lower() for name, _ in seen.upstream.headers if name.lower().startswith(b"x-envoy-")}
    # Envoy itself says that this client is internal, which is why its headers would have counted.
    assert left == {"x-envoy-internal", *(name for name, _ in told)}
