"""A client that writes HTTP/1.1 as bytes: any head, any framing, any moment to leave."""

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Iterable, Iterator

from harness.messages import Response, parse_fields


class ConnectionLost(Exception):
    """The proxy closed the connection before a whole response."""


def head(
    method: str | bytes,
    path: str | bytes,
    headers: Iterable[tuple[str | bytes, str | bytes]],
    version: bytes = b"HTTP/1.1",
) -> bytes:
    lines = [b" ".join([as_bytes(method), as_bytes(path), version])]
    lines += [as_bytes(name) + b": " + as_bytes(value) for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def chunk(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def last_chunk(trailers: Iterable[tuple[str, str]] = ()) -> bytes:
    return b"0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in trailers) + b"\r\n"


def as_bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else text


class Http1:
    def __init__(self, port: int, timeout: float = 60, tls: ssl.SSLContext | None = None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="edge.test")
        self.buffer = b""
        self.sent = 0

    def __enter__(self) -> "Http1":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent += len(data)

    def send_ignoring_reset(self, data: bytes) -> None:
        """For requests that the proxy may refuse before they end."""
        with contextlib.suppress(ConnectionError):
            self.send(data)

    def is_answered(self) -> bool:
        """Whether the proxy has said something already."""
        # `select` knows only the first thousand files of a process.
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(0))

    def response(self, of: str = "POST") -> Response:
        """The final response to a request of this method; interim ones are skipped."""
        while True:
            response = self.response_head()
            if response.status >= 200:
                response.body = b"" if of == "HEAD" else b"".join(self.body(response))
                return response

    def response_head(self) -> Response:
        first, *lines = self._until(b"\r\n\r\n").split(b"\r\n")
        return Response(int(first.split(b" ")[1]), parse_fields(lines))

    def body(self, response: Response) -> Iterator[bytes]:
        """The pieces of the body as the proxy sends them."""
        if response.status in (204, 304):
            return
        if response.header("transfer-encoding"):
            while size := int(self._until(b"\r\n"), 16):
                yield self._exactly(size + 2)[:-2]
            self._until(b"\r\n")
        elif (length := response.header("content-length")) is not None:
            yield self._exactly(int(length))
        else:
            while data := self._more():
                yield data

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Leaves with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _more(self) -> bytes:
        if self.buffer:
            data, self.buffer = self.buffer, b""
            return data
        return self.socket.recv(1 << 16)

    def _fill(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionLost(f"closed after {self.buffer[:200]!r}")
        self.buffer += data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._fill()
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._fill()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data
