"""The official `openai` package, through Envoy, without knowing of it."""

import base64

import openai
import pydantic
import pytest

from harness.messages import Answer

CLIENTS = ("openai",)
ASK = [{"role": "user", "content": "Where does this train go?"}]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"said": {"type": "string"}}}},
}


LAB = [{"role": "user", "content": "for the laboratory only"}]


class Place(pydantic.BaseModel):
    said: str


@pytest.fixture
def client(edge):
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


def test_an_answer_is_parsed_into_a_type(client):
    reply = client.chat.completions.parse(model="auto", messages=ASK, response_format=Place)
    assert reply.choices[0].message.parsed == Place(said="small as gpt-small")
    reply = client.responses.parse(model="auto", input="Where?", text_format=Place)
    assert reply.output_parsed == Place(said="small as gpt-small")


def test_an_answer_is_read_as_a_stream_of_lines(client):
    with client.chat.completions.with_streaming_response.create(model="auto", messages=ASK, stream=True) as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines[0].startswith("data: {") and lines[-1] == "data: [DONE]"


def test_input_tokens_are_counted(client):
    assert client.responses.input_tokens.count(model="auto", input="Where?").input_tokens == 7


def test_images_are_made(client):
    reply = client.images.generate(model="gpt-small", prompt="a train")
    assert reply.data[0].revised_prompt == "small as gpt-small"


def test_speech_is_made_at_once_and_as_a_stream(client):
    speech = {"model": "gpt-large", "voice": "alloy", "input": "a train"}
    assert client.audio.speech.create(**speech).content == b"large as gpt-large-2026-01-01"
    with client.audio.speech.with_streaming_response.create(**speech) as response:
        assert response.read() == b"large as gpt-large-2026-01-01"


def test_forms_are_routed(client):
    recording = ("a.mp3", b"a train" * 1000)
    assert client.audio.transcriptions.create(model="gpt-large", file=recording).text == "large as gpt-large-2026-01-01"
    assert client.audio.translations.create(model="gpt-small", file=recording).text == "small as gpt-small"
    assert client.images.edit(model="gpt-small", prompt="more trains", image=("a.png", b"a picture")).data


def test_token_numbers_are_embedded(client):
    assert client.embeddings.create(model="embedder", input=[[1, 2, 3]]).data[0].embedding == [0.5, -0.25]


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
        client.chat.completions.create(model="auto", messages=LAB)
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


def test_a_refusal_tells_what_and_why(client):
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(model="auto", messages=LAB)
    error = caught.value
    assert (error.status_code, error.code, error.type, error.param) == (403, "denied", "permission_error", None)
    assert error.body["message"] == "not for the lab"


def test_a_refused_stream_raises_before_the_first_event(client):
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(model="auto", messages=LAB, stream=True)
    with pytest.raises(openai.PermissionDeniedError):
        client.responses.create(model="auto", input=LAB, stream=True)


def test_a_model_of_another_api_raises_bad_request(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="gpt-small", input="a train")
    assert caught.value.code == "noCandidate" and "api" in caught.value.message


@pytest.mark.parametrize("api", ["batches", "assistants", "videos"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_api_that_is_not_routed_raises_bad_request(client, api):
    calls = {
        "batches": lambda: client.batches.create(
            completion_window="24h", endpoint="/v1/chat/completions", input_file_id="file-1"
        ),
        "assistants": lambda: client.beta.assistants.create(model="gpt-small"),
        "videos": lambda: client.videos.create(model="gpt-small", prompt="a train"),
    }
    with pytest.raises(openai.BadRequestError) as caught:
        calls[api]()
    assert (caught.value.code, f"`{api}`" in caught.value.message) == ("unsupportedApi", True)


@pytest.mark.parametrize(
    ("status", "error"), [(429, openai.RateLimitError), (503, openai.InternalServerError)], ids=["429", "503"]
)
def test_an_exhausted_provider_says_when_to_try_again(edge, client, status, error):
    body = b'{"error": {"message": "slower", "type": "rate_limit", "code": "rate_limit_exceeded", "param": null}}'
    edge.providers["small"].answer = lambda _: Answer(status, pieces=(body,), headers=[(b"retry-after", b"7")])
    with pytest.raises(error) as caught:
        client.chat.completions.create(model="auto", messages=ASK)
    assert (caught.value.response.headers["retry-after"], caught.value.code) == ("7", "rate_limit_exceeded")


def test_a_client_that_tries_again_is_served(edge, client):
    answers = iter([Answer(429, pieces=(b"{}",), headers=[(b"retry-after-ms", b"1")])])
    usual = edge.providers["small"].answer
    edge.providers["small"].answer = lambda request: next(answers, None) or usual(request)
    reply = client.with_options(max_retries=1).chat.completions.create(model="auto", messages=ASK)
    assert reply.choices[0].message.content == "small as gpt-small"


def test_an_error_in_the_middle_of_a_stream_is_raised(edge, client):
    first = b'data: {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}\n\n'
    error = b'data: {"error": {"message": "out of memory", "type": "server_error"}}\n\n'
    edge.providers["small"].answer = lambda _: Answer(200, "text/event-stream", (first, error))
    stream = client.chat.completions.create(model="auto", messages=ASK, stream=True)
    with pytest.raises(openai.APIError, match="out of memory"):
        list(stream)
