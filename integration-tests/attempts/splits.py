"""The same bodies in other chunks: what is refused whole must be refused in any split."""

from attempts import MESSAGES, NOT_ALLOWED, OPEN, SECRET, Attempt, Passes, Refused, members

DUPLICATE = Refused("duplicateKey")
BOTH = members(OPEN, MESSAGES, SECRET)
FILLER = b'"messages":[{"role":"user","content":"' + b"lorem ipsum " * 25_000 + b'"}]'


def cut(body: bytes, *positions: int) -> tuple[bytes, ...]:
    ends = [*positions, len(body)]
    return tuple(body[start:end] for start, end in zip([0, *positions], ends, strict=True))


def bytewise(body: bytes) -> tuple[bytes, ...]:
    return tuple(body[index : index + 1] for index in range(len(body)))


def around(body: bytes, mark: bytes) -> list[int]:
    """Every position in the last occurrence of the mark."""
    start = body.rindex(mark)
    return list(range(start, start + len(mark) + 1))


IN_THE_KEY = [Attempt(f"split-in-the-second-key-{at}", DUPLICATE, cut(BOTH, at)) for at in around(BOTH, b'"model"')]

ATTEMPTS = [
    Attempt("split-bytewise-duplicate", DUPLICATE, bytewise(BOTH)),
    Attempt("split-bytewise-open", Passes(), bytewise(members(OPEN, MESSAGES))),
    Attempt("split-bytewise-secret", NOT_ALLOWED, bytewise(members(MESSAGES, SECRET))),
    Attempt("split-bytewise-escaped-duplicate", DUPLICATE, bytewise(members(OPEN, rb'"\u006d\u006fdel":"secret"'))),
    Attempt("split-bytewise-case", Refused("keyCase"), bytewise(members(OPEN, rb'"M\u006fdel":"secret"'))),
    Attempt("split-bytewise-trailing", Refused("trailingData"), bytewise(members(OPEN) + b"{}")),
    Attempt("split-bytewise-overlong", Refused("encoding"), bytewise(b'{"model":"open","\xc1\xadodel":"secret"}')),
    Attempt("split-bytewise-utf8", Passes(), bytewise('{"user":"🚂 東京","model":"open"}'.encode())),
    *IN_THE_KEY,
    Attempt("split-behind-the-whole-first-object", Refused("trailingData"), (members(OPEN, MESSAGES), members(SECRET))),
    Attempt("split-in-300-kilobytes-model-last", DUPLICATE, (members(OPEN, FILLER)[:-1] + b",", SECRET + b"}")),
    Attempt("split-in-300-kilobytes-in-4k", DUPLICATE, cut(members(OPEN, FILLER, SECRET), *range(4096, 300_000, 4096))),
    Attempt("split-in-300-kilobytes-case", Refused("keyCase"), cut(members(OPEN, FILLER, b'"MODEL":"secret"'), 200_000)),
    Attempt("split-in-300-kilobytes-escaped", DUPLICATE, cut(members(OPEN, FILLER, rb'"mode\u006c":"secret"'), 200_000)),
    Attempt("split-in-300-kilobytes-secret-first", DUPLICATE, cut(members(SECRET, FILLER, OPEN), 200_000), once_model_is_read=NOT_ALLOWED),
    Attempt("split-in-300-kilobytes-syntax", Refused("syntax"), cut(members(OPEN, FILLER, b"nonsense"), 200_000)),
    Attempt("split-in-300-kilobytes-open", Passes(), cut(members(OPEN, FILLER), *range(4096, 300_000, 4096))),
    Attempt("whole-300-kilobytes-duplicate", DUPLICATE, members(OPEN, FILLER, SECRET)),
    Attempt("whole-300-kilobytes-trailing-object", Refused("trailingData"), members(OPEN, FILLER) + members(SECRET)),
    Attempt("whole-300-kilobytes-cut-off", Refused("syntax"), members(OPEN, FILLER)[:-1]),
    Attempt("whole-300-kilobytes-invalid-utf8", Refused("encoding"), members(OPEN, FILLER, b'"user":"\xff"')),
]
