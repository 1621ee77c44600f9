"""Headers that steer: a client's own copies of Pointsman's, and those of other proxies."""

from attempts import JSON, MESSAGES, NOT_ALLOWED, OPEN, SECRET, Attempt, Passes, Refused, Rejected, Untouched, members, with_json

GOOD = members(OPEN, MESSAGES)
BAD = members(SECRET, MESSAGES)
CLUSTER = "x-pointsman-cluster"

STEERING = {
    "cluster": [(CLUSTER, "secret")],
    "cluster-in-capitals": [("X-Pointsman-Cluster", "secret")],
    "cluster-twice": [(CLUSTER, "secret"), (CLUSTER, "secret")],
    "cluster-twice-mixed": [(CLUSTER, "open"), ("X-POINTSMAN-CLUSTER", "secret")],
    "cluster-empty": [(CLUSTER, "")],
    "cluster-list": [(CLUSTER, "secret,open")],
    "cluster-with-underscores": [("x_pointsman_cluster", "secret")],
    "cluster-half-underscored": [("x-pointsman_cluster", "secret")],
    "cluster-not-utf8": [(CLUSTER, b"secret\xff")],
    "model": [("x-pointsman-model", "secret")],
    "rule-and-reason": [("x-pointsman-rule", "r"), ("x-pointsman-reason", "rule")],
    "unknown-reserved": [("x-pointsman-anything", "secret")],
    "many": [(f"x-pointsman-{number}", "secret") for number in range(40)],
    "method-override": [("x-http-method-override", "GET"), ("x-method-override", "GET")],
    "original-url": [("x-original-url", "/healthz"), ("x-rewrite-url", "/healthz")],
    "model-header": [("x-model", "secret"), ("model", "secret")],
    "higress-header": [("x-higress-llm-model", "secret")],
    "gateway-header": [("x-ai-eg-model", "secret"), ("x-gateway-model-name", "secret")],
}


# Capitals in a name are an error of HTTP/2.
CAPITALS = {name for name, headers in STEERING.items() if any(str(header[0]) != str(header[0]).lower() for header in headers)}


def labelled(name: str, outcome, body: bytes | None, headers: list, **more) -> Attempt:
    return Attempt(f"header-{name}", outcome, body, with_json(*headers), **in_capitals(name), **more)


def in_capitals(name: str) -> dict:
    return {"in_http2": Rejected()} if name.partition("-asking")[0] in CAPITALS else {}


ATTEMPTS = [
    *(labelled(name, Passes(), GOOD, headers) for name, headers in STEERING.items()),
    *(labelled(f"{name}-asking-for-secret", NOT_ALLOWED, BAD, headers) for name, headers in list(STEERING.items())[:8]),
    *(
        Attempt(f"header-{name}-off-the-llm-path", Untouched(), BAD, (JSON, *headers), path="/healthz", **in_capitals(name))
        for name, headers in list(STEERING.items())[:9]
    ),
    labelled("named-by-connection", Passes(), GOOD, [("connection", CLUSTER), (CLUSTER, "secret")], in_http2=Rejected()),
    Attempt("header-cluster-on-get", Untouched(), None, ((CLUSTER, "secret"),), path="/healthz", method="GET"),
    Attempt("header-cluster-on-an-unreadable-body", Refused("syntax"), b"{", with_json((CLUSTER, "secret"))),
    Attempt("header-cluster-on-an-odd-path", Refused("pathSpelling", 404), BAD, with_json((CLUSTER, "secret")), path="/v1/chat/completions/"),
]
