"""The JSON that Istio makes of a `pluginConfig`: a protobuf Struct, printed by Go.

istiod prints with `github.com/golang/protobuf/jsonpb`: compact, keys sorted by their bytes, every number a double,
and strings as `encoding/json` writes them, which escapes `<`, `>` and `&`.
"""

import re
from decimal import Decimal

SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
ESCAPED = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029]')


def dumps(value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(float(value))
        case str():
            return string(value)
        case list():
            return "[" + ",".join(map(dumps, value)) + "]"
        case dict():
            members = sorted(value.items(), key=lambda member: member[0].encode())
            return "{" + ",".join(f"{string(key)}:{dumps(item)}" for key, item in members) + "}"
    raise TypeError(f"a Struct holds no {type(value).__name__}")


def number(value: float) -> str:
    """The shortest digits that read back as the same double; exponents only below 1e-6 and from 1e21 on."""
    if value == 0:
        return "-0" if str(value).startswith("-") else "0"
    if 1e-6 <= abs(value) < 1e21:
        digits = format(Decimal(repr(value)), "f")
        return digits.removesuffix(".0")
    mantissa, _, exponent = format(Decimal(repr(value)).normalize(), "e").partition("e")
    return f"{mantissa}e{int(exponent):+d}" if int(exponent) < 0 else f"{mantissa}e+{int(exponent):02d}"


def string(text: str) -> str:
    return '"' + ESCAPED.sub(lambda found: SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'
