"""Steady load: requests leave at a fixed rate, whether or not those before them have been answered, and each one is
accounted for.

The load has a clock of its own, which goes with the requests. On a machine that cannot hold the rate it goes slower:
requests that would wait for nothing but the machine are not sent yet, so that what a test sees is the proxy's doing.
"""

import asyncio
import dataclasses
import threading
import time
from collections.abc import Callable

from harness.http1 import head


@dataclasses.dataclass
class Fate:
    """What became of one request."""

    test_id: str
    session: str
    at: float
    """Seconds since the load began, by its own clock."""
    until: float = 0.0
    """When it was over, by the same clock."""
    status: int = 0
    """0 stands for no answer at all."""
    complete: bool = False
    model: str = ""
    took: float = 0.0
    """Real seconds."""


MOST_UNDER_WAY = 100
"""More than an outage of half a second leaves waiting at the rates of these tests."""


class Steady:
    """Runs in a thread of its own while the test does what it wants."""

    def __init__(self, port: int, rate: int, seconds: float, request: Callable[[int], tuple[str, list, bytes]]):
        """`request(n)` gives the session, the headers and the body of the nth request."""
        self.port, self.rate, self.seconds, self.request = port, rate, seconds, request
        self.fates: list[Fate] = []
        self.now = 0.0
        """Seconds since it began, by its own clock."""
        self._turn = threading.Condition()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> "Steady":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._thread.join()

    def wait_until(self, second: float) -> None:
        """The one thing in these tests that waits for a time: the load is defined by it."""
        with self._turn:
            self._turn.wait_for(lambda: self.now >= second)

    def _tick(self, now: float) -> None:
        with self._turn:
            self.now = now
            self._turn.notify_all()

    async def _run(self) -> None:
        behind, began = 0.0, time.monotonic()
        under_way = set()
        for number in range(int(self.rate * self.seconds)):
            if (wait := number / self.rate + behind - (time.monotonic() - began)) > 0:
                await asyncio.sleep(wait)
            if len(under_way) >= MOST_UNDER_WAY:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            # Lost time stays lost: a burst would be another load.
            behind = time.monotonic() - began - number / self.rate
            self._tick(number / self.rate)
            task = asyncio.create_task(self._one(number))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.wait(under_way, timeout=60)
        self._tick(self.seconds)
        for _, writer in self._idle:
            writer.close()

    async def _one(self, number: int) -> None:
        session, headers, body = self.request(number)
        fate = Fate(f"load-{number}", session, self.now)
        self.fates.append(fate)
        text = (
            head(
                "POST",
                "/v1/chat/completions",
                [("host", "edge.test"), ("x-test-id", fate.test_id), ("content-length", str(len(body))), *headers],
            )
            + body
        )
        writer, since = None, time.monotonic()
        try:
            reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(text)
            kept = await self._answer(reader, fate)
            if kept:
                self._idle.append((reader, writer))
            else:
                writer.close()
        except (OSError, asyncio.IncompleteReadError):
            if writer:
                writer.close()
        fate.took, fate.until = time.monotonic() - since, self.now

    @staticmethod
    async def _answer(reader: asyncio.StreamReader, fate: Fate) -> bool:
        """Whether the connection can be used again."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:] if line)
        fate.status, fate.model = int(lines[0].split(" ")[1]), fields.get("x-pointsman-model", "")
        if "content-length" in fields:
            await reader.readexactly(int(fields["content-length"]))
        else:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(size + 2)
            await reader.readuntil(b"\r\n")
        fate.complete = True
        return fields.get("connection") != "close"
