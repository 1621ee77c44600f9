"""A provider: records every request byte for byte and answers as the test wants. HTTP/1.1 and cleartext HTTP/2 on
one port."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import h2.config
import h2.connection
import h2.events

from harness.messages import Answer, Recorded, parse_fields
from harness.waiting import wait_for

PREFACE = b"PRI * HTTP/2.0\r\n\r\n"
READ_SIZE = 65536


def describe(request: Recorded) -> Answer:
    """The plainest answer: who got the request, and how much of it."""
    return Answer.of({"served_by": request.provider, "bytes": len(request.body)})


class Provider:
    def __init__(self, name: str, answer: Callable[[Recorded], Answer] = describe):
        self.name = name
        self.requests: list[Recorded] = []
        self.answer = answer
        self.reads_bodies = threading.Event()
        self.reads_bodies.set()
        self.address, self.port = "127.0.0.1", 0

    def received(self, test_id: str) -> list[Recorded]:
        """Every request, whole or cut off, that carries this test id."""
        return [request for request in self.requests if request.header("x-test-id") == test_id]

    def one(self, test_id: str) -> Recorded:
        """The one request that the provider must have got."""
        wait_for(
            f"a complete request at {self.name}", lambda: any(request.complete for request in self.received(test_id))
        )
        requests = self.received(test_id)
        assert len(requests) == 1, f"{self.name} got {len(requests)} requests"
        return requests[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            start = await reader.readexactly(len(PREFACE))
            if start == PREFACE:
                await Http2Session(self, reader, writer).run(start)
            else:
                await Http1Session(self, reader, writer).run(start)
        writer.close()

    async def may_read(self) -> None:
        while not self.reads_bodies.is_set():
            await asyncio.sleep(0.005)


class Http1Session:
    def __init__(self, provider: Provider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.provider, self.reader, self.writer = provider, reader, writer

    async def run(self, start: bytes) -> None:
        while True:
            head = start + await self.reader.readuntil(b"\r\n\r\n")
            start = b""
            request = self._begin(head)
            if request.header("x-test-reply") == "early":
                await self._answer(request)
            body = bytearray()
            async for piece in self._body(request):
                body += piece
            request.body = bytes(body)
            request.complete = True
            if request.header("x-test-reply") != "early":
                await self._answer(request)

    def _begin(self, head: bytes) -> Recorded:
        first, *lines = head[:-4].split(b"\r\n")
        method, target, _ = first.split(b" ", 2)
        request = Recorded(self.provider.name, method, target, parse_fields(lines))
        self.provider.requests.append(request)
        return request

    async def _body(self, request: Recorded) -> AsyncIterator[bytes]:
        if request.header("transfer-encoding"):
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                await self.provider.may_read()
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            lines = []
            while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
                lines.append(line[:-2])
            request.trailers = parse_fields(lines)
            return
        left = int(request.header("content-length") or 0)
        while left:
            await self.provider.may_read()
            piece = await self.reader.read(min(left, READ_SIZE))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece

    async def _answer(self, request: Recorded) -> None:
        if request.header("x-test-reply") == "hang":
            await self.reader.read()  # until the proxy gives up
            raise ConnectionError
        answer = self.provider.answer(request)
        head = f"HTTP/1.1 {answer.status} Provider\r\ncontent-type: {answer.content_type}\r\n"
        head += "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in answer.headers)
        if len(answer.pieces) == 1:
            head += f"content-length: {len(answer.pieces[0])}\r\n\r\n"
            self.writer.write(head.encode() + answer.pieces[0])
        else:
            self.writer.write((head + "transfer-encoding: chunked\r\n\r\n").encode())
            for piece in answer.pieces:
                self.writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                await self.writer.drain()
            trailers = b"".join(name + b": " + value + b"\r\n" for name, value in answer.trailers)
            self.writer.write(b"0\r\n" + trailers + b"\r\n")
        await self.writer.drain()


class Http2Session:
    def __init__(self, provider: Provider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.provider, self.reader, self.writer = provider, reader, writer
        config = h2.config.H2Configuration(client_side=False, header_encoding=None, validate_inbound_headers=False)
        self.connection = h2.connection.H2Connection(config)
        self.streams: dict[int, Recorded] = {}

    async def run(self, start: bytes) -> None:
        self.connection.initiate_connection()
        data = start
        while data:
            for event in self.connection.receive_data(data):
                self._take(event)
            self.writer.write(self.connection.data_to_send())
            await self.writer.drain()
            data = await self.reader.read(READ_SIZE)

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                pseudo = {name: value for name, value in event.headers if name.startswith(b":")}
                rest = [(bytes(name), bytes(value)) for name, value in event.headers if not name.startswith(b":")]
                request = Recorded(self.provider.name, pseudo[b":method"], pseudo[b":path"], rest)
                self.provider.requests.append(request)
                self.streams[event.stream_id] = request
            case h2.events.DataReceived():
                self.streams[event.stream_id].body += event.data
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.TrailersReceived():
                self.streams[event.stream_id].trailers = list(event.headers)
            case h2.events.StreamEnded():
                request = self.streams.pop(event.stream_id)
                request.complete = True
                self._answer(event.stream_id, request)

    def _answer(self, stream: int, request: Recorded) -> None:
        answer = self.provider.answer(request)
        self.connection.send_headers(stream, [(":status", str(answer.status)), ("content-type", answer.content_type)])
        for piece in answer.pieces:
            self.connection.send_data(stream, piece)
        self.connection.end_stream(stream)


@contextlib.contextmanager
def serving(providers: list[Provider]) -> Iterator[None]:
    """Serves the providers on loopback ports from a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="providers", daemon=True)
    thread.start()

    async def listen(provider: Provider) -> asyncio.Server:
        server = await asyncio.start_server(provider.serve, provider.address, provider.port, limit=1 << 20)
        provider.port = server.sockets[0].getsockname()[1]
        return server

    async def finish() -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    servers = [asyncio.run_coroutine_threadsafe(listen(provider), loop).result(60) for provider in providers]
    try:
        yield
    finally:
        for server in servers:
            loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(finish(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
