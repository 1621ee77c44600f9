"""`pointsman run examples/quickstart`: one command, a real Envoy, demo servers, official clients, one readable line
per request."""

import anthropic
import openai
import pytest

from harness import locations
from harness.quickstart import running
from harness.waiting import wait_for

ASK = [{"role": "user", "content": "Where does this train go?"}]


@pytest.fixture(scope="module", params=locations.ENVOY_VERSIONS)
def quickstart(request, tmp_path_factory):
    output = tmp_path_factory.mktemp("quickstart") / "output"
    with running(request.param, output) as url:
        yield url, output


def models(url: str) -> list[str]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=60) as client:
        return [model.id for model in client.models.list()]


def test_the_models_are_listed(quickstart):
    assert models(quickstart[0])


def test_openais_client_is_served_plain_and_streamed(quickstart):
    url, output = quickstart
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=60) as client:
        assert client.chat.completions.create(model="auto", messages=ASK).choices[0].message.content
        options = {"include_usage": True}
        chunks = list(client.chat.completions.create(model="auto", messages=ASK, stream=True, stream_options=options))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage.total_tokens > 0
    wait_for("a line for each request", lambda: output.read_text().count("auto -> ") >= 2)


def test_anthropics_client_is_served_plain_and_streamed(quickstart):
    url, _ = quickstart
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=60) as client:
        name = next(model.id for model in client.models.list() if model.id.startswith("claude"))
        assert client.messages.create(model=name, max_tokens=10, messages=ASK).content[0].text
        with client.messages.stream(model=name, max_tokens=10, messages=ASK) as stream:
            assert "".join(stream.text_stream)


def test_an_unknown_model_is_not_found(quickstart):
    client = openai.OpenAI(base_url=f"{quickstart[0]}/v1", api_key="k", max_retries=0, timeout=60)
    with client, pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="nobody", messages=ASK)
