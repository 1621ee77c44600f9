"""Attempts of a client, that may use only the model `open`, to be served by the model `secret`.

Each attempt has a name and the one outcome that is right. The tables are grouped by what the attempt bends.
"""

import dataclasses
import json

JSON = ("content-type", "application/json")
CHAT = "/v1/chat/completions"
MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'
OPEN = b'"model":"open"'
SECRET = b'"model":"secret"'

GUEST = ("x-team", "guest")
POLICY = {
    "models": [{"name": "open", "cluster": "open"}, {"name": "secret", "cluster": "secret"}],
    "tenants": [
        {"name": "guest", "match": {"headers": [{"name": "x-team", "value": "guest"}]}, "models": {"allow": ["open"]}},
        {"name": "insider", "match": {"headers": [{"name": "x-team", "value": "insider"}]}},
    ],
}


@dataclasses.dataclass(frozen=True)
class Refused:
    """Answered by Pointsman in the client's API error shape; no provider gets a whole request."""

    reason: str
    status: int = 400


@dataclasses.dataclass(frozen=True)
class Passes:
    """Served by `open`, which reads the model `open`, whatever way it reads."""


@dataclasses.dataclass(frozen=True)
class Untouched:
    """No LLM call: goes to the default cluster as it is."""


@dataclasses.dataclass(frozen=True)
class Rejected:
    """Turned away by Envoy's own codec or limits, before or without Pointsman."""


Outcome = Refused | Passes | Untouched | Rejected


NOT_ALLOWED = Refused("noCandidate", 403)
"""The model exists, and the tenant may not use it."""


@dataclasses.dataclass(frozen=True)
class Attempt:
    name: str
    outcome: Outcome
    body: bytes | tuple[bytes, ...] | None = b"{" + MESSAGES + b"," + OPEN + b"}"
    headers: tuple[tuple[str | bytes, str | bytes], ...] = (JSON,)
    path: str | bytes = CHAT
    method: str = "POST"
    in_http1: Outcome | None = None
    """Where HTTP/1.1 ends otherwise."""
    in_http2: Outcome | None = None
    once_model_is_read: Outcome | None = None
    """Where a policy needs only the model, and refuses it before it meets what is wrong with the rest."""

    def outcome_in(self, protocol: str, model_decides: bool) -> Outcome:
        at_protocol = self.in_http1 if protocol == "http1" else self.in_http2
        return (self.once_model_is_read if model_decides else None) or at_protocol or self.outcome

    def __str__(self) -> str:
        return self.name


def members(*parts: bytes) -> bytes:
    """A JSON object of these members, as they are spelled."""
    return b"{" + b",".join(parts) + b"}"


def asking_for(model) -> bytes:
    """A plain chat body with this value as its model."""
    return members(MESSAGES, b'"model":' + json.dumps(model, ensure_ascii=False).encode())


def with_json(*more: tuple[str | bytes, str | bytes]) -> tuple:
    return (JSON, *more)
