"""What the headers say of the body: encoding, charset, type."""

import gzip
import zlib

from attempts import JSON, MESSAGES, OPEN, SECRET, Attempt, Passes, Refused, members, with_json

GOOD = members(OPEN, MESSAGES)
BAD = members(SECRET, MESSAGES)
ENCODED = Refused("contentEncoding", 415)
CHARSET = Refused("charset", 415)
TYPE = Refused("contentType", 415)


def encoding(name: str, body: bytes, *values: str, outcome=ENCODED) -> Attempt:
    return Attempt(f"encoding-{name}", outcome, body, with_json(*(("content-encoding", value) for value in values)))


def content_type(value: str, outcome, body: bytes = GOOD) -> Attempt:
    return Attempt(f"type-{value or 'empty'}", outcome, body, (("content-type", value),))


ENCODINGS = [
    encoding("gzip", gzip.compress(BAD), "gzip"),
    encoding("gzip-announced-but-plain", GOOD, "gzip"),
    encoding("gzip-not-announced", gzip.compress(BAD), outcome=Refused("syntax")),
    encoding("gzip-in-capitals", gzip.compress(BAD), "GZIP"),
    encoding("x-gzip", gzip.compress(BAD), "x-gzip"),
    encoding("deflate", zlib.compress(BAD), "deflate"),
    encoding("brotli", GOOD, "br"),
    encoding("zstd", GOOD, "zstd"),
    encoding("compress", GOOD, "compress"),
    encoding("unheard-of", GOOD, "rot13"),
    encoding("identity-then-gzip", gzip.compress(BAD), "identity, gzip"),
    encoding("gzip-then-identity", gzip.compress(BAD), "gzip, identity"),
    encoding("two-headers", gzip.compress(BAD), "identity", "gzip"),
    encoding("with-spaces", gzip.compress(BAD), " gzip "),
    encoding("aws-chunked", GOOD, "aws-chunked"),
    encoding("identity-is-plain", GOOD, "identity", outcome=Passes()),
    encoding("identity-in-capitals-is-plain", GOOD, "Identity", outcome=Passes()),
]

TYPES = [
    content_type("application/json; charset=utf-16", CHARSET),
    content_type("application/json; charset=UTF-16LE", CHARSET),
    content_type("application/json; charset=latin1", CHARSET),
    content_type("application/json; charset=iso-8859-1", CHARSET),
    content_type("application/json; charset=utf-7", CHARSET),
    content_type('application/json; charset="utf-16"', CHARSET),
    content_type("application/json;charset=utf-8;charset=utf-16", CHARSET),
    content_type("application/json;charset=utf-16;charset=utf-8", CHARSET),
    content_type("application/json; CHARSET=utf-16", CHARSET),
    content_type("application/json; x=y; charset=utf-16", CHARSET),
    content_type("application/json; charset=", CHARSET),
    content_type("application/json; charset=utf-8", Passes()),
    content_type('application/json;charset="UTF-8"', Passes()),
    content_type("Application/JSON", Passes()),
    content_type("application/jsonp", TYPE),
    content_type("application/json, text/plain", TYPE),
    content_type("application/json-seq", TYPE),
    content_type("application/x-ndjson", TYPE),
    content_type("application/x-www-form-urlencoded", TYPE, b"model=secret"),
    content_type("multipart/form-data; boundary=application/json", TYPE, b'--application/json\r\ncontent-disposition: form-data; name="model"\r\n\r\nsecret'),
    content_type("text/plain", TYPE),
    content_type("text/json", TYPE),
    content_type("application/octet-stream", TYPE),
    content_type("application/msgpack", TYPE, b"\x81\xa5model\xa6secret"),
    content_type("application/cbor", TYPE, b"\xa1\x65model\x66secret"),
    content_type("", TYPE),
    Attempt("type-missing", TYPE, GOOD, ()),
    Attempt("type-twice", TYPE, GOOD, with_json(("content-type", "text/plain"))),
    Attempt("type-twice-the-other-way-round", TYPE, GOOD, (("content-type", "application/x-www-form-urlencoded"), JSON)),
]

ATTEMPTS = [*ENCODINGS, *TYPES]
