"""Ollama's API: answers are streamed as lines of JSON unless the request says not to."""

import json

from harness.messages import Answer

CREATED = "2026-01-01T00:00:00Z"
COUNTS = {"done": True, "done_reason": "stop", "total_duration": 9, "prompt_eval_count": 7, "eval_count": 3}


def chat(body: dict, text: str) -> Answer:
    if body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": {"said": text}}
        return answered(body, "message", {"role": "assistant", "content": "", "tool_calls": [{"function": function}]})
    if body.get("format"):
        text = json.dumps({"said": text})
    return answered(body, "message", *({"role": "assistant", "content": piece} for piece in pieces(body, text)))


def generate(body: dict, text: str) -> Answer:
    return answered(body, "response", *pieces(body, text))


def embed(body: dict, _text: str) -> Answer:
    return Answer.of({"model": body["model"], "embeddings": [[0.5, -0.25]], "prompt_eval_count": 3})


def embeddings(_body: dict, _text: str) -> Answer:
    return Answer.of({"embedding": [0.5, -0.25]})


def show(body: dict, _text: str) -> Answer:
    details = {"format": "gguf", "family": "llama", "parameter_size": "3B", "quantization_level": "Q4_K_M"}
    about = {"general.architecture": "llama", "llama.context_length": 8192, "general.basename": body["model"]}
    return Answer.of({"details": details, "model_info": about, "capabilities": ["completion", "tools"]})


def pieces(body: dict, text: str) -> list:
    return [text] if body.get("stream") is False else [word + " " for word in text.split(" ")]


def answered(body: dict, key: str, *values: object) -> Answer:
    common = {"model": body["model"], "created_at": CREATED}
    if body.get("stream") is False:
        return Answer.of({**common, key: values[0], **COUNTS})
    lines = [{**common, key: value, "done": False} for value in values]
    last = "" if key == "response" else {"role": "assistant", "content": ""}
    lines.append({**common, key: last, **COUNTS})
    return Answer(200, "application/x-ndjson", tuple(f"{json.dumps(line)}\n".encode() for line in lines))


ANSWERS = {
    "/api/chat": chat,
    "/api/generate": generate,
    "/api/embed": embed,
    "/api/embeddings": embeddings,
    "/api/show": show,
}
