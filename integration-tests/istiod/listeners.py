"""Gateway: a listener for each port, with Istio's filters in Istio's order.

Filters that exist only in Istio's build of Envoy are stood for by filters of the same name that change nothing,
except that `istio.metadata_exchange` adds the two headers that a gateway sends to its upstreams.
"""

from istiod import authentication
from istiod.extensions import ADS, TYPE, plugins
from istiod.resources import Mesh, Resource, Workload

HTTP = TYPE + "envoy.extensions.filters.http."
MANAGER = TYPE + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
DOWNSTREAM_TLS = TYPE + "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
INSPECTOR = TYPE + "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
TLS_PROTOCOLS = {"HTTPS"}


def servers(mesh: Mesh, workload: Workload) -> list[tuple[Resource, dict]]:
    """Every server of every Gateway that selects this workload."""
    gateways = [gateway for gateway in mesh.of("Gateway") if workload.selected_by(gateway.spec.get("selector"))]
    return [(gateway, server) for gateway in gateways for server in gateway.spec["servers"]]


def route_name(gateway: Resource, server: dict) -> str:
    port = server["port"]
    if port["protocol"] in TLS_PROTOCOLS:
        return f"https.{port['number']}.{port['name']}.{gateway.name}.{gateway.namespace}"
    return f"http.{port['number']}"


def listeners(mesh: Mesh, workload: Workload, access_log: list[dict]) -> list[dict]:
    built: dict[str, dict] = {}
    for gateway, server in servers(mesh, workload):
        port = server["port"]["number"]
        name = f"0.0.0.0_{port}"
        if name not in built:
            address = {"socket_address": {"address": "0.0.0.0", "port_value": port}}
            built[name] = {"name": name, "address": address, "traffic_direction": "OUTBOUND", "filter_chains": []}
        listener = built[name]
        manager = connection_manager(mesh, workload, port, f"outbound_{name};", route_name(gateway, server), access_log)
        chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        if server["port"]["protocol"] in TLS_PROTOCOLS:
            listener["listener_filters"] = [
                {"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": INSPECTOR}}
            ]
            chain |= tls(server)
        if chain not in listener["filter_chains"]:
            listener["filter_chains"].append(chain)
    return list(built.values())


def tls(server: dict) -> dict:
    wanted, names = server["tls"], [host.rpartition("/")[2] for host in server["hosts"]]
    own, roots = ("default", "ROOTCA")
    if wanted["mode"] != "ISTIO_MUTUAL":
        own = f"kubernetes://{wanted['credentialName']}"
        roots = own + "-cacert"
    common = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificate_sds_secret_configs": [{"name": own, "sds_config": {"ads": {}}}],
    }
    if wanted["mode"] in ("MUTUAL", "OPTIONAL_MUTUAL", "ISTIO_MUTUAL"):
        secret = {"name": roots, "sds_config": {"ads": {}}}
        common["combined_validation_context"] = {
            "default_validation_context": {},
            "validation_context_sds_secret_config": secret,
        }
    context = {"@type": DOWNSTREAM_TLS, "common_tls_context": common}
    context["require_client_certificate"] = wanted["mode"] in ("MUTUAL", "ISTIO_MUTUAL")
    chain = {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context}}
    return chain if "*" in names else {**chain, "filter_chain_match": {"server_names": names}}


def connection_manager(
    mesh: Mesh, workload: Workload, port: int, prefix: str, routes: str, access_log: list[dict]
) -> dict:
    """A gateway tells upstreams who the client is by its certificate, and only by it: `SANITIZE_SET`."""
    return {
        "@type": MANAGER,
        "codec_type": "AUTO",
        "stat_prefix": prefix,
        "rds": {"config_source": ADS, "route_config_name": routes},
        "access_log": access_log,
        "use_remote_address": True,
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"subject": True, "cert": True, "dns": True, "uri": True},
        "normalize_path": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "server_name": "istio-envoy",
        "http_filters": http_filters(mesh, workload, port),
    }


def http_filters(mesh: Mesh, workload: Workload, port: int) -> list[dict]:
    own = plugins(mesh, workload, workload.kind, port)
    chain = [metadata_exchange()]
    chain += [plugin.http_filter() for plugin in own["AUTHN"]]
    chain += authentication.jwt_filters(mesh, workload)
    chain += [plugin.http_filter() for plugin in own["AUTHZ"]]
    chain += authentication.rbac_filters(mesh, workload)
    chain += [plugin.http_filter() for phase in ("STATS", "UNSPECIFIED_PHASE") for plugin in own[phase]]
    stats = {"emit_filter_state": True, "stats_for_all_methods": False}
    chain.append(known("envoy.filters.http.grpc_stats", "grpc_stats.v3.FilterConfig", stats))
    chain.append(placeholder("istio.alpn"))
    chain.append(known("envoy.filters.http.fault", "fault.v3.HTTPFault"))
    chain.append(known("envoy.filters.http.cors", "cors.v3.Cors"))
    chain.append(placeholder("istio.stats"))
    chain.append(known("envoy.filters.http.router", "router.v3.Router"))
    return chain


def known(name: str, kind: str, config: dict | None = None) -> dict:
    return {"name": name, "typed_config": {"@type": HTTP + kind, **(config or {})}}


def placeholder(name: str, mutations: dict | None = None) -> dict:
    return known(name, "header_mutation.v3.HeaderMutation", {"mutations": mutations or {}})


def metadata_exchange() -> dict:
    headers = {
        "x-envoy-peer-metadata-id": "router~10.0.0.1~gateway-1.istio-ingress~cluster.local",
        "x-envoy-peer-metadata": "ChIK",
    }
    added = [
        {"append": {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
        for name, value in headers.items()
    ]
    return placeholder("istio.metadata_exchange", {"request_mutations": added})
