"""A provider that is as busy as the operator lets it be: the next model takes what is too much for it."""

import subprocess
import threading

import pytest

from harness import chain, locations
from harness.edge import JSON
from harness.failover import IDLE, SHORT_IDLE, WORLDS
from harness.messages import Answer
from harness.outage import EVENT
from harness.waiting import wait_for

POLICY = {**chain.POLICY, "visibility": {"responseHeaders": True}}
NARROW = {"maxConnections": 2, "maxRequests": 2, "maxPendingRequests": 1}
SOON = {"consecutiveGatewayFailure": 3, "interval": "100ms", "baseEjectionTime": "500ms", "maxEjectionTime": "500ms"}
CLUSTERS = {**chain.CLUSTERS, "first": {**chain.CLUSTERS["first"], "circuitBreakers": NARROW}}
SETTING = {"clusters": CLUSTERS, "keys": chain.KEYS, "idle": SHORT_IDLE}
RUN_IN = WORLDS
BODY = b'{"model":"auto","messages":[]}'


def chat(number: int):
    return f"session-{number}", [JSON], BODY


@pytest.fixture(scope="module")
def patient(started):
    return started(idle=IDLE)


def test_what_is_too_much_for_one_provider_goes_to_the_next(patient):
    first = patient.providers["first"]
    first.fail("held")
    asked = [threading.Thread(target=patient.ask, args=(chain.CHAT, BODY)) for _ in range(3)]
    for under_way, thread in enumerate(asked, 1):
        thread.start()
        wait_for("those before it at the first provider", lambda: len(first.waiting) == min(under_way, 2))  # noqa: B023
    waiting = "cluster.model.*alpha.*upstream_rq_pending_active"
    wait_for("one that waits for a connection", lambda: sum(patient.envoy.stats(waiting).values()) == 1)
    seen = patient.ask(chain.CHAT, BODY)
    assert (seen.status, seen.response.json()["served_by"]) == (200, "second")
    assert [request.provider for request in patient.arrived(seen.test_id)] == ["second"]
    first.restore()
    for thread in asked:
        thread.join()
    assert patient.chat("auto").record["answeredBy"] == "alpha"
    patient.assert_healthy()


def test_under_load_no_request_fails_for_an_open_circuit_breaker(edge):
    first = edge.providers["first"]
    first.pause, first.answer = 0.02, lambda request: Answer(200, "text/event-stream", (EVENT,) * 4)
    with edge.steady(100, 5.0, chat) as load:
        pass
    assert [fate for fate in load.fates if fate.status != 200 or not fate.complete][:5] == []
    answered = {fate.model for fate in load.fates}
    assert answered == {"alpha", "beta"}, "some had to move on, and the first provider still had its share"
    for request in edge.all_arrived():
        chain.assert_own(request, BODY)


FAILURES = ("refuse", "reset", "resetInBody", "hang", "500", "503", "529", "429", "shouldRetry")


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_behind_limits_moves_on(edge, failure):
    edge.providers["first"].fail(failure)
    seen = edge.ask(chain.CHAT, BODY)
    assert (seen.status, seen.response.json()["served_by"]) == (200, "second")
    for request in (request for request in edge.arrived(seen.test_id) if request.complete):
        chain.assert_own(request, BODY)
    assert seen.record["answeredBy"] == "beta"


def test_an_answer_behind_limits_is_the_providers_own(edge):
    seen = edge.ask(chain.CHAT, BODY)
    assert seen.record["answeredBy"] == "alpha"
    (request,) = edge.arrived(seen.test_id)
    chain.assert_own(request, BODY)
    edge.providers["first"].fail("404")
    direct, limited = edge.chat("alpha"), edge.ask(chain.CHAT, BODY)
    names = [
        {name for name, _ in answer.response.headers if not name.startswith(b"x-pointsman-")}
        for answer in (direct, limited)
    ]
    assert (limited.status, names[0]) == (404, names[1])


def test_doctor_finds_nothing_wrong_with_limits(edge):
    done = subprocess.run(
        [locations.cli(), "doctor", edge.envoy.admin_address], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def alone(started):
    """All models of a chain at one provider, which has limits and no key of its own."""
    models = [POLICY["models"][0], {"name": "sibling", "cluster": "first"}]
    rule = {**POLICY["rules"][0], "route": {"targets": [{"model": "alpha"}], "fallback": ["sibling"]}}
    return started(policy={**POLICY, "models": models, "rules": [rule]}, keys={})


def test_a_clients_key_passes_behind_limits_where_there_is_one_provider_only(alone):
    alone.providers["first"].fail("500")
    seen = alone.ask(chain.CHAT, BODY, [JSON, ("authorization", chain.CLIENTS_KEY)])
    assert seen.status == 500
    assert alone.tried(seen.test_id) == [("first", "alpha-2026-01"), ("first", "sibling")]
    assert {request.header("authorization") for request in alone.arrived(seen.test_id)} == {chain.CLIENTS_KEY}
    alone.assert_healthy()


@pytest.fixture(scope="module")
def ejecting(started):
    return started(clusters={**CLUSTERS, "first": {**CLUSTERS["first"], "outlierDetection": SOON}})


def test_a_provider_that_hangs_behind_limits_is_left_alone(ejecting):
    ejecting.providers["first"].fail("hang")

    def left_alone() -> bool:
        seen = ejecting.chat("auto")
        assert seen.status == 200
        return [request.provider for request in ejecting.arrived(seen.test_id)] == ["second"]

    wait_for("the first provider to be ejected", left_alone)
    ejecting.assert_healthy()
