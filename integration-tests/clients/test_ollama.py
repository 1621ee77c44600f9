"""The official `ollama` package."""

import ollama
import pytest

from harness.messages import Answer

CLIENTS = ("ollama",)
ASK = [{"role": "user", "content": "Where does this train go?"}]


@pytest.fixture
def client(edge):
    return ollama.Client(host=edge.url, headers={"x-team": "a"})


def test_a_chat_is_served_under_the_upstream_name(client):
    assert client.chat(model="llama", messages=ASK).message.content == "ollama as llama3.2:3b"


def test_a_chat_is_streamed_as_lines(client):
    parts = list(client.chat(model="auto", messages=ASK, stream=True))
    assert "".join(part.message.content for part in parts).strip() == "ollama as llama3.2:3b"
    assert parts[-1].done and parts[-1].eval_count == 3


def test_tools_are_called_and_formats_kept(client):
    def weather(said: str) -> str:
        return said

    call = client.chat(model="llama", messages=ASK, tools=[weather]).message.tool_calls[0].function
    assert (call.name, call.arguments) == ("weather", {"said": "ollama as llama3.2:3b"})
    reply = client.chat(model="llama", messages=ASK, format={"type": "object"})
    assert reply.message.content == '{"said": "ollama as llama3.2:3b"}'


def test_text_is_generated(client):
    assert client.generate(model="llama", prompt="Once").response == "ollama as llama3.2:3b"
    parts = [part.response for part in client.generate(model="llama", prompt="Once", stream=True)]
    assert "".join(parts).strip() == "ollama as llama3.2:3b"


def test_text_is_embedded_the_new_way_and_the_old(client):
    assert client.embed(model="llama", input=["a train"]).embeddings == [[0.5, -0.25]]
    assert client.embeddings(model="llama", prompt="a train").embedding == [0.5, -0.25]


def test_the_models_are_listed(client):
    assert {model.model for model in client.list().models} == {"llama", "auto"}


def test_a_model_is_shown_by_who_serves_it(client):
    shown = client.show("llama")
    assert shown.modelinfo["general.basename"] == "llama3.2:3b" and "tools" in shown.capabilities


@pytest.mark.parametrize(
    ("model", "text", "status", "sentence"),
    [
        ("nobody", "Where?", 404, "the policy knows no model of that name"),
        ("secret", "Where?", 403, "this tenant may not use any model that could serve the request"),
        ("llama", "for the laboratory", 403, "not for the lab"),
        ("flash", "Where?", 400, "no model can serve the request; excluded by api"),
    ],
    ids=["unknown", "of another tenant", "denied", "of another API"],
)
def test_a_refusal_is_a_response_error(client, model, text, status, sentence):
    ask = {"model": model, "messages": [{"role": "user", "content": text}]}
    for call in (client.chat, lambda **more: list(client.chat(**more, stream=True))):
        with pytest.raises(ollama.ResponseError) as caught:
            call(**ask)
        assert (caught.value.status_code, caught.value.error) == (status, sentence)


def test_a_model_of_another_tenant_is_not_shown(client):
    with pytest.raises(ollama.ResponseError) as caught:
        client.show("secret")
    assert caught.value.status_code == 403


@pytest.mark.parametrize("call", ["pull", "push", "delete", "create", "copy"])
def test_what_changes_a_servers_models_is_refused(client, call):
    more = {"create": {"from_": "llama"}, "copy": {"destination": "b"}}.get(call, {})
    with pytest.raises(ollama.ResponseError, match="the API `ollamaModels` is not routed") as caught:
        getattr(client, call)("llama", **more)
    assert caught.value.status_code == 400


@pytest.mark.parametrize("status", [429, 503])
def test_an_exhausted_provider_is_heard(edge, client, status):
    edge.providers["ollama"].answer = lambda _: Answer.of({"error": "server busy"}, status)
    with pytest.raises(ollama.ResponseError, match="server busy") as caught:
        client.chat(model="llama", messages=ASK)
    assert caught.value.status_code == status


def test_an_error_in_the_middle_of_a_stream_is_raised(edge, client):
    lines = (b'{"model": "m", "message": {"role": "assistant", "content": "a"}}\n', b'{"error": "out of memory"}\n')
    edge.providers["ollama"].answer = lambda _: Answer(200, "application/x-ndjson", lines)
    with pytest.raises(ollama.ResponseError, match="out of memory"):
        list(client.chat(model="llama", messages=ASK, stream=True))
