"""The bypass corpus, read from `corpus/`: what a client may try, and the one outcome that is right. Its README says
what a field means."""

import dataclasses
import json

from harness import locations

CORPUS = locations.REPOSITORY / "corpus"
JSON = ("content-type", "application/json")
CHAT = "/v1/chat/completions"
MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'
OPEN = b'"model":"open"'
SECRET = b'"model":"secret"'


def members(*parts: bytes) -> bytes:
    """A JSON object of these members, as they are spelled."""
    return b"{" + b",".join(parts) + b"}"


PLAIN = members(MESSAGES, OPEN)


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
NAMED: dict[str, Outcome] = {"passes": Passes(), "untouched": Untouched(), "rejected": Rejected()}

NOT_ALLOWED = Refused("noCandidate", 403)
"""The model exists, and the tenant may not use it."""


@dataclasses.dataclass(frozen=True)
class Attempt:
    name: str
    group: str
    """The table and the group in it."""
    outcome: Outcome
    body: bytes | list[bytes] | None
    headers: list[tuple[str, bytes]]
    path: str
    method: str
    in_http1: Outcome | None
    in_http2: Outcome | None
    once_model_is_read: Outcome | None

    @property
    def table(self) -> str:
        return self.group.partition("/")[0]

    def outcome_in(self, protocol: str, policy: str) -> Outcome:
        at_protocol = self.in_http1 if protocol == "http1" else self.in_http2
        return (self.once_model_is_read if policy == "model-decides" else None) or at_protocol or self.outcome

    def __str__(self) -> str:
        return self.name


def _outcome(described: str | dict | None) -> Outcome | None:
    if isinstance(described, dict):
        return Refused(**described["refused"])
    return NAMED[described] if described else None


def _bytes(described: str | list) -> bytes:
    return b"".join(map(_part, [described] if isinstance(described, str) else described))


def _part(part: str | dict) -> bytes:
    if isinstance(part, str):
        return part.encode()
    if "hex" in part:
        return bytes.fromhex(part["hex"])
    text, number = part["repeat"], part.get("number")
    copies = (text.replace(number, str(count)) if number else text for count in range(part["times"]))
    return part.get("between", "").join(copies).encode()


def _body(described: dict) -> bytes | list[bytes] | None:
    """Whole, or in the pieces in which it is sent."""
    if described.get("body", "") is None:
        return None
    whole = _bytes(described["body"]) if "body" in described else PLAIN
    if "cutAt" not in described and "cutEvery" not in described:
        return whole
    cuts = (
        described["cutAt"] if "cutAt" in described else range(described["cutEvery"], len(whole), described["cutEvery"])
    )
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    return [piece for piece in pieces if piece]


def _attempt(described: dict, group: str) -> Attempt:
    return Attempt(
        name=described["name"],
        group=group,
        outcome=_outcome(described["outcome"]),
        body=_body(described),
        headers=[(name, _bytes(value)) for name, value in described.get("headers", [JSON])],
        path=described.get("path", CHAT),
        method=described.get("method", "POST"),
        in_http1=_outcome(described.get("inHttp1")),
        in_http2=_outcome(described.get("inHttp2")),
        once_model_is_read=_outcome(described.get("onceModelIsRead")),
    )


def _groups() -> dict[str, list[Attempt]]:
    tables = {file.stem: json.loads(file.read_text()) for file in sorted((CORPUS / "attempts").glob("*.json"))}
    named = {f"{table}/{group['name']}": group for table, content in tables.items() for group in content["groups"]}
    return {name: [_attempt(described, name) for described in group["attempts"]] for name, group in named.items()}


GROUPS = _groups()
ATTEMPTS = [attempt for group in GROUPS.values() for attempt in group]
_POLICIES = json.loads((CORPUS / "policies.json").read_text())
GUEST = tuple(_POLICIES["guest"])
POLICIES = {name: {**_POLICIES["common"], **own} for name, own in _POLICIES["policies"].items()}
