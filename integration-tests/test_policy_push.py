"""A new policy takes over under load without one failed request; a bad one is rejected and the old one keeps
serving."""

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.edge import JSON
from harness.http1 import Http1, head
from harness.messages import Answer
from harness.waiting import wait_for

CHAT = "/v1/chat/completions"
CONNECTIONS = 6
PUSHES = 8


def policy(number: int, model: str = "m") -> dict:
    return {"models": [{"name": model, "cluster": "provider", "upstreamModel": f"version-{number}"}]}


POLICY = policy(0)
INSTALLATION = {"discovered": True, "concurrency": 2}
ASKED = json.dumps({"messages": [{"role": "user", "content": "x" * 2000}], "model": "m"}).encode()
REQUEST = head("POST", CHAT, [("host", "edge.test"), JSON, ("content-length", str(len(ASKED)))]) + ASKED


def model_asked_for(request) -> Answer:
    return Answer.of({"model": request.json()["model"]})


@pytest.fixture
def pushed(edge):
    """The edge with the first policy in force."""
    edge.providers["provider"].answer = model_asked_for
    edge.push(policy(0))
    wait_for("the first policy on every worker", lambda: serves(edge, "version-0"))
    return edge


def serves(edge, model: str) -> bool:
    """Whether every worker sends requests on with this model."""
    return all(seen.response.json().get("model") == model for seen in edge.ask_each_worker(CHAT, ASKED))


class Load:
    """Connections that ask all the time and note every answer."""

    def __init__(self, edge):
        self.edge, self.over = edge, threading.Event()
        self.latest = [""] * CONNECTIONS
        self.failures = []
        self.pool = ThreadPoolExecutor(CONNECTIONS)
        self.runs = [self.pool.submit(self._run, number) for number in range(CONNECTIONS)]

    def _run(self, number: int) -> int:
        with Http1(self.edge.port) as client:
            for count in itertools.count():
                if self.over.is_set():
                    return count
                client.send(REQUEST)
                response = client.response()
                if response.status == 200:
                    self.latest[number] = response.json()["model"]
                else:
                    self.failures.append(response)

    def all_get(self, model: str) -> bool:
        return all(latest == model for latest in self.latest)

    def finish(self) -> int:
        self.over.set()
        self.pool.shutdown()
        return sum(run.result() for run in self.runs)


def test_new_policies_take_over_under_load_without_a_failed_request(pushed):
    load = Load(pushed)
    try:
        for number in range(1, PUSHES + 1):
            pushed.push(policy(number))
            wait_for(f"policy {number} on every connection", lambda number=number: load.all_get(f"version-{number}"))
    finally:
        count = load.finish()
    assert load.failures == []
    assert count > PUSHES * CONNECTIONS


def test_a_request_under_way_keeps_the_policy_that_it_began_with(pushed):
    with Http1(pushed.port) as client:
        before = pushed.envoy.received_bytes()
        client.send(REQUEST[:-30])
        wait_for("Envoy to read the first part", lambda: pushed.envoy.received_bytes() - before >= len(REQUEST) - 30)
        pushed.push(policy(5))
        wait_for("the new policy", lambda: serves(pushed, "version-5"))
        client.send(REQUEST[-30:])
        assert client.response().json() == {"model": "version-0"}


BAD = {
    "no-such-model": {**policy(1), "aliases": [{"name": "a", "model": "nobody"}]},
    "unknown-field": {**policy(1), "modles": []},
    "no-models": {"models": "none"},
    "duplicate-model": {"models": policy(1)["models"] * 2},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_policy_is_rejected_and_the_old_one_keeps_serving(pushed, bad):
    said = pushed.envoy.log().count("configuration rejected")
    pushed.push(bad)
    wait_for("the rejection in the log", lambda: pushed.envoy.log().count("configuration rejected") > said)
    assert serves(pushed, "version-0")
    pushed.push(policy(2))
    wait_for("a good policy to take over again", lambda: serves(pushed, "version-2"))
    pushed.envoy.accept_log()


def test_the_record_names_the_policy_that_decided(pushed):
    first = pushed.ask(CHAT, ASKED).record["policy"]
    pushed.push(policy(3))
    wait_for("the new policy", lambda: serves(pushed, "version-3"))
    second = pushed.ask(CHAT, ASKED).record["policy"]
    pushed.push(policy(0))
    wait_for("the first policy again", lambda: serves(pushed, "version-0"))
    assert first != second
    assert pushed.ask(CHAT, ASKED).record["policy"] == first
