"""No attempt of a client reaches a model or a cluster that its tenant may not use, and none breaks the virtual machine.

`guest` may use the model `open` on the cluster `open`. The model `secret` is on the cluster `secret`; whatever is no
LLM call goes to `web`. With the policy below the model alone decides, so that a request flows on as soon as its
model is read; the second policy reads whole prompts and decides at the end.
"""

import pytest

from harness import readings
from harness.corpus import ATTEMPTS, GUEST, POLICIES, Attempt, Outcome, Passes, Refused, Rejected, Untouched
from harness.edge import CUT_OFF

INSTALLATION = {"default_cluster": "web", "buffer_limit": 4 << 20}


@pytest.fixture(scope="module", params=POLICIES)
def policy(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(started, policy):
    return started(**INSTALLATION, policy=POLICIES[policy])


def test_the_corpus_is_large_and_its_names_are_unique():
    assert len(ATTEMPTS) >= 550
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS)


@pytest.mark.pairwise("world", "policy", "protocol")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_an_attempt_ends_as_its_table_says(edge, policy, attempt: Attempt, protocol: str):
    seen = edge.ask(attempt.path, attempt.body, [GUEST, *attempt.headers], attempt.method, protocol)
    assert_nothing_forbidden_happened(edge, seen)
    assert_outcome(seen, attempt, attempt.outcome_in(protocol, policy))
    assert edge.chat("open", headers=[GUEST]).status == 200


def assert_nothing_forbidden_happened(edge, seen):
    """Holds for every attempt, whatever its outcome."""
    received = edge.received(seen.test_id)
    assert not [request for request in received if request.provider == "secret"]
    for request in received:
        reserved = [name for name, _ in request.headers if name.lower().startswith(b"x-pointsman-")]
        assert reserved == []
        if request.provider == "open" and request.complete:
            assert dict(readings.models(request.body)) == dict.fromkeys(dict(readings.models(request.body)), "open")


def assert_outcome(seen, attempt: Attempt, outcome: Outcome):
    complete = [request for request in seen.edge.received(seen.test_id) if request.complete]
    match outcome:
        case Refused(reason, status):
            assert complete == []
            assert (seen.record["action"], seen.record["reason"], seen.status) == ("deny", reason, status)
            if attempt.method != "HEAD":
                assert seen.response.header("content-type") == "application/json"
                assert {"error", "message"} & set(seen.response.json())
        case Passes():
            assert (seen.status, seen.upstream.provider) == (200, "open")
        case Untouched():
            assert (seen.status, seen.upstream.provider) == (200, "web")
            sent = b"".join(attempt.body) if isinstance(attempt.body, list) else attempt.body or b""
            assert (seen.upstream.body, seen.log["record"]) == (sent, None)
        case Rejected():
            assert complete == []
            assert seen.status == CUT_OFF or seen.status >= 400
