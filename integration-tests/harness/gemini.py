"""Gemini's API as Google's servers answer it: the path names the model and the method, the answer is in camel case."""

import json
import re

from harness.messages import Answer

CALL = re.compile(r".*/models/([^/:]+):(generateContent|streamGenerateContent|countTokens|embedContent)")
USAGE = {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}


def answer(provider: str, model: str, method: str, body: dict) -> Answer:
    text = f"{provider} as {model}"
    match method:
        case "countTokens":
            return Answer.of({"totalTokens": 7})
        case "embedContent":
            return Answer.of({"embedding": {"values": [0.5, -0.25]}})
        case "streamGenerateContent":
            pieces = [f"data: {json.dumps(reply(model, {'text': word + ' '}))}\r\n\r\n" for word in text.split(" ")]
            return Answer(200, "text/event-stream", tuple(piece.encode() for piece in pieces))
    return Answer.of(reply(model, part(body, text)))


def part(body: dict, text: str) -> dict:
    """A call of the first function, JSON where that was asked for, or text."""
    declared = [one for tool in body.get("tools") or [] for one in tool.get("functionDeclarations", [])]
    if declared:
        return {"functionCall": {"name": declared[0]["name"], "args": {"said": text}}}
    if body.get("generationConfig", {}).get("responseMimeType") == "application/json":
        return {"text": json.dumps({"said": text})}
    return {"text": text}


def reply(model: str, content: dict) -> dict:
    candidate = {"content": {"role": "model", "parts": [content]}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": model}
