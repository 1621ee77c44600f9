"""What open requests keep in the virtual machine is bounded, whatever their paths are; and what a trap costs."""

import contextlib
import time

import pytest

from harness import locations
from harness.edge import JSON
from harness.http1 import Http1, head
from harness.waiting import wait_for

POLICY = {
    "models": [
        {"name": "m", "cluster": "provider"},
        {"name": "a", "cluster": "other", "path": {"prefix": "/openai/deployments/a"}},
    ],
}
LONG = b"/v1/chat/completions?q=" + b"q" * 57_000
FIT = 64 * 1024 * 1024 // (len(LONG) + 2304)
"""So many of them fit: what docs/limits.md says."""


def open_request(stack: contextlib.ExitStack, edge) -> Http1:
    """A request that says that a body comes, and sends none."""
    client = stack.enter_context(Http1(edge.port))
    client.send(head("POST", LONG, [("host", "edge.test"), JSON, ("content-length", "100")]))
    return client


@pytest.mark.pairwise("world")
def test_many_open_requests_with_long_paths_trap_nothing(edge):
    before = edge.envoy.resident_bytes()
    with contextlib.ExitStack() as stack:
        opened = [open_request(stack, edge) for _ in range(FIT + 100)]
        wait_for("the last one to be refused", opened[-1].is_answered)
        wait_for("all that do not fit to be refused", lambda: sum(one.is_answered() for one in opened) >= 100)
        refused = [one for one in opened if one.is_answered()]
        assert not opened[0].is_answered(), opened[0].response()
        assert len(refused) == 100
        response = refused[0].response()
        assert (response.status, response.json()["error"]["code"]) == (503, "overloaded")
        # The worker goes on: other traffic, and what was open before.
        assert edge.ask("/v1/models", method="GET", headers=[]).status == 200
        opened[0].send(b'{"model":"m","messages":[]}'.ljust(100))
        assert opened[0].response().status == 200
        # What that one kept is free again.
        assert not opened[1].is_answered()
        assert edge.chat("m").status == 200
        assert edge.envoy.resident_bytes() - before < 600 * 1024 * 1024
    wait_for("room", lambda: edge.chat("m").status == 200)
    with contextlib.ExitStack() as stack:
        again = [open_request(stack, edge) for _ in range(FIT - 10)]
        assert edge.chat("m").status == 200
        assert not any(one.is_answered() for one in again)


def test_a_long_path_is_served_and_rewritten(edge):
    query = "q=" + "x" * 50_000
    for model, path in (("m", "/v1/chat/completions"), ("a", "/openai/deployments/a/chat/completions")):
        seen = edge.ask(f"/v1/chat/completions?{query}", {"model": model, "messages": []})
        assert (seen.status, seen.upstream.target) == (200, f"{path}?{query}".encode())


def test_a_worker_whose_machine_has_trapped_serves_again_within_a_second(started):
    edge = started(module=locations.trap_module())
    assert edge.chat("m").status == 200
    assert edge.chat("m", headers=[("x-trap", "1")]).status != 200
    since = time.monotonic()
    wait_for("the machine to be there again", lambda: edge.chat("m").status == 200)
    assert time.monotonic() - since < 2, "a second, and what a busy machine adds"
    edge.envoy.accept_log()


def test_the_module_that_is_shipped_does_not_trap_on_request(edge):
    assert edge.chat("m", headers=[("x-trap", "1")]).status == 200
