#!/usr/bin/env python3
"""Makes .tools/venv with the Python packages that tests and benchmarks need (integration-tests/requirements.txt)."""

import pathlib
import shutil
import subprocess
import sys

from pip_command import find_pip

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".tools/venv"
REQUIREMENTS = ROOT / "integration-tests/requirements.txt"
STAMP = VENV / "installed.txt"


def main() -> None:
    wanted = f"{sys.version}\n{REQUIREMENTS.read_text()}"
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return
    print("Python packages for the tests: installing into .tools/venv", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], stdin=subprocess.DEVNULL, capture_output=True)
    if made.returncode == 0:
        install([str(VENV / "bin/python"), "-m", "pip"], [])
    else:
        # Debian without python3-venv: packages in a folder, and a `python` that knows it.
        shutil.rmtree(VENV, ignore_errors=True)
        install(find_pip(ROOT / ".tools"), ["--target", str(VENV / "packages")])
        imitate_python()
    STAMP.write_text(wanted)
    print("Python packages for the tests: ready", flush=True)


def install(pip: list[str], options: list[str]) -> None:
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", *options, "--requirement", str(REQUIREMENTS)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        sys.exit("error: the Python packages could not be installed; see pip's message above")


def imitate_python() -> None:
    script = VENV / "bin/python"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH="{VENV}/packages${{PYTHONPATH:+:$PYTHONPATH}}" exec "{sys.executable}" "$@"\n'
    )
    script.chmod(0o755)


if __name__ == "__main__":
    main()
