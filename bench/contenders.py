"""What is compared: one Envoy configuration each, equal but for the filter."""

import dataclasses
import json
import pathlib

EXT = "type.googleapis.com/envoy.extensions."
CLUSTER = "small"
BUFFER_LIMIT = 32 * 1024 * 1024


@dataclasses.dataclass
class Contender:
    """A filter chain, and what it must do to the request to count as having done its work."""

    name: str
    title: str
    filters: list
    rewrites: bool = False
    by_header: bool = False  # routes by x-pointsman-cluster
    clusters: list = dataclasses.field(default_factory=list)
    helper: list | None = None  # command of a process whose CPU time counts too
    socket: pathlib.Path | None = None  # where the helper listens
    buffer_limit: int = BUFFER_LIMIT


def http_filter(name: str, kind: str, **fields) -> dict:
    return {"name": name, "typed_config": {"@type": f"{EXT}filters.http.{kind}", **fields}}


def wasm(name: str, module: pathlib.Path, configuration: dict | str | None = None, stop: bool = False) -> dict:
    config = {
        "name": name,
        "root_id": name,
        "failure_policy": "FAIL_RELOAD",
        "vm_config": {"vm_id": "", "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(module)}}},
    }
    if stop:
        config["allow_on_headers_stop_iteration"] = True
    if configuration is not None:
        text = configuration if isinstance(configuration, str) else json.dumps(configuration)
        config["configuration"] = {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": text}
    return http_filter(name, "wasm.v3.Wasm", config=config)


def pointsman(module: pathlib.Path, hold: str, policy: dict) -> list:
    chain = [wasm("pointsman-router", module, {"role": "router", "hold": hold, "policy": policy}, stop=hold == "stop")]
    if hold == "gate":
        chain.append(wasm("pointsman-gate", module, {"role": "gate"}))
    return chain


def floor(module: pathlib.Path, hold: str, *left_out: str) -> list:
    """The product's host calls without its logic; `left_out` are words that `floor/` knows."""

    def words(role: str) -> str:
        return " ".join([role, *left_out])

    if hold == "stop":
        return [wasm("floor", module, words("stop"), stop=True)]
    return [wasm("floor-router", module, words("router")), wasm("floor-gate", module, words("gate"))]


def json_to_metadata() -> dict:
    pair = {"metadata_namespace": "bench", "key": "model"}
    return http_filter(
        "json_to_metadata",
        "json_to_metadata.v3.JsonToMetadata",
        request_rules={
            "rules": [
                {
                    "selectors": [{"key": "model"}],
                    "on_present": pair,
                    "on_missing": pair | {"value": "none"},
                    "on_error": pair | {"value": "error"},
                }
            ]
        },
    )


def transform(upstream_model: str) -> dict:
    return http_filter(
        "transform",
        "transform.v3.TransformConfig",
        clear_route_cache=True,
        request_transformation={
            "headers_mutations": [
                {
                    "append": {
                        "header": {"key": "x-model", "value": "%REQUEST_BODY(model)%"},
                        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                    }
                }
            ],
            "body_transformation": {"body_format": {"json_format": {"model": upstream_model}}, "action": "MERGE"},
        },
    )


def lua(upstream_model: str) -> dict:
    return http_filter(
        "lua",
        "lua.v3.Lua",
        default_source_code={
            "inline_string": f"""
function envoy_on_request(handle)
  local body = handle:body()
  local text = body:getBytes(0, body:length())
  local from, to = string.find(text, '"model"%s*:%s*"[^"]*"')
  if from then
    handle:headers():replace("x-model", "{upstream_model}")
    local head, tail = string.sub(text, 1, from - 1), string.sub(text, to + 1)
    local length = body:setBytes(head .. '"model":"{upstream_model}"' .. tail)
    handle:headers():replace("content-length", length)
  end
end
"""
        },
    )


def ext_proc(duplex: bool) -> dict:
    mode = {"request_header_mode": "SEND", "response_header_mode": "SKIP", "request_body_mode": "BUFFERED"}
    if duplex:
        mode |= {"request_body_mode": "FULL_DUPLEX_STREAMED", "request_trailer_mode": "SEND"}
    return http_filter(
        "ext_proc",
        "ext_proc.v3.ExternalProcessor",
        processing_mode=mode,
        message_timeout="10s",
        grpc_service={"envoy_grpc": {"cluster_name": "ext_proc"}, "timeout": "60s"},
    )


def ext_proc_cluster(socket: pathlib.Path) -> dict:
    """HTTP/2 over a Unix socket, with windows that never make anyone wait."""
    return {
        "name": "ext_proc",
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": BUFFER_LIMIT,
        "load_assignment": {
            "cluster_name": "ext_proc",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": str(socket)}}}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": EXT + "upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {
                    "http2_protocol_options": {
                        "initial_stream_window_size": 4 * 1024 * 1024,
                        "initial_connection_window_size": 64 * 1024 * 1024,
                    }
                },
            }
        },
    }


def envoy_config(contender: Contender, port: int, admin: int, backend: int) -> dict:
    """A listener, the filters, one cluster. No access log: what a filter costs is asked, not what logging costs."""
    match, action = {"prefix": "/"}, {"cluster": CLUSTER}
    route = {"match": match, "route": action}
    if contender.by_header:
        match["headers"] = [{"name": "x-pointsman-cluster", "present_match": True}]
        route["route"] = {"cluster_header": "x-pointsman-cluster"}
        route["request_headers_to_remove"] = ["x-pointsman-cluster"]
    manager = {
        "@type": EXT + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": contender.filters + [http_filter("router", "router.v3.Router")],
    }

    def address(number):
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    return {
        "admin": {"address": address(admin)},
        "static_resources": {
            "listeners": [
                {
                    "name": "edge",
                    "address": address(port),
                    "per_connection_buffer_limit_bytes": contender.buffer_limit,
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": CLUSTER,
                    "connect_timeout": "1s",
                    "per_connection_buffer_limit_bytes": contender.buffer_limit,
                    "load_assignment": {
                        "cluster_name": CLUSTER,
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(backend)}}]}],
                    },
                },
                *contender.clusters,
            ],
        },
    }
