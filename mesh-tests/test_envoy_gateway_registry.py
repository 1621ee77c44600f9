"""Behind a real Envoy Gateway with the API server's objects: while it has not got the images, nothing passes."""

import contextlib
import http.client
import json
import threading

import pytest

from harness.edge import JSON
from harness.waiting import wait_for
from mesh import envoy_gateway

POLICY = {"models": [{"name": "m", "cluster": "provider", "upstreamModel": "mm"}]}
STEERING = ("x-pointsman-cluster", "provider")


@pytest.fixture(scope="module")
def world():
    return "1.40.0", "objects"


class Impatient:
    """A client that asks from the beginning, and notes what it is told."""

    def __init__(self):
        self.statuses: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        body = json.dumps({"model": "m", "messages": []})
        headers = {"host": "edge.test", "content-type": "application/json", "x-test-id": "early", **dict([STEERING])}
        while not self._over.wait(0.05):
            connection = http.client.HTTPConnection("127.0.0.1", envoy_gateway.PORT, timeout=5)
            with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
                connection.request("POST", "/upload", body, headers)
                self.statuses.add(connection.getresponse().status)

    def __enter__(self) -> "Impatient":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()


def test_a_slow_registry_delays_the_start_and_lets_nothing_pass_meanwhile(registry, control, tmp_path):
    registry.seconds = 4
    registry.pulled.clear()
    try:
        with (
            Impatient() as early,
            envoy_gateway.running(registry, "1.40.0", tmp_path / "eg", POLICY, None, control=control) as edge,
        ):
            assert any("/blobs/" in path for path in registry.pulled)
            seen = edge.chat("m")
            assert (seen.status, seen.upstream.json()["model"]) == (200, "mm")
            # In its chain, a rule for everything else answers 404.
            assert edge.received("early") == [] and early.statuses <= {404, 500}
    finally:
        registry.seconds = 0


def test_a_registry_that_is_away_lets_nothing_pass_and_no_client_choose(registry, control, tmp_path):
    """Envoy Gateway asks it again with the next change of any object, and not before. Then routes are there some
    seconds before the router: what is asked meanwhile goes to the default, wherever a client's header points."""

    def answers(edge) -> bool:
        return edge.chat("m").status == 500

    running = envoy_gateway.running(registry, "1.40.0", tmp_path / "eg", POLICY, "web", control=control, ready=answers)
    with contextlib.ExitStack() as ends:
        registry.close()
        ends.callback(registry.open)
        edge = ends.enter_context(running)
        for path, body in (("/v1/chat/completions", {"model": "m", "messages": []}), ("/upload", b"x")):
            seen = edge.ask(path, body, [JSON, STEERING])
            assert (seen.status, seen.reached) == (500, [])
        registry.open()
        with Impatient() as early:
            edge.push({"models": [{"name": "m", "cluster": "provider", "upstreamModel": "nn"}]})
            wait_for("the router", lambda: edge.chat("m").reached == ["provider"])
            wait_for("the default", lambda: edge.received("early"))
        assert {request.provider for request in edge.received("early")} == {"web"}
        assert early.statuses <= {200, 500}
