"""A client that writes cleartext HTTP/2 frames: any header pairs, data in pieces, trailers, resets."""

import select
import socket
from collections.abc import Iterable

import h2.config
import h2.connection
import h2.errors
import h2.events

from harness.http1 import as_bytes
from harness.messages import Response


class StreamReset(Exception):
    """The proxy reset the stream or closed the connection."""


class Http2:
    def __init__(self, port: int, timeout: float = 60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = h2.config.H2Configuration(
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
        )
        self.connection = h2.connection.H2Connection(config)
        self.connection.initiate_connection()
        self.responses: dict[int, Response] = {}
        self.ended: set[int] = set()
        self.reset_streams: set[int] = set()
        self.sent = 0
        self._flush()

    def __enter__(self) -> "Http2":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def begin(
        self, method: str, path: str | bytes, headers: Iterable[tuple[str | bytes, str | bytes]], end: bool = False
    ) -> int:
        stream = self.connection.get_next_available_stream_id()
        pseudo = [
            (b":method", as_bytes(method)),
            (b":scheme", b"http"),
            (b":authority", b"edge.test"),
            (b":path", as_bytes(path)),
        ]
        pairs = pseudo + [(as_bytes(name), as_bytes(value)) for name, value in headers]
        self.connection.send_headers(stream, pairs, end_stream=end)
        self._flush()
        return stream

    def send(self, stream: int, data: bytes, end: bool = False) -> None:
        """Sends data within the windows that the proxy grants; stops early when it resets the stream or has
        answered."""
        view = memoryview(data)
        while view and not self._is_over(stream):
            size = min(
                len(view), self.connection.local_flow_control_window(stream), self.connection.max_outbound_frame_size
            )
            if size == 0:
                self._receive()
                continue
            self.connection.send_data(stream, bytes(view[:size]))
            view = view[size:]
            self._flush()
        if end and not self._is_over(stream):
            self.connection.end_stream(stream)
            self._flush()

    def send_trailers(self, stream: int, trailers: Iterable[tuple[str, str]]) -> None:
        self.connection.send_headers(
            stream, [(as_bytes(name), as_bytes(value)) for name, value in trailers], end_stream=True
        )
        self._flush()

    def reset(self, stream: int) -> None:
        self.connection.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        self._flush()

    def response(self, stream: int) -> Response:
        while not self._is_over(stream):
            self._receive()
        if stream not in self.ended:
            raise StreamReset(f"stream {stream} was reset")
        return self.responses[stream]

    def is_answered(self) -> bool:
        """Whether the proxy has answered or reset a stream already."""
        while select.select([self.socket], [], [], 0)[0]:
            self._receive()
        return bool(self.responses or self.reset_streams)

    def close(self) -> None:
        self.socket.close()

    def _is_over(self, stream: int) -> bool:
        return stream in self.ended or stream in self.reset_streams

    def _receive(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise StreamReset("the proxy closed the connection")
        for event in self.connection.receive_data(data):
            match event:
                case h2.events.ResponseReceived():
                    pairs = [(bytes(name), bytes(value)) for name, value in event.headers]
                    status = int(dict(pairs)[b":status"])
                    self.responses[event.stream_id] = Response(
                        status, [pair for pair in pairs if not pair[0].startswith(b":")]
                    )
                case h2.events.DataReceived():
                    self.responses[event.stream_id].body += event.data
                    self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case h2.events.StreamEnded():
                    self.ended.add(event.stream_id)
                case h2.events.StreamReset():
                    self.reset_streams.add(event.stream_id)
                case h2.events.ConnectionTerminated():
                    raise StreamReset(f"the proxy ended the connection: {event.error_code}")
        self._flush()

    def _flush(self) -> None:
        if data := self.connection.data_to_send():
            self.socket.sendall(data)
            self.sent += len(data)
