"""WasmPlugin: which ones a workload gets, in which order, under which names, with which configuration."""

import dataclasses
import re

from istiod import gojson
from istiod.resources import Mesh, Resource, Workload

TYPE = "type.googleapis.com/"
WASM = TYPE + "envoy.extensions.filters.http.wasm.v3.Wasm"
RBAC = TYPE + "envoy.extensions.filters.http.rbac.v3.RBAC"
PHASES = ("AUTHN", "AUTHZ", "STATS", "UNSPECIFIED_PHASE")
ADS = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
TRANSLATED = "~istio-translated-wasmplugin"
FAILURE_POLICIES = {"FAIL_CLOSE": "FAIL_CLOSED", "FAIL_OPEN": "FAIL_OPEN", "FAIL_RELOAD": "FAIL_RELOAD"}

RESOURCE_VERSION = "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"
PULL_POLICY = "ISTIO_META_WASM_IMAGE_PULL_POLICY"
PULL_SECRET = "ISTIO_META_WASM_IMAGE_PULL_SECRET"

CLIENT_SIDE = {"gateway", "sidecar-outbound"}
"""The classes of listeners that `mode: CLIENT` means; waypoints are not among them."""


@dataclasses.dataclass(frozen=True)
class Plugin:
    resource: Resource
    release: tuple[int, int]

    @property
    def phase(self) -> str:
        return self.resource.spec.get("phase", "UNSPECIFIED_PHASE")

    @property
    def name(self) -> str:
        """What the plugin calls itself: `plugin_name`, and the prefix of its log lines."""
        name = f"{self.resource.namespace}.{self.resource.name}"
        return name if self.release < (1, 30) else name + TRANSLATED

    @property
    def filter_name(self) -> str:
        """The HTTP filter and the resource that it discovers. From 1.30 on every WasmPlugin becomes a
        TrafficExtension."""
        kind = "wasmplugin" if self.release < (1, 30) else "trafficextension"
        return f"extensions.istio.io/{kind}/{self.name}"

    def http_filter(self) -> dict:
        """RBAC is what the agent puts there when it cannot get the module."""
        return {"name": self.filter_name, "config_discovery": {"config_source": ADS, "type_urls": [WASM, RBAC]}}

    def extension(self) -> dict:
        spec = self.resource.spec
        vm = {"runtime": "envoy.wasm.runtime.v8", "code": code(spec), "environment_variables": environment(spec)}
        config = {"name": self.name, "root_id": spec.get("pluginName", ""), "vm_config": vm}
        config["failure_policy"] = FAILURE_POLICIES[spec.get("failStrategy", "FAIL_CLOSE")]
        if spec.get("pluginConfig"):
            text = gojson.dumps(spec["pluginConfig"])
            config["configuration"] = {"@type": TYPE + "google.protobuf.StringValue", "value": text}
        return {"name": self.filter_name, "typed_config": {"@type": WASM, "config": config}}


def plugins(mesh: Mesh, workload: Workload, listener_class: str, port: int) -> dict[str, list[Plugin]]:
    """The plugins of one listener by phase, each phase in the order of the chain: a higher priority runs first, none
    is the lowest, and the older resource wins a tie."""
    wanted = [
        resource
        for resource in mesh.applying_to("WasmPlugin", workload)
        if concerns(resource.spec, listener_class, port)
    ]
    wanted.sort(key=lambda resource: resource.created)
    wanted.sort(key=lambda resource: -resource.spec.get("priority", float("-inf")))
    built = [Plugin(resource, workload.release) for resource in wanted]
    return {phase: [plugin for plugin in built if plugin.phase == phase] for phase in PHASES}


def concerns(spec: dict, listener_class: str, port: int) -> bool:
    if spec.get("type", "HTTP") == "NETWORK":
        return False
    matches = spec.get("match", [])
    return not matches or any(in_mode(match, listener_class) and on_port(match, port) for match in matches)


def in_mode(match: dict, listener_class: str) -> bool:
    match match.get("mode", "UNDEFINED"):
        case "CLIENT":
            return listener_class in CLIENT_SIDE
        case "SERVER":
            return listener_class not in CLIENT_SIDE
    return True


def on_port(match: dict, port: int) -> bool:
    ports = match.get("ports", [])
    return not ports or any(wanted["number"] == port for wanted in ports)


def code(spec: dict) -> dict:
    url = spec["url"]
    if url.startswith("file://"):
        return {"local": {"filename": url.removeprefix("file://")}}
    uri = url if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", url) else f"oci://{url}"
    remote = {"http_uri": {"uri": uri, "timeout": "30s", "cluster": "_"}}
    if spec.get("sha256"):
        remote["sha256"] = spec["sha256"]
    return {"remote": remote}


def environment(spec: dict) -> dict:
    values, host_keys = {}, []
    if spec.get("imagePullSecret"):
        values[PULL_SECRET] = spec["imagePullSecret"]
    if spec.get("imagePullPolicy", "UNSPECIFIED_POLICY") != "UNSPECIFIED_POLICY":
        values[PULL_POLICY] = spec["imagePullPolicy"]
    values[RESOURCE_VERSION] = "1"
    for variable in spec.get("vmConfig", {}).get("env", []):
        if variable.get("valueFrom", "INLINE") == "HOST":
            host_keys.append(variable["name"])
        else:
            values[variable["name"]] = variable.get("value", "")
    return {"key_values": values, **({"host_env_keys": host_keys} if host_keys else {})}
