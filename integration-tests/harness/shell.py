"""The commands that a page shows, as far as they can be run without a cluster, a registry or a container tool.

`pointsman`, `envoy`, `helm` and `kubectl` are the real ones. What would need a cluster stops in front of it: envoy
validates, helm renders, and what kubectl would apply is held to the CRDs. Of a tool that is not here, the local files
are looked at.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

from harness import crds, helm, locations

DIGEST = "sha256:" + "ab" * 32
"""What a reader puts for `sha256:…`."""


class Shell:
    """A folder with what the repository has, in which the commands of one page run one after the other."""

    def __init__(self, folder: pathlib.Path, files: dict[str, str]):
        self.folder = folder
        for name in ("examples", "envoy"):
            (folder / name).symlink_to(locations.REPOSITORY / name)
        (folder / "dist").mkdir()
        shutil.copyfile(locations.module(), folder / "dist" / "pointsman.wasm")
        shutil.copyfile(locations.answers_module(), folder / "dist" / "pointsman-answers.wasm")
        shutil.copyfile(locations.gate_module(), folder / "dist" / "pointsman-gate.wasm")
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def run(self, words: list[str]) -> str:
        """What a pipeline prints, to either output."""
        text = None
        *stages, last = _split(words, "|")
        *last, target = last if ">" in last else (*last, None)
        for stage in [*stages, [word for word in last if word != ">"]]:
            program, *arguments = stage
            assert program in PROGRAMS, f"nobody knows how to check `{program}`"
            text = PROGRAMS[program](self, arguments, text)
        if target:
            (self.folder / target).write_text(text)
            return ""
        return text

    def execute(self, *command, text: str | None = None, fails: bool = False) -> str:
        done = subprocess.run(command, cwd=self.folder, input=text, capture_output=True, text=True, timeout=60)
        assert fails or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def _split(words: list[str], operator: str) -> list[list[str]]:
    found = [[]]
    for word in words:
        found = [*found, []] if word == operator else [*found[:-1], [*found[-1], word]]
    return found


def _pointsman(shell: Shell, arguments: list[str], text: str | None) -> str:
    # What it prints is what a page shows, also where it ends with a finding.
    return shell.execute(locations.cli(), *arguments, text=text, fails=arguments[0] == "check")


def _envoy(shell: Shell, arguments: list[str], _) -> str:
    option, file = arguments
    assert option == "-c"
    shell.execute(locations.envoy_binary(locations.NEWEST_ENVOY), "--mode", "validate", "-c", file, "-l", "error")
    return ""


def _kubectl(shell: Shell, arguments: list[str], text: str | None) -> str:
    verb, *options = arguments
    assert verb == "apply" and options[-2:] == ["-f", "-"]
    explained = shell.execute(locations.tool("kubectl"), verb, "--help")
    assert all(option in explained for option in options if option.startswith("--")), options
    _assert_valid(text)
    return ""


def _assert_valid(manifest: str) -> None:
    documents = [document for document in yaml.safe_load_all(manifest) if document]
    assert documents
    for document in documents:
        try:
            crds.assert_valid([document])
        except crds.Unknown:
            # Those of Envoy Gateway that are not at hand.
            assert document["apiVersion"].startswith("gateway.envoyproxy.io/"), document


def _helm(shell: Shell, arguments: list[str], _) -> str:
    upgrade, install, *rest = arguments
    assert (upgrade, install) == ("upgrade", "--install")
    rest = [word.replace("sha256:…", DIGEST) for word in rest]
    explained = helm.run([upgrade, "--help"], shell.folder)
    assert all(option in explained for option in rest if option.startswith("--")), rest
    printed = helm.run(["template", *(_absolute(shell, word) for word in rest)], shell.folder)
    _assert_valid(printed)
    return ""


def _absolute(shell: Shell, word: str) -> str:
    """A file or folder of the page, for a program that runs elsewhere."""
    name, equals, value = word.rpartition("=")
    return f"{name}{equals}{shell.folder / value}" if (shell.folder / value).exists() else word


def _make(shell: Shell, arguments: list[str], _) -> str:
    assert arguments == ["image"], f"`make {arguments}` is not run by this test"
    script = locations.REPOSITORY / "scripts" / "sbom.py"

    def image(name: str, package: str, output: str) -> str:
        module, sbom = f"dist/{name}.wasm", f"dist/{name}.cdx.json"
        shell.execute(sys.executable, script, shell.folder / module, shell.folder / sbom, package)
        written = ["--output", output, "--archive", f"dist/{name}-image.tar"]
        return shell.execute(locations.cli(), "image", "--wasm", module, "--sbom", sbom, *written)

    whole = image("pointsman", "pointsman-filter", "dist/image")
    answers = image("pointsman-answers", "pointsman-filter", "dist/answers-image")
    return whole + answers + image("pointsman-gate", "pointsman-gate", "dist/gate-image")


def _registry_tool(shell: Shell, arguments: list[str], _) -> str:
    """What it would read is there, under the tag that it is asked for."""
    (place,) = [re.sub(r"^oci:", "", word) for word in arguments if re.match(r"(oci:)?dist/", word)]
    name, _, tag = place.partition(":")
    assert (shell.folder / name).exists(), f"there is no {name}"
    if tag:
        index = json.loads((shell.folder / name / "index.json").read_text())
        annotations = [manifest.get("annotations", {}) for manifest in index["manifests"]]
        assert tag in [each.get("org.opencontainers.image.ref.name") for each in annotations]
    return ""


PROGRAMS = {
    "pointsman": _pointsman,
    "envoy": _envoy,
    "kubectl": _kubectl,
    "helm": _helm,
    "make": _make,
    **dict.fromkeys(("skopeo", "crane", "oras", "docker"), _registry_tool),
}
