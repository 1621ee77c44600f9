"""Who answered, and at which attempt: in the record always, in response headers when the policy asks for them."""

import pytest

from harness import chain
from harness.failover import EACH_VERSION
from harness.messages import Answer

POLICY = {**chain.POLICY, "visibility": {"responseHeaders": True}}
SETTING = {"keys": chain.KEYS, "clusters": chain.CLUSTERS}
RUN_IN = EACH_VERSION
TOLD = ("model", "attempt", "cluster")


@pytest.fixture(scope="module")
def silent(started):
    return started(policy=chain.POLICY)


def told(seen) -> dict:
    return {name: seen.response.header(f"x-pointsman-{name}") for name in TOLD}


@pytest.mark.parametrize("failing", [(), ("first",), ("first", "second")])
def test_the_attempt_that_answered_is_told(edge, failing):
    for name in failing:
        edge.providers[name].fail("503")
    seen, attempt = edge.chat("auto"), len(failing) + 1
    model, cluster = (("alpha", "first"), ("beta", "second"), ("gamma", "third"))[len(failing)]
    assert told(seen) == {"model": model, "attempt": str(attempt), "cluster": cluster}
    outcome = {name: seen.record[name] for name in ("attempt", "answeredBy", "answeredFrom", "model", "chain")}
    assert outcome == {
        "attempt": attempt,
        "answeredBy": model,
        "answeredFrom": cluster,
        "model": "alpha",
        "chain": ["alpha", "beta", "gamma"],
    }


def test_nobody_answered(edge):
    for provider in edge.providers.values():
        provider.fail("refuse")
    seen = edge.chat("auto")
    assert seen.status == 503
    assert told(seen) == dict.fromkeys(TOLD)
    assert seen.record["attempt"] == 3
    assert {"answeredBy", "answeredFrom"} & set(seen.record) == set()


def test_the_answer_of_the_last_provider_is_its_answer_even_if_it_is_an_error(edge):
    for provider in edge.providers.values():
        provider.fail("500")
    seen = edge.chat("auto")
    assert (seen.status, seen.record["answeredBy"], told(seen)["attempt"]) == (500, "gamma", "3")


def test_a_request_of_one_model_has_no_attempts_to_tell_of(edge):
    seen = edge.chat("gamma")
    assert (told(seen)["model"], told(seen)["attempt"]) == ("gamma", None)
    assert {"attempt", "answeredBy", "chain"} & set(seen.record) == set()


@pytest.mark.parametrize("model", ["auto", "gamma"])
@pytest.mark.parametrize("which", ["edge", "silent"])
def test_a_provider_cannot_speak_in_pointsmans_name(world, request, which, model):
    edge = request.getfixturevalue(which)
    forged = tuple((b"x-pointsman-" + name.encode(), b"forged") for name in (*TOLD, "rule", "reason", "policy"))
    for provider in edge.providers.values():
        provider.answer = lambda request: Answer(200, "application/json", (b"{}",), forged)
    seen = edge.chat(model)
    assert [
        value for name, value in seen.response.headers if name.startswith(b"x-pointsman-") and value == b"forged"
    ] == []
    if which == "silent":
        assert [name for name, _ in seen.response.headers if name.startswith(b"x-pointsman-")] == []
    edge.assert_healthy()


def test_what_a_provider_keeps_is_asked_for_nowhere_else(edge):
    edge.providers["first"].fail("503")
    seen = edge.ask("/v1/responses", {"model": "auto", "input": "And then?", "previous_response_id": "resp_1"})
    assert (seen.status, edge.tried(seen.test_id)) == (503, [("first", "alpha-2026-01")])
    assert seen.record["excluded"] == [{"model": model, "reason": "held"} for model in ("beta", "gamma")]
    again = edge.ask("/v1/responses", {"model": "auto", "input": "And then?", "previous_response_id": None})
    assert (again.status, again.record["answeredBy"]) == (200, "beta")
