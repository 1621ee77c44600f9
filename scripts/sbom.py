#!/usr/bin/env python3
"""Writes what the module is made of as a CycloneDX document: the crates that Cargo links into it, and Rust's
standard library.

    scripts/sbom.py MODULE OUTPUT PACKAGE

Nothing in it depends on when or where it is written: the same module gives the same document.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "wasm32-wasip1"
# `no-proc-macro`: what runs inside the compiler is not in the module.
TREE = [
    "--locked",
    "--target",
    TARGET,
    "--edges",
    "normal,no-proc-macro",
    "--prefix",
    "depth",
    "--no-dedupe",
]
NAMESPACE = uuid.UUID("6f1de3b4-3c0a-5d0f-9a55-5f0c2f7e8a11")


def main(module: pathlib.Path, output: pathlib.Path, package: str) -> None:
    digest = hashlib.sha256(module.read_bytes()).hexdigest()
    crates, edges = linked(package)
    own = next(reference for reference in crates if reference.startswith(f"{package}@"))
    standard = standard_library()
    edges[own].add(standard["bom-ref"])
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(NAMESPACE, digest).urn,
        "version": 1,
        "metadata": {"component": the_module(module.name, crates.pop(own), own, digest)},
        "components": [*(crates[reference] for reference in sorted(crates)), standard],
        "dependencies": [{"ref": reference, "dependsOn": sorted(edges[reference])} for reference in sorted(edges)],
    }
    output.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def linked(package: str) -> tuple[dict[str, dict], dict[str, set[str]]]:
    """The crates in the module, and which of them needs which, both by `name@version`."""
    checksums = locked_checksums()
    crates, edges, path = {}, {}, []
    for line in run("cargo", "tree", "--package", package, *TREE, "--format", "|{p}|{l}").splitlines():
        depth, described, licence = line.split("|")
        name, version = described.split()[:2]
        reference = f"{name}@{version.removeprefix('v')}"
        del path[int(depth) :]
        if path:
            edges[path[-1]].add(reference)
        path.append(reference)
        edges.setdefault(reference, set())
        crates[reference] = crate(reference, licence, checksums.get(reference))
    return crates, edges


def crate(reference: str, licence: str, checksum: str | None) -> dict:
    name, version = reference.split("@")
    # `/` between licences is how old manifests say OR.
    described = {"bom-ref": reference, "type": "library", "name": name, "version": version}
    described["licenses"] = [{"expression": licence.replace("/", " OR ")}]
    if checksum:
        described["purl"] = f"pkg:cargo/{name}@{version}"
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return described


def locked_checksums() -> dict[str, str]:
    """Of the crates that come from a registry; the project's own have none."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {f"{each['name']}@{each['version']}": each["checksum"] for each in lock["package"] if "checksum" in each}


def the_module(name: str, own_crate: dict, reference: str, digest: str) -> dict:
    described = {
        "bom-ref": reference,
        "type": "application",
        "name": name,
        "version": own_crate["version"],
    }
    return {**described, "licenses": own_crate["licenses"], "hashes": [{"alg": "SHA-256", "content": digest}]}


def standard_library() -> dict:
    facts = dict(line.split(": ", 1) for line in run("rustc", "--version", "--verbose").splitlines() if ": " in line)
    return {
        "bom-ref": f"rust-std@{facts['release']}",
        "type": "library",
        "name": "rust-std",
        "description": f"Rust's standard library and what it is built with, for {TARGET}",
        "version": facts["release"],
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "purl": f"pkg:github/rust-lang/rust@{facts['commit-hash']}",
    }


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"error: `{' '.join(command[:2])}` failed; see its message above")
    return done.stdout


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} MODULE OUTPUT PACKAGE")
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3])
