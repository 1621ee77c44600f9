"""Answers as an LLM server does, well enough that the official client libraries parse every answer into their own
types.

The text of an answer is `<cluster> as <model>`: who got the request, and which model name stood in its body.
"""

import json
import re
import urllib.parse
from collections.abc import Callable, Iterable

from harness import gemini, ollama, readings
from harness.messages import Answer, Recorded

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def answer(request: Recorded) -> Answer:
    path = request.target.decode().partition("?")[0]
    body = texts(request.body) if request.body.startswith(b"--") else request.json()
    if call := gemini.CALL.fullmatch(path):
        return gemini.answer(request.provider, *call.groups(), body)
    if call := re.fullmatch("/model/([^/]+)/invoke", path):
        model = urllib.parse.unquote(call[1])
        return message({"model": model, **body}, f"{request.provider} as {model}")
    path = path.removeprefix("/openai")
    return ANSWERS[path](body, f"{request.provider} as {body['model']}")


def texts(form: bytes) -> dict:
    """The parts of a form that are no files, by name."""
    read = {}
    for part in readings.form_parts(form):
        if part.get_filename() is None:
            read[part.get_param("name", header="content-disposition")] = part.get_payload(decode=True).decode()
    return read


def sse(events: Iterable[dict | str], named: bool = False) -> Answer:
    pieces = []
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        data = event if isinstance(event, str) else json.dumps(event)
        pieces.append(f"{name}data: {data}\n\n".encode())
    return Answer(200, "text/event-stream", tuple(pieces))


def chat(body: dict, text: str) -> Answer:
    if body.get("stream"):
        return sse([*chat_chunks(body, text), "[DONE]"])
    message = {"role": "assistant", "content": text, "refusal": None}
    finish = "stop"
    if body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps({"said": text})}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
        finish = "tool_calls"
    elif (body.get("response_format") or {}).get("type") == "json_schema":
        message["content"] = json.dumps({"said": text})
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    return Answer.of(
        {
            "id": "c1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": USAGE,
        }
    )


def chat_chunks(body: dict, text: str) -> Iterable[dict]:
    common = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    with_usage = (body.get("stream_options") or {}).get("include_usage")
    usage = {"usage": None} if with_usage else {}
    for word in text.split(" "):
        delta = {"role": "assistant", "content": word + " "}
        yield {**common, **usage, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**common, **usage, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if with_usage:
        yield {**common, "choices": [], "usage": USAGE}


def completion(body: dict, text: str) -> Answer:
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    return Answer.of(
        {
            "id": "t1",
            "object": "text_completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": USAGE,
        }
    )


def embeddings(body: dict, _text: str) -> Answer:
    data = [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return Answer.of({"object": "list", "data": data, "model": body["model"], "usage": usage})


def moderation(body: dict, _text: str) -> Answer:
    result = {"flagged": False, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}
    return Answer.of({"id": "m1", "model": body["model"], "results": [result]})


def response_object(body: dict, text: str, status: str) -> dict:
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": status, "content": [part]}
    usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": body["model"],
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {**usage, **details},
    }


def response(body: dict, text: str) -> Answer:
    if (body.get("text") or {}).get("format", {}).get("type") == "json_schema":
        text = json.dumps({"said": text})
    whole = response_object(body, text, "completed")
    if body.get("tools"):
        arguments = json.dumps({"said": text})
        name = body["tools"][0]["name"]
        call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": name, "arguments": arguments}
        whole["output"] = [{**call, "status": "completed"}]
    if not body.get("stream"):
        return Answer.of(whole)
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    deltas = [
        {"type": "response.output_text.delta", "delta": word + " ", "logprobs": [], **place} for word in text.split(" ")
    ]
    created = {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}}
    events = [created, *deltas, {"type": "response.completed", "response": whole}]
    return sse([{**event, "sequence_number": number} for number, event in enumerate(events)], named=True)


def message(body: dict, text: str) -> Answer:
    common = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}
    usage = {"input_tokens": 7, "output_tokens": 3}
    if body.get("stream"):
        return sse(message_events({**common, "content": [], "stop_reason": None, "usage": usage}, text), named=True)
    content, stop = [{"type": "text", "text": text}], "end_turn"
    if body.get("tools"):
        content, stop = (
            [{"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": {"said": text}}],
            "tool_use",
        )
    return Answer.of({**common, "content": content, "stop_reason": stop, "usage": usage})


def message_events(start: dict, text: str) -> Iterable[dict]:
    yield {"type": "message_start", "message": start}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "ping"}
    for word in text.split(" "):
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word + " "}}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 3},
    }
    yield {"type": "message_stop"}


def speech(_body: dict, text: str) -> Answer:
    return Answer(200, "audio/mpeg", (text.encode(),))


def count_tokens(_body: dict, _text: str) -> Answer:
    return Answer.of({"input_tokens": 7})


def transcript(body: dict, text: str) -> Answer:
    if body.get("stream") != "true":
        return Answer.of({"text": text})
    deltas = [{"type": "transcript.text.delta", "delta": word + " "} for word in text.split(" ")]
    return sse([*deltas, {"type": "transcript.text.done", "text": text}], named=True)


def images(body: dict, text: str) -> Answer:
    image = {"b64_json": "iVBORw0KGgo=", "revised_prompt": text}
    return Answer.of({"created": 1, "data": [image] * int(body.get("n", 1))})


ANSWERS: dict[str, Callable[[dict, str], Answer]] = {
    "/v1/chat/completions": chat,
    "/v1/completions": completion,
    "/v1/embeddings": embeddings,
    "/v1/moderations": moderation,
    "/v1/images/generations": images,
    "/v1/audio/speech": speech,
    "/v1/responses": response,
    "/v1/responses/input_tokens": count_tokens,
    "/v1/messages": message,
    "/v1/messages/count_tokens": count_tokens,
    **ollama.ANSWERS,
    "/v1/audio/transcriptions": transcript,
    "/v1/audio/translations": transcript,
    "/v1/images/edits": images,
    "/v1/images/variations": images,
}
