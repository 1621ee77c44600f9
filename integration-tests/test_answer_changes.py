"""What changes in answers besides ids: the model's name, and what a stream tells only because the proxy has asked."""

import json

import anthropic
import openai
import pytest

from harness.edge import JSON
from harness.llm import answer, chat_chunks, sse
from harness.messages import Answer

CHAT = "/v1/chat/completions"
POLICY = {
    "models": [
        {"name": "m", "cluster": "one", "upstreamModel": "m-2026-11"},
        {"name": "g", "cluster": "one", "upstreamModel": "g-001", "apis": ["gemini"]},
        {
            "name": "old",
            "cluster": "one",
            "apis": ["chatCompletions"],
            "parameters": {"stream_options": {"drop": True}},
        },
    ],
    "aliases": [{"name": "gpt-*", "model": "m"}],
    "answerModel": "asked",
    "usage": {"askForIt": True},
}
ASKED = "gpt-4o"
EVENTS = "text/event-stream"


@pytest.fixture(autouse=True)
def answering(edge, monkeypatch):
    monkeypatch.setattr(edge.providers["one"], "answer", answer)


@pytest.fixture
def to_openai(edge):
    with openai.OpenAI(base_url=f"{edge.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def to_anthropic(edge):
    with anthropic.Anthropic(base_url=edge.url, api_key="none", max_retries=0) as client:
        yield client


def test_openais_client_sees_the_model_that_it_asked_for(to_openai):
    messages = [{"role": "user", "content": "Where?"}]
    reply = to_openai.chat.completions.create(model=ASKED, messages=messages)
    assert (reply.model, reply.choices[0].message.content) == (ASKED, "one as m-2026-11")
    assert to_openai.embeddings.create(model=ASKED, input="x").model == ASKED
    assert to_openai.responses.create(model=ASKED, input="x").model == ASKED
    with to_openai.responses.create(model=ASKED, input="x", stream=True) as stream:
        models = {event.response.model for event in stream if hasattr(event, "response")}
    assert models == {ASKED}


def test_openais_client_sees_no_usage_that_it_has_not_asked_for(to_openai):
    messages = [{"role": "user", "content": "Where?"}]
    for options in ({}, {"stream_options": {"include_usage": False}}):
        with to_openai.chat.completions.create(model=ASKED, messages=messages, stream=True, **options) as stream:
            chunks = list(stream)
        assert {chunk.model for chunk in chunks} == {ASKED}
        assert all(chunk.choices and chunk.usage is None for chunk in chunks)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).strip() == "one as m-2026-11"
    options = {"include_usage": True}
    with to_openai.chat.completions.create(
        model=ASKED, messages=messages, stream=True, stream_options=options
    ) as stream:
        last = list(stream)[-1]
    assert (last.choices, last.usage.total_tokens) == ([], 10)


def test_anthropics_client_sees_the_model_that_it_asked_for(to_anthropic):
    messages = [{"role": "user", "content": "Where?"}]
    reply = to_anthropic.messages.create(model=ASKED, max_tokens=9, messages=messages)
    assert (reply.model, reply.content[0].text) == (ASKED, "one as m-2026-11")
    with to_anthropic.messages.stream(model=ASKED, max_tokens=9, messages=messages) as stream:
        assert "".join(stream.text_stream).strip() == "one as m-2026-11"
        assert stream.get_final_message().model == ASKED


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_stream_is_what_it_would_have_been_unasked(edge, size, protocol):
    def cut(request):
        text = b"".join(sse([*chat_chunks(request.json(), "Left."), "[DONE]"]).pieces)
        return Answer(200, EVENTS, tuple(text[at : at + size] for at in range(0, len(text), size)))

    edge.providers["one"].answer = cut
    body = {"model": ASKED, "messages": [], "stream": True}
    seen = edge.ask(CHAT, body, [JSON, ("accept-encoding", "gzip")], protocol=protocol)
    unasked = b"".join(sse([*chat_chunks(body, "Left."), "[DONE]"]).pieces)
    assert seen.response.body == unasked
    sent = {**body, "model": "m-2026-11", "stream_options": {"include_usage": True}}
    assert seen.upstream.json() == sent
    assert seen.upstream.all("content-length") == [str(len(seen.upstream.body)).encode()]
    assert not seen.upstream.all("accept-encoding"), "a compressed answer could not be read"
    record = seen.record
    assert record["changed"] == ["stream_options.include_usage"]
    # The record has what the provider said.
    assert record["answer"]["usage"] == {"input": 7, "output": 3}
    assert record["answer"]["model"] == "m-2026-11"


def test_only_the_name_changes_in_an_answer(edge):
    text = b'{ "x":{"model":"m"}, "model" : "m-2026-11" ,\n "choices":[{"model":1.0e0}] }\n'
    edge.providers["one"].answer = lambda _: Answer(200, "application/json", (text,))
    seen = edge.chat('gpt-"\u00e9')
    assert seen.response.body == text.replace(b'"m-2026-11"', json.dumps('gpt-"\u00e9', ensure_ascii=False).encode())
    assert seen.response.header("content-length") is None
    for status, content_type in ((400, "application/json"), (200, "text/plain")):
        made = Answer(status, content_type, (text,))
        edge.providers["one"].answer = lambda _, made=made: made
        assert edge.chat(ASKED).response.body == text


def test_a_path_names_the_model_as_well(edge):
    text = b'{"candidates":[],"modelVersion":"g-001"}'
    edge.providers["one"].answer = lambda _: Answer(200, "application/json", (text,))
    seen = edge.ask("/v1beta/models/g:generateContent", {"contents": []})
    assert seen.response.body == text.replace(b"g-001", b"g")
    assert seen.record["answer"]["model"] == "g-001"


def test_a_provider_that_does_not_know_the_question_is_not_asked_again(edge):
    error = {"error": {"message": "unknown field stream_options", "type": "invalid_request_error"}}
    edge.providers["one"].answer = lambda _: Answer.of(error, 400)
    seen = edge.chat(ASKED, stream=True)
    assert (seen.status, seen.response.json(), len(seen.reached)) == (400, error, 1)
    edge.providers["one"].answer = answer
    seen = edge.chat("old", stream=True)
    assert "stream_options" not in seen.upstream.json() and "changed" not in seen.record


def test_who_asks_for_neither_gets_every_byte(started):
    edge = started(policy={"models": POLICY["models"], "usage": {}})
    edge.providers["one"].answer = answer
    seen = edge.chat("m", stream=True)
    assert "stream_options" not in seen.upstream.json()
    assert seen.response.body == b"".join(answer(seen.upstream).pieces)
    text = json.dumps({"model": "m-2026-11"}).encode()
    edge.providers["one"].answer = lambda _: Answer(200, "application/json", (text,))
    seen = edge.chat("m")
    assert (seen.response.body, seen.response.header("content-length")) == (text, str(len(text)))
