"""In a real mesh: `pointsman doctor` names the one cause of each broken mesh, with the statistics that Istio keeps by
default; `istioctl analyze`, which knows Istio's objects and not what they are for, finds few of them.

One gateway is broken by what is pushed to it, and put right again.
"""

import copy
import json

import pytest

from harness.waiting import wait_for
from istiod import rendered
from mesh.gateway import running
from mesh.program import built
from test_doctor import Examined, examine_at
from test_istio_doctor import GATE, POLICY, ROUTER, misspell, roles, swap, without_buffers

HEALTHY = {"IST0102", "IST0133"}
"""What istioctl says of every mesh here: that the namespace injects nothing, and that an EnvoyFilter is one."""

DISCOVERY = "extension_config_discovery"
"""Statistics that Istio does not keep."""


@pytest.fixture(scope="module")
def world():
    """An Envoy as old as 1.36 is not this Istio's: doctor says that there the buffers are too small for retries."""
    return "1.40.0", "gate"


@pytest.fixture(scope="module")
def edge(istiod, registry, world, tmp_path_factory):
    """With the statistics that Istio keeps."""
    with running(istiod, registry, world, tmp_path_factory.mktemp("gateway"), POLICY, "web", settings={}) as edge:
        yield edge


@pytest.fixture
def breaks(edge):
    """Pushes a change, and takes it back when the test is over."""
    before = [*edge.mesh.manifests]

    def push(change) -> None:
        changed = copy.deepcopy(before)
        change(changed)
        edge.mesh.manifests[:] = changed
        edge.mesh.push()

    yield push
    edge.mesh.manifests[:] = before
    edge.mesh.push()
    wait_for("the mesh to be right again", lambda: examined(edge).findings == [])


def examined(edge) -> Examined:
    return examine_at(edge.envoy.address)


def analyzed(istiod) -> set[str]:
    """The codes of what `istioctl analyze` finds in the gateway's namespace."""
    command = [built("istio", "istioctl"), "analyze", "-n", rendered.NAMESPACE, "-o", "json", "--failure-threshold"]
    found = istiod.cluster.run(*command, "Error", "--ignore-unknown")
    return {message["code"] for message in json.loads(found)}


# Mistakes.


def of(manifests: list[dict], kind: str) -> list[dict]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def without(*kinds: str, about: str = ""):
    def change(manifests: list[dict]) -> None:
        kept = [one for one in manifests if one["kind"] not in kinds or about not in json.dumps(one["spec"])]
        assert len(kept) < len(manifests)
        manifests[:] = kept

    return change


def each_plugin(**more):
    def change(manifests: list[dict]) -> None:
        for plugin in of(manifests, "WasmPlugin"):
            plugin["spec"].update(copy.deepcopy(more))

    return change


def with_policy(**more):
    def change(manifests: list[dict]) -> None:
        roles(manifests)["router"]["spec"]["pluginConfig"]["policy"] = {**POLICY, **more}

    return change


def another(role: str):
    """Of another name, in front of the gate."""

    def change(manifests: list[dict]) -> None:
        more = copy.deepcopy(roles(manifests)[role])
        more["metadata"]["name"] = "another"
        more["spec"]["priority"] = 1500
        manifests.append(more)

    return change


def gate_elsewhere(manifests: list[dict]) -> None:
    roles(manifests)["gate"]["metadata"]["namespace"] = "elsewhere"


def nowhere(manifests: list[dict]) -> None:
    (entry,) = [entry for entry in of(manifests, "ServiceEntry") if "two" in json.dumps(entry["spec"])]
    entry["spec"]["endpoints"] = [{"address": "nowhere.invalid"}]


def leaking(manifests: list[dict]) -> None:
    for route in of(manifests, "VirtualService")[0]["spec"]["http"]:
        route.pop("headers", None)


def everything_first(manifests: list[dict]) -> None:
    routes = of(manifests, "VirtualService")[0]["spec"]["http"]
    routes.insert(0, routes.pop())


def other_pods(manifests: list[dict]) -> None:
    of(manifests, "Gateway")[0]["spec"]["selector"] = {"istio": "somewhere"}


TENANT = {"name": "t", "match": {"principals": ["spiffe://cluster.local/*"]}}
CLAIMS = {"name": "t", "match": {"claims": [{"name": "org", "value": "acme"}]}}
NOTHING = set()
BROKEN = {
    "the gate runs first": (swap, "gate-first", NOTHING),
    "there is no gate": (lambda manifests: manifests.remove(roles(manifests)["gate"]), "gate-missing", NOTHING),
    "the gate is in another namespace": (gate_elsewhere, "gate-missing", NOTHING),
    "the selector finds no pod": (
        each_plugin(selector={"matchLabels": {"istio": "ingresgateway"}}),
        "not-installed",
        NOTHING,
    ),
    "the Gateway finds no pod": (other_pods, "not-installed", {"IST0101"}),
    "there are two routers": (another("router"), "two-routers", NOTHING),
    "there are two gates": (another("gate"), "two-gates", NOTHING),
    "a failed module lets everything pass": (each_plugin(failStrategy="FAIL_OPEN"), "fail-open", NOTHING),
    "a failed module stays": (each_plugin(failStrategy="FAIL_CLOSE"), "fail-closed", NOTHING),
    "nobody has raised the buffer": (without_buffers, "buffer-too-small", NOTHING),
    "there are no routes": (without("VirtualService"), "no-route", NOTHING),
    "a route is misspelt": (misspell, "route-shadowed", NOTHING),
    "a model's cluster has no route": (
        with_policy(models=[*POLICY["models"], {"name": "c", "cluster": "three"}]),
        "route-shadowed",
        NOTHING,
    ),
    "a route for everything is first": (everything_first, "no-route", {"IST0130"}),
    "a provider is told the cluster": (leaking, "header-leaks", NOTHING),
    "a host is in no ServiceEntry": (
        without("ServiceEntry", "DestinationRule", about="two"),
        "cluster-missing",
        {"IST0101"},
    ),
    "a host has no address": (nowhere, "cluster-without-hosts", NOTHING),
    "nobody asks for certificates": (with_policy(tenants=[TENANT]), "principals-unproven", NOTHING),
    "nobody verifies tokens": (
        with_policy(tenants=[CLAIMS], identity={"jwt": {"payload": "payload"}}),
        "claims-never-there",
        NOTHING,
    ),
    "the policy is none": (with_policy(models="none"), "configuration-invalid", NOTHING),
}


def test_nothing_is_wrong_with_a_right_mesh(edge, istiod):
    assert (examined(edge).code, examined(edge).findings) == (0, []), examined(edge).report
    assert [instance["filter"] for instance in examined(edge).report["instances"]] == [ROUTER, GATE]
    assert analyzed(istiod) == HEALTHY
    # Without the annotation of docs/doctor.md it says what it does not know, and does not call it fine.
    hidden = [sentence for sentence in examined(edge).report["unseen"] if DISCOVERY in sentence]
    assert len(hidden) == 2, examined(edge).report


@pytest.mark.parametrize("mistake", BROKEN)
def test_the_doctor_names_the_one_cause(edge, istiod, breaks, mistake):
    change, cause, analyzers = BROKEN[mistake]
    breaks(change)
    seen = []

    def is_found() -> bool:
        seen[:] = examined(edge).findings
        return seen == [cause]

    try:
        wait_for(cause, is_found, within=20)
    except AssertionError:
        assert seen == [cause]
    assert analyzed(istiod) - HEALTHY == analyzers
    edge.envoy.accept_log()
