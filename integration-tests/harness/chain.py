"""The chain that most files use: three providers that have nothing in common but the API."""

import dataclasses

from harness import readings
from harness.keys import Key
from harness.messages import Recorded

AZURE = {"prefix": "/openai/deployments/beta-eu", "query": "api-version=2024-10-21"}
POLICY = {
    "models": [
        {"name": "alpha", "cluster": "first", "upstreamModel": "alpha-2026-01"},
        {"name": "beta", "cluster": "second", "path": AZURE},
        {
            "name": "gamma",
            "cluster": "third",
            "upstreamModel": 'org/gamma "東京" with a much longer name than the others',
        },
    ],
    "aliases": [{"name": "auto"}],
    "rules": [
        {
            "name": "chain",
            "match": {"models": ["auto"]},
            "route": {"targets": [{"model": "alpha"}], "fallback": ["beta", "gamma"]},
        }
    ],
    # What a provider says in one test must not move the requests of the next.
    "feedback": {"rateLimits": False},
}
KEYS = {
    "first": Key("authorization", "Bearer sk-first-0123456789"),
    "second": Key("api-key", "second-0123456789"),
    "third": Key("x-api-key", "third-0123456789"),
}
KEY_HEADERS = (
    "authorization",
    "api-key",
    "x-api-key",
    "cookie",
    "helicone-auth",
    "openai-organization",
    "private-token",
    "x-functions-key",
    "x-goog-iam-authorization-token",
    "x-litellm-api-key",
    "x-portkey-api-key",
    "x-serverless-authorization",
    # In no table: these have words of such headers.
    "x-acme-token",
    "x-acme-apikey-v2",
    "acme-project",
)
CLIENTS_KEY = "Bearer sk-of-the-client"
CHAT = "/v1/chat/completions"


@dataclasses.dataclass(frozen=True)
class Own:
    """What is a provider's own."""

    model: str
    path: str
    authority: str


OWN = {
    "first": Own("alpha-2026-01", CHAT, "first.example"),
    "second": Own("beta", "/openai/deployments/beta-eu/chat/completions?api-version=2024-10-21", "second.example"),
    "third": Own('org/gamma "東京" with a much longer name than the others', CHAT, "third.example"),
}
CLUSTERS = {name: {"authority": own.authority} for name, own in OWN.items()}


def assert_own(request: Recorded, sent: bytes, keys: dict[str, Key] = KEYS) -> None:
    """The attempt carries what is this provider's own, nothing of another, and otherwise what the client sent."""
    own = OWN[request.provider]
    assert request.target.decode() == own.path
    assert request.all("host") == [own.authority.encode()]
    assert_body(request, sent, own.model)
    carried = {name: value.decode() for name in KEY_HEADERS for value in request.all(name)}
    key = keys.get(request.provider)
    assert carried == ({key.header: key.value} if key else {})
    assert [name for name, _ in request.headers if name.lower().startswith(b"x-pointsman")] == []


def assert_body(request: Recorded, sent: bytes, model: str) -> None:
    assert request.body == readings.with_model(sent, model), f"{request.provider}: {request.body[:300]!r}"
    if request.header("transfer-encoding") is None:
        assert request.all("content-length") == [str(len(request.body)).encode()]
