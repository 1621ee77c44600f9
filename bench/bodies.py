"""Chat requests of an exact size: the text, code and escapes of real conversations. The same bytes on every run."""

import json
import random

SIZES = {"1 KB": 1024, "16 KB": 16 * 1024, "256 KB": 256 * 1024}
ASKED = "auto"

SENTENCES = [
    "Please summarise the attached minutes and list the open questions.",
    'The customer wrote: "we never received the second shipment", and asked for a refund.',
    "Das Gerät läuft seit gestern wieder, die Prüfung dauert noch bis März.",
    "Note that the limit is 4,096 tokens; anything beyond it is cut off without a warning.",
    "Le café était fermé à midi, donc la réunion a été déplacée.",
    "Could you compare both drafts, and say which one is clearer and why?",
    "There were three incidents last month, two of them caused by an expired certificate.",
    "First check whether the invoice number exists, then whether the amount fits the order.",
    "We should be able to answer most of these without asking the legal team again.",
    "Keep it short, use bullet points where they help, and do not repeat the question.",
    "The service listens on port 8443 and reads its settings from /etc/app/config.yaml.",
    "If the value is missing the importer falls back to the default, which is almost never right.",
    "My colleague suggested moving the cache in front of the database instead of behind it.",
    "Here is what I have tried so far: restarting the pod, clearing the queue, raising the limit.",
    "The p99 went from 120 ms to 480 ms after the deploy at 14:05 UTC.",
    "I'd rather keep the old name for now – renaming it breaks three dashboards.",
]
FOREIGN = "見積もりは来週までに送ってください。"
CODE = """def total(rows):
\tsum = 0
\tfor row in rows:
\t\tif row["kind"] != "draft":
\t\t\tsum += int(row["amount"])
\treturn {"total": sum, "path": "C:\\\\reports\\\\2025"}
"""


def prose(chance: random.Random, characters: int) -> str:
    """Paragraphs, now and then a piece of code, cut at `characters`."""
    parts, length = [], 0
    while length < characters:
        kind = chance.random()
        if kind < 0.04:
            part = f"\n```python\n{CODE}```\n"
        elif kind > 0.99:
            part = FOREIGN
        else:
            part = chance.choice(SENTENCES) + ("\n\n" if kind < 0.2 else " ")
        parts.append(part)
        length += len(part)
    return "".join(parts)[:characters]


def messages(chance: random.Random, size: int) -> list[dict]:
    """A conversation of about `size` characters: system prompt, then turns."""
    turns = [{"role": "system", "content": "You are a careful assistant. Answer in the user's language."}]
    left = size - 60
    while left > 0:
        length = min(left, chance.choice([80, 300, 900, 2500, 6000]))
        turns.append({"role": "user" if len(turns) % 2 else "assistant", "content": prose(chance, length)})
        left -= length + 40
    if turns[-1]["role"] == "assistant":
        turns[-1]["role"] = "user"
    return turns


def chat(size: int, model_first: bool) -> bytes:
    """One chat request of exactly `size` bytes. The official OpenAI client writes the model after the messages."""

    def encoded(turns):
        rest = {"stream": False, "temperature": 0.2, "max_tokens": 512}
        order = {"model": ASKED, "messages": turns} if model_first else {"messages": turns, "model": ASKED}
        return json.dumps(order | rest, ensure_ascii=False, separators=(",", ":")).encode()

    turns = messages(random.Random(size), int(size * 0.8))
    while len(encoded(turns)) > size:
        turns.pop(-2)
    turns[-1]["content"] += "." * (size - len(encoded(turns)))
    body = encoded(turns)
    assert len(body) == size and json.loads(body)["model"] == ASKED
    return body


def all_bodies() -> dict[str, bytes]:
    """The columns of the table."""
    return {
        "1 KB": chat(SIZES["1 KB"], model_first=False),
        "16 KB": chat(SIZES["16 KB"], model_first=False),
        "256 KB first": chat(SIZES["256 KB"], model_first=True),
        "256 KB last": chat(SIZES["256 KB"], model_first=False),
    }
