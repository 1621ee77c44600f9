"""One gateway for all clients: they differ in what they send, not in where."""

import contextlib

import pytest

from harness import llm, locations
from harness.edge import Installation, running

WORLDS = [(locations.OLDEST_ENVOY, "stop"), (locations.NEWEST_ENVOY, "gate")]
OLLAMA = ["ollamaChat", "ollamaGenerate", "ollamaEmbed", "ollamaShow"]
CLAUDE = ["messages", "countTokens"]
GPT = ["chatCompletions", "completions", "responses", "countInputTokens", "moderations", "imageGenerations", "speech"]
GPT += ["transcriptions", "translations", "imageEdits", "imageVariations"]
VERTEX = "/v1/projects/p-1/locations/europe-west4/publishers/google"
POLICY = {
    "models": [
        {"name": "gpt-large", "cluster": "large", "upstreamModel": "gpt-large-2026-01-01", "apis": GPT},
        {"name": "gpt-small", "cluster": "small", "apis": GPT, "contextWindow": 128_000},
        {"name": "embedder", "cluster": "small", "apis": ["embeddings"]},
        {"name": "claude-large", "cluster": "large", "upstreamModel": "claude-large-20260101", "apis": CLAUDE},
        {"name": "claude-small", "cluster": "small", "apis": CLAUDE, "contextWindow": 200_000},
        {"name": "flash", "cluster": "google", "upstreamModel": "gemini-flash-001", "apis": ["gemini"]},
        {"name": "pro", "cluster": "google", "apis": ["gemini", "vertex"], "path": {"prefix": VERTEX}},
        {"name": "anthropic.claude:1", "cluster": "aws", "upstreamModel": "eu.anthropic.claude:1", "apis": ["bedrock"]},
        {"name": "llama", "cluster": "ollama", "upstreamModel": "llama3.2:3b", "apis": OLLAMA, "contextWindow": 8192},
        {"name": "secret", "cluster": "large"},
        {"name": "secret-flash", "cluster": "google", "apis": ["gemini"]},
    ],
    "aliases": [
        {"name": "auto"},
        {"name": "claude-3-*", "model": "claude-small"},
        {"name": "claude-opus-*", "model": "claude-large"},
        {"name": "gpt-5-*", "model": "gpt-large"},
    ],
    "tenants": [
        {
            "name": "team",
            "match": {"headers": [{"name": "x-team", "value": "a"}]},
            "models": {"deny": ["secret", "secret-flash"]},
        }
    ],
    "rules": [
        {
            "name": "nothing-for-the-lab",
            "match": {"keywords": ["laboratory"]},
            "deny": {"status": 403, "message": "not for the lab"},
        },
        {
            "name": "claude-images-go-large",
            "match": {"apis": ["messages"], "images": True},
            "route": {"targets": [{"model": "claude-large"}]},
        },
        {
            "name": "images-go-large",
            "match": {"models": ["auto"], "images": True},
            "route": {"targets": [{"model": "gpt-large"}]},
        },
        {
            "name": "gemini-goes-flash",
            "match": {"models": ["auto"], "apis": ["gemini"]},
            "route": {"targets": [{"model": "flash"}]},
        },
        {
            "name": "ollama-goes-llama",
            "match": {"models": ["auto"], "apis": OLLAMA},
            "route": {"targets": [{"model": "llama"}]},
        },
        {"name": "rest-goes-small", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "gpt-small"}]}},
    ],
}


@pytest.fixture(scope="session")
def gateways(tmp_path_factory):
    """The gateway of each world, which all files share."""
    with contextlib.ExitStack() as edges:
        started = {}

        def gateway(world):
            if world not in started:
                installation = Installation(*world, policy=POLICY)
                started[world] = edges.enter_context(running(installation, tmp_path_factory.mktemp("edge")))
            return started[world]

        yield gateway


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def shared_edge(request, gateways):
    return gateways(request.param)


@pytest.fixture
def edge(shared_edge):
    for provider in shared_edge.providers.values():
        provider.answer = llm.answer
    yield shared_edge
    shared_edge.assert_healthy()
