"""A connection to each worker of an Envoy: each takes a new configuration in its own time, and one answer tells of
one worker only."""

from collections.abc import Callable, Iterable, Iterator

from harness.http1 import ConnectionLost, Http1, head
from harness.messages import Response
from harness.waiting import wait_for

MODELS = "/v1/models"
"""Any policy answers this without a provider, and so early that the connection stays."""


class Workers:
    """Which worker a connection belongs to, Envoy's own counters tell. A worker keeps its connections, so the
    question is asked once."""

    def __init__(self, port: int, connections_of: Callable[[], dict[int, int]]):
        """`connections_of` says how many connections each worker has taken so far."""
        self._port, self._connections_of = port, connections_of
        self._clients: dict[int, Http1] = {}

    def each(self, request: Callable[[], bytes]) -> Iterator[Response]:
        """One answer of each worker, to a request of its own."""
        for worker in self._connections_of():
            yield self._ask(worker, request)

    def _ask(self, worker: int, request: Callable[[], bytes]) -> Response:
        # A connection that the proxy has closed meanwhile says nothing about the worker.
        for _ in range(10):
            client = self._client(worker)
            try:
                client.send(request())
                response = client.response()
            except (ConnectionError, ConnectionLost):
                self._forget(worker)
                continue
            if response.header("connection") == "close":
                self._forget(worker)
            return response
        raise AssertionError(f"worker {worker} closes every connection")

    def _forget(self, worker: int) -> None:
        self._clients.pop(worker).close()

    def _client(self, worker: int) -> Http1:
        wait_for(f"a connection to worker {worker}", lambda: worker in self._clients or self._connect() == worker)
        return self._clients[worker]

    def _connect(self) -> int | None:
        """A new connection, and the worker that has it; nobody when others connected at the same time, so that it
        cannot be told."""
        before, client = self._connections_of(), Http1(self._port)
        client.send(head("GET", MODELS, [("host", "edge.test")]))
        kept = client.response().header("connection") != "close"
        taken = [
            worker for worker, count in self._connections_of().items() for _ in range(count - before.get(worker, 0))
        ]
        if not kept or len(taken) != 1 or taken[0] in self._clients:
            client.close()
            return None
        self._clients[taken[0]] = client
        return taken[0]


def connections_of(stats: Iterable[tuple[str, int]]) -> dict[int, int]:
    """From counters of listeners, by worker."""
    counts: dict[int, int] = {}
    for name, count in stats:
        worker = int(name.split(".worker_")[1].split(".")[0])
        counts[worker] = counts.get(worker, 0) + count
    return counts


COUNTERS = r"^listener\..*\.worker_\d+\.downstream_cx_total$"
