"""ServiceEntry and DestinationRule: one cluster `outbound|<port>|<subset>|<host>` for each port and subset of a
host."""

from istiod.extensions import TYPE
from istiod.resources import Mesh, Workload

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
UPSTREAM_TLS = TYPE + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
CARES = TYPE + "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
MAX = 2**32 - 1
HTTP2_PORTS = {"HTTP2", "GRPC"}


def name_of(host: str, port: int, subset: str = "") -> str:
    return f"outbound|{port}|{subset}|{host}"


def clusters(mesh: Mesh, workload: Workload) -> list[dict]:
    """A gateway gets the clusters of all hosts."""
    built = []
    for entry in mesh.of("ServiceEntry"):
        for host in entry.spec["hosts"]:
            for port in entry.spec["ports"]:
                built += of_port(mesh, workload, entry.spec, host, port)
    return built


def of_port(mesh: Mesh, workload: Workload, entry: dict, host: str, port: dict) -> list[dict]:
    rule = rule_for(mesh, workload, host)
    whole = policy_of(rule.get("trafficPolicy", {}), port["number"])
    built = [cluster(entry, host, port, whole)]
    for subset in rule.get("subsets", []):
        policy = {**whole, **policy_of(subset.get("trafficPolicy", {}), port["number"])}
        built.append(cluster(entry, host, port, policy, subset))
    return [one for one in built if one]


def rule_for(mesh: Mesh, workload: Workload, host: str) -> dict:
    """The DestinationRule of the workload's own namespace, else one that another namespace exports."""
    rules = [rule for rule in mesh.of("DestinationRule") if rule.spec["host"] == host]
    rules.sort(key=lambda rule: rule.namespace != workload.namespace)
    return rules[0].spec if rules else {}


def policy_of(policy: dict, port: int) -> dict:
    """A port's own settings replace the general ones as a whole."""
    for own in policy.get("portLevelSettings", []):
        if own.get("port", {}).get("number") == port:
            return {key: value for key, value in own.items() if key != "port"}
    return {key: value for key, value in policy.items() if key != "portLevelSettings"}


def cluster(entry: dict, host: str, port: dict, policy: dict, subset: dict | None = None) -> dict | None:
    name = name_of(host, port["number"], subset["name"] if subset else "")
    discovery = {"DNS": "STRICT_DNS", "STATIC": "STATIC"}[entry.get("resolution", "NONE")]
    endpoints = endpoints_of(entry, host, port, (subset or {}).get("labels", {}))
    if not endpoints:
        return None
    built = {
        "name": name,
        "alt_stat_name": f"{name};",
        "type": discovery,
        "connect_timeout": "10s",
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": {},
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
        "metadata": {
            "filter_metadata": {"istio": {"external": entry.get("location", "MESH_EXTERNAL") == "MESH_EXTERNAL"}}
        },
    }
    if discovery == "STRICT_DNS":
        built |= {
            "dns_lookup_family": "V4_ONLY",
            "dns_refresh_rate": "60s",
            "respect_dns_ttl": True,
            "dns_jitter": "0.100s",
        }
        resolver = {"@type": CARES, "udp_max_queries": 100}
        built["typed_dns_resolver_config"] = {"name": "envoy.network.dns_resolver.cares", "typed_config": resolver}
    apply(built, port, policy)
    return built


def endpoints_of(entry: dict, host: str, port: dict, labels: dict) -> list[dict]:
    """Without endpoints, DNS asks for the host itself. Localities become groups; all have one priority."""
    listed = entry.get("endpoints") or ([{"address": host}] if entry.get("resolution") == "DNS" else [])
    groups: dict[str, list] = {}
    for endpoint in listed:
        if any(endpoint.get("labels", {}).get(key) != value for key, value in labels.items()):
            continue
        number = endpoint.get("ports", {}).get(port["name"]) or port.get("targetPort") or port["number"]
        address = {"socket_address": {"address": endpoint["address"], "port_value": number}}
        groups.setdefault(endpoint.get("locality", ""), []).append(
            {"endpoint": {"address": address}, "load_balancing_weight": endpoint.get("weight", 1)}
        )
    return [
        {
            "locality": locality(name),
            "lb_endpoints": found,
            "load_balancing_weight": sum(e["load_balancing_weight"] for e in found),
        }
        for name, found in groups.items()
    ]


def locality(name: str) -> dict:
    return dict(zip(("region", "zone", "sub_zone"), filter(None, name.split("/")), strict=False))


def apply(built: dict, port: dict, policy: dict) -> None:
    options: dict = {}
    pool = policy.get("connectionPool", {})
    http, tcp = pool.get("http", {}), pool.get("tcp", {})
    if port["protocol"] in HTTP2_PORTS or http.get("h2UpgradePolicy") == "UPGRADE":
        options["explicit_http_config"] = {"http2_protocol_options": {}}
    if http.get("useClientProtocol"):
        options = {"use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}}}
    connection_pool(built, options, http, tcp)
    if detection := policy.get("outlierDetection"):
        outliers(built, detection)
    if simple := policy.get("loadBalancer", {}).get("simple"):
        built["lb_policy"] = {"LEAST_CONN": "LEAST_REQUEST"}.get(simple, simple)
    if (settings := policy.get("tls", {})).get("mode", "DISABLE") in ("SIMPLE", "MUTUAL"):
        tls(built, options, settings)
    if options:
        if not {"explicit_http_config", "use_downstream_protocol_config"} & options.keys():
            options["explicit_http_config"] = {"http_protocol_options": {}}
        built["typed_extension_protocol_options"] = {HTTP_OPTIONS: {"@type": TYPE + HTTP_OPTIONS, **options}}


def connection_pool(built: dict, options: dict, http: dict, tcp: dict) -> None:
    limits = dict.fromkeys(("max_retries", "max_requests", "max_connections", "max_pending_requests"), MAX)
    written = {
        "max_requests": http.get("http2MaxRequests"),
        "max_pending_requests": http.get("http1MaxPendingRequests"),
        "max_retries": http.get("maxRetries"),
        "max_connections": tcp.get("maxConnections"),
    }
    limits |= {name: value for name, value in written.items() if value}
    built["circuit_breakers"] = {"thresholds": [{**limits, "track_remaining": True}]}
    if "connectTimeout" in tcp:
        built["connect_timeout"] = tcp["connectTimeout"]
    if "tcpKeepalive" in tcp:
        alive = tcp["tcpKeepalive"]
        numbers = {"keepalive_probes": alive.get("probes"), "keepalive_time": seconds(alive.get("time"))}
        numbers["keepalive_interval"] = seconds(alive.get("interval"))
        keepalive = {name: value for name, value in numbers.items() if value is not None}
        built["upstream_connection_options"] = {"tcp_keepalive": keepalive}
    common = {
        "idle_timeout": http.get("idleTimeout", tcp.get("idleTimeout")),
        "max_requests_per_connection": http.get("maxRequestsPerConnection"),
        "max_connection_duration": tcp.get("maxConnectionDuration"),
    }
    if common := {name: value for name, value in common.items() if value}:
        options["common_http_protocol_options"] = common
    http2 = options.get("explicit_http_config", {}).get("http2_protocol_options")
    if http2 is not None and http.get("maxConcurrentStreams"):
        http2["max_concurrent_streams"] = http["maxConcurrentStreams"]


def seconds(duration: str | None) -> int | None:
    units = {"s": 1, "m": 60, "h": 3600}
    return int(duration[:-1]) * units[duration[-1]] if duration else None


def outliers(built: dict, wanted: dict) -> None:
    out: dict = {"enforcing_success_rate": 0}
    counts = {"consecutive5xxErrors": "consecutive_5xx", "consecutiveGatewayErrors": "consecutive_gateway_failure"}
    for field, name in counts.items():
        if field in wanted:
            out |= {name: wanted[field], f"enforcing_{name}": 100 if wanted[field] else 0}
    durations = {
        "interval": "interval",
        "baseEjectionTime": "base_ejection_time",
        "maxEjectionPercent": "max_ejection_percent",
    }
    out |= {name: wanted[field] for field, name in durations.items() if wanted.get(field)}
    if wanted.get("splitExternalLocalOriginErrors"):
        out |= {"split_external_local_origin_errors": True, "enforcing_local_origin_success_rate": 0}
        if failures := wanted.get("consecutiveLocalOriginFailures"):
            out |= {"consecutive_local_origin_failure": failures, "enforcing_consecutive_local_origin_failure": 100}
    built["outlier_detection"] = out
    built["common_lb_config"]["healthy_panic_threshold"] = {"value": wanted.get("minHealthPercent", 0)}


def tls(built: dict, options: dict, settings: dict) -> None:
    """The roots come as a secret from the agent: `system`, unless a file is named. Without an `sni` it is the
    request's authority as it is sent, and without names to look for it is that one too."""
    root = settings.get("caCertificates") or "system"
    names = [{"exact": name} for name in settings.get("subjectAltNames", [])]
    validation: dict = {"default_validation_context": {"match_subject_alt_names": names} if names else {}}
    validation["validation_context_sds_secret_config"] = {"name": f"file-root:{root}", "sds_config": {"ads": {}}}
    common: dict = {} if settings.get("insecureSkipVerify") else {"combined_validation_context": validation}
    if settings["mode"] == "MUTUAL":
        chain = f"file-cert:{settings['clientCertificate']}~{settings['privateKey']}"
        common["tls_certificate_sds_secret_configs"] = [{"name": chain, "sds_config": {"ads": {}}}]
    if "http2_protocol_options" in options.get("explicit_http_config", {}):
        common["alpn_protocols"] = ["h2"]
    context = {"@type": UPSTREAM_TLS, "common_tls_context": common}
    automatic = {}
    if settings.get("sni"):
        context["sni"] = settings["sni"]
    else:
        automatic["auto_sni"] = True
        if not names and not settings.get("insecureSkipVerify"):
            automatic["auto_san_validation"] = True
    if automatic:
        options["upstream_http_protocol_options"] = automatic
    built["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": context}
