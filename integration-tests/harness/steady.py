"""Steady load: requests leave at a fixed rate, whether or not those before them have been answered, and each one is accounted for."""

import asyncio
import dataclasses
import itertools
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
    """Seconds since the load began."""
    status: int = 0
    """0 stands for no answer at all."""
    complete: bool = False
    model: str = ""
    took: float = 0.0


class Steady:
    """Runs in a thread of its own while the test does what it wants."""

    def __init__(self, port: int, rate: int, seconds: float, request: Callable[[int], tuple[str, list, bytes]]):
        """`request(n)` gives the session, the headers and the body of the nth request."""
        self.port, self.rate, self.seconds, self.request = port, rate, seconds, request
        self.fates: list[Fate] = []
        self.began = time.monotonic()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> "Steady":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._thread.join()

    @property
    def now(self) -> float:
        return time.monotonic() - self.began

    def wait_until(self, second: float) -> None:
        """The one thing in these tests that waits for a time: the load is defined by it."""
        time.sleep(max(0.0, second - self.now))

    async def _run(self) -> None:
        self.began = time.monotonic()
        under_way = set()
        for number in itertools.count():
            due = number / self.rate
            if due >= self.seconds:
                break
            if (wait := due - self.now) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._one(number))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.wait(under_way, timeout=20)
        for _, writer in self._idle:
            writer.close()

    async def _one(self, number: int) -> None:
        session, headers, body = self.request(number)
        fate = Fate(f"load-{number}", session, self.now)
        self.fates.append(fate)
        text = head("POST", "/v1/chat/completions", [("host", "edge.test"), ("x-test-id", fate.test_id), ("content-length", str(len(body))), *headers]) + body
        writer = None
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
        fate.took = self.now - fate.at

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
