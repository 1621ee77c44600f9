"""Models that a body names besides the one asked for: held to the policy, and written as their provider calls them."""

import json

import openai
import pytest

from harness.edge import JSON

EVERY_WORLD = True
POLICY = {
    "models": [
        {"name": "writer", "cluster": "provider", "upstreamModel": "writer-2026-11-01"},
        {"name": "painter", "cluster": "provider", "upstreamModel": "p"},
        {"name": "secret", "cluster": "provider"},
    ],
    "aliases": [{"name": "paint", "model": "painter"}],
    "tenants": [
        {
            "name": "team",
            "match": {"headers": [{"name": "x-team", "value": "team"}]},
            "models": {"deny": ["secret"]},
        }
    ],
    "steering": {"allowKeys": ["models", "tools[].model"]},
}
TEAM = ("x-team", "team")


@pytest.mark.parametrize("between", [10, 100_000, 900_000])
def test_every_name_is_its_providers(edge, between):
    body = {
        "models": ["paint", "writer-2026-11-01", "writer"],
        "model": "writer",
        "messages": [{"role": "user", "content": "x" * between}],
        "tools": [{"type": "image_generation", "model": "painter", "size": "auto"}],
    }
    # A name of the provider's own is no name of the catalog.
    seen = edge.ask("/v1/chat/completions", json.dumps(body).encode(), [JSON, TEAM])
    assert (seen.status, json.loads(seen.response.body)["error"]["code"]) == (403, "namedBesides")
    body["models"].remove("writer-2026-11-01")
    seen = edge.ask("/v1/chat/completions", json.dumps(body).encode(), [JSON, TEAM])
    assert seen.status == 200
    body["model"], body["models"] = "writer-2026-11-01", ["p", "writer-2026-11-01"]
    body["tools"][0]["model"] = "p"
    assert seen.upstream.body == json.dumps(body).encode()
    assert seen.upstream.all("content-length") == [str(len(seen.upstream.body)).encode()]
    assert seen.record["also"] == ["painter", "writer", "painter"]


def test_the_image_tool_of_the_official_client(edge):
    client = openai.OpenAI(api_key="k", base_url=f"{edge.url}/v1", max_retries=0, default_headers={"x-team": "team"})
    with client:
        with pytest.raises(openai.PermissionDeniedError) as denied:
            client.responses.create(
                model="writer", input="a cat", tools=[{"type": "image_generation", "model": "secret"}]
            )
        assert denied.value.code == "namedBesides"
        assert "`secret`" in denied.value.message
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model="writer", input="a cat", extra_body={"fallbacks": ["painter"]})
        assert refused.value.code == "modelList"
