"""The fenced blocks of a Markdown page, and how a page writes output down: `…` stands for anything, times and durations vary."""

import dataclasses
import pathlib
import re
import shlex

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
VARYING = [(re.compile(r"\b\d\d:\d\d:\d\dZ"), "00:00:00Z"), (re.compile(r"\b\d+ ms\b"), "0 ms")]


@dataclasses.dataclass(frozen=True)
class Block:
    language: str
    kind: str
    """The second word behind the fence: what the block is, and so how it is tested."""
    text: str
    line: int

    @property
    def id(self) -> str:
        return f"line-{self.line}"


@dataclasses.dataclass(frozen=True)
class Command:
    """A command of a console block, and what it prints according to the page."""

    words: list[str]
    output: str

    @property
    def id(self) -> str:
        return " ".join(self.words)[:60]


def blocks(page: pathlib.Path) -> list[Block]:
    text = page.read_text()
    found = []
    for fence in FENCE.finditer(text):
        language, _, kind = fence["info"].partition(" ")
        found.append(Block(language, kind, fence["text"], text.count("\n", 0, fence.start()) + 1))
    return found


def commands(block: Block) -> list[Command]:
    """The commands of a console block: `$ ` begins one, a backslash at the end of a line continues it."""
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, output = re.match(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.DOTALL).groups()
        found.append(Command(shlex.split(command.replace("\\\n", " ")), output))
    return found


def says(expected: str, actual: str) -> bool:
    """Whether the actual text is what the page shows."""
    pieces = [re.escape(steady(piece)) for piece in expected.strip().split("…")]
    return re.fullmatch(".*?".join(pieces), steady(actual.replace("\r", "").strip()), re.DOTALL) is not None


def steady(text: str) -> str:
    for pattern, value in VARYING:
        text = pattern.sub(value, text)
    return text
