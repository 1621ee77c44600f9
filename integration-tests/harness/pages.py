"""The pages for users: their fenced blocks, and how a page writes output down (`…` stands for anything, times vary).

Behind a block's language stands its kind, which says how the block is tested: `console cli`, `yaml file=policy.yaml`.
"""

import dataclasses
import functools
import pathlib
import re
import shlex

from harness import locations

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
VARYING = [(re.compile(r"\b\d\d:\d\d:\d\dZ"), "00:00:00Z"), (re.compile(r"\b\d+ ms\b"), "0 ms")]
PATTERNS = ("README.md", "CONTRIBUTING.md", "docs/*.md", "examples/*/README.md")


@dataclasses.dataclass(frozen=True)
class Block:
    page: str
    language: str
    kind: str
    argument: str
    """What stands behind `=` in the kind."""
    text: str
    line: int

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Command:
    """A command of a console block, and what it prints according to the page; nothing if the page does not say."""

    words: list[str]
    output: str


@dataclasses.dataclass(frozen=True)
class Page:
    path: pathlib.Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(locations.REPOSITORY))

    @functools.cached_property
    def text(self) -> str:
        return self.path.read_text()

    @functools.cached_property
    def prose(self) -> str:
        return FENCE.sub("", self.text)

    @functools.cached_property
    def blocks(self) -> list[Block]:
        found = []
        for fence in FENCE.finditer(self.text):
            language, _, kind = fence["info"].partition(" ")
            kind, _, argument = kind.partition("=")
            line = self.text.count("\n", 0, fence.start()) + 1
            found.append(Block(self.name, language, kind, argument, fence["text"], line))
        return found

    def of(self, language: str, kind: str) -> list[Block]:
        return [block for block in self.blocks if (block.language, block.kind) == (language, kind)]

    def table(self, name: str) -> list[list[str]]:
        """The cells of the table between two comments, without its head."""
        part = re.search(rf"<!-- {name}: begin -->\n(.*?)<!-- {name}: end -->", self.text, re.DOTALL)[1]
        return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in part.splitlines()[2:]]


def page(name: str) -> Page:
    return Page(locations.existing(locations.REPOSITORY / name, "a page has moved"))


def every_page() -> list[Page]:
    return [Page(path) for pattern in PATTERNS for path in sorted(locations.REPOSITORY.glob(pattern))]


def of(language: str, kind: str) -> list[Block]:
    """The blocks of a kind on all pages."""
    found = [block for each in every_page() for block in each.of(language, kind)]
    assert found, f"no page has a block `{language} {kind}`"
    return found


def one(language: str, kind: str) -> Block:
    (block,) = of(language, kind)
    return block


def commands(block: Block) -> list[Command]:
    """The commands of a console block: `$ ` begins one, a backslash at the end of a line continues it."""
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, output = re.match(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.DOTALL).groups()
        found.append(Command(shlex.split(command.replace("\\\n", " "), comments=True), output))
    assert found, f"{block.id} has no command"
    return found


def says(expected: str, actual: str) -> bool:
    """Whether the actual text is what the page shows."""
    pieces = [re.escape(steady(piece)) for piece in expected.strip().split("…")]
    return re.fullmatch(".*?".join(pieces), steady(actual.replace("\r", "").strip()), re.DOTALL) is not None


def steady(text: str) -> str:
    for pattern, value in VARYING:
        text = pattern.sub(value, text)
    return text
