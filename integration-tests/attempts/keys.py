"""The key `model`, spelled, repeated and placed in every way that some parser takes for it."""

from attempts import MESSAGES, NOT_ALLOWED, OPEN, SECRET, Attempt, Passes, Refused, members

CASES = [b"MODEL", b"Model", b"mOdel", b"moDel", b"modEl", b"modeL", b"MoDeL"]
ESCAPES = [rb"\u006dodel", rb"m\u006fdel", rb"mo\u0064el", rb"mod\u0065l", rb"mode\u006c", rb"mode\u006C", rb"\u006d\u006f\u0064\u0065\u006c"]
ESCAPED_CASES = [rb"\u004dodel", rb"\u004Dodel", rb"mode\u004c", rb"\u004d\u004f\u0044\u0045\u004c"]
# Equal to `model` for no JSON parser, only to the eye or to a careless reader.
LOOKALIKES = {
    "cyrillic": "m\u043edel".encode(),
    "fullwidth": "\uff4d\uff4f\uff44\uff45\uff4c".encode(),
    "trailing-space": b"model ",
    "leading-space": b" model",
    "trailing-tab-escape": rb"model\t",
    "zero-width-joiner": "mo\u200ddel".encode(),
    "combining-mark": "mode\u0301l".encode(),
    "soft-hyphen": "mo\u00addel".encode(),
    "byte-order-mark-inside": "\ufeffmodel".encode(),
    "underscore": b"_model",
    "dotted": b"body.model",
    "json-pointer": b"/model",
    "array-style": b"model[]",
    "mathematical": "\U0001d426odel".encode(),
}


def key(spelling: bytes, value: bytes = b'"secret"') -> bytes:
    return b'"' + spelling + b'":' + value


def readable(spelling: bytes) -> str:
    return spelling.decode().replace("\\", "")


def duplicates() -> list[Attempt]:
    far = b",".join(b'"k%d":%d' % (number, number) for number in range(2000))
    positions = {
        "open-then-secret": members(OPEN, MESSAGES, SECRET),
        "secret-then-open": members(SECRET, MESSAGES, OPEN),
        "side-by-side": members(OPEN, SECRET),
        "both-behind-messages": members(MESSAGES, OPEN, SECRET),
        "three-times": members(OPEN, SECRET, OPEN),
        "the-same-value-twice": members(OPEN, MESSAGES, OPEN),
        "two-thousand-keys-apart": members(OPEN, far, SECRET),
        "second-is-null": members(OPEN, MESSAGES, b'"model":null'),
        "second-is-an-array": members(OPEN, MESSAGES, b'"model":["secret"]'),
        "second-is-an-object": members(OPEN, MESSAGES, b'"model":{"model":"secret"}'),
        "first-is-null": members(b'"model":null', MESSAGES, SECRET),
        "with-whitespace": b'{ "model" : "open" ,\n\t"model"\r\n:\n"secret" }',
    }
    expected = {"first-is-null": Refused("wrongType")}
    early = {"secret-then-open": NOT_ALLOWED}
    return [
        Attempt(f"duplicate-{name}", expected.get(name, Refused("duplicateKey")), body, once_model_is_read=early.get(name))
        for name, body in positions.items()
    ]


def in_two_spellings(name: str, spellings: list[bytes], reason: str) -> list[Attempt]:
    attempts = []
    for spelling in spellings:
        label = f"{name}-{readable(spelling)}-{spelling.hex()[:12]}" if b"\\" in spelling else f"{name}-{readable(spelling)}"
        attempts.append(Attempt(f"{label}-after", Refused(reason), members(OPEN, MESSAGES, key(spelling))))
        early = NOT_ALLOWED if reason == "duplicateKey" else None
        attempts.append(Attempt(f"{label}-before", Refused(reason), members(key(spelling), MESSAGES, OPEN), once_model_is_read=early))
    return attempts


def alone() -> list[Attempt]:
    cases = [Attempt(f"only-{readable(spelling)}", Refused("keyCase"), members(MESSAGES, key(spelling))) for spelling in CASES[:3]]
    escapes = [
        Attempt(f"only-escaped-{number}-secret", NOT_ALLOWED, members(MESSAGES, key(spelling)))
        for number, spelling in enumerate(ESCAPES)
    ]
    understood = Attempt("only-escaped-open-is-understood", Passes(), members(MESSAGES, key(ESCAPES[0], b'"open"')))
    return [*cases, *escapes, understood]


def lookalikes() -> list[Attempt]:
    attempts = [Attempt(f"lookalike-{name}", Passes(), members(OPEN, MESSAGES, key(spelling))) for name, spelling in LOOKALIKES.items()]
    only = Attempt("only-a-lookalike", Refused("missingModel"), members(MESSAGES, key(LOOKALIKES["cyrillic"])))
    return [*attempts, only]


def nul() -> list[Attempt]:
    return [
        Attempt("nul-behind-the-key", Refused("nul"), members(OPEN, key(rb"model\u0000"))),
        Attempt("nul-and-more-behind-the-key", Refused("nul"), members(OPEN, key(rb"model\u0000x"))),
        Attempt("nul-in-front-of-the-key", Refused("nul"), members(OPEN, key(rb"\u0000model"))),
    ]


def nested() -> list[Attempt]:
    """A nested `model` belongs to whoever defined it."""
    inner = {
        "in-metadata": b'"metadata":{"model":"secret"}',
        "in-an-unknown-object": b'"x":{"model":"secret"}',
        "in-an-array": b'"list":[{"model":"secret"}]',
        "in-a-message": b'"messages":[{"role":"user","content":"hi","model":"secret"}]',
        "in-proto": b'"__proto__":{"model":"secret"}',
        "in-constructor": b'"constructor":{"prototype":{"model":"secret"}}',
        "in-a-string": rb'"user":"\",\"model\":\"secret\""',
        "in-a-string-behind-backslashes": rb'"user":"\\\\\",\"model\":\"secret"',
        "deep-down": b'"a":' + b'{"b":' * 60 + SECRET.join([b"{", b"}"]) + b"}" * 60,
    }
    attempts = []
    for name, member in inner.items():
        attempts.append(Attempt(f"nested-{name}-before", Passes(), members(member, OPEN)))
        attempts.append(Attempt(f"nested-{name}-after", Passes(), members(OPEN, member)))
    only = Attempt("nested-only", Refused("missingModel"), members(b'"request":{"model":"secret"}', MESSAGES))
    return [*attempts, only]


def lists_of_models() -> list[Attempt]:
    return [
        Attempt("models-list", Refused("modelList"), members(OPEN, MESSAGES, b'"models":["open","secret"]')),
        Attempt("models-list-first", Refused("modelList"), members(b'"models":["secret"]', OPEN, MESSAGES)),
        Attempt("fallbacks-list", Refused("modelList"), members(OPEN, MESSAGES, b'"fallbacks":["secret"]')),
        Attempt("extra-body", Refused("modelList"), members(OPEN, MESSAGES, b'"extra_body":{"model":"secret"}')),
        Attempt("deployment-id", Refused("modelList"), members(OPEN, MESSAGES, b'"deployment_id":"secret"')),
        Attempt("tool-with-a-model", Refused("modelList"), members(OPEN, MESSAGES, b'"tools":[{"model":"secret"}]')),
        Attempt("models-list-in-capitals", Refused("keyCase"), members(OPEN, MESSAGES, b'"Models":["secret"]')),
        Attempt("models-list-escaped", Refused("modelList"), members(OPEN, MESSAGES, rb'"model\u0073":["secret"]')),
    ]


ATTEMPTS = [
    *duplicates(),
    *in_two_spellings("case", CASES, "keyCase"),
    *in_two_spellings("escaped", ESCAPES, "duplicateKey"),
    *in_two_spellings("escaped-case", ESCAPED_CASES, "keyCase"),
    *alone(),
    *lookalikes(),
    *nul(),
    *nested(),
    *lists_of_models(),
]
