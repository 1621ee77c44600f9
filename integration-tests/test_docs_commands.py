"""What the pages show in a terminal: commands and what they print, runs of the examples, and their stories."""

import ast
import contextlib
import functools
import pathlib
import re
import subprocess
import sys

import pytest

from harness import locations, pages
from harness.quickstart import running
from harness.shell import Shell
from harness.waiting import wait_for

# Commands that need nothing but a folder.


def with_commands() -> list:
    found = [page for page in pages.every_page() if page.of("console", "cli")]
    return [pytest.param(page, id=page.name) for page in found]


@pytest.mark.parametrize("page", with_commands())
def test_the_commands_of_a_page_print_what_is_shown(page, tmp_path):
    # The policy that the front page shows is there on every page.
    files = [*pages.page("README.md").of("yaml", "file"), *page.of("yaml", "file")]
    shell = Shell(tmp_path, {block.argument: block.text for block in files})
    for block in page.of("console", "cli"):
        for command in pages.commands(block):
            printed = shell.run(command.words)
            assert not command.output.strip() or pages.says(command.output, printed), printed


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("yaml", "file")])
def test_every_file_that_is_shown_is_used(block):
    page = pages.page(block.page)
    commands = [command for each in page.of("console", "cli") for command in pages.commands(each)]
    # By a command, or by another file that includes it.
    others = [other for other in page.of("yaml", "file") if "include:" in other.text and other.argument != block.argument]
    assert any(block.argument in command.words for command in commands) or any(
        block.argument in other.text for other in others
    )


# What needs an example that runs: the first proxy, admin interface and control port in sight stand for its own.

SHOWN = {"ready": "127.0.0.1:10000", "admin": "127.0.0.1:9901", "control": "127.0.0.1:PORT"}


class Example:
    """`pointsman run examples/NAME`, with the addresses that pages show."""

    def __init__(self, output: pathlib.Path):
        self.output = output
        said = re.findall(r"^(\w+) +http://([0-9.:]+)", output.read_text(), re.MULTILINE)
        self.places = {SHOWN[what]: place.rstrip(":") for what, place in said if what in SHOWN}
        assert set(self.places) == set(SHOWN.values()), output.read_text()

    def real(self, text: str) -> str:
        return functools.reduce(lambda so_far, each: so_far.replace(*each), self.places.items(), text)

    def shown(self, text: str) -> str:
        return functools.reduce(lambda so_far, each: so_far.replace(*each[::-1]), self.places.items(), text)

    def run(self, words: list[str]) -> str:
        program = {"curl": "curl", "pointsman": locations.cli()}[words[0]]
        command = [program, *map(self.real, words[1:])]
        done = subprocess.run(command, cwd=locations.REPOSITORY, capture_output=True, text=True, timeout=20, check=True)
        return self.shown(done.stdout)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Examples, each started when it is first asked for."""
    with contextlib.ExitStack() as started:

        @functools.cache
        def start(name: str) -> Example:
            output = tmp_path_factory.mktemp(name) / "output"
            started.enter_context(running(locations.NEWEST_ENVOY, output, name))
            return Example(output)

        yield start


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("console", "run")])
def test_a_running_example_answers_as_shown(example, block):
    for command in pages.commands(block):
        assert any(place in word for word in command.words for place in SHOWN.values())
        printed = example(block.argument).run(command.words)
        assert not command.output.strip() or pages.says(command.output, printed), printed


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("text", "log")])
def test_a_request_is_logged_as_shown(example, block):
    run = example(block.argument)
    first = pages.page(block.page).of("console", "run")[0]
    run.run(pages.commands(first)[0].words)
    (line,) = block.text.splitlines()
    wait_for("the line", lambda: any(pages.says(line, logged) for logged in run.output.read_text().splitlines()))


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("python", "run")])
def test_a_client_prints_what_its_last_comment_says(example, block):
    program = example(block.argument).real(block.text)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    *_, last = block.text.splitlines()
    assert done.stdout.strip() == last.removeprefix("# ")


def test_the_attempts_of_a_request_are_those_that_are_drawn(example):
    """The drawing is played: the providers answer as it says, and so do the attempts."""
    drawn = re.findall(r"attempt (\d): .* provider (\w) +(\d{3})$", pages.one("text", "attempts").text, re.MULTILINE)
    assert [(number, name) for number, name, _ in drawn] == [("1", "A"), ("2", "B")]
    run = example("failover")
    for provider, (_, _, status) in zip(("openai", "azure"), drawn, strict=True):
        behaviour = "ok" if status == "200" else status
        run.run(["curl", "-sf", "-X", "PUT", f"http://{SHOWN['control']}/{provider}", "-d", behaviour])
    (block,) = pages.page("examples/failover/README.md").of("console", "run")
    answer = run.run(pages.commands(block)[-1].words)
    number, _, status = drawn[-1]
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert f"\nx-pointsman-attempt: {number}\n" in answer.replace("\r", "")


# Stories. `test_stories.py` tells them; here, each line that a page shows is one that the story can print.


def sentences(folder: pathlib.Path) -> list[re.Pattern]:
    """All texts in the source of a story, with `…` for what is filled in, line by line."""
    found = []
    for file in [*folder.glob("*.py"), *(folder.parent / "story").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
            found += [line for line in text.splitlines() if line.strip("… ")]
    return [re.compile(r"\S+".join(re.escape(piece) for piece in line.split("…"))) for line in found]


def columns(folder: pathlib.Path) -> list[str]:
    for node in ast.walk(ast.parse((folder / "story.py").read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Table":
            return [title.value for title in node.args]
    raise AssertionError("the story has no table")


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("text", "story")])
def test_a_story_is_told_as_shown(block):
    folder = pages.page(block.page).path.parent
    possible, titles = sentences(folder), columns(folder)
    head = "  ".join(titles)
    assert head in block.text.splitlines()
    row = re.compile(" +".join(["(end|[0-9]+)", *[r"[0-9.]+( %)?"] * (len(titles) - 1)]))
    for line in filter(None, block.text.splitlines()):
        said = line.strip().removeprefix("-- ")
        assert line == head or row.fullmatch(said) or any(pattern.fullmatch(said) for pattern in possible), line
    assert block.text.splitlines()[-1] == "all is well"
