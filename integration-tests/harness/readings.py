"""What a body says to the parsers in use: written here again, so that the product is not measured by itself."""

import email
import email.message
import email.policy
import json
import re
import sys
from collections.abc import Iterator

Pairs = list[tuple[str, object]]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def top_level(body: bytes) -> Pairs:
    """The members of the top-level object in order, duplicates included. Fails for anything but strict JSON in
    UTF-8."""
    sys.setrecursionlimit(20_000)
    sys.set_int_max_str_digits(0)
    value = json.loads(body.decode("utf-8"), object_pairs_hook=Members, parse_constant=_refuse_constant)
    assert isinstance(value, Members), "the body is no object"
    return list(value)


class Members(list):
    """An object as its list of members; a list of its own type, so that arrays are something else."""


def models(body: bytes) -> Iterator[tuple[str, object]]:
    """Each way to read the model, and what it reads."""
    if body.startswith(b"--"):
        yield from form_models(body)
        return
    members = top_level(body)
    exact = [value for key, value in members if key == "model"]
    folded = [value for key, value in members if key.casefold() == "model"]
    yield "the first wins", exact[0] if exact else None
    yield "the last wins", exact[-1] if exact else None
    yield "the last wins, case ignored", folded[-1] if folded else None
    yield "the first wins, case ignored", folded[0] if folded else None


def form_models(body: bytes) -> Iterator[tuple[str, object]]:
    """The same of a form: by the standard library's parser of mail, and by those who look for its boundary behind any
    line's end or anywhere."""
    boundary = body.split(b"\r\n", 1)[0]
    named = [part for part in form_parts(body) if part.get_param("name", header="content-disposition") == "model"]
    ways = {"as mail": [part.get_payload(decode=True).decode() for part in named]}
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    ways["behind any line's end"] = _named_model((b"\n" + lines).split(b"\n" + boundary), b"\n")
    ways["anywhere"] = _named_model(body.split(boundary), b"\r\n")
    for way, values in ways.items():
        yield f"the first wins, {way}", values[0] if values else None
        yield f"the last wins, {way}", values[-1] if values else None


def form_parts(body: bytes) -> list[email.message.EmailMessage]:
    """The parts of a form by the standard library's parser of mail; the boundary is that of the first line."""
    boundary = body.split(b"\r\n", 1)[0][2:]
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    mail = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert mail.is_multipart(), "the body is no form"
    return list(mail.iter_parts())


def _named_model(parts: list[bytes], end: bytes) -> list[str]:
    split = (part.partition(end + end) for part in parts)
    is_model = re.compile(rb"""\bname\s*=\s*["']?\s*model\s*["'\[;\r\n]""", re.IGNORECASE)
    return [content.removesuffix(end).decode() for head, _, content in split if is_model.search(head + b"\n")]


def model_span(body: bytes) -> tuple[int, int] | None:
    """Where the value of the top-level `model` stands in the body, quotes included."""
    text = body.decode("utf-8")
    decoder = json.JSONDecoder()
    position = _skip(text, 0)
    assert text[position] == "{"
    position = _skip(text, position + 1)
    while text[position] != "}":
        key, position = json.decoder.scanstring(text, position + 1)
        position = _skip(text, position)
        assert text[position] == ":"
        start = _skip(text, position + 1)
        _, end = decoder.raw_decode(text, start)
        if key == "model":
            return len(text[:start].encode()), len(text[:end].encode())
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return None


def with_model(body: bytes, model: str) -> bytes:
    """The body with another model and not one other byte changed."""
    if body.startswith(b"--"):
        head, found, rest = body.partition(b'name="model"\r\n\r\n')
        assert found, "the form has no model"
        return head + found + model.encode() + rest[rest.index(b"\r\n--") :]
    span = model_span(body)
    assert span, "the body has no model"
    return body[: span[0]] + json.dumps(model, ensure_ascii=False).encode() + body[span[1] :]


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position
