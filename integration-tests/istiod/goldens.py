"""What a real istiod has printed for resources, and how the stand-in's translation differs from it."""

import json
import pathlib
import re
from collections.abc import Iterator

import yaml

from istiod import rendered
from istiod.resources import Mesh, Workload
from istiod.translation import translate

FOLDER = pathlib.Path(__file__).parent / "goldens"
RECORDED = {"1.31-dev": "1.31.0"}
"""What an istiod calls itself, and what the stand-in calls it."""
OF_THE_MESH = re.compile(r"^BlackHoleCluster$|\.svc\.cluster\.local$")
RESOURCE_VERSION = re.compile(r'("ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": )"\d+"')
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")


def cases() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def resources(case: str) -> list[dict]:
    return list(yaml.safe_load_all((FOLDER / f"{case}.yaml").read_text()))


def golden_file(version: str, case: str) -> pathlib.Path:
    return FOLDER / version / f"{case}.json"


def read(dump: dict) -> dict:
    """What is kept of what istiod prints for a proxy: all that follows from the resources."""
    found: dict[str, dict] = {"listeners": {}, "routes": {}, "clusters": {}, "extensions": {}}
    for part in dump["configs"]:
        for one in part.get("dynamicListeners", []):
            _keep(found["listeners"], one["activeState"]["listener"])
        for one in part.get("dynamicRouteConfigs", []):
            # A proxy goes on asking for routes that it once had.
            if one["routeConfig"].get("virtualHosts"):
                _keep(found["routes"], one["routeConfig"])
        for one in part.get("dynamicActiveClusters", []):
            if not OF_THE_MESH.search(one["cluster"]["name"]):
                _keep(found["clusters"], one["cluster"])
        for one in part.get("ecdsFilters", []):
            text = json.dumps(one["ecdsFilter"])
            extension = json.loads(RESOURCE_VERSION.sub(r'\1"1"', text))
            found["extensions"][extension["config"]["rootId"]] = extension
    return found


def _keep(found: dict, one: dict) -> None:
    found[one["name"]] = {key: value for key, value in one.items() if key != "@type"}


def golden(version: str, case: str) -> dict:
    return json.loads(golden_file(version, case).read_text())


def stood_in(version: str, case: str) -> dict:
    """What the stand-in makes of the same resources."""
    workload = Workload(rendered.NAMESPACE, rendered.LABELS, RECORDED[version])
    snapshot = translate(Mesh(resources(case)), workload)
    named = {
        "listeners": snapshot.listeners,
        "routes": list(snapshot.routes.values()),
        "clusters": snapshot.clusters,
    }
    printed = {kind: {one["name"]: camel(one) for one in found} for kind, found in named.items()}
    # istiod prints them without the names under which they are discovered; those are in the listeners.
    configured = [camel(one["typed_config"]) for one in snapshot.extensions.values()]
    return {**printed, "extensions": {one["config"]["rootId"]: one for one in configured}}


def camel(value):
    """Keys as Go prints those of a message."""
    if isinstance(value, list):
        return [camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {_camel(key) if SNAKE.fullmatch(key) else key: camel(one) for key, one in value.items()}


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(other.capitalize() for other in others)


def differences(expected, found, path: str = "") -> Iterator[tuple[str, object, object]]:
    """Where they differ: what istiod printed, and what the stand-in says; None is nothing at all."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}):
            yield from differences(expected.get(key), found.get(key), f"{path}/{key}")
    elif path.endswith("/httpFilters"):
        # The order is what matters, and Istio's own filters are switched off where goldens are recorded.
        own = [one for one in found if not one["name"].startswith("istio.")]
        yield from differences(*([{"names": [one["name"] for one in each]} for each in (expected, own)]), path)
        yield from differences(*({one["name"]: one for one in each} for each in (expected, own)), path)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}/{_name(one, number)}")
    elif _plain(expected) != _plain(found):
        yield path, expected, found


def _name(value, number: int) -> str:
    return str(value.get("name", number)) if isinstance(value, dict) else str(number)


def _plain(value):
    """Nothing compared here depends on whether an empty message is there; numbers of 64 bits are strings."""
    if value in ({}, [], None, False, 0, ""):
        return None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
