"""A model's headers are its own: no attempt and no copy has what another model's requests set."""

import pytest

from harness import chain
from harness.failover import EACH_ONCE

ALPHA, BETA, GAMMA = chain.POLICY["models"]
POLICY = {
    **chain.POLICY,
    "models": [
        {
            **ALPHA,
            "headers": {
                "set": {"anthropic-beta": "alphas", "x-tier": "gold"},
                "remove": ["x-title"],
                "rename": {"x-user": "x-end-user"},
            },
        },
        BETA,
        {**GAMMA, "headers": {"set": {"x-title": "gammas"}}},
    ],
}
SETTING = {"policy": POLICY, "keys": chain.KEYS, "clusters": chain.CLUSTERS}
RUN_IN = EACH_ONCE
SENT = [("anthropic-beta", "a"), ("anthropic-beta", "b"), ("x-title", "its"), ("x-user", "u\xe9".encode("latin-1"))]
NAMES = ("anthropic-beta", "x-tier", "x-title", "x-user", "x-end-user")
CLIENTS = {"anthropic-beta": [b"a,b"], "x-tier": [], "x-title": [b"its"], "x-user": [b"u\xe9"], "x-end-user": []}
EXPECTED = {
    "first": {
        "anthropic-beta": [b"alphas"],
        "x-tier": [b"gold"],
        "x-title": [],
        "x-user": [],
        "x-end-user": [b"u\xe9"],
    },
    "second": CLIENTS,
    "third": {**CLIENTS, "x-title": [b"gammas"]},
}


def ask(edge, model: str):
    return edge.ask(chain.CHAT, {"model": model, "messages": []}, [("content-type", "application/json"), *SENT])


def headers(request) -> dict:
    """Of each header one value, as HTTP joins several."""
    return {name: [b",".join(values)] if (values := request.all(name)) else [] for name in NAMES}


@pytest.mark.parametrize(("model", "provider"), [("alpha", "first"), ("beta", "second"), ("gamma", "third")])
def test_a_request_to_one_model(edge, model, provider):
    seen = ask(edge, model)
    assert (seen.status, headers(seen.upstream)) == (200, EXPECTED[provider])


def test_each_attempt_has_its_own(edge):
    edge.providers["first"].fail("503")
    edge.providers["second"].fail("503")
    seen = ask(edge, "auto")
    assert seen.status == 200
    arrived = edge.arrived(seen.test_id)
    assert [request.provider for request in arrived] == ["first", "second", "third"]
    assert {request.provider: headers(request) for request in arrived} == EXPECTED
