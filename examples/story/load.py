"""Steady load: requests at a fixed rate, whatever becomes of the ones before, as many conversations in turn."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

# A client's own key, which no provider must ever see.
HEADERS = {"content-type": "application/json", "authorization": "Bearer demo-key-of-the-client"}
PATIENCE = 20
CALLS_AT_ONCE = 100


@dataclass(frozen=True)
class Answer:
    """What became of a request."""

    session: int
    started: float
    # `answered`, `failed`, or `cut` when an answer had begun and then its end was missing.
    outcome: str
    model: str = ""
    server: str = ""
    attempt: int = 1
    why: str = ""


class Load:
    """Requests for `model`, `rate` per second, in `sessions` conversations, for as long as the `with` lasts."""

    def __init__(self, url: str, model: str, rate: int, sessions: int):
        self.rate, self._sessions, self._address = rate, sessions, urlsplit(url).netloc
        self._body = json.dumps(
            {"model": model, "messages": [{"role": "user", "content": "Where does this train go?"}]}
        )
        self._answers: list[Answer] = []
        self._lock = threading.Lock()
        self._connections = threading.local()
        self._stop = threading.Event()
        self._pace = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Load":
        self._pace.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """Sends no more, and waits for the answers that are due."""
        self._stop.set()
        self._pace.join()

    def take(self) -> list[Answer]:
        """The answers since the last time."""
        with self._lock:
            answers, self._answers = self._answers, []
        return answers

    def _run(self) -> None:
        begin = time.monotonic()
        with ThreadPoolExecutor(CALLS_AT_ONCE) as calls:
            nth = 0
            while not self._stop.wait(max(0.0, begin + nth / self.rate - time.monotonic())):
                calls.submit(self._call, nth % self._sessions)
                nth += 1

    def _call(self, session: int) -> None:
        started = time.monotonic()
        try:
            answer = self._ask(session, started)
        except http.client.IncompleteRead as error:
            answer = Answer(session, started, "cut", why=repr(error))
        except (OSError, http.client.HTTPException) as error:
            answer = Answer(session, started, "failed", why=repr(error))
        if answer.outcome != "answered":
            self._connections.own = None
        with self._lock:
            self._answers.append(answer)

    def _ask(self, session: int, started: float) -> Answer:
        own = getattr(self._connections, "own", None) or http.client.HTTPConnection(self._address, timeout=PATIENCE)
        self._connections.own = own
        own.request("POST", "/v1/chat/completions", self._body, {**HEADERS, "x-session-id": f"session-{session}"})
        response = own.getresponse()
        text = response.read()
        if response.status != 200:
            return Answer(session, started, "failed", why=f"{response.status} {text[:200]!r}")
        model, server = response.headers["x-pointsman-model"], response.headers["x-served-by"]
        return Answer(session, started, "answered", model, server, int(response.headers.get("x-pointsman-attempt", 1)))
