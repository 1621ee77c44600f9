"""The official `anthropic` package, through Envoy, without knowing of it."""

import base64

import anthropic
import pytest

from harness.messages import Answer

CLIENTS = ("anthropic",)
ASK = [{"role": "user", "content": "Where does this train go?"}]
WEATHER = {"name": "weather", "input_schema": {"type": "object", "properties": {"said": {"type": "string"}}}}


LAB = [{"role": "user", "content": "for the laboratory only"}]


@pytest.fixture
def client(edge):
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
        client.messages.create(model="claude-small", max_tokens=10, messages=LAB)
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


def test_marks_of_the_prompt_cache_reach_the_provider(edge, client):
    system = [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    reply = client.messages.create(model="claude-large", max_tokens=10, system=system, messages=ASK)
    assert reply.content[0].text == "large as claude-large-20260101"
    assert edge.providers["large"].requests[-1].json()["system"] == system


def test_beta_calls_keep_their_query_and_header(edge, client):
    """Older versions of the package, and Claude Code, send the query, too."""
    reply = client.beta.messages.create(
        model="claude-large",
        max_tokens=10,
        messages=ASK,
        betas=["context-management-2025-06-27"],
        extra_query={"beta": "true"},
    )
    assert reply.content[0].text == "large as claude-large-20260101"
    request = edge.providers["large"].requests[-1]
    assert (request.target, request.header("anthropic-beta")) == (
        b"/v1/messages?beta=true",
        "context-management-2025-06-27",
    )
    assert client.beta.messages.count_tokens(model="claude-small", messages=ASK).input_tokens == 7
    assert "claude-small" in {model.id for model in client.beta.models.list()}


def test_a_refused_stream_raises_before_the_first_event(client):
    with (
        pytest.raises(anthropic.PermissionDeniedError),
        client.messages.stream(model="claude-small", max_tokens=10, messages=LAB) as stream,
    ):
        stream.until_done()


def test_batches_raise_bad_request(client):
    one = {"custom_id": "a", "params": {"model": "claude-small", "max_tokens": 1, "messages": ASK}}
    with pytest.raises(anthropic.BadRequestError, match="`messageBatches` is not routed"):
        client.messages.batches.create(requests=[one])


@pytest.mark.parametrize(
    ("status", "error"), [(429, anthropic.RateLimitError), (529, anthropic.OverloadedError)], ids=["429", "529"]
)
def test_an_exhausted_provider_says_when_to_try_again(edge, client, status, error):
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "slower"}}'
    edge.providers["small"].answer = lambda _: Answer(status, pieces=(body,), headers=[(b"retry-after", b"7")])
    with pytest.raises(error) as caught:
        client.messages.create(model="claude-small", max_tokens=10, messages=ASK)
    assert caught.value.response.headers["retry-after"] == "7"


def test_an_error_in_the_middle_of_a_stream_is_raised(edge, client):
    error = b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "too many"}}\n\n'
    edge.providers["small"].answer = lambda _: Answer(200, "text/event-stream", (b": a comment\n\n", error))
    stream = client.messages.create(model="claude-small", max_tokens=10, messages=ASK, stream=True)
    with pytest.raises(anthropic.APIStatusError, match="too many"):
        list(stream)


def test_a_bearer_key_of_bedrock_is_routed(edge):
    with anthropic.AnthropicBedrock(
        base_url=edge.url, api_key="k", aws_region="eu-west-1", max_retries=0, default_headers={"x-team": "a"}
    ) as client:
        reply = client.messages.create(model="anthropic.claude:1", max_tokens=10, messages=ASK)
    assert reply.content[0].text == "aws as eu.anthropic.claude:1"


def test_signed_requests_of_bedrock_raise_bad_request(edge):
    """What the client signs with needs `botocore`; the header is the one that it would send."""
    signature = "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=b"

    def sign(request):
        request.headers["authorization"] = signature

    with (
        anthropic.AnthropicBedrock(
            base_url=edge.url,
            api_key="k",
            aws_region="eu-west-1",
            max_retries=0,
            default_headers={"x-team": "a"},
            http_client=anthropic.DefaultHttpxClient(event_hooks={"request": [sign]}),
        ) as client,
        pytest.raises(anthropic.BadRequestError, match="AWS SigV4"),
    ):
        client.messages.create(model="anthropic.claude:1", max_tokens=10, messages=ASK)


def test_claude_at_vertex_raises_bad_request(edge):
    with (
        anthropic.AnthropicVertex(
            base_url=f"{edge.url}/v1",
            access_token="k",
            region="eu",
            project_id="p-1",
            max_retries=0,
            default_headers={"x-team": "a"},
        ) as client,
        pytest.raises(anthropic.BadRequestError, match="this method of the API `vertex`") as caught,
    ):
        client.messages.create(model="claude-small", max_tokens=10, messages=ASK)
    assert caught.value.body["error"]["status"] == "INVALID_ARGUMENT"
