"""LangChain's four packages for these APIs, each through the same calls."""

import dataclasses
from collections.abc import Callable

import anthropic
import google.genai.errors
import ollama
import openai
import pydantic
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_ollama import ChatOllama, OllamaEmbeddings
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings

CLIENTS = ("langchain-openai", "langchain-anthropic", "langchain-ollama", "langchain-google-genai")
TEAM = {"x-team": "a"}


class Place(pydantic.BaseModel):
    """Where a train goes."""

    said: str


def weather(said: str) -> str:
    """The weather at a place."""
    return said


def chat_openai(url: str, model: str) -> BaseChatModel:
    return ChatOpenAI(model=model, base_url=f"{url}/v1", api_key="k", max_retries=0, default_headers=TEAM)


def responses(url: str, model: str) -> BaseChatModel:
    return ChatOpenAI(
        model=model, base_url=f"{url}/v1", api_key="k", max_retries=0, default_headers=TEAM, use_responses_api=True
    )


def azure(url: str, model: str) -> BaseChatModel:
    return AzureChatOpenAI(
        azure_endpoint=url,
        azure_deployment=model,
        api_version="2025-01-01-preview",
        api_key="k",
        max_retries=0,
        default_headers=TEAM,
    )


def claude(url: str, model: str) -> BaseChatModel:
    return ChatAnthropic(model=model, base_url=url, api_key="k", max_retries=0, default_headers=TEAM)


def llama(url: str, model: str) -> BaseChatModel:
    return ChatOllama(model=model, base_url=url, client_kwargs={"headers": TEAM}, validate_model_on_init=True)


def gemini(url: str, model: str) -> BaseChatModel:
    return ChatGoogleGenerativeAI(model=model, base_url=url, api_key="k", max_retries=0, additional_headers=TEAM)


@dataclasses.dataclass(frozen=True)
class Client:
    build: Callable[[str, str], BaseChatModel]
    model: str
    said: str
    error: type[Exception]
    """What a refusal raises: the maker's own error, or what LangChain derives from it."""


OPENAI = openai.PermissionDeniedError
CASES = {
    "openai": Client(chat_openai, "auto", "small as gpt-small", OPENAI),
    "responses": Client(responses, "gpt-large", "large as gpt-large-2026-01-01", OPENAI),
    "azure": Client(azure, "gpt-large", "large as gpt-large-2026-01-01", OPENAI),
    "anthropic": Client(claude, "claude-small", "small as claude-small", anthropic.PermissionDeniedError),
    "ollama": Client(llama, "llama", "ollama as llama3.2:3b", ollama.ResponseError),
    "google": Client(gemini, "flash", "google as gemini-flash-001", Exception),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    return request.param


@pytest.fixture
def model(edge, case):
    return case.build(edge.url, case.model)


def test_a_model_is_invoked(model, case):
    assert model.invoke("Where does this train go?").text.strip() == case.said


def test_a_model_streams(model, case):
    assert "".join(chunk.text for chunk in model.stream("Where?")).strip() == case.said


def test_bound_tools_are_called(model, case):
    [call] = model.bind_tools([weather]).invoke("Where?").tool_calls
    assert (call["name"], call["args"]) == ("weather", {"said": case.said})


def test_output_is_structured(model, case):
    assert model.with_structured_output(Place).invoke("Where?") == Place(said=case.said)


def test_a_refusal_raises_the_makers_error_with_its_sentence(model, case):
    for call in (model.invoke, lambda text: list(model.stream(text))):
        with pytest.raises(case.error, match="not for the lab") as caught:
            call("for the laboratory")
        if case.build is gemini:
            assert_is_of_google(caught.value)


def test_an_unknown_model_is_told(edge, case):
    with pytest.raises(Exception, match=r"the policy knows no model of that name|not found in Ollama"):
        case.build(edge.url, "nobody").invoke("Where?")


def assert_is_of_google(error: BaseException) -> None:
    """LangChain wraps Google's error."""
    cause = error.__cause__
    assert isinstance(cause, google.genai.errors.ClientError)
    assert (cause.code, cause.status) == (403, "PERMISSION_DENIED")


def test_text_is_embedded(edge):
    embedder = OpenAIEmbeddings(
        model="embedder",
        base_url=f"{edge.url}/v1",
        api_key="k",
        default_headers=TEAM,
        # Else it looks for a tokenizer in the internet.
        check_embedding_ctx_length=False,
    )
    assert embedder.embed_documents(["a train"]) == [[0.5, -0.25]]
    local = OllamaEmbeddings(model="llama", base_url=edge.url, client_kwargs={"headers": TEAM})
    assert local.embed_query("a train") == [0.5, -0.25]
