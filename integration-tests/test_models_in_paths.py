"""Clients whose path names the model: Azure's own, Gemini's, Vertex AI's, Bedrock's."""

import json

import openai
import pytest

from harness import llm, locations
from harness.edge import JSON

VERTEX = "/v1/projects/p-1/locations/europe-west4/publishers/google"
POLICY = {
    "models": [
        {"name": "gpt", "cluster": "openai", "upstreamModel": "gpt-2026-01-01"},
        {
            "name": "gpt-eu",
            "cluster": "azure",
            "path": {"prefix": "/openai/deployments/eu-1", "query": "api-version=2024-10-21"},
        },
        {"name": "flash", "cluster": "google", "upstreamModel": "gemini-flash-001", "apis": ["gemini"]},
        {"name": "pro", "cluster": "vertex", "apis": ["gemini", "vertex"], "path": {"prefix": VERTEX}},
        {"name": "anthropic.claude:1", "cluster": "aws", "upstreamModel": "eu.anthropic.claude:1", "apis": ["bedrock"]},
    ],
    "aliases": [{"name": "gpt-5-nano", "model": "gpt-eu"}, {"name": "auto"}],
    "rules": [
        {
            "name": "images-go-pro",
            "match": {"models": ["auto"], "images": True},
            "route": {"targets": [{"model": "pro"}]},
        },
        {"name": "auto", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "flash"}]}},
    ],
}
ASK = [{"role": "user", "content": "Where does this train go?"}]
CONTENTS = b'{ "contents": [{"role":"user", "parts":[{"text":"hi"}]}], "generationConfig": {"temperature": 1.0} }'
CONVERSE = b'{"messages": [{"role":"user","content":[{"text":"hi"}]}] ,"inferenceConfig":{"maxTokens":5}}'


def answer(request):
    """As an LLM server answers, whatever its path is."""
    body = {"model": "the one in the path", **request.json()}
    return llm.chat(body, f"{request.provider} as {body['model']}")


@pytest.fixture
def azure(edge):
    for provider in edge.providers.values():
        provider.answer = answer
    with openai.AzureOpenAI(
        azure_endpoint=edge.url, api_version="2025-01-01-preview", api_key="k", max_retries=0, timeout=60
    ) as client:
        yield client


def test_azures_client_is_served_by_openai(azure):
    reply = azure.chat.completions.create(model="gpt", messages=ASK)
    assert reply.choices[0].message.content == "openai as gpt-2026-01-01"


def test_azures_client_is_streamed_to_by_a_deployment(azure):
    chunks = list(azure.chat.completions.create(model="gpt-eu", messages=ASK, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.strip() == "azure as gpt-eu"


def test_an_unknown_deployment_raises_not_found(azure):
    with pytest.raises(openai.NotFoundError) as caught:
        azure.chat.completions.create(model="gpt-unheard-of", messages=ASK)
    assert caught.value.code == "DeploymentNotFound"


def test_a_client_of_one_deployment_asks_for_no_other_model(edge):
    with (
        openai.AzureOpenAI(
            azure_endpoint=edge.url, azure_deployment="gpt", api_version="1", api_key="k", max_retries=0
        ) as client,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        client.chat.completions.create(model="gpt-eu", messages=ASK)
    assert caught.value.code == "twoModels"


@pytest.mark.pairwise("world", "protocol")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(
    ("deployment", "target", "model"),
    [
        ("gpt", "/v1/chat/completions", "gpt-2026-01-01"),
        ("gpt-5-nano", "/openai/deployments/eu-1/chat/completions?api-version=2024-10-21", "gpt-eu"),
    ],
)
def test_a_recorded_request_of_azures_client_goes_where_the_model_is(edge, deployment, target, model, protocol):
    recorded = (locations.fixtures() / "openai-recorded" / "azure-chat-basic.request.json").read_bytes()
    body = {name: value for name, value in json.loads(recorded).items() if name != "model"}
    path = f"/openai/deployments/{deployment}/chat/completions?api-version=2025-01-01-preview"
    seen = edge.ask(path, json.dumps(body).encode(), [JSON], protocol=protocol)
    assert (seen.status, seen.upstream.target) == (200, target.encode())
    assert seen.upstream.json() == {"model": model, **body}
    assert (seen.record["api"], seen.record["asked"]) == ("chatCompletions", deployment)


@pytest.mark.pairwise("world", "protocol")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(
    ("path", "body", "target", "api"),
    [
        (
            "/v1beta/models/flash:generateContent",
            CONTENTS,
            "/v1beta/models/gemini-flash-001:generateContent",
            "gemini",
        ),
        (
            "/v1beta/models/pro:streamGenerateContent?alt=sse",
            CONTENTS,
            f"{VERTEX}/models/pro:streamGenerateContent?alt=sse",
            "gemini",
        ),
        (
            "/v1beta1/projects/x/locations/us/publishers/google/models/pro:countTokens",
            CONTENTS,
            f"{VERTEX}/models/pro:countTokens",
            "vertex",
        ),
        ("/model/anthropic.claude%3A1/converse", CONVERSE, "/model/eu.anthropic.claude%3A1/converse", "bedrock"),
        (
            "/model/anthropic.claude:1/converse-stream",
            CONVERSE,
            "/model/eu.anthropic.claude%3A1/converse-stream",
            "bedrock",
        ),
    ],
)
def test_the_path_is_spliced_and_the_body_stays(edge, path, body, target, api, protocol):
    seen = edge.ask(path, body, [JSON], protocol=protocol)
    assert (seen.status, seen.upstream.target, seen.upstream.body) == (200, target.encode(), body)
    assert (seen.record["api"], seen.record["action"]) == (api, "route")


def test_a_rule_sees_what_is_in_geminis_body(edge):
    # As google-genai 3.6 writes it, both spellings in one body.
    image = (
        b'{"contents": [{"parts": [{"inlineData": {"data": "iVBOR4lQTkc=", "mime_type": "image/png"}},'
        b' {"text": "what"}], "role": "user"}], "systemInstruction": {"parts": [{"text": "be kind"}], "role": "user"}}'
    )
    assert edge.ask("/v1beta/models/auto:generateContent", image, [JSON]).upstream.provider == "vertex"
    assert edge.ask("/v1beta/models/auto:generateContent", CONTENTS, [JSON]).upstream.provider == "google"


@pytest.mark.parametrize(
    ("path", "headers", "status", "reason"),
    [
        (
            "/model/anthropic.claude:1/converse",
            [("authorization", "AWS4-HMAC-SHA256 Credential=a/b")],
            400,
            "signedRequest",
        ),
        ("/model/gpt/converse", [], 400, "noCandidate"),
        ("/model/nobody/converse", [], 404, "unknownModel"),
        ("/model/a%252e/converse", [], 404, "pathSpelling"),
        ("/model/a/../anthropic.claude:1/converse", [], 404, "pathSpelling"),
    ],
)
def test_refusals_have_bedrocks_shape(edge, path, headers, status, reason):
    seen = edge.ask(path, CONVERSE, [JSON, *headers])
    assert (seen.reached, seen.status, seen.record["reason"]) == ([], status, reason)
    assert list(seen.response.json()) == ["message"]


def test_refusals_have_googles_shape(edge):
    body = b'{"model":"flash",' + CONTENTS[1:]
    seen = edge.ask("/v1beta/models/flash:generateContent", body, [JSON])
    assert (seen.status, seen.record["reason"], seen.record["action"]) == (400, "twoModels", "deny")
    assert seen.response.json()["error"]["status"] == "INVALID_ARGUMENT"
