"""The values that travel: what a client got, what a provider was sent."""

import dataclasses
import json

HeaderList = list[tuple[bytes, bytes]]


@dataclasses.dataclass
class Response:
    status: int
    headers: HeaderList
    body: bytes = b""

    def header(self, name: str) -> str | None:
        wanted = name.lower().encode()
        values = [value for key, value in self.headers if key.lower() == wanted]
        return b", ".join(values).decode("latin-1") if values else None

    def json(self):
        return json.loads(self.body)


@dataclasses.dataclass
class Recorded:
    """One request as a provider received it, byte for byte."""

    provider: str
    method: bytes
    target: bytes
    headers: HeaderList
    body: bytes = b""
    trailers: HeaderList = dataclasses.field(default_factory=list)
    complete: bool = False

    def all(self, name: str) -> list[bytes]:
        wanted = name.lower().encode()
        return [value for key, value in self.headers if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        return b", ".join(values).decode("latin-1") if values else None

    def json(self):
        return json.loads(self.body)


@dataclasses.dataclass
class Answer:
    """What a provider replies: the pieces are flushed one by one, each as a chunk."""

    status: int = 200
    content_type: str = "application/json"
    pieces: tuple[bytes, ...] = ()
    headers: HeaderList = ()
    trailers: HeaderList = ()
    """Sent behind several pieces."""

    @staticmethod
    def of(value, status: int = 200) -> "Answer":
        return Answer(status, "application/json", (json.dumps(value).encode(),))


def parse_fields(lines: list[bytes]) -> HeaderList:
    fields = (line.partition(b":") for line in lines if line)
    return [(name, value.strip()) for name, _, value in fields]
