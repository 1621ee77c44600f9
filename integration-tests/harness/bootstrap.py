"""Builds the Envoy configuration of a test: the documented installation, and the wrong ones."""

import dataclasses
import json
import pathlib

TYPE = "type.googleapis.com/"
EXTENSIONS = TYPE + "envoy.extensions."
WASM_TYPE = EXTENSIONS + "filters.http.wasm.v3.Wasm"
CLUSTER_HEADER = "x-pointsman-cluster"

ACCESS_LOG_FIELDS = {
    "id": "%REQ(X-TEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(:PATH)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "record": "%FILTER_STATE(wasm.pointsman:PLAIN)%",
}


@dataclasses.dataclass(frozen=True)
class Chain:
    """The module's instances in front of Envoy's router, in order."""

    roles: tuple[str, ...]
    flag: bool
    apart: bool = False
    """Each instance has a virtual machine of its own, and the gate a module of its own, as in Envoy Gateway."""

    @staticmethod
    def of(hold: str) -> "Chain":
        return Chain(("router",), True) if hold == "stop" else Chain(("router", "gate"), False)


def plugin_configuration(role: str, hold: str, policy: dict | None) -> dict:
    return {"role": "router", "hold": hold, "policy": policy} if role == "router" else {"role": "gate"}


def remote(url: str, sha256: str) -> dict:
    """A module that Envoy fetches, from the cluster `modules`."""
    uri = {"uri": url, "cluster": "modules", "timeout": "10s"}
    return {"remote": {"http_uri": uri, "sha256": sha256}}


def wasm_filter(
    role: str,
    configuration: dict,
    module: pathlib.Path | dict,
    flag: bool,
    vm_id: str = "",
    name: str | None = None,
    environment: tuple[str, ...] = (),
) -> dict:
    """The typed config of one instance. A module is a file, or where Envoy finds it. It sees these variables of
    Envoy's environment."""
    code = module if isinstance(module, dict) else {"local": {"filename": str(module)}}
    plugin = {
        "name": name or f"pointsman-{role}",
        "root_id": name or f"pointsman-{role}",
        "failure_policy": "FAIL_RELOAD",
        "vm_config": {"vm_id": vm_id, "runtime": "envoy.wasm.runtime.v8", "code": code},
        "configuration": {
            "@type": TYPE + "google.protobuf.StringValue",
            "value": json.dumps(configuration, ensure_ascii=False),
        },
    }
    if environment:
        plugin["vm_config"]["environment_variables"] = {"host_env_keys": list(environment)}
    if flag and role == "router":
        plugin["allow_on_headers_stop_iteration"] = True
    return {"@type": WASM_TYPE, "config": plugin}


def discovered(name: str, file: pathlib.Path) -> dict:
    """An HTTP filter whose configuration comes from a file, by extension config discovery."""
    source = {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
    return {"name": name, "config_discovery": {"config_source": source, "type_urls": [WASM_TYPE]}}


def discovery_response(name: str, version: str, typed_config: dict) -> dict:
    resource = {"@type": TYPE + "envoy.config.core.v3.TypedExtensionConfig", "name": name, "typed_config": typed_config}
    return {"version_info": version, "resources": [resource]}


def routes(default_cluster: str | None) -> list[dict]:
    steered = {
        "match": {"prefix": "/", "headers": [{"name": CLUSTER_HEADER, "present_match": True}]},
        "route": {"cluster_header": CLUSTER_HEADER, "timeout": "0s"},
        "request_headers_to_remove": [CLUSTER_HEADER],
    }
    rest = {"match": {"prefix": "/"}, "route": {"cluster": default_cluster, "timeout": "0s"}}
    return [steered, rest] if default_cluster else [steered]


def cluster(name: str, port: int, http2: bool) -> dict:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    built = {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": endpoints}}
    key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    protocol = {"http2_protocol_options": {}} if http2 else {"http_protocol_options": {"enable_trailers": True}}
    built["typed_extension_protocol_options"] = {key: {"@type": TYPE + key, "explicit_http_config": protocol}}
    return built


def listener(
    name: str, http_filters: list[dict], default_cluster: str | None, access_log: pathlib.Path, buffer_limit: int | None
) -> dict:
    log = {
        "@type": EXTENSIONS + "access_loggers.file.v3.FileAccessLog",
        "path": str(access_log),
        "log_format": {"json_format": ACCESS_LOG_FIELDS},
    }
    manager = {
        "@type": EXTENSIONS + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "codec_type": "AUTO",
        "http_protocol_options": {"enable_trailers": True},
        "access_log": [{"name": "file", "typed_config": log}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes(default_cluster)}]},
        "http_filters": [
            *http_filters,
            {"name": "router", "typed_config": {"@type": EXTENSIONS + "filters.http.router.v3.Router"}},
        ],
    }
    built = {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    if buffer_limit is not None:
        built["per_connection_buffer_limit_bytes"] = buffer_limit
        # What an HTTP/2 stream may hold is its window, whatever the connection may.
        manager["http2_protocol_options"] = {"initial_stream_window_size": max(buffer_limit, 65535)}
    return built


def bootstrap(listeners: list[dict], clusters: list[dict]) -> dict:
    return {
        "node": {"id": "integration-tests", "cluster": "integration-tests"},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }
