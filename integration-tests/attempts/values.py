"""The model's value: other spellings of `secret`, other types, other names."""

from attempts import MESSAGES, NOT_ALLOWED, OPEN, Attempt, Passes, Refused, asking_for, members


def value(name: str, raw: bytes, outcome) -> Attempt:
    return Attempt(f"value-{name}", outcome, members(MESSAGES, b'"model":' + raw))


UNKNOWN = Refused("unknownModel", 404)

SPELLINGS = [
    value("plain", b'"secret"', NOT_ALLOWED),
    value("escaped-first-letter", rb'"\u0073ecret"', NOT_ALLOWED),
    value("all-escaped", rb'"\u0073\u0065\u0063\u0072\u0065\u0074"', NOT_ALLOWED),
    value("escaped-open-is-understood", rb'"\u006fp\u0065n"', Passes()),
    value("in-capitals", b'"SECRET"', UNKNOWN),
    value("open-in-capitals", b'"Open"', UNKNOWN),
    value("leading-space", b'" secret"', UNKNOWN),
    value("trailing-space", b'"open "', UNKNOWN),
    value("path-up", b'"open/../secret"', UNKNOWN),
    value("with-vendor", b'"openai/secret"', UNKNOWN),
    value("with-tag", b'"secret:latest"', UNKNOWN),
    value("comma", b'"open,secret"', UNKNOWN),
    value("pattern", b'"*"', UNKNOWN),
    value("prefix-pattern", b'"s*"', UNKNOWN),
    value("long-s", '"\u017fecret"'.encode(), UNKNOWN),
    value("cyrillic", '"s\u0435cret"'.encode(), UNKNOWN),
    value("zero-width", '"open\u200b"'.encode(), UNKNOWN),
    value("escaped-slash", rb'"open\/secret"', UNKNOWN),
    value("header-injection", rb'"open\r\nx-pointsman-cluster: secret"', Refused("modelName")),
    value("newline", rb'"open\n"', Refused("modelName")),
    value("delete-character", b'"open\x7f"', Refused("modelName")),
    value("nul-behind", rb'"open\u0000secret"', Refused("nul")),
    value("nul-in-front", rb'"\u0000secret"', Refused("nul")),
    value("empty", b'""', Refused("modelName")),
    value("300-bytes", b'"' + b"s" * 300 + b'"', Refused("modelName")),
    value("100-kilobytes", b'"' + b"s" * 100_000 + b'"', Refused("modelName")),
    value("100-kilobytes-of-escapes", b'"' + rb"\u0073" * 17_000 + b'"', Refused("modelName")),
    value("lone-high-surrogate", rb'"open\ud800"', Refused("encoding")),
    value("lone-low-surrogate", rb'"\udc00open"', Refused("encoding")),
    value("surrogates-the-wrong-way-round", rb'"\udc00\ud800"', Refused("encoding")),
    value("surrogate-pair", rb'"\ud83d\ude80"', UNKNOWN),
]

TYPES = [
    value("number", b"17", Refused("wrongType")),
    value("zero", b"0", Refused("wrongType")),
    value("true", b"true", Refused("wrongType")),
    value("false", b"false", Refused("wrongType")),
    value("list-of-open", b'["open"]', Refused("wrongType")),
    value("list-of-both", b'["open","secret"]', Refused("wrongType")),
    value("object", b'{"name":"secret"}', Refused("wrongType")),
    value("object-with-model", b'{"model":"secret"}', Refused("wrongType")),
    value("null", b"null", Refused("wrongType")),
    value("empty-list", b"[]", Refused("wrongType")),
    value("empty-object", b"{}", Refused("wrongType")),
    Attempt("no-model", Refused("missingModel"), members(MESSAGES)),
    Attempt("empty-object", Refused("missingModel"), b"{}"),
    Attempt("top-level-array", Refused("syntax"), b'[{"model":"open"}]'),
    Attempt("top-level-string", Refused("syntax"), b'"model"'),
    Attempt("top-level-number", Refused("syntax"), b"17"),
    Attempt("top-level-null", Refused("syntax"), b"null"),
    Attempt("stream-is-a-string", Refused("wrongType"), members(OPEN, MESSAGES, b'"stream":"true"')),
    Attempt("messages-are-a-string", Refused("wrongType"), members(OPEN, b'"messages":"hi"')),
    Attempt("unknown-model", Refused("unknownModel", 404), asking_for("never-heard-of")),
]

ATTEMPTS = [*SPELLINGS, *TYPES]
