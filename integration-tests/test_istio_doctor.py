"""In a mesh: `pointsman doctor` finds nothing wrong where nothing is, and calls plugins what their owners call them."""

from istiod.fixtures import running, world  # noqa: F401
from test_doctor import Examined, examine_at

POLICY = {"models": [{"name": "a", "cluster": "one"}, {"name": "b", "cluster": "two"}]}
ROUTER, GATE = "WasmPlugin istio-ingress/pointsman-router", "WasmPlugin istio-ingress/pointsman-gate"


def examine(world, folder, change=lambda manifests: None, **more) -> Examined:
    """What is found at a gateway for which `change` was made to the manifests."""
    with running(world, folder, POLICY, "web", change, **more):
        return examine_at((folder / "admin-address").read_text())


def roles(manifests: list[dict]) -> dict[str, dict]:
    """The plugins, by role."""
    plugins = [manifest for manifest in manifests if manifest["kind"] == "WasmPlugin"]
    return {plugin["spec"]["pluginConfig"]["role"]: plugin for plugin in plugins}


def swap(manifests: list[dict]) -> None:
    router, gate = (roles(manifests)[role]["spec"] for role in ("router", "gate"))
    router["priority"], gate["priority"] = gate["priority"], router["priority"]


def without_buffers(manifests: list[dict]) -> None:
    listeners = [
        m for m in manifests if any(patch["applyTo"] == "LISTENER" for patch in m["spec"].get("configPatches", []))
    ]
    assert listeners
    for manifest in listeners:
        manifest["spec"]["configPatches"] = [p for p in manifest["spec"]["configPatches"] if p["applyTo"] != "LISTENER"]


def misspell(manifests: list[dict]) -> None:
    """One value of the header in the VirtualServices."""
    for rule in (rule for manifest in manifests for rule in manifest["spec"].get("http", [])):
        for match in rule.get("match", []):
            header = match.get("headers", {}).get("x-pointsman-cluster", {})
            if "two" in header.get("exact", ""):
                header["exact"] = "tow"


def test_a_right_installation_has_no_findings(tmp_path, world):
    examined = examine(world, tmp_path)
    assert (examined.code, examined.findings) == (0, []), examined.report
    names = [instance["filter"] for instance in examined.report["instances"]]
    assert names == ([ROUTER, GATE] if world[1] == "gate" else ["pointsman-router"])


ANYWHERE = {"buffer-too-small": without_buffers, "route-shadowed": misspell}
WITH_PLUGINS = {"gate-first": swap, "gate-missing": lambda manifests: manifests.remove(roles(manifests)["gate"])}


def test_every_mistake_has_its_finding(tmp_path, world):
    mistakes = ANYWHERE | (WITH_PLUGINS if world[1] == "gate" else {})
    for code, change in mistakes.items():
        examined = examine(world, tmp_path / code, change)
        assert examined.findings == [code], examined.report


def test_a_module_that_cannot_be_downloaded_is_told(tmp_path, world):
    """A WasmPlugin's filter may become another one, an EnvoyFilter's may not."""
    examined = examine(world, tmp_path, images={})
    assert examined.findings == ["module-not-downloaded" if world[1] == "gate" else "configuration-missing"], (
        examined.report
    )
