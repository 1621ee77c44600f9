"""The official `openai` package, through Envoy, without knowing of it."""

import base64

import openai
import pytest

from harness import llm

POLICY = {
    "models": [
        {"name": "gpt-large", "cluster": "large", "upstreamModel": "gpt-large-2026-01-01"},
        {"name": "gpt-small", "cluster": "small"},
        {"name": "embedder", "cluster": "small", "apis": ["embeddings"]},
        {"name": "secret", "cluster": "large"},
    ],
    "aliases": [{"name": "auto"}],
    "tenants": [
        {"name": "team", "match": {"headers": [{"name": "x-team", "value": "a"}]}, "models": {"deny": ["secret"]}}
    ],
    "rules": [
        {
            "name": "nothing-for-the-lab",
            "match": {"models": ["auto"], "keywords": ["laboratory"]},
            "deny": {"status": 403, "message": "not for the lab"},
        },
        {
            "name": "images-go-large",
            "match": {"models": ["auto"], "images": True},
            "route": {"targets": [{"model": "gpt-large"}]},
        },
        {"name": "rest-goes-small", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "gpt-small"}]}},
    ],
}

ASK = [{"role": "user", "content": "Where does this train go?"}]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"said": {"type": "string"}}}},
}


@pytest.fixture
def client(edge):
    for provider in edge.providers.values():
        provider.answer = llm.answer
    with openai.OpenAI(
        base_url=f"{edge.url}/v1", api_key="k", max_retries=0, timeout=60, default_headers={"x-team": "a"}
    ) as client:
        yield client


def test_a_chat_is_served_by_the_models_own_cluster_under_its_upstream_name(client):
    reply = client.chat.completions.create(model="gpt-large", messages=ASK)
    assert reply.choices[0].message.content == "large as gpt-large-2026-01-01"
    assert reply.usage.total_tokens == 10


def test_a_streamed_chat_arrives_with_its_usage(client):
    stream = client.chat.completions.create(
        model="auto", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.strip() == "small as gpt-small"
    assert chunks[-1].usage.total_tokens == 10


def test_tools_are_called(client):
    reply = client.chat.completions.create(model="auto", messages=ASK, tools=[WEATHER], tool_choice="auto")
    call = reply.choices[0].message.tool_calls[0].function
    assert (call.name, call.arguments) == ("weather", '{"said": "small as gpt-small"}')


def test_a_base64_image_is_seen_and_routed(client):
    picture = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 200).decode()
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": picture}}]
    reply = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": content}])
    assert reply.choices[0].message.content == "large as gpt-large-2026-01-01"


def test_completions_are_routed(client):
    assert client.completions.create(model="auto", prompt="Once").choices[0].text == "small as gpt-small"


def test_embeddings_are_routed(client):
    reply = client.embeddings.create(model="embedder", input="a train", encoding_format="float")
    assert reply.data[0].embedding == [0.5, -0.25]


def test_responses_are_routed(client):
    reply = client.responses.create(model="auto", input="Where does this train go?")
    assert reply.output_text == "small as gpt-small"


def test_streamed_responses_are_routed(client):
    events = list(client.responses.create(model="gpt-large", input="Where?", stream=True))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text.strip() == "large as gpt-large-2026-01-01"
    assert events[-1].type == "response.completed"


def test_moderations_are_routed(client):
    reply = client.moderations.create(model="gpt-small", input="a train")
    assert (reply.model, reply.results[0].flagged) == ("gpt-small", False)


def test_an_unknown_model_raises_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-unheard-of", messages=ASK)
    assert caught.value.code == "model_not_found"


def test_a_denied_model_raises_permission_denied_or_not_found(client):
    """A model that the tenant may not use must not serve it; which of the two errors tells it is the policy's own."""
    with pytest.raises((openai.PermissionDeniedError, openai.NotFoundError)):
        client.chat.completions.create(model="secret", messages=ASK)


def test_a_deny_rule_raises_permission_denied_with_its_message(client):
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "for the laboratory only"}])
    assert "not for the lab" in caught.value.message


def test_a_model_of_the_wrong_type_raises_bad_request(client):
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=17, messages=ASK)


def test_a_missing_model_raises_bad_request(client):
    with pytest.raises(openai.BadRequestError):
        client.post("/chat/completions", body={"messages": ASK}, cast_to=object)


def test_the_models_are_listed(client):
    names = {model.id for model in client.models.list()}
    assert names == {"gpt-large", "gpt-small", "embedder", "auto"}


def test_one_model_is_retrieved(client):
    model = client.models.retrieve("gpt-small")
    assert (model.id, model.object) == ("gpt-small", "model")


def test_a_model_that_the_tenant_may_not_use_is_not_retrieved(client):
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("secret")
