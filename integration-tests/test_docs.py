"""The pages say nothing that is not so: every block is of a kind that a test runs, and every name in them exists.

The blocks themselves: `test_docs_commands.py`, `test_docs_policy.py`, `test_docs_envoy.py`.
"""

import itertools
import os
import re
import subprocess

import pytest

from harness import locations, pages, reference

PAGES = [pytest.param(page, id=page.name) for page in pages.every_page()]
README = pages.page("README.md")
COMMANDS = pages.page("docs/commands.md")
RESULTS = locations.REPOSITORY / "bench" / "results" / "RESULTS.md"
KINDS = {
    "sh make": "test_every_make_target_exists",
    "console cli": "test_docs_commands.py",
    "console run": "test_docs_commands.py",
    "python run": "test_docs_commands.py",
    "text log": "test_docs_commands.py",
    "text story": "test_docs_commands.py",
    "text attempts": "test_docs_commands.py",
    "text top": "test_top.py",
    "json top": "test_top.py",
    "yaml file": "test_docs_commands.py",
    "yaml policy": "test_docs_policy.py",
    "yaml policy-part": "test_docs_policy.py",
    "yaml istio": "test_docs_policy.py",
    "yaml deployment": "test_the_shown_deployment_is_one",
    "yaml envoy": "test_docs_envoy.py",
    "yaml envoy-filters": "test_docs_envoy.py",
    "yaml envoy-part": "test_docs_envoy.py",
    "yaml secret": "test_docs_envoy.py",
    "yaml envoy-tracing": "test_traces.py",
    "yaml istio-annotation": "test_docs_policy.py",
    "json answer": "test_usage.py",
    "yaml prometheus": "test_prometheus.py",
}
"""Each kind of block, and what holds it."""


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_tested(page):
    for block in page.blocks:
        kind = f"{block.language} {block.kind}"
        assert kind in KINDS, f"{block.id}: nothing runs a block `{kind}`"
    # One that is indented, or not closed, would be no block for the tests and one for readers.
    assert page.text.count("```") == 2 * len(page.blocks) and "~~~" not in page.text
    assert not re.search(r"\n\n {4,}\S", page.prose), "an indented block"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_block_is_used(kind):
    assert pages.of(*kind.split())


def test_the_readme_is_for_one_reading():
    assert len(README.text.encode()) <= 10_240
    first_screen = "\n".join(README.text.splitlines()[:30])
    for shown in ("make run", "make test", "curl -si", "HTTP/1.1 200 OK", '{"choices":['):
        assert shown in first_screen
    assert README.of("yaml", "file")
    for place in ("docs/envoy.md", "docs/istio.md", "docs/envoy-gateway.md"):
        assert f"]({place})" in README.text


def test_the_reference_of_a_deployment_has_every_field():
    page = pages.page("docs/deployment.md")
    begin, end = "<!-- reference: begin -->\n", "<!-- reference: end -->"
    before, _, rest = page.text.partition(begin)
    shown, _, after = rest.partition(end)
    if os.environ.get("UPDATE_FIGURES"):
        page.path.write_text(f"{before}{begin}\n{reference.tables()}\n{end}{after}")
        return
    assert shown.strip() == reference.tables().strip(), "run this test with UPDATE_FIGURES=1"


def test_the_shown_deployment_is_one(tmp_path):
    """Its files are not there, which is a warning each and no mistake."""
    (tmp_path / "deployment.yaml").write_text(pages.one("yaml", "deployment").text)
    (tmp_path / "policy.yaml").write_text("models: [{ name: gpt, cluster: openai }]\n")
    done = subprocess.run([locations.cli(), "check", tmp_path], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 4), done.stdout + done.stderr
    assert all("warning: `" in line for line in done.stderr.splitlines())


def test_the_index_has_every_page():
    index = pages.page("docs/README.md")
    for page in (locations.REPOSITORY / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index.text, page.name


# Names.

TOP = sorted(
    entry.name for entry in locations.REPOSITORY.iterdir() if entry.is_dir() and not entry.name.startswith(".")
)
BUILT = ("dist", "target")


def anchors(text: str) -> set[str]:
    """What GitHub makes of headings."""
    titles = re.findall(r"^#+ (.*)$", pages.FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def documents() -> list:
    """Not only the pages for users."""
    found = [*locations.REPOSITORY.glob("*.md")]
    for folder in set(TOP) - set(BUILT):
        found += (locations.REPOSITORY / folder).rglob("*.md")
    found = sorted(path for path in found if "target" not in path.relative_to(locations.REPOSITORY).parts)
    return [pytest.param(path, id=str(path.relative_to(locations.REPOSITORY))) for path in found]


@pytest.mark.parametrize("file", documents())
def test_every_link_leads_somewhere(file):
    for target in re.findall(r"\]\(([^)\s]+)\)", pages.FENCE.sub("", file.read_text())):
        place, _, anchor = target.partition("#")
        there = file.parent / place if place else file
        assert target.startswith("https://") or there.exists(), target
        if anchor and not target.startswith("https://"):
            assert anchor in anchors(there.read_text()), target


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page):
    """In code, a path of the repository; `<name>` in it stands for any name."""
    for code in re.findall(r"`([^`\n]+)`", page.prose):
        first, slash, _ = code.partition("/")
        if slash and first in TOP and first not in BUILT and " " not in code:
            pattern = re.sub(r"<\w+>", "*", code.rstrip("/"))
            assert any(locations.REPOSITORY.glob(pattern)), f"there is no {code}"


def targets() -> list:
    found = {
        (page.name, target)
        for page in pages.every_page()
        for target in re.findall(r"\bmake ([a-z][a-z-]+)", commented(page))
    }
    return [pytest.param(target, id=f"{name}-{target}") for name, target in sorted(found)]


def commented(page: pages.Page) -> str:
    """What a page says in code, where `make` is a command and no word of a sentence."""
    return "\n".join([block.text for block in page.blocks] + re.findall(r"`([^`]+)`", page.prose))


@pytest.mark.parametrize("target", targets())
def test_every_make_target_exists(target):
    makefile = (locations.REPOSITORY / "Makefile").read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_every_variable_for_make_exists():
    makefile = (locations.REPOSITORY / "Makefile").read_text()
    for page in pages.every_page():
        for variable in re.findall(r"\bmake [a-z-]+ ([A-Z_]+)=", commented(page)):
            assert f"$({variable})" in makefile, variable


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("sh", "make")])
def test_a_make_block_has_only_targets(block):
    for line in block.text.splitlines():
        assert re.fullmatch(r"make [a-z-]+( [A-Z_]+=\S+)*( +# .*)?", line), line


def help_of(*words: str) -> str:
    command = [locations.cli(), *words, "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


def options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def test_every_command_and_every_option_is_listed():
    listed = help_of()
    there = set(re.findall(r"^  (\w+) ", listed.partition("Commands:")[2], re.MULTILINE)) - {"help"}
    rows = re.findall(r"^\| `pointsman (\w+) ?([a-z-]*)(.*)$", COMMANDS.text, re.MULTILINE)
    assert {command for command, _, _ in rows} == there
    for command, further, row in rows:
        explained = help_of(command, *further.split()).partition("Options:")[2]
        own = {option for line in explained.splitlines() if re.match(r" +(-\w, )?--", line) for option in options(line)}
        assert options(row) == own - {"--help", "--version"}, f"{command} {further}"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_in_a_sentence_exists(page):
    for code in re.findall(r"`pointsman ([^`]+)`", page.prose):
        words = code.replace("\n", " ").split()
        further = words[1:2] if words[0] == "render" and len(words) > 1 and words[1] in RENDERED else []
        explained = help_of(*words[:1], *further)
        # `pointsman render` alone is all of them.
        assert options(code) <= options(explained), code


RENDERED = ("envoy", "istio", "envoy-gateway", "ratelimit")


# Figures. `UPDATE_FIGURES=1` takes them anew from the last run that was kept.

FIGURES = pages.page("docs/performance.md")
BODIES = ["1 KB", "16 KB", "256 KB first", "256 KB last"]
SHOWN = [
    "**Pointsman, hold stop**",
    "**Pointsman, hold gate**",
    "Pointsman, hold stop, every fact read",
    "no-op Wasm, Rust SDK",
    "Envoy json_to_metadata (no rewrite)",
    "Envoy transform",
    "Envoy Lua (pattern search)",
    "ext_proc, BUFFERED",
    "ext_proc, FULL_DUPLEX_STREAMED",
]


def measured() -> dict[str, list[str]]:
    """The ratios of the first table of the results, by contender."""
    lines = RESULTS.read_text().splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("| contender"))
    table = itertools.takewhile(lambda line: line.startswith("|"), lines[start:])
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert head == ["contender", *BODIES]
    # The confidence intervals stay where they are.
    return {name: [cell.split(" ")[0] for cell in cells] for name, *cells in rows}


def ratios() -> str:
    found = measured()
    rows = [["", *BODIES], ["---", *["---:"] * len(BODIES)], *([name, *found[name]] for name in SHOWN)]
    return "".join("| " + " | ".join(row).lstrip() + " |\n" for row in rows)


def test_every_figure_is_one_of_the_results():
    begin, end = "<!-- ratios: begin -->\n", "<!-- ratios: end -->"
    before, _, rest = FIGURES.text.partition(begin)
    shown, _, after = rest.partition(end)
    if os.environ.get("UPDATE_FIGURES"):
        FIGURES.path.write_text(before + begin + ratios() + end + after)
        shown = ratios()
    assert shown == ratios(), "run this test with UPDATE_FIGURES=1"
    # And there are no others.
    for text in (before, after, README.prose, pages.page("docs/comparison.md").text):
        assert not re.findall(r"\b\d[\d.,]* ?(?:times|us|ms|MB|%|percent)\b", text)
