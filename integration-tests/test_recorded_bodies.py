"""Every recorded request body passes byte for byte, but for the model's value."""

import json

import pytest

from harness import locations, readings

POLICY = {
    "models": [{"name": "renamed", "cluster": "provider", "upstreamModel": 'a-model/with "quotes" and ümlauts'}],
    "aliases": [{"name": "*", "model": "renamed"}],
}
UPSTREAM_MODEL = POLICY["models"][0]["upstreamModel"]

PATHS = {
    "completions": "/v1/chat/completions",
    "count-tokens": "/v1/messages/count_tokens",
    "embeddings": "/v1/embeddings",
    "messages": "/v1/messages",
    "rerank": "/v1/rerank",
    "responses": "/v1/responses",
}
RECORDED = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embeddings": "/v1/embeddings",
    "image-generation": "/v1/images/generations",
}


def recorded() -> list:
    """Each body of a routable API, with the path it was sent to."""
    found = []
    for folder, path in PATHS.items():
        for file in sorted((locations.fixtures() / "agentgateway-llm" / "requests" / folder).glob("*.json")):
            found.append(pytest.param(path, file, id=f"{folder}/{file.stem}"))
    for file in sorted((locations.fixtures() / "openai-recorded").glob("*.request.json")):
        for prefix, path in RECORDED.items():
            if file.name.startswith(prefix):
                found.append(pytest.param(path, file, id=file.name.removesuffix(".request.json")))
    return found


@pytest.mark.pairwise("world", "protocol")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(("path", "file"), recorded())
def test_a_recorded_body_passes_unchanged_but_for_its_model(edge, path, file, protocol):
    body = file.read_bytes()
    seen = edge.ask(path, body, protocol=protocol)
    assert seen.status == 200, seen.response.body
    assert seen.upstream.body == readings.with_model(body, UPSTREAM_MODEL)
    assert seen.upstream.header("content-length") == str(len(seen.upstream.body))
    assert seen.record["asked"] == json.loads(body)["model"]


def test_there_are_enough_recorded_bodies():
    assert len(recorded()) >= 70
