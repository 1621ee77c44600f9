"""The real helm and kubectl, without a cluster."""

import json
import pathlib
import re
import subprocess

import yaml

from harness import locations

CHART = locations.REPOSITORY / "envoy" / "helm" / "pointsman"


class Loader(yaml.SafeLoader):
    """Reads numbers as Kubernetes does: JSON's 1e-7 is one, though PyYAML wants a point in it."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?\d+(\.\d+)?[eE][-+]?\d+$"), list("-0123456789"))


class Refused(Exception):
    """What helm said."""


def template(
    values: dict,
    folder: pathlib.Path,
    *options: str,
    chart: pathlib.Path = CHART,
    release: str = "pointsman",
    namespace: str = "llm",
) -> list[dict]:
    """The objects that an installation with these values would apply. Nothing is asked of a cluster."""
    file = folder / "values.json"
    file.write_text(json.dumps(values))
    command = ["template", release, str(chart), "--namespace", namespace, "--values", str(file), *options]
    return _documents(run(command, folder))


def run(command: list[str], folder: pathlib.Path) -> str:
    return _run([str(locations.tool("helm")), *command], folder)


def kustomize(folder: pathlib.Path) -> list[dict]:
    return _documents(_run([str(locations.tool("kubectl")), "kustomize", str(folder)], folder))


def _documents(text: str) -> list[dict]:
    return [document for document in yaml.load_all(text, Loader) if document]


def _run(command: list[str], folder: pathlib.Path) -> str:
    # Neither tool looks into the home folder of whoever runs the tests.
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    if done.returncode:
        raise Refused(done.stderr)
    assert not done.stderr, done.stderr
    return done.stdout
