"""The README's table of clients has those that are tested, in the versions that they are tested in."""

import ast
import pathlib
import re

from harness import locations, pages

HERE = pathlib.Path(__file__).parent
REQUIREMENTS = HERE.parent / "requirements.txt"
RECORDED = {"claude-code": ("Claude Code", r"claude-cli/([\d.]+)"), "codex": ("Codex", r"codex_exec/([\d.]+)")}
"""What a recording is called in the table, and where it says its version."""


def listed() -> list[list[str]]:
    section = pages.page("README.md").text.partition("## Real clients\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    assert rows[0] == ["client", "version", "works", "a refusal raises"]
    return rows[2:]


def tested() -> dict[str, str]:
    """Each client that some file here names, with its version."""
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", REQUIREMENTS.read_text(), re.MULTILINE))
    found = {}
    for file in HERE.glob("test_*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == "CLIENTS":
                found |= {f"`{name}`": pinned[name] for name in ast.literal_eval(node.value)}
    for name, (title, version) in RECORDED.items():
        head = (locations.REPOSITORY / "integration-tests" / "recorded" / f"{name}.http").read_text()
        found[title] = re.search(version, head)[1]
    return found


def test_the_table_has_what_is_tested_and_nothing_else():
    assert {name: version for name, version, _, _ in listed()} == tested()
    assert all(works and refusal for _, _, works, refusal in listed())


def test_every_client_has_its_row_in_the_page():
    page = pages.page("docs/clients.md").text
    assert not [name for name, *_ in listed() if name not in page]
