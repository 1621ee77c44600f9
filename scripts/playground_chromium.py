#!/usr/bin/env python3
"""Puts the real Chromium into .tools/chromium-VERSION, for the playground's tests: Debian's packages, downloaded by
apt-get.

    scripts/playground_chromium.py

Nothing is installed, and root is not needed. apt holds what it downloads to the archive's signature, so no checksum
stands here; the version is the one that this Debian has, which is the one it gives security fixes to. Where there is no
apt, a `chromium` of the PATH is used.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent / ".tools"
PACKAGE = "chromium"
PROGRAM = "chromium"
REMEDY = f"put the program {PROGRAM} into the PATH, then try again"
# Its own wrapper reads settings of the machine's; what is tested here is the browser, and nobody's settings.
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/chromium-files/chromium" "$@"
"""


def main() -> None:
    if installed():
        return
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as work_name:
        work = pathlib.Path(work_name)
        # apt leaves its rights behind before it downloads, and would say at length that it cannot here.
        work.chmod(0o755)
        ready = work / "ready"
        ready.mkdir()
        found = shutil.which(PROGRAM)
        if found:
            (ready / PROGRAM).symlink_to(found)
        else:
            unpack(download(work), work, ready)
        folder = TOOLS / f"chromium-{version(ready)}"
        # Moved into place last: what is there is complete.
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)
    print(f"Chromium: ready in .tools/{folder.name}", flush=True)


def installed() -> pathlib.Path | None:
    """The program, if it is there."""
    programs = [folder / PROGRAM for folder in sorted(TOOLS.glob("chromium-*"))]
    return next((program for program in reversed(programs) if os.access(program, os.X_OK)), None)


def download(work: pathlib.Path) -> list[pathlib.Path]:
    if not all(shutil.which(program) for program in ("apt-get", "dpkg-deb")):
        sys.exit(f"error: Chromium is missing, and there is no apt-get to download Debian's packages with: {REMEDY}")
    packages = lacking()
    print(f"Chromium: downloading {len(packages)} of Debian's packages (about 100 MB)", flush=True)
    command = ["apt-get", "--quiet=2", "-o", "APT::Sandbox::User=", "download", *packages]
    done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL)
    files = list(work.glob("*.deb"))
    if done.returncode or len(files) != len(packages):
        sys.exit(
            "error: Chromium could not be downloaded; see apt's message above. "
            f"`apt-get update` may be what it needs; or {REMEDY}"
        )
    return files


def lacking() -> list[str]:
    """The package, and which of the libraries that it needs this machine lacks: apt is asked what it would install."""
    command = ["apt-get", "--simulate", "--no-install-recommends", "install", PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    # `Inst NAME (VERSION …)`, or `Inst NAME [OLD] (VERSION …)`.
    found = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        sys.exit(
            f"error: apt knows no package {PACKAGE}: {done.stderr.strip()}\n"
            f"`apt-get update` may be missing; or {REMEDY}"
        )
    return [f"{name}={version}" for name, version in found]


def unpack(packages: list[pathlib.Path], work: pathlib.Path, folder: pathlib.Path) -> None:
    unpacked, libraries = work / "unpacked", folder / "lib"
    for package in packages:
        if subprocess.run(["dpkg-deb", "--extract", package, unpacked], stdin=subprocess.DEVNULL).returncode:
            sys.exit(f"error: {package.name} could not be unpacked; see dpkg's message above")
    libraries.mkdir()
    for library in [*unpacked.glob("usr/lib/*/*.so*"), *unpacked.glob("usr/lib/*/pulseaudio/*.so*")]:
        library.rename(libraries / library.name)
    (unpacked / "usr/lib/chromium").rename(folder / "chromium-files")
    (folder / PROGRAM).write_text(WRAPPER)
    (folder / PROGRAM).chmod(0o755)


def version(folder: pathlib.Path) -> str:
    """As the program says it, which shows that it runs here, too."""
    done = subprocess.run([folder / PROGRAM, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(r"Chromium ([0-9.]+)", done.stdout)
    if done.returncode or not found:
        sys.exit(f"error: {PROGRAM} does not run here: {(done.stdout + done.stderr).strip()}; {REMEDY}")
    return found[1]


if __name__ == "__main__":
    main()
