"""What each installation costs a proxy: docs/supported.md has what this prints. Nothing here is a limit but memory,
far above what was seen: a busy machine is slow, and an allocator keeps more."""

import contextlib
import os
import pathlib

import pytest

from harness.edge import Installation
from harness.waiting import wait_for
from mesh import envoy_gateway
from mesh.application import Application, called
from mesh.gateway import running
from mesh.workload import Workload

VERSION = "1.40.0"
POLICY = {"models": [{"name": "m", "cluster": "provider", "upstreamModel": "mm"}]}
MEMORY = 200
PLUGINS = ("WasmPlugin",)


def since_start(pid: int) -> int:
    """For how many milliseconds a process has been there."""
    ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    return round((uptime - ticks / os.sysconf("SC_CLK_TCK")) * 1000)


def without(manifests: list[dict]) -> None:
    manifests[:] = [one for one in manifests if one["kind"] not in PLUGINS]


def gateway(request, hold: str, **more):
    istiod, registry = request.getfixturevalue("istiod"), request.getfixturevalue("registry")
    folder = request.getfixturevalue("tmp_path")
    return running(istiod, registry, (VERSION, hold), folder, POLICY, "web", **more)


@contextlib.contextmanager
def sidecar(request):
    istiod, registry = request.getfixturevalue("istiod"), request.getfixturevalue("registry")
    folder, host, port = request.getfixturevalue("tmp_path"), "llm.example.com", 8080
    target = {"target": "sidecar", "namespace": "chat", "selector": {"app": "chat"}, "hosts": [host], "port": port}
    labels = {"app": "chat", "security.istio.io/tlsMode": "istio"}
    with called(istiod, registry, folder, POLICY, "gate", target) as (providers, hosts), contextlib.ExitStack() as ends:
        pod = Workload(istiod, VERSION, folder / "pod", "chat", "chat", labels, hosts=hosts)
        ends.callback(pod.stop)
        application = Application(pod, Installation(VERSION, "gate", POLICY), providers, f"http://{host}:{port}")
        wait_for("the router", lambda: application.ask("/v1/models", method="GET").status == 200)
        yield application


def behind_envoy_gateway(request):
    registry, folder = request.getfixturevalue("registry"), request.getfixturevalue("tmp_path") / "eg"
    return envoy_gateway.running(registry, VERSION, folder, POLICY, "web")


INSTALLATIONS = {
    "Istio gateway without a module": lambda request: gateway(
        request, "gate", change=without, ready=lambda edge: edge.ask("/", method="GET").status == 200
    ),
    "Istio gateway, `hold: gate`": lambda request: gateway(request, "gate"),
    "Istio gateway, `hold: stop`": lambda request: gateway(request, "stop"),
    "Istio sidecar, `hold: gate`": sidecar,
    "Envoy Gateway": behind_envoy_gateway,
}


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_a_proxy_takes_no_more_than_its_page_says(request, capsys, name):
    with INSTALLATIONS[name](request) as edge:
        first = since_start(edge.envoy.pid)
        if "without" not in name:
            for _ in range(100):
                edge.chat("m")
        with open(f"/proc/{edge.envoy.pid}/status") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
        with capsys.disabled():
            print(f"\n{name}: the first answer {first} ms after Envoy's start, {resident:.0f} MB resident")
        assert resident < MEMORY
