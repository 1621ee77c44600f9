#!/usr/bin/env python3
"""Puts the real redis-server into .tools/redis-VERSION: Debian's packages, downloaded by apt-get.

    scripts/redis.py

Nothing is installed, and root is not needed. apt holds what it downloads to the archive's signature, so no checksum
stands here; the version is the one that this Debian has. Where there is no apt, the program of the PATH is used.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent / ".tools"
PROGRAM = "redis-server"
# The program is in redis-tools, under all of its names but this one; the others are libraries that a machine may lack.
PACKAGES = ("redis-tools", "liblzf1", "libjemalloc2")
REMEDY = f"put the program {PROGRAM} into the PATH, then try again"
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/lib" exec "$here/lib/redis-server" "$@"
"""


def main() -> None:
    if any(os.access(folder / PROGRAM, os.X_OK) for folder in TOOLS.glob("redis-*")):
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
        folder = TOOLS / f"redis-{version(ready)}"
        # Moved into place last: what is there is complete.
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)
    print(f"Redis: ready in .tools/{folder.name}", flush=True)


def download(work: pathlib.Path) -> list[pathlib.Path]:
    if not all(shutil.which(program) for program in ("apt-get", "dpkg-deb")):
        sys.exit(f"error: Redis is missing, and there is no apt-get to download Debian's packages with: {REMEDY}")
    print("Redis: downloading Debian's packages (about 1 MB)", flush=True)
    command = ["apt-get", "--quiet=2", "-o", "APT::Sandbox::User=", "download", *PACKAGES]
    done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL)
    packages = list(work.glob("*.deb"))
    if done.returncode or len(packages) != len(PACKAGES):
        sys.exit(
            "error: Redis could not be downloaded; see apt's message above. "
            f"`apt-get update` may be what it needs; or {REMEDY}"
        )
    return packages


def unpack(packages: list[pathlib.Path], work: pathlib.Path, folder: pathlib.Path) -> None:
    unpacked, libraries = work / "unpacked", folder / "lib"
    for package in packages:
        if subprocess.run(["dpkg-deb", "--extract", package, unpacked], stdin=subprocess.DEVNULL).returncode:
            sys.exit(f"error: {package.name} could not be unpacked; see dpkg's message above")
    libraries.mkdir()
    for library in unpacked.glob("usr/lib/*/*.so*"):
        library.rename(libraries / library.name)
    (unpacked / "usr/bin/redis-check-rdb").rename(libraries / PROGRAM)
    (folder / PROGRAM).write_text(WRAPPER)
    (folder / PROGRAM).chmod(0o755)


def version(folder: pathlib.Path) -> str:
    """As the program says it, which shows that it runs here, too."""
    done = subprocess.run([folder / PROGRAM, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(r"v=([0-9]+\.[0-9]+\.[0-9]+)", done.stdout)
    if done.returncode or not found:
        sys.exit(f"error: {PROGRAM} does not run here: {(done.stdout + done.stderr).strip()}; {REMEDY}")
    return found[1]


if __name__ == "__main__":
    main()
