"""An edge as an operator makes it: a folder with a policy, a deployment and key files, rendered by `pointsman render
envoy`.

The rendered configuration is started as it is. Only one thing is added to it: the test's id of a request, in the
access log.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping

import yaml

from harness import locations
from harness.edge import Edge
from harness.envoy import Envoy
from harness.keys import Key, KeyFile
from harness.messages import Recorded
from harness.outage import FailingProvider, serving
from harness.pairing import WHOLE
from harness.steady import Steady

LOG_FORMAT = re.compile("^( *)(json_format:\n)", re.MULTILINE)
TEST_ID = 'id: "%REQ(X-TEST-ID)%"\n'
IDLE = "60s"
"""For most tests: no provider hangs, and one that is slow because this machine is busy is still waited for."""
SHORT_IDLE = "2s"
"""For tests of providers that hang: what each of them costs."""
NEVER = {"consecutiveGatewayFailure": 0}
"""Outlier detection for tests of something else: nobody is left alone for what an earlier test did."""
UNREADABLE = b"POST /v1/chat/completions HTTP/1.1\r\nhost: edge.test\r\ncontent-type: application/json\r\n\r\n{"


@dataclasses.dataclass(frozen=True)
class World:
    """An Envoy version, the mechanism that moves a request to another provider there, and a hold mode."""

    version: str
    mechanism: str
    hold: str = "stop"

    def __str__(self) -> str:
        return "-".join((self.version, self.mechanism, *([self.hold] if self.hold != "stop" else [])))


WORLDS = (
    World("1.36.4", "aggregate"),
    World("1.37.0", "aggregate"),
    World("1.37.0", "composite"),
    World("1.39.3", "aggregate"),
    World("1.39.3", "composite"),
    World("1.40.0", "aggregate"),
    World("1.40.0", "composite"),
    World("1.40.0", "priorityGroup"),
    World("1.39.3", "matcher"),
    World("1.40.0", "matcher"),
)
EACH_VERSION = (WORLDS[0], WORLDS[2], WORLDS[4], WORLDS[7], WORLDS[8], WORLDS[9])
"""Every Envoy and every mechanism, but not all combinations: an Envoy costs seconds to start."""
MOST = (*EACH_VERSION, WORLDS[5])
"""For what depends on the mechanism, unless the whole product is wanted. Left out are versions of a mechanism between
two that are tested: a fault there would be one that an Envoy had in between and nowhere else."""
ENDS = (WORLDS[0], WORLDS[7], WORLDS[9])
"""The oldest and the newest Envoy: for what does not depend on the mechanism."""
GATES = (World("1.36.4", "aggregate", "gate"), World("1.40.0", "priorityGroup", "gate"))
EACH_ONCE = (*EACH_VERSION, *GATES) if WHOLE else (GATES[0], WORLDS[2], WORLDS[8], GATES[1], WORLDS[9])
"""Every Envoy, every mechanism and both hold modes, each at least once: for what an attempt is made of, which is
written by the same code whatever moves the request on. Left out is a hold mode that meets a mechanism, and `composite`
in an Envoy between two others, where `test_statistics.py` and `test_outcome.py` run it."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """What an operator writes. The defaults are for tests: short times."""

    world: World
    policy: dict
    deployment: Mapping[str, object] = dataclasses.field(default_factory=dict)
    """More for the deployment file."""
    clusters: Mapping[str, Mapping] = dataclasses.field(default_factory=dict)
    """More for the clusters of the deployment file."""
    keys: Mapping[str, Key] = dataclasses.field(default_factory=dict)
    idle: str = IDLE
    """How long an attempt may be silent."""
    concurrency: int = 1
    discovered: bool = False
    log_level: str = "info"
    """Of the module."""

    def providers(self) -> list[str]:
        return list(dict.fromkeys(model["cluster"] for model in self.policy["models"]))


class Folder:
    """What the operator keeps."""

    def __init__(self, path: pathlib.Path, setting: Setting, providers: Mapping[str, FailingProvider]):
        self.path, self.setting = path, setting
        keys = path / "keys"
        keys.mkdir()
        self.key_files = {name: KeyFile(keys, name) for name in setting.keys}
        for name, key in setting.keys.items():
            self.key_files[name].write(key.value)
        self.write_policy(setting.policy)
        (path / "deployment.yaml").write_text(yaml.safe_dump(self._deployment(providers)))

    def _deployment(self, providers: Mapping[str, FailingProvider]) -> dict:
        world = self.setting.world
        failover = {
            "mechanism": world.mechanism,
            "perTryIdleTimeout": self.setting.idle,
            "backOff": {"baseInterval": "1ms", "maxInterval": "2ms"},
        }
        return {
            "envoyVersion": world.version.rpartition(".")[0],
            "listener": {"port": 0},
            "hold": world.hold,
            "failover": failover,
            "clusters": [self._cluster(provider) for provider in providers.values()],
            **self.setting.deployment,
        }

    def _cluster(self, provider: FailingProvider) -> dict:
        described = {"name": provider.name, "address": "127.0.0.1", "port": provider.port, "connectTimeout": "30s"}
        if key := self.setting.keys.get(provider.name):
            described["credential"] = {"header": key.header, "sds": f"keys/{provider.name}.json"}
        return {**described, "outlierDetection": NEVER, **self.setting.clusters.get(provider.name, {})}

    def write_policy(self, policy: dict) -> None:
        (self.path / "policy.yaml").write_text(yaml.safe_dump(policy, allow_unicode=True))

    @property
    def discovery(self) -> pathlib.Path:
        return self.path / "discovery"

    @property
    def discovering(self) -> tuple:
        """The options that make Envoy follow files."""
        return ("--xds-dir", self.discovery) if self.setting.discovered else ()

    def render(self, *options) -> str:
        module = locations.module_for(self.setting.policy)
        return self._pointsman("render", "envoy", self.path, "--wasm", module, *options)

    def explain(self, request: bytes) -> dict:
        """The record that `pointsman explain` prints for a request as bytes."""
        file = self.path / "request.http"
        file.write_bytes(request)
        return json.loads(self._pointsman("explain", self.path / "policy.yaml", "--request", file, "--output", "json"))

    def _pointsman(self, *arguments) -> str:
        done = subprocess.run([locations.cli(), *arguments], capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


class Failover(Edge):
    """An edge, its folder, and providers that fail when told to."""

    providers: dict[str, FailingProvider]

    def __init__(self, envoy: Envoy, folder: Folder, providers: dict[str, FailingProvider], arrived: list[Recorded]):
        super().__init__(envoy, folder.setting, providers, folder.path)
        self._access_log = envoy.log_file
        self._arrived = arrived
        self.made = folder

    def push(self, policy: dict, only: str | None = None) -> str:
        """Renders a new policy for the running Envoy to take over, clusters first, or only one file of what it needs,
        and says its version."""
        self.made.write_policy(policy)
        if only:
            beside = self.made.path / "beside"
            self.made.render("--xds-dir", beside)
            os.replace(beside / only, self.made.discovery / only)
        else:
            self.made.render(*self.made.discovering, "--admin", self.envoy.admin_address)
        return self.made.explain(UNREADABLE)["policy"]

    def arrived(self, test_id: str) -> list[Recorded]:
        """The attempts and copies that reached a provider, whole or in part, in order of arrival."""
        return [request for request in list(self._arrived) if request.header("x-test-id") == test_id]

    def all_arrived(self) -> list[Recorded]:
        return list(self._arrived)

    def steady(self, rate: int, seconds: float, request: Callable) -> Steady:
        """Load at a fixed rate, for a `with` block."""
        return Steady(self.port, rate, seconds, request)

    def tried(self, test_id: str) -> list[tuple[str, str]]:
        """The providers and models that an attempt or copy of this request reached, in order of arrival."""
        return [(request.provider, request.json()["model"]) for request in self.arrived(test_id)]

    def assert_healthy(self) -> None:
        for provider in self.providers.values():
            provider.restore()
            provider.pause = 0.0
        super().assert_healthy()
        self._arrived.clear()


@contextlib.contextmanager
def running(setting: Setting, path: pathlib.Path) -> Iterator[Failover]:
    arrived: list[Recorded] = []
    providers = {name: FailingProvider(name, arrived) for name in setting.providers()}
    with serving(list(providers.values())):
        folder = Folder(path, setting, providers)
        config, changes = LOG_FORMAT.subn(r"\1\2\1  " + TEST_ID, folder.render(*folder.discovering))
        assert changes == 1
        envoy = Envoy(setting.world.version, config, path / "envoy", setting.concurrency, setting.log_level)
        try:
            yield Failover(envoy, folder, providers, arrived)
        finally:
            envoy.stop()
