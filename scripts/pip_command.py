"""A pip to call. Debian's Python may come without pip, without venv, or without both."""

import pathlib
import subprocess
import sys


def works(command: list[str]) -> bool:
    return subprocess.run([*command, "--version"], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def find_pip(tools: pathlib.Path) -> list[str]:
    """This Python's own pip, else one in a virtual environment below `tools`."""
    own = [sys.executable, "-m", "pip"]
    if works(own):
        return own
    folder = tools / "pip"
    inner = [str(folder / "bin/python"), "-m", "pip"]
    if not works(inner):
        subprocess.run([sys.executable, "-m", "venv", str(folder)], stdin=subprocess.DEVNULL, capture_output=True)
    if works(inner):
        return inner
    sys.exit("error: this Python has no pip: install it (Debian: apt install python3-pip)")
