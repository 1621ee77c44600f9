"""Clients that ask all the time, each request on a connection of its own, and note every answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

from harness.edge import Edge
from harness.waiting import wait_for

CLIENTS = 4


class FreshLoad:
    def __init__(self, edge: Edge, path: str, body: bytes):
        self._edge, self._path, self._body = edge, path, body
        self._over = threading.Event()
        self.latest = [""] * CLIENTS
        self.failures: list = []
        self.answers = 0
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._runs = [self._pool.submit(self._run, number) for number in range(CLIENTS)]

    def _run(self, number: int) -> None:
        while not self._over.is_set():
            seen = self._edge.ask(self._path, self._body)
            if seen.status == 200:
                self.latest[number] = seen.response.json()["model"]
            else:
                self.failures.append((seen.status, seen.response.body))
            self.answers += 1

    def wait_for(self, model: str, within: float = 60) -> None:
        wait_for(f"{model} for every client", lambda: {*self.latest} == {model}, within)

    def wait_for_more(self, answers: int) -> None:
        goal = self.answers + answers
        wait_for(f"{answers} more answers", lambda: self.answers >= goal)

    def __enter__(self) -> "FreshLoad":
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._pool.shutdown()
        for run in self._runs:
            run.result()
