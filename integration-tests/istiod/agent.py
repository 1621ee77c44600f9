"""istio-agent and the pod it runs in: modules are fetched, and what istiod says reaches Envoy.

In a pod the agent passes istiod's answers on over one gRPC stream (ADS). Here each resource is a file that Envoy
watches, under the name and with the timeout that it has in Istio. Ports are the sandbox's: a listener gets a free
one on loopback, and a provider's host is where the test runs it.
"""

import copy
import dataclasses
import hashlib
import json
import os
import pathlib

from harness import locations
from istiod.extensions import RBAC, TYPE, WASM
from istiod.translation import Snapshot

API = {"resource_api_version": "V3"}
CLUSTER = TYPE + "envoy.config.cluster.v3.Cluster"
LISTENER = TYPE + "envoy.config.listener.v3.Listener"
ROUTES = TYPE + "envoy.config.route.v3.RouteConfiguration"
EXTENSION = TYPE + "envoy.config.core.v3.TypedExtensionConfig"
SECRET = TYPE + "envoy.extensions.transport_sockets.tls.v3.Secret"


@dataclasses.dataclass(frozen=True)
class Image:
    """What a registry or a web server has under a URL."""

    module: pathlib.Path
    digest: str | None = None
    """The manifest's digest, which is what `sha256` means for `oci://`; for HTTP it is that of the module."""


@dataclasses.dataclass
class Agent:
    folder: pathlib.Path
    images: dict[str, Image] | None
    """By URL; without it, the module under test is everywhere."""
    addresses: dict[str, int]
    """Where the hosts of the world are: the port on loopback for each address that a cluster may name."""
    secrets: dict[str, dict]
    """Certificates and roots by the name under which SDS asks for them."""
    version: int = 0

    def start(self, snapshot: Snapshot) -> dict:
        """Envoy's bootstrap; everything else is in files."""
        for name, secret in self.secrets.items():
            self._write("sds", name, [{"@type": SECRET, "name": name, **secret}])
        self.push(snapshot)
        sources = {
            f"{kind}_config": {"path_config_source": {"path": str(self._file(kind, "all"))}, **API}
            for kind in ("cds", "lds")
        }
        return {
            "node": {
                "id": "router~10.0.0.1~gateway-1.istio-ingress~istio-ingress.svc.cluster.local",
                "cluster": "istio-ingress",
            },
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "dynamic_resources": sources,
        }

    def push(self, snapshot: Snapshot) -> None:
        """Clusters first, listeners last, as istiod orders them."""
        self.version += 1
        self._write("cds", "all", [{"@type": CLUSTER, **self._local_cluster(one)} for one in snapshot.clusters])
        self.push_extensions(snapshot)
        for name, routes in snapshot.routes.items():
            self._write("rds", name, [{"@type": ROUTES, **routes}])
        self._write("lds", "all", [{"@type": LISTENER, **self._local_listener(one)} for one in snapshot.listeners])

    def push_extensions(self, snapshot: Snapshot) -> None:
        self.version += 1
        for name, extension in snapshot.extensions.items():
            self._write("ecds", name, [{"@type": EXTENSION, **self.fetched(extension)}])

    def fetched(self, extension: dict) -> dict:
        """With the module as a local file. If it cannot be had: nobody passes, or everybody if the plugin fails
        open."""
        if extension["typed_config"]["@type"] != WASM:
            return extension
        extension = copy.deepcopy(extension)
        config = extension["typed_config"]["config"]
        variables = config["vm_config"].get("environment_variables", {})
        kept = {
            key: value for key, value in variables.get("key_values", {}).items() if not key.startswith("ISTIO_META_")
        }
        config["vm_config"].pop("environment_variables", None)
        if kept or variables.get("host_env_keys"):
            config["vm_config"]["environment_variables"] = {**variables, "key_values": kept}
        remote = config["vm_config"]["code"].get("remote")
        if remote is None:
            return extension
        module = self._download(remote["http_uri"]["uri"], remote.get("sha256", ""))
        if module is None:
            return {"name": extension["name"], "typed_config": stand_in(config.get("failure_policy") == "FAIL_OPEN")}
        config["vm_config"]["code"] = {"local": {"filename": str(module)}}
        return extension

    def _download(self, url: str, sha256: str) -> pathlib.Path | None:
        image = Image(locations.module()) if self.images is None else self.images.get(url)
        wanted = "" if sha256 == "nil" else sha256
        if image is None:
            return None
        actual = image.digest if url.startswith("oci://") else hashlib.sha256(image.module.read_bytes()).hexdigest()
        return image.module if wanted in ("", actual) else None

    def _local_cluster(self, cluster: dict) -> dict:
        cluster = copy.deepcopy(cluster)
        for group in cluster.get("load_assignment", {}).get("endpoints", []):
            for endpoint in group["lb_endpoints"]:
                place = endpoint["endpoint"]["address"]["socket_address"]
                if place["address"] in self.addresses:
                    place |= {"address": "127.0.0.1", "port_value": self.addresses[place["address"]]}
        return self._from_files(cluster)

    def _local_listener(self, listener: dict) -> dict:
        address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
        return self._from_files({**listener, "address": address})

    def _from_files(self, value):
        """Whatever istiod says to ask it for, by ADS, is asked of a file instead."""
        match value:
            case {"config_discovery": {"config_source": {"ads": _}}}:
                source = self._source("ecds", value["name"], value["config_discovery"]["config_source"])
                return {**value, "config_discovery": {**value["config_discovery"], "config_source": source}}
            case {"route_config_name": name, "config_source": {"ads": _}}:
                return {**value, "config_source": self._source("rds", name, value["config_source"])}
            case {"name": name, "sds_config": {"ads": _}}:
                return {**value, "sds_config": self._source("sds", name, value["sds_config"])}
            case dict():
                return {key: self._from_files(item) for key, item in value.items()}
            case list():
                return [self._from_files(item) for item in value]
        return value

    def _source(self, kind: str, name: str, source: dict) -> dict:
        rest = {key: value for key, value in source.items() if key != "ads"}
        return {"path_config_source": {"path": str(self._file(kind, name))}, **API, **rest}

    def _write(self, kind: str, name: str, resources: list[dict]) -> None:
        """In one step; a file that says the same stays, as istiod does not send again what has not changed."""
        file = self._file(kind, name)
        text = json.dumps(resources, ensure_ascii=False, sort_keys=True)
        known = file.with_suffix(".sent")
        if known.exists() and known.read_text() == text:
            return
        known.write_text(text)
        draft = file.with_suffix(".new")
        draft.write_text(f'{{"version_info": "{self.version}", "resources": {text}}}')
        os.replace(draft, file)

    def _file(self, kind: str, name: str) -> pathlib.Path:
        safe = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in name)
        place = self.folder / kind / f"{safe}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def stand_in(allow: bool) -> dict:
    if allow:
        return {"@type": RBAC, "rules_stat_prefix": "wasm-default-allow"}
    everybody = {"permissions": [{"any": True}], "principals": [{"any": True}]}
    return {
        "@type": RBAC,
        "rules": {"action": "DENY", "policies": {"wasm": everybody}},
        "rules_stat_prefix": "wasm-default-deny",
    }
