"""Forms (`multipart/form-data`): the official `openai` package uploads recordings and images through Envoy, and any
form arrives with its model written anew and not one other byte changed."""

import io
import os

import openai
import pytest

from harness import llm, readings
from harness.memory import growth_in_front_of

EVERY_WORLD = True
POLICY = {
    "models": [
        {"name": "whisper", "cluster": "ears", "upstreamModel": "whisper-large-v3"},
        {"name": "gpt-image", "cluster": "eyes", "upstreamModel": 'image "2"'},
    ],
    "aliases": [{"name": "auto", "model": "whisper"}],
    "rules": [
        {"name": "no-codeword", "match": {"models": ["auto"], "keywords": ["codeword"]}, "deny": {"status": 403}}
    ],
    "onFailure": {"missingModel": {"model": "whisper"}},
}
INSTALLATION = {"buffer_limit": 32 << 20}
TRANSCRIPTIONS = "/v1/audio/transcriptions"
KILO, MEGA = 1 << 10, 1 << 20
BOUNDARY = "9b8b041cd77e16c0d4fd01f835bff6da"
FORM = ("content-type", f"multipart/form-data; boundary={BOUNDARY}")
WRITTEN = "whisper-large-v3"


@pytest.fixture
def client(edge):
    for provider in edge.providers.values():
        provider.answer = llm.answer
    with openai.OpenAI(base_url=f"{edge.url}/v1", api_key="k", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def small_buffers(started):
    return started(buffer_limit=None)


def recording(size: int) -> bytes:
    """Like a recording: any bytes, and among them what begins as a boundary does."""
    block = os.urandom(60_000) + b"\r\n--" + BOUNDARY[:20].encode() + b"\r\n\r\n--\n--"
    return (block * (size // len(block) + 1))[:size]


def part(name: str, content: bytes, more: str = "") -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def transcription(size: int, model: str) -> bytes:
    file = part("file", recording(size), '; filename="a.wav"')
    named = part("model", b"whisper")
    return form(named, file) if model == "first" else form(file, named)


def test_a_recording_is_transcribed(client):
    reply = client.audio.transcriptions.create(model="whisper", file=("a.wav", recording(200 * KILO)))
    assert reply.text == "ears as whisper-large-v3"


def test_a_transcript_is_streamed(client):
    stream = client.audio.transcriptions.create(model="auto", file=("a.wav", b"RIFF"), stream=True, prompt="a train")
    assert [event.type for event in stream][-1] == "transcript.text.done"


def test_a_recording_is_translated(client):
    file = ("a.wav", io.BytesIO(recording(KILO)))
    reply = client.audio.translations.create(model="whisper", file=file, prompt="trains")
    assert reply.text == "ears as whisper-large-v3"


def test_images_are_edited_and_varied(client):
    images = [("a.png", recording(KILO), "image/png"), ("b.png", recording(KILO), "image/png")]
    reply = client.images.edit(model="gpt-image", image=images, mask=images[0], prompt="a cat", n=2)
    assert reply.data[0].revised_prompt == 'eyes as image "2"'
    assert len(reply.data) == 2
    reply = client.images.create_variation(model="gpt-image", image=images[0])
    assert reply.data[0].revised_prompt == 'eyes as image "2"'


def test_azures_client_is_served(edge, client):
    """Its path names the deployment, and its form the model."""
    with openai.AzureOpenAI(
        azure_endpoint=edge.url, api_key="k", api_version="2024-10-21", max_retries=0, timeout=60
    ) as azure:
        reply = azure.audio.transcriptions.create(model="whisper", file=("a.wav", recording(KILO)))
        assert reply.text == "ears as whisper-large-v3"
        reply = azure.images.edit(model="gpt-image", image=("a.png", b"PNG", "image/png"), prompt="a cat")
        assert reply.data[0].revised_prompt == 'eyes as image "2"'


def test_errors_are_the_clients_own(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.audio.transcriptions.create(model="unheard-of", file=("a.wav", b"RIFF"))
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.PermissionDeniedError):
        client.audio.transcriptions.create(model="auto", file=("a.wav", b"RIFF"), prompt="the codeword is train")
    # What is said in a recording is nothing that a keyword finds.
    reply = client.audio.transcriptions.create(model="auto", file=("codeword.wav", b"the codeword is train"))
    assert reply.text == "ears as whisper-large-v3"


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("model", ["first", "last"])
@pytest.mark.parametrize("size", [10, 64 * KILO, MEGA, 25 * MEGA], ids=["10B", "64KB", "1MB", "25MB"])
def test_a_form_of_any_size_arrives_exactly(edge, size, model, protocol):
    body = transcription(size, model)
    seen = edge.ask(TRANSCRIPTIONS, body, [FORM], protocol=protocol)
    assert (seen.status, seen.upstream.provider) == (200, "ears")
    assert seen.upstream.body == body.replace(b"\r\nwhisper\r\n", b"\r\nwhisper-large-v3\r\n")
    assert seen.upstream.header("content-length") == str(len(seen.upstream.body))
    assert seen.upstream.header("content-type") == FORM[1]


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("model", ["first", "last"])
def test_a_form_without_a_length_comes_in_pieces(edge, model, protocol):
    body = transcription(100, model)
    at = body.index(b"whisper")
    pieces = [body[: at - 3], body[at - 3 : at + 3], body[at + 3 : at + 20], body[at + 20 :]]
    seen = edge.ask(TRANSCRIPTIONS, [piece for piece in pieces if piece], [FORM], protocol=protocol)
    assert (seen.status, seen.upstream.body) == (200, readings.with_model(body, WRITTEN))


def test_a_missing_model_becomes_a_part(edge):
    file = part("file", recording(KILO), '; filename="a.wav"')
    seen = edge.ask(TRANSCRIPTIONS, form(file), [FORM])
    assert (seen.status, seen.record["reason"]) == (200, "onFailure")
    assert seen.upstream.body == form(part("model", WRITTEN.encode()), file)
    assert seen.upstream.header("content-length") == str(len(seen.upstream.body))


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_second_model_behind_the_file_resets_what_was_sent(edge, protocol):
    file = part("file", recording(MEGA), '; filename="a.wav"')
    body = form(part("model", b"whisper"), file, part("model", b"gpt-image"))
    seen = edge.ask(TRANSCRIPTIONS, body, [FORM], protocol=protocol)
    assert [request for request in edge.received(seen.test_id) if request.complete] == []
    assert (seen.record["action"], seen.record["reason"]) == ("deny", "duplicateKey")
    edge.assert_healthy()


def test_with_envoys_default_limit_a_model_in_front_streams_through(small_buffers):
    body = transcription(25 * MEGA, "first")
    seen = small_buffers.ask(TRANSCRIPTIONS, body, [FORM])
    assert (seen.status, seen.upstream.body) == (200, body.replace(b"\r\nwhisper\r\n", b"\r\nwhisper-large-v3\r\n"))
    small_buffers.assert_healthy()


def test_memory_stays_flat_while_a_recording_waits_for_a_slow_provider(small_buffers):
    """25 MB stand in front of a provider that reads nothing: Envoy holds its buffer limits and no more."""
    edge, provider = small_buffers, small_buffers.providers["ears"]
    assert edge.ask(TRANSCRIPTIONS, transcription(MEGA, "first"), [FORM]).status == 200
    before, body = edge.envoy.resident_bytes(), transcription(25 * MEGA, "first")
    growth, request = growth_in_front_of(provider, edge, TRANSCRIPTIONS, FORM, body)
    assert len(request.body) == len(body) + len("-large-v3")
    assert growth < 6 * MEGA
    assert edge.envoy.resident_bytes() - before < 6 * MEGA
    edge.assert_healthy()
