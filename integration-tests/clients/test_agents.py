"""Frameworks for agents: `openai-agents` and `pydantic-ai`."""

import asyncio

import agents
import openai
import pydantic
import pydantic_ai
import pytest
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

CLIENTS = ("openai-agents", "pydantic-ai-slim")
agents.set_tracing_disabled(True)


class Place(pydantic.BaseModel):
    said: str


@pytest.fixture
def client(edge):
    return openai.AsyncOpenAI(base_url=f"{edge.url}/v1", api_key="k", max_retries=0, default_headers={"x-team": "a"})


@pytest.mark.parametrize("api", [agents.OpenAIResponsesModel, agents.OpenAIChatCompletionsModel])
def test_an_agent_of_openai_runs(client, api):
    async def run(text: str) -> str:
        agent = agents.Agent(name="guide", instructions="Be kind.", model=api(model="auto", openai_client=client))
        return (await agents.Runner.run(agent, text)).final_output

    assert asyncio.run(run("Where does this train go?")) == "small as gpt-small"


def test_a_refused_agent_of_openai_raises_permission_denied(client):
    async def run() -> None:
        model = agents.OpenAIResponsesModel(model="auto", openai_client=client)
        await agents.Runner.run(agents.Agent(name="guide", model=model), "for the laboratory")

    with pytest.raises(openai.PermissionDeniedError, match="not for the lab"):
        asyncio.run(run())


def test_an_agent_of_pydantic_ai_runs(client):
    async def run() -> Place:
        model = OpenAIChatModel("auto", provider=OpenAIProvider(openai_client=client))
        return (await pydantic_ai.Agent(model, output_type=Place).run("Where?")).output

    assert asyncio.run(run()) == Place(said="small as gpt-small")


def test_a_refused_agent_of_pydantic_ai_raises_with_status_and_body(client):
    async def run() -> None:
        model = OpenAIChatModel("auto", provider=OpenAIProvider(openai_client=client))
        await pydantic_ai.Agent(model).run("for the laboratory")

    with pytest.raises(ModelHTTPError) as caught:
        asyncio.run(run())
    assert (caught.value.status_code, caught.value.body["message"]) == (403, "not for the lab")
