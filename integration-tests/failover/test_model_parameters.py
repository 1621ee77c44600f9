"""Each attempt makes its own model's changes, starting from what the client wrote."""

import json

import pytest

from harness import chain
from harness.failover import EACH_ONCE
from harness.waiting import wait_for

ALPHA, BETA, GAMMA = chain.POLICY["models"]
POLICY = {
    **chain.POLICY,
    "models": [
        {
            **ALPHA,
            "parameters": {
                "max_tokens": {"rename": "max_completion_tokens"},
                "max_completion_tokens": {"cap": 500},
                "temperature": {"drop": True},
                "documents": {"drop": True},
            },
        },
        {**BETA, "parameters": {"max_tokens": {"cap": 300}, "top_k": {"default": 5}}},
        GAMMA,
    ],
    "tenants": [
        {"name": "capped", "match": {"headers": [{"name": "x-team", "value": "capped"}]}, "maxOutputTokens": 100},
        {"name": "all", "match": {"headers": [{"name": "content-type", "value": "application/json"}]}},
    ],
    "rules": [
        *chain.POLICY["rules"],
        {
            "name": "copied",
            "match": {"models": ["gamma"]},
            "route": {"targets": [{"model": "gamma"}], "mirror": {"model": "beta"}},
        },
    ],
}
SETTING = {"policy": POLICY, "keys": chain.KEYS, "clusters": chain.CLUSTERS}
RUN_IN = EACH_ONCE
BODY = {
    "temperature": 1,
    "model": "auto",
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 700,
    "documents": ["x" * 200_000],
}


def without(body: dict, *names: str) -> dict:
    return {name: value for name, value in body.items() if name not in names}


def sent_to(provider: str, body: dict, cap: int = 10**9) -> dict:
    model = chain.OWN[provider].model
    if provider == "first":
        renamed = without(body, "temperature", "documents", "max_tokens")
        return {**renamed, "model": model, "max_completion_tokens": min(500, cap)}
    if provider == "second":
        return {**body, "model": model, "max_tokens": min(300, cap), "top_k": 5}
    return {**body, "model": model, "max_tokens": min(700, cap)}


@pytest.mark.parametrize("cap", [None, 100])
def test_each_attempt_is_written_anew(edge, cap):
    edge.providers["first"].fail("503")
    edge.providers["second"].fail("503")
    headers = [("content-type", "application/json"), *([("x-team", "capped")] if cap else [])]
    body = json.dumps(BODY).encode()
    seen = edge.ask(chain.CHAT, body, headers)
    assert seen.status == 200
    arrived = edge.arrived(seen.test_id)
    assert [request.provider for request in arrived] == ["first", "second", "third"]
    for request in arrived:
        assert request.json() == sent_to(request.provider, BODY, cap or 10**9), request.provider
        assert request.all("content-length") in ([], [str(len(request.body)).encode()])
    if not cap:
        assert arrived[2].body == chain.readings.with_model(body, chain.OWN["third"].model)


def test_a_copy_is_changed_for_its_own_model(edge):
    body = {**BODY, "model": "gamma"}
    seen = edge.ask(chain.CHAT, body)
    assert seen.status == 200
    wait_for("the copy", lambda: sum(request.complete for request in edge.arrived(seen.test_id)) == 2)
    arrived = {request.provider: request.json() for request in edge.arrived(seen.test_id)}
    assert arrived == {"third": sent_to("third", body), "second": sent_to("second", body)}
