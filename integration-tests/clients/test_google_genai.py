"""The official `google-genai` package, for Gemini and for Vertex AI."""

import google.auth.credentials
import pydantic
import pytest
from google import genai
from google.genai import errors, types

from harness.messages import Answer

CLIENTS = ("google-genai",)
WEATHER = types.FunctionDeclaration(name="weather", parameters=types.Schema(type="OBJECT"))


class Place(pydantic.BaseModel):
    said: str


class Token(google.auth.credentials.Credentials):
    """Access to a project, for which nobody is asked."""

    def refresh(self, _request):
        self.token = "k"


@pytest.fixture
def client(edge):
    options = types.HttpOptions(base_url=edge.url, headers={"x-team": "a"})
    with genai.Client(api_key="k", http_options=options) as client:
        yield client


@pytest.fixture
def vertex(edge):
    options = types.HttpOptions(base_url=edge.url, headers={"x-team": "a"})
    with genai.Client(vertexai=True, project="p-9", location="eu", credentials=Token(), http_options=options) as client:
        yield client


def test_content_is_generated_under_the_upstream_name(client):
    reply = client.models.generate_content(model="flash", contents="Where does this train go?")
    assert (reply.text, reply.usage_metadata.total_token_count) == ("google as gemini-flash-001", 10)


def test_an_alias_goes_where_the_rules_say(client):
    assert client.models.generate_content(model="auto", contents="Where?").text == "google as gemini-flash-001"


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_content_is_streamed_under_each_version(client, version):
    options = types.GenerateContentConfig(http_options=types.HttpOptions(api_version=version))
    chunks = list(client.models.generate_content_stream(model="flash", contents="Where?", config=options))
    assert len(chunks) == 3 and "".join(chunk.text for chunk in chunks).strip() == "google as gemini-flash-001"


def test_a_chat_keeps_its_turns(edge, client):
    chat = client.chats.create(model="flash")
    chat.send_message("Where?")
    assert chat.send_message("And then?").text == "google as gemini-flash-001"
    assert len(edge.providers["google"].requests[-1].json()["contents"]) == 3


def test_functions_are_called(client):
    tools = [types.Tool(function_declarations=[WEATHER])]
    config = types.GenerateContentConfig(tools=tools)
    call = client.models.generate_content(model="flash", contents="Where?", config=config).function_calls[0]
    assert (call.name, call.args) == ("weather", {"said": "google as gemini-flash-001"})


def test_an_answer_is_parsed_into_a_type(client):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Place)
    reply = client.models.generate_content(model="flash", contents="Where?", config=config)
    assert reply.parsed == Place(said="google as gemini-flash-001")


def test_tokens_are_counted(client, vertex):
    assert client.models.count_tokens(model="flash", contents="Where?").total_tokens == 7
    assert vertex.models.count_tokens(model="pro", contents="Where?").total_tokens == 7


def test_vertex_ai_runs_in_the_project_of_the_policy(edge, vertex):
    assert vertex.models.generate_content(model="pro", contents="Where?").text == "google as pro"
    assert b"/projects/p-1/locations/europe-west4/" in edge.providers["google"].requests[-1].target


def test_the_models_are_listed_and_retrieved(client):
    assert {model.name for model in client.models.list()} == {"models/flash", "models/pro", "models/auto"}
    assert "generateContent" in client.models.get(model="flash").supported_actions
    with pytest.raises(errors.ClientError) as caught:
        client.models.get(model="secret-flash")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("model", "contents", "code", "status", "sentence"),
    [
        ("nobody", "Where?", 404, "NOT_FOUND", "the policy knows no model of that name"),
        ("secret-flash", "Where?", 403, "PERMISSION_DENIED", "this tenant may not use any model"),
        ("flash", "for the laboratory", 403, "PERMISSION_DENIED", "not for the lab"),
        ("llama", "Where?", 400, "INVALID_ARGUMENT", "no model can serve the request; excluded by api"),
    ],
    ids=["unknown", "of another tenant", "denied", "of another API"],
)
def test_a_refusal_has_googles_status_and_a_sentence(client, model, contents, code, status, sentence):
    for call in (client.models.generate_content, lambda **more: list(client.models.generate_content_stream(**more))):
        with pytest.raises(errors.ClientError) as caught:
            call(model=model, contents=contents)
        assert (caught.value.code, caught.value.status) == (code, status)
        assert sentence in caught.value.message


def test_what_names_models_elsewhere_than_in_the_path_is_refused(client):
    calls = [
        lambda: client.models.embed_content(model="flash", contents="Where?"),
        lambda: client.caches.create(model="flash", config=types.CreateCachedContentConfig(contents="x")),
    ]
    for call in calls:
        with pytest.raises(errors.ClientError, match="this method of the API `gemini` is not routed") as caught:
            call()
        assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [(429, "RESOURCE_EXHAUSTED", errors.ClientError), (503, "UNAVAILABLE", errors.ServerError)],
    ids=["429", "503"],
)
def test_an_exhausted_provider_is_heard(edge, client, code, status, error):
    body = {"error": {"code": code, "message": "slower", "status": status}}
    edge.providers["google"].answer = lambda _: Answer.of(body, code)
    with pytest.raises(error) as caught:
        client.models.generate_content(model="flash", contents="Where?")
    assert (caught.value.code, caught.value.status) == (code, status)
