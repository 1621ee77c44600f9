#!/usr/bin/env python3
"""Puts everything that a release holds into DIST/release: what `make image` has left in DIST, the command line, the
manifests.

    scripts/release.py CLI DIST

Archives hold no times, owners or order of a file system: the same files and the same Python give the same bytes.
"""

import gzip
import hashlib
import io
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"
CHART = ROOT / "envoy/helm/pointsman"
# A chart has an archive of its own.
MANIFESTS = ("istio", "envoy-gateway", "envoy")
ABOUT = ("LICENSE", "CHANGELOG.md")


def main(cli: pathlib.Path, dist: pathlib.Path) -> None:
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    files = contents(version, cli, dist)
    # Written beside and moved: a release is complete or not there.
    draft, release = dist / ".release.new", dist / "release"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, data in files.items():
        (draft / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    (draft / SUMS).write_text(sums)
    shutil.rmtree(release, ignore_errors=True)
    draft.rename(release)
    for file in sorted(release.iterdir()):
        print(f"{file}: {file.stat().st_size // 1024 + 1} KiB")


def of_build(name: str, dist: pathlib.Path, build: str) -> dict[str, bytes]:
    """Another module than the usual one."""
    return {
        f"{name}-{build}.wasm": (dist / f"pointsman-{build}.wasm").read_bytes(),
        f"{name}-{build}.cdx.json": (dist / f"pointsman-{build}.cdx.json").read_bytes(),
        f"{name}-{build}-image.tar": (dist / f"pointsman-{build}-image.tar").read_bytes(),
        f"{name}-{build}-image-with-sbom.tar": tar(tree(dist / f"{build}-image-with-sbom")),
    }


def contents(version: str, cli: pathlib.Path, dist: pathlib.Path) -> dict[str, bytes]:
    name = f"pointsman-{version}"
    about = {file: (ROOT / file).read_bytes() for file in ABOUT}
    files = {
        f"{name}.wasm": (dist / "pointsman.wasm").read_bytes(),
        **of_build(name, dist, "answers"),
        **of_build(name, dist, "gate"),
        f"{name}.cdx.json": (dist / "pointsman.cdx.json").read_bytes(),
        f"{name}-image.tar": (dist / "pointsman-image.tar").read_bytes(),
        f"{name}-image-with-sbom.tar": tar(tree(dist / "image-with-sbom")),
        f"{name}-policy.schema.json": (ROOT / "schema/policy.schema.json").read_bytes(),
        f"{name}-policy-file.schema.json": (ROOT / "schema/policy-file.schema.json").read_bytes(),
        f"{name}-deployment.schema.json": (ROOT / "schema/deployment.schema.json").read_bytes(),
        f"{name}-record.schema.json": (ROOT / "schema/record.schema.json").read_bytes(),
        f"{name}-{host()}.tar.gz": tar_gz(
            {f"{name}/pointsman": cli.read_bytes(), **under(name, about)}, programs=("pointsman",)
        ),
        # What `helm package` calls it.
        f"{name}.tgz": tar_gz(under("pointsman", tree(CHART))),
    }
    manifests = {}
    for folder in MANIFESTS:
        manifests |= under(f"{name}/{folder}", tree(ROOT / "envoy" / folder))
    if manifests:
        files[f"{name}-manifests.tar.gz"] = tar_gz(manifests | under(name, about))
    return files


def host() -> str:
    """What the command line runs on."""
    done = subprocess.run(["rustc", "--version", "--verbose"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return next(line.removeprefix("host: ") for line in done.stdout.splitlines() if line.startswith("host: "))


def tree(folder: pathlib.Path) -> dict[str, bytes]:
    """The files below a folder; none if it is not there."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def under(prefix: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{prefix}/{path}": data for path, data in files.items()}


def tar_gz(files: dict[str, bytes], programs: tuple[str, ...] = ()) -> bytes:
    return gzip.compress(tar(files, programs), mtime=0)


def tar(files: dict[str, bytes], programs: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            entry.mode = 0o755 if path.rpartition("/")[2] in programs else 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return out.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} CLI DIST")
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
