"""The official `anthropic` package, through Envoy, without knowing of it."""

import base64

import anthropic
import pytest

from harness import llm

POLICY = {
    "models": [
        {"name": "claude-large", "cluster": "large", "upstreamModel": "claude-large-20260101"},
        {"name": "claude-small", "cluster": "small"},
        {"name": "secret", "cluster": "large"},
    ],
    "aliases": [{"name": "claude-3-*", "model": "claude-small"}],
    "tenants": [
        {"name": "team", "match": {"headers": [{"name": "x-team", "value": "a"}]}, "models": {"deny": ["secret"]}}
    ],
    "rules": [
        {
            "name": "nothing-for-the-lab",
            "match": {"keywords": ["laboratory"]},
            "deny": {"status": 403, "message": "not for the lab"},
        },
        {"name": "images-go-large", "match": {"images": True}, "route": {"targets": [{"model": "claude-large"}]}},
    ],
}

ASK = [{"role": "user", "content": "Where does this train go?"}]
WEATHER = {"name": "weather", "input_schema": {"type": "object", "properties": {"said": {"type": "string"}}}}


@pytest.fixture
def client(edge):
    for provider in edge.providers.values():
        provider.answer = llm.answer
    with anthropic.Anthropic(
        base_url=edge.url, api_key="k", max_retries=0, timeout=60, default_headers={"x-team": "a"}
    ) as client:
        yield client


def test_a_message_is_served_by_the_models_own_cluster_under_its_upstream_name(client):
    reply = client.messages.create(model="claude-large", max_tokens=10, messages=ASK)
    assert reply.content[0].text == "large as claude-large-20260101"
    assert reply.usage.output_tokens == 3


def test_an_alias_pattern_keeps_old_names_working(client):
    reply = client.messages.create(model="claude-3-haiku-20240307", max_tokens=10, messages=ASK)
    assert reply.content[0].text == "small as claude-small"


def test_a_streamed_message_arrives(client):
    with client.messages.stream(model="claude-small", max_tokens=10, messages=ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text.strip() == "small as claude-small"
    assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", 3)


def test_tools_are_called(client):
    reply = client.messages.create(model="claude-small", max_tokens=10, messages=ASK, tools=[WEATHER])
    assert (reply.content[0].name, reply.content[0].input) == ("weather", {"said": "small as claude-small"})


def test_a_base64_image_is_seen_and_routed(client):
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(bytes(range(256)) * 200).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    reply = client.messages.create(model="claude-small", max_tokens=10, messages=[{"role": "user", "content": content}])
    assert reply.content[0].text == "large as claude-large-20260101"


def test_tokens_are_counted(client):
    assert client.messages.count_tokens(model="claude-small", messages=ASK).input_tokens == 7


def test_an_unknown_model_raises_not_found(client):
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.create(model="claude-unheard-of", max_tokens=10, messages=ASK)
    assert caught.value.body["error"]["type"] == "not_found_error"


def test_a_deny_rule_raises_permission_denied_with_its_message(client):
    with pytest.raises(anthropic.PermissionDeniedError) as caught:
        client.messages.create(
            model="claude-small", max_tokens=10, messages=[{"role": "user", "content": "for the laboratory only"}]
        )
    assert caught.value.body["error"] == {"type": "permission_error", "message": "not for the lab"}


def test_a_model_that_the_tenant_may_not_use_is_refused(client):
    with pytest.raises((anthropic.PermissionDeniedError, anthropic.NotFoundError)):
        client.messages.create(model="secret", max_tokens=10, messages=ASK)


def test_a_model_of_the_wrong_type_raises_bad_request(client):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model=17, max_tokens=10, messages=ASK)
    assert caught.value.body["error"]["type"] == "invalid_request_error"


def test_the_models_are_listed(client):
    assert {model.id for model in client.models.list()} >= {"claude-large", "claude-small"}
    assert "secret" not in {model.id for model in client.models.list()}


def test_one_model_is_retrieved(client):
    assert client.models.retrieve("claude-small").id == "claude-small"
