"""Azure's client in the official `openai` package: its paths name the deployment, which is the model asked for."""

import openai
import pytest

CLIENTS = ("openai",)
ASK = [{"role": "user", "content": "Where does this train go?"}]


@pytest.fixture
def client(edge):
    with openai.AzureOpenAI(
        azure_endpoint=edge.url,
        api_version="2025-01-01-preview",
        api_key="k",
        max_retries=0,
        default_headers={"x-team": "a"},
    ) as client:
        yield client


@pytest.fixture
def v1(edge):
    """The client that Azure recommends for its newer API."""
    with openai.OpenAI(
        base_url=f"{edge.url}/openai/v1/", api_key="k", max_retries=0, default_headers={"x-team": "a"}
    ) as client:
        yield client


def test_a_deployment_chats(client):
    reply = client.chat.completions.create(model="gpt-large", messages=ASK)
    assert reply.choices[0].message.content == "large as gpt-large-2026-01-01"


def test_a_deployment_streams(client):
    chunks = list(client.chat.completions.create(model="auto", messages=ASK, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).strip() == "small as gpt-small"


def test_responses_images_speech_and_embeddings_are_routed(client):
    assert client.responses.create(model="gpt-large", input="Where?").output_text == "large as gpt-large-2026-01-01"
    assert client.images.generate(model="gpt-small", prompt="a train").data
    assert client.audio.speech.create(model="gpt-small", voice="alloy", input="x").content == b"small as gpt-small"
    assert client.embeddings.create(model="embedder", input="x", encoding_format="float").data[0].embedding


def test_the_models_are_listed(client, v1):
    names = {"gpt-large", "gpt-small", "embedder", "auto"}
    assert {model.id for model in client.models.list()} == names
    assert {model.id for model in v1.models.list()} == names
    assert v1.models.retrieve("gpt-small").id == "gpt-small"
    with pytest.raises(openai.NotFoundError):
        v1.models.retrieve("secret")


def test_the_newer_api_names_the_model_in_the_body(v1):
    reply = v1.chat.completions.create(model="gpt-large", messages=ASK)
    assert reply.choices[0].message.content == "large as gpt-large-2026-01-01"


def test_an_unknown_deployment_raises_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="nobody", messages=ASK)
    assert caught.value.code == "DeploymentNotFound"


def test_refusals_raise_permission_denied(client):
    with pytest.raises(openai.PermissionDeniedError, match="not for the lab"):
        client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "our laboratory"}])
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(model="secret", messages=ASK)
    assert caught.value.code == "noCandidate"
