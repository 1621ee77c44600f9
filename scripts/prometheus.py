#!/usr/bin/env python3
"""Puts the real prometheus and promtool into .tools/prometheus-VERSION: Debian's package, downloaded by apt-get.

    scripts/prometheus.py

Nothing is installed, and root is not needed. apt holds what it downloads to the archive's signature, so no checksum
stands here; the version is the one that this Debian has. Where there is no apt, the two programs of the PATH are used.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent / ".tools"
PROGRAMS = ("prometheus", "promtool")
REMEDY = "put the programs prometheus and promtool into the PATH, then try again"


def main() -> None:
    if any(all(os.access(folder / program, os.X_OK) for program in PROGRAMS) for folder in TOOLS.glob("prometheus-*")):
        return
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as work_name:
        work = pathlib.Path(work_name)
        # apt leaves its rights behind before it downloads, and would say at length that it cannot here.
        work.chmod(0o755)
        ready = work / "ready"
        ready.mkdir()
        found = [shutil.which(program) for program in PROGRAMS]
        if all(found):
            for program in found:
                (ready / pathlib.Path(program).name).symlink_to(program)
        else:
            unpack(download(work), work, ready)
        folder = TOOLS / f"prometheus-{version(ready)}"
        # Moved into place last: what is there is complete.
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)
    print(f"Prometheus: ready in .tools/{folder.name}", flush=True)


def download(work: pathlib.Path) -> pathlib.Path:
    if not all(shutil.which(program) for program in ("apt-get", "dpkg-deb")):
        sys.exit(f"error: Prometheus is missing, and there is no apt-get to download Debian's package with: {REMEDY}")
    print("Prometheus: downloading Debian's package (about 19 MB)", flush=True)
    command = ["apt-get", "--quiet=2", "-o", "APT::Sandbox::User=", "download", "prometheus"]
    done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL)
    packages = list(work.glob("prometheus_*.deb"))
    if done.returncode or not packages:
        sys.exit(
            "error: Prometheus could not be downloaded; see apt's message above. "
            f"`apt-get update` may be what it needs; or {REMEDY}"
        )
    return packages[0]


def unpack(package: pathlib.Path, work: pathlib.Path, folder: pathlib.Path) -> None:
    unpacked = work / "unpacked"
    if subprocess.run(["dpkg-deb", "--extract", package, unpacked], stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"error: {package.name} could not be unpacked; see dpkg's message above")
    for program in PROGRAMS:
        (unpacked / "usr/bin" / program).rename(folder / program)


def version(folder: pathlib.Path) -> str:
    """As the program says it, which shows that it runs here, too."""
    done = subprocess.run([folder / "promtool", "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    # Up to Prometheus 2 it is printed to either output.
    found = re.search(r"version ([0-9]+\.[0-9]+\.[0-9]+)", done.stdout + done.stderr)
    if done.returncode or not found:
        sys.exit(f"error: promtool does not run here: {(done.stdout + done.stderr).strip()}; {REMEDY}")
    return found[1]


if __name__ == "__main__":
    main()
