"""What the API server would say to an object: the CRD's schema, with the rules that JSON Schema does not have.

    crds.problems(document)      # sentences, none for a valid object

Held: the schema with its defaults, unknown fields (as `kubectl apply` refuses them), int-or-string, formats, lists
that are sets or maps, and the CEL rules of `x-kubernetes-validations`, evaluated by Google's CEL with the extensions
that these CRDs use. Not held, because they need the object before or the cluster around it: transition rules
(`oldSelf`), webhooks, and references to other objects. `x-kubernetes-map-type` says how objects are merged, and has
nothing to do with what is valid.
"""

import base64
import binascii
import copy
import functools
import ipaddress
import re
import urllib.parse

import jsonschema
import yaml
from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from harness import locations


class Unknown(Exception):
    """There is no CRD for an object."""


def problems(document: dict) -> list[str]:
    """What is wrong with an object, each with its place."""
    schema = _schema(document.get("apiVersion", ""), document.get("kind", ""))
    filled = _with_defaults(copy.deepcopy(document), schema)
    found = [f"{_path(error.absolute_path)}: {error.message}" for error in _Validator(schema).iter_errors(filled)]
    # A rule may take the schema for granted.
    return found or [problem for place, value, part in _parts(filled, schema) for problem in _rules(place, value, part)]


def assert_valid(documents: list[dict]) -> None:
    assert documents, "there is no object"
    for document in documents:
        found = problems(document)
        assert not found, f"{document.get('kind')} {document.get('metadata', {}).get('name')}: {found}"


def _path(parts) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.lstrip(".") or "the object"


# Schemas.


@functools.cache
def _schemas() -> dict[tuple[str, str], dict]:
    """By apiVersion and kind, of the versions that are served."""
    found = {}
    for file in sorted(locations.crds().glob("*.yaml")):
        for crd in yaml.safe_load_all(file.read_text()):
            if crd is None:
                continue
            spec = crd["spec"]
            for version in spec["versions"]:
                if version["served"]:
                    key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                    found[key] = _strict(version["schema"]["openAPIV3Schema"], root=True)
    return found


def _schema(api_version: str, kind: str) -> dict:
    try:
        return _schemas()[api_version, kind]
    except KeyError:
        raise Unknown(f"no CRD for {kind} of {api_version}") from None


def _strict(schema: dict, root: bool = False) -> dict:
    """The schema as JSON Schema: a field that is not declared is an error, as strict field validation has it."""
    strict = dict(schema)
    for key in ("allOf", "anyOf", "oneOf"):
        # Only what the fields' values are: the fields themselves are declared outside.
        strict.update({key: [dict(each) for each in schema[key]]} if key in schema else {})
    if "properties" in schema:
        strict["properties"] = {name: _strict(each) for name, each in schema["properties"].items()}
        if root:
            text = {"type": "string"}
            strict["properties"].update(apiVersion=text, kind=text, metadata=METADATA)
        if "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            strict["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        strict["additionalProperties"] = _strict(schema["additionalProperties"])
    if isinstance(schema.get("items"), dict):
        strict["items"] = _strict(schema["items"])
    if schema.get("nullable") and "type" in schema:
        strict["type"] = [schema["type"], "null"]
    if schema.get("x-kubernetes-int-or-string"):
        strict["type"] = ["integer", "string"]
    return strict


# What the API server asks of every object's metadata, as far as a manifest has it.
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_LABEL_VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
METADATA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {
            "type": "string",
            "maxLength": 253,
            "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        },
        "namespace": {"type": "string", "maxLength": 63, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": 63, "pattern": _LABEL_VALUE},
        },
        "annotations": _TEXTS,
    },
}


def _with_defaults(value, schema: dict):
    """The API server fills defaults in before it asks any rule."""
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name not in value and "default" in part:
                value[name] = copy.deepcopy(part["default"])
            if name in value:
                value[name] = _with_defaults(value[name], part)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            value = {
                name: each if name in schema.get("properties", {}) else _with_defaults(each, others)
                for name, each in value.items()
            }
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        value = [_with_defaults(each, schema["items"]) for each in value]
    return value


# What Kubernetes adds to JSON Schema.


def _list_type(_, kind: str, items, schema: dict):
    if not isinstance(items, list):
        return
    if kind == "set":
        keys = items
    elif kind == "map":
        names = schema["x-kubernetes-list-map-keys"]
        keys = [tuple(item.get(name) for name in names) for item in items if isinstance(item, dict)]
    else:
        return
    for at, key in enumerate(keys):
        if key in keys[:at]:
            yield jsonschema.ValidationError(f"Duplicate value: {key}")


def _format(_, name: str, value, schema: dict):
    if name in FORMATS and not (value is None and schema.get("nullable")) and not FORMATS[name](value):
        yield jsonschema.ValidationError(f"{value!r} is no {name}")


def _is_within(bits: int):
    return lambda value: isinstance(value, int) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _is(read, *errors):
    def check(value) -> bool:
        try:
            read(value)
            return True
        except errors:
            return False

    return check


RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
FORMATS = {
    "int32": _is_within(32),
    "int64": _is_within(64),
    "double": lambda value: isinstance(value, (int, float)),
    "date-time": lambda value: RFC_3339.fullmatch(value) is not None,
    "byte": _is(lambda value: base64.b64decode(value, validate=True), binascii.Error),
    "ipv4": _is(ipaddress.IPv4Address, ValueError),
    "ipv6": _is(ipaddress.IPv6Address, ValueError),
}
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"x-kubernetes-list-type": _list_type, "format": _format}
)


# CEL.


def _parts(value, schema: dict, place: tuple = ()):
    """Each value of an object with its schema, the outermost first."""
    if value is None:
        return
    yield place, value, schema
    if isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, each in value.items():
            part = properties.get(name, others)
            if isinstance(part, dict) and part is not METADATA:
                yield from _parts(each, part, (*place, name))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for at, each in enumerate(value):
            yield from _parts(each, schema["items"], (*place, at))


def _rules(place: tuple, value, schema: dict):
    for rule in schema.get("x-kubernetes-validations", []):
        if "oldSelf" in rule["rule"]:
            continue
        answer = _program(rule["rule"]).eval(data={"self": _named(value, schema)})
        if answer.type().name() == "ERROR":
            yield f"{_path(place)}: rule `{rule['rule']}` cannot be evaluated: {answer.value()}"
        elif answer.value() is not True:
            yield f"{_path(place)}: {rule.get('message', rule['rule'])}"


# Field names that are words of CEL are written between underscores in rules; keys of maps are not.
RESERVED = {
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
}
RESERVED |= {"package", "namespace", "return", "var", "void", "while"}


def _named(value, schema: dict):
    if isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        others = others if isinstance(others, dict) else {}
        return {_name(name, properties): _named(each, properties.get(name, others)) for name, each in value.items()}
    if isinstance(value, list):
        return [_named(each, schema.get("items", {})) for each in value]
    return value


def _name(name: str, properties: dict) -> str:
    return f"__{name}__" if name in RESERVED and name in properties else name


@functools.cache
def _program(rule: str) -> cel.Expression:
    return _environment().compile(rule)


@functools.cache
def _environment() -> cel.Env:
    text, boolean, url = cel.Type.STRING, cel.Type.BOOL, cel.Type.Map(cel.Type.STRING, cel.Type.STRING)
    # Kubernetes' URL library, as far as a rule of these CRDs uses it.
    functions = [
        cel.FunctionDecl(
            "isURL", [cel.Overload("is_url", boolean, [text], False, lambda written: _url(written) is not None)]
        ),
        cel.FunctionDecl("url", [cel.Overload("string_to_url", url, [text], False, _url)]),
        cel.FunctionDecl(
            "getScheme", [cel.Overload("url_get_scheme", text, [url], True, lambda parsed: parsed["scheme"])]
        ),
    ]
    return cel.NewEnv(variables={"self": cel.Type.DYN}, extensions=[ext_strings.ExtStrings()], functions=functions)


# What Go's url.ParseRequestURI takes: a scheme, or a path from the root; no control characters, no broken escapes.
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
BROKEN = re.compile(r"[\x00-\x20\x7f]|%(?![0-9A-Fa-f]{2})")


def _url(written: str) -> dict | None:
    scheme, colon, rest = written.partition(":")
    if BROKEN.search(written):
        return None
    if written.startswith("/"):
        return {"scheme": ""}
    if not colon or not SCHEME.fullmatch(scheme) or not rest.startswith("/"):
        return None
    try:
        host = urllib.parse.urlsplit(written).netloc
    except ValueError:
        return None
    return None if re.search(r'[\s"<>\\^`{|}#$]', host) else {"scheme": scheme.lower()}
