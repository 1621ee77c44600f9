"""Providers that fail when they are told to, in every way that a provider can fail."""

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from harness.messages import Answer, HeaderList, Recorded
from harness.provider import Http1Session, Provider, describe

FAILURES = {
    "refuse": "no connection is accepted, and those there are break",
    "reset": "the connection breaks when the request is complete",
    "resetInBody": "the connection breaks when the request has begun",
    "hang": "nothing is ever answered",
    "slow": "the answer comes, but too late",
    "held": "the answer comes when the failure is over",
    "shouldRetry": "an error that is no failure by its status, but says that another attempt is worth it",
    "resetAfterHeaders": "the connection breaks when the answer's headers have been sent",
    "resetAfterEvent": "the connection breaks after the first event of a stream",
    "errorEvent": "a stream's second event says that something went wrong",
    "<status>": "an error with that status; a 429 says for how long",
}
SLOW = 5.0
"""Seconds before the first byte of a slow answer: longer than an attempt may be silent in these tests."""
RETRY_AFTER = "2"
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"Platform"}}]}\n\n'
ERROR_EVENT = b'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n'


class Journal(list):
    """The requests of one provider; each is noted in the journal of all providers, too."""

    def __init__(self, everyone: list[Recorded]):
        super().__init__()
        self.everyone = everyone

    def append(self, request: Recorded) -> None:
        super().append(request)
        self.everyone.append(request)


class FailingProvider(Provider):
    def __init__(self, name: str, everyone: list[Recorded], answer: Callable[[Recorded], Answer] = describe):
        super().__init__(name, answer)
        self.requests = Journal(everyone)
        self.failure: str | None = None
        self.pause = 0.0
        """Seconds between the pieces of an answer."""
        self.begun: set[str] = set()
        """The ids of requests whose answer has begun and not ended."""
        self.cut_off: set[str] = set()
        """The ids of those that an outage has cut off."""
        self.waiting: set[str] = set()
        """The ids of requests that wait for an answer in vain."""
        self._over = asyncio.Event()
        self._well, self._loop, self._server = answer, None, None
        self._connections: set[asyncio.StreamWriter] = set()

    def fail(self, failure: str) -> None:
        """Fails in this way from now on."""
        assert failure in FAILURES or failure.isdigit(), failure
        self.failure = failure
        self._over.clear()
        if failure == "refuse":
            self._run(self._stop())

    def restore(self, answer: Callable[[Recorded], Answer] | None = None) -> None:
        """Answers as it did at first, or so; whoever waits in vain for an answer loses the connection."""
        self.failure, self.answer = None, answer or self._well
        self._run(self._recover())

    async def listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await FailingSession(self, reader, writer).run(b"")
        finally:
            self._connections.discard(writer)
            writer.close()

    def _run(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        self._break_connections()

    async def over(self) -> None:
        """Returns when the failure is over."""
        await self._over.wait()

    async def _recover(self) -> None:
        self._over.set()
        self._break_connections(only_silent=True)
        if not self._server:
            await self.listen()

    def _break_connections(self, only_silent: bool = False) -> None:
        self.cut_off |= self.begun
        for writer in list(self._connections):
            if not only_silent or getattr(writer, "is_silent", False):
                break_off(writer)


class FailingSession(Http1Session):
    provider: FailingProvider

    async def _body(self, request: Recorded) -> AsyncIterator[bytes]:
        if self.provider.failure == "resetInBody":
            self._reset()
        async for piece in super()._body(request):
            yield piece

    async def _answer(self, request: Recorded) -> None:
        request.complete = True
        self.writer.is_silent = self.provider.failure in ("hang", "slow")
        match self.provider.failure:
            case None:
                await self._send(request, self.provider.answer(request))
            case "reset":
                self._reset()
            case "hang" | "refuse":
                with self._waiting(request):
                    await self.reader.read()  # until the proxy gives up
                raise ConnectionError
            case "held":
                with self._waiting(request):
                    await self.provider.over()
                await self._send(request, self.provider.answer(request))
            case "slow":
                await asyncio.sleep(SLOW)
                await self._send(request, self.provider.answer(request))
            case "shouldRetry":
                await self._send(request, self._error(409, ((b"x-should-retry", b"true"),)))
            case "resetAfterHeaders":
                await self._send(request, Answer(200, "application/json", (b'{"choices":',)), declare=1000)
                self._reset()
            case "resetAfterEvent":
                await self._send(request, Answer(200, "text/event-stream", (EVENT, EVENT)), pieces=1)
                self._reset()
            case "errorEvent":
                await self._send(request, Answer(200, "text/event-stream", (EVENT, ERROR_EVENT)))
            case status:
                headers = ((b"retry-after", RETRY_AFTER.encode()),) if status == "429" else ()
                await self._send(request, self._error(int(status), headers))

    @contextlib.contextmanager
    def _waiting(self, request: Recorded) -> Iterator[None]:
        name = request.header("x-test-id")
        self.provider.waiting.add(name)
        try:
            yield
        finally:
            self.provider.waiting.discard(name)

    def _error(self, status: int, headers: HeaderList = ()) -> Answer:
        error = {"message": "this provider fails", "type": "server_error", "provider": self.provider.name}
        return Answer(status, "application/json", (json.dumps({"error": error}).encode(),), headers)

    async def _send(
        self, request: Recorded, answer: Answer, pieces: int | None = None, declare: int | None = None
    ) -> None:
        """Sends an answer, or only so many of its pieces, or less than is declared."""
        head = f"HTTP/1.1 {answer.status} Provider\r\ncontent-type: {answer.content_type}\r\n".encode()
        head += b"".join(name + b": " + value + b"\r\n" for name, value in answer.headers)
        name = request.header("x-test-id")
        self.provider.begun.add(name)
        try:
            if len(answer.pieces) == 1:
                self.writer.write(
                    head + b"content-length: %d\r\n\r\n" % (declare or len(answer.pieces[0])) + answer.pieces[0]
                )
            else:
                self.writer.write(head + b"transfer-encoding: chunked\r\n\r\n")
                for piece in (*answer.pieces, b"")[:pieces]:
                    self.writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
                    await self.writer.drain()
                    await asyncio.sleep(self.provider.pause)
            await self.writer.drain()
        finally:
            self.provider.begun.discard(name)

    def _reset(self) -> None:
        break_off(self.writer)
        raise ConnectionResetError


def break_off(writer: asyncio.StreamWriter) -> None:
    """Ends a connection by a TCP reset."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.contextmanager
def serving(providers: list[FailingProvider]) -> Iterator[None]:
    """Serves the providers on loopback ports from a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="providers", daemon=True)
    thread.start()
    try:
        for provider in providers:
            asyncio.run_coroutine_threadsafe(provider.listen(), loop).result(60)
        yield
    finally:
        for provider in providers:
            asyncio.run_coroutine_threadsafe(provider._stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
