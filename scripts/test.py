#!/usr/bin/env python3
"""Runs the Rust tests, then the tests against a real Envoy, or the suites that are named, and ends with one line:
`N passed, N failed`."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# One per test binary, of which there are many.
CARGO = re.compile(r"^test result: .*?(\d+) passed; (\d+) failed;")
# The last line of a run: `12 passed, 1 failed, 2 errors in 3.4s`, with or without `=` around it.
PYTEST = re.compile(r"(\d+) (passed|failed|errors?)\b")

PYTEST_COMMAND = [str(ROOT / ".tools/venv/bin/python"), "-m", "pytest", "-q", "--color=no"]
SUITES = {
    "cargo": (["cargo", "test", "--no-fail-fast"], ROOT),
    "pytest": (PYTEST_COMMAND, ROOT / "integration-tests"),
    "mesh": (PYTEST_COMMAND, ROOT / "mesh-tests"),
}
USUAL = ("cargo", "pytest")


def main(wanted: list[str]) -> int:
    passed = failed = 0
    for name in wanted or USUAL:
        print(f"== {' '.join(SUITES[name][0])}", flush=True)
        counted = run(name)
        passed, failed = passed + counted[0], failed + counted[1]
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def run(name: str) -> tuple[int, int]:
    """Passed and failed. A suite that ends badly without naming a failed test counts as one: it did not build, say."""
    command, folder = SUITES[name]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "CARGO_TERM_COLOR": "never"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    count = count_cargo if name == "cargo" else count_pytest
    passed = failed = 0
    for line in process.stdout:
        print(line, end="", flush=True)
        more = count(line)
        passed, failed = passed + more[0], failed + more[1]
    if process.wait() and not failed:
        failed = 1
    if not passed and not failed:
        print(f"error: `{' '.join(command)}` ran no test", flush=True)
        failed = 1
    return passed, failed


def count_cargo(line: str) -> tuple[int, int]:
    found = CARGO.match(line)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def count_pytest(line: str) -> tuple[int, int]:
    if not re.search(r" in \d+(\.\d+)?s\b", line):
        return 0, 0
    counts = {"passed": 0, "failed": 0, "error": 0}
    for number, kind in PYTEST.findall(line):
        counts[kind.removesuffix("s")] += int(number)
    return counts["passed"], counts["failed"] + counts["error"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
