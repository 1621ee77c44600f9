#!/usr/bin/env python3
"""Builds the real control planes that `make mesh-test` runs, from the Go modules that mesh-tests/modules/ pins.

    scripts/control_planes.py [NAME...]

What is built is kept in .tools/mesh, in a folder that names the pins: the same pins are never built twice. Nothing
else in this repository needs any of it.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools/mesh"
PINS = ROOT / "mesh-tests/modules"
GO_VERSION = (1, 26)
KUBERNETES = "k8s.io/component-base/version"


@dataclasses.dataclass(frozen=True)
class Part:
    programs: dict[str, str]
    """What `go build` calls a program, and what it is called here."""
    minutes: float
    """On two cores, with nothing built before."""
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    """What else is wanted of the modules: a place behind a module's name, and what it is called here."""
    linked: str = ""
    """Versions that a release's own build writes into the programs."""


PARTS = {
    "registry": Part({"crane": "crane"}, 0.2),
    "etcd": Part({"server": "etcd"}, 0.5),
    "kubernetes": Part(
        {"kube-apiserver": "kube-apiserver", "kubectl": "kubectl"},
        3,
        linked=f"-X {KUBERNETES}.gitVersion=v1.36.3 -X {KUBERNETES}.gitMajor=1 -X {KUBERNETES}.gitMinor=36",
    ),
    "istio": Part(
        {"pilot-discovery": "istiod", "pilot-agent": "pilot-agent", "istioctl": "istioctl"},
        5,
        {
            "istio.io/istio:manifests/charts/base/files/crd-all.gen.yaml": "crds",
            "istio.io/istio:tools/packaging/common/envoy_bootstrap.json": "envoy_bootstrap.json",
            "istio.io/istio:manifests/charts/istio-control/istio-discovery": "istiod-chart",
        },
        "-X istio.io/istio/pkg/version.buildVersion=1.31-dev",
    ),
    "envoy-gateway": Part(
        {"envoy-gateway": "envoy-gateway"},
        3,
        # Gateway API's are among them.
        {"github.com/envoyproxy/gateway:charts/gateway-helm/charts/crds/crds": "crds"},
    ),
    "ratelimit": Part({"service_cmd": "ratelimit"}, 0.5),
}


def main(names: list[str]) -> None:
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"error: nothing here is called `{unknown[0]}`: there are {', '.join(PARTS)}")
    missing = [name for name in names or PARTS if not folder(name).is_dir()]
    if not missing:
        return
    go = find_go()
    print(f"control planes: about {sum(PARTS[name].minutes for name in missing):g} minutes on two cores", flush=True)
    for name in missing:
        build(go, name)


def folder(name: str) -> pathlib.Path:
    """Named after the pins and after what is done with them."""
    pins = b"".join((PINS / name / file).read_bytes() for file in ("go.mod", "go.sum"))
    digest = hashlib.sha256(pins + repr(PARTS[name]).encode()).hexdigest()
    return TOOLS / f"{name}-{digest[:12]}"


def find_go() -> str:
    wanted = ".".join(map(str, GO_VERSION))
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not go:
        sys.exit(f"error: Go is missing: `make mesh-setup` needs Go {wanted} or newer, from https://go.dev/dl")
    said = subprocess.run([go, "env", "GOVERSION"], cwd=PINS, capture_output=True, text=True).stdout.strip()
    found = re.match(r"go(\d+)\.(\d+)", said)
    if not found or (int(found[1]), int(found[2])) < GO_VERSION:
        sys.exit(
            f"error: {go} is {said or 'no Go'}, and `make mesh-setup` needs Go {wanted} or newer: https://go.dev/dl"
        )
    return go


def build(go: str, name: str) -> None:
    part, pins, began = PARTS[name], PINS / name, time.monotonic()
    versions = ", ".join(f"{package} {version}" for package, version in tools(go, pins))
    print(f"{name}: building {versions}", flush=True)
    TOOLS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as work_name:
        work = pathlib.Path(work_name)
        (work / "built").mkdir()
        compile_all([go, "build", "-v", f"-ldflags=-s -w {part.linked}", "-o", f"{work}/built/", "tool"], pins, name)
        ready = work / "ready"
        ready.mkdir()
        for built, called in part.programs.items():
            (work / "built" / built).rename(ready / called)
        for place, called in part.files.items():
            module, _, path = place.partition(":")
            copy(pathlib.Path(run(go, pins, "list", "-m", "-f", "{{.Dir}}", module)) / path, ready / called)
        (ready / "versions.json").write_text(json.dumps(dict(tools(go, pins))))
        # Moved into place last: what is there is complete.
        ready.rename(folder(name))
    print(f"{name}: ready in .tools/mesh/{folder(name).name} after {time.monotonic() - began:.0f} s", flush=True)


def tools(go: str, pins: pathlib.Path) -> list[tuple[str, str]]:
    """The modules whose programs are wanted, with their versions."""
    file = json.loads(run(go, pins, "mod", "edit", "-json"))
    required = {module["Path"]: module["Version"] for module in file["Require"]}
    paths = [tool["Path"] for tool in file["Tool"]]
    names = (max((path for path in required if f"{tool}/".startswith(f"{path}/")), key=len) for tool in paths)
    return [(name, required[name]) for name in dict.fromkeys(names)]


def run(go: str, pins: pathlib.Path, *arguments: str) -> str:
    done = subprocess.run([go, *arguments], cwd=pins, env=environment(), stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        sys.exit(f"error: `go {' '.join(arguments)}` failed in {pins.relative_to(ROOT)}: {done.stderr.decode()}")
    return done.stdout.decode().strip()


def environment() -> dict[str, str]:
    # Pinned programs, whatever a user's settings say of workspaces, flags and version control.
    return os.environ | {"GOWORK": "off", "GOFLAGS": "-mod=readonly -buildvcs=false"}


def compile_all(command: list[str], pins: pathlib.Path, name: str) -> None:
    """With a line every half a minute: how many packages have been compiled."""
    process = subprocess.Popen(
        command,
        cwd=pins,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr))
    reader.start()
    try:
        while True:
            reader.join(30)
            if not reader.is_alive():
                break
            print(f"{name}: {len([line for line in said if '/' in line])} packages done", flush=True)
    except BaseException:
        process.terminate()
        raise
    if process.wait():
        sys.exit(f"error: {name} could not be built: {''.join(said[-20:])}")


def copy(source: pathlib.Path, target: pathlib.Path) -> None:
    # A module's own files are read-only; a copy can be removed.
    if source.is_file():
        shutil.copyfile(source, target)
    else:
        shutil.copytree(source, target, copy_function=shutil.copyfile)
        for place in (target, *target.rglob("*")):
            place.chmod(0o755 if place.is_dir() else 0o644)


if __name__ == "__main__":
    main(sys.argv[1:])
