"""Bodies that are meant to exhaust: depth, length, number."""

from attempts import MESSAGES, OPEN, SECRET, Attempt, Passes, Refused, members

DEEP = Refused("tooDeep")


def nest(levels: int, before: bytes = b"[", after: bytes = b"]", inside: bytes = b"") -> bytes:
    return before * levels + inside + after * levels


ATTEMPTS = [
    Attempt("bomb-127-arrays-pass", Passes(), members(b'"a":' + nest(127), OPEN)),
    Attempt("bomb-128-arrays", DEEP, members(b'"a":' + nest(128), OPEN)),
    Attempt("bomb-200-arrays", DEEP, members(b'"a":' + nest(200), OPEN)),
    Attempt("bomb-200-objects", DEEP, members(b'"a":' + nest(200, b'{"b":', b"}", b"1"), OPEN)),
    Attempt("bomb-200-arrays-behind-the-model", DEEP, members(OPEN, b'"a":' + nest(200))),
    Attempt("bomb-100000-arrays", DEEP, members(b'"a":' + nest(100_000), OPEN)),
    Attempt("bomb-300000-open-brackets", DEEP, b'{"model":"open","a":' + b"[" * 300_000),
    Attempt("bomb-300000-open-objects", DEEP, b'{"a":' * 60_000),
    Attempt("bomb-hidden-in-messages", DEEP, members(OPEN, b'"messages":[{"role":"user","content":' + nest(200) + b"}]")),
    Attempt("bomb-closing-brackets", Refused("syntax"), b"]" * 100_000),
    Attempt("bomb-key-of-300-kilobytes", Passes(), members(b'"' + b"k" * 300_000 + b'":1', OPEN)),
    Attempt("bomb-key-that-begins-as-model", Passes(), members(b'"model' + b"l" * 100_000 + b'":"secret"', OPEN)),
    Attempt("bomb-key-of-escapes", Passes(), members(b'"' + rb"\u006d" * 20_000 + b'":1', OPEN)),
    Attempt("bomb-100000-keys", Passes(), members(*(b'"k%d":0' % number for number in range(30_000)), OPEN)),
    Attempt("bomb-100000-empty-keys", Passes(), members(*([b'"":0'] * 50_000), OPEN)),
    Attempt("bomb-whitespace", Passes(), b" " * 300_000 + members(OPEN, MESSAGES)),
    Attempt("bomb-whitespace-behind", Passes(), members(OPEN, MESSAGES) + b"\n" * 300_000),
    Attempt("bomb-number-of-300000-digits", Passes(), members(b'"a":' + b"9" * 300_000, OPEN)),
    Attempt("bomb-backslashes", Passes(), members(b'"a":"' + b"\\\\" * 150_000 + b'"', OPEN)),
    Attempt("bomb-quotes-before-a-second-model", Refused("duplicateKey"), members(OPEN, b'"a":"' + rb"\"" * 150_000 + b'"', SECRET)),
    Attempt("bomb-empty-messages", Passes(), members(b'"messages":[' + b",".join([b"{}"] * 50_000) + b"]", OPEN)),
    Attempt("bomb-numbers", Passes(), members(b'"input":[' + b",".join([b"1"] * 100_000) + b"]", OPEN)),
]
