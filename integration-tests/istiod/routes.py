"""VirtualService: the route configuration of a gateway's port."""

from http import HTTPStatus

from istiod import clusters
from istiod.extensions import TYPE
from istiod.resources import Mesh, Resource

STATUSES = {str(status.value) for status in HTTPStatus}
"""The statuses that Go has a text for: Istio refuses a `retryOn` with any other number."""
CONDITIONS = {
    *("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx", "refused-stream"),
    *("retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure"),
    *("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"),
}
RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
PREVIOUS_HOSTS = TYPE + "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
PREVIOUS_PRIORITIES = TYPE + "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"
FAULT = "envoy.filters.http.fault"
CORS = "envoy.filters.http.cors"


class Rejected(AssertionError):
    """istiod's admission webhook would not let this in."""


def configuration(mesh: Mesh, name: str, gateway: Resource, server: dict) -> dict:
    """The routes of one server. Several VirtualServices of one host are joined; whatever matches everything comes
    last."""
    port, hosts = server["port"]["number"], {}
    for service in mesh.of("VirtualService"):
        if gateway.full_name not in {qualified(one, service.namespace) for one in service.spec.get("gateways", [])}:
            continue
        for host in service.spec["hosts"]:
            served = host_of(server, service.namespace, host)
            if served and (routes := of_service(mesh, service, gateway, port)):
                hosts.setdefault(served.lower(), []).extend(routes)
    virtual_hosts = [
        {
            "name": f"{host}:{port}",
            "domains": [host],
            "routes": [*(r for r in routes if not is_catch_all(r)), *(r for r in routes if is_catch_all(r))],
            "include_request_attempt_count": True,
        }
        for host, routes in sorted(hosts.items())
    ]
    blackhole = {"name": f"blackhole:{port}", "domains": ["*"], "routes": []}
    return {
        "name": name,
        "virtual_hosts": virtual_hosts or [blackhole],
        "validate_clusters": False,
        "ignore_port_in_host_matching": True,
        "max_direct_response_body_size_bytes": 1 << 20,
    }


def qualified(gateway: str, namespace: str) -> str:
    return gateway if "/" in gateway else f"{namespace}/{gateway}"


def host_of(server: dict, namespace: str, host: str) -> str | None:
    """The narrower of the server's host and the VirtualService's, if they have something in common."""
    for offered in server["hosts"]:
        space, _, name = offered.rpartition("/")
        if space not in ("", "*", namespace):
            continue
        if covers(name, host):
            return host
        if covers(host, name):
            return name
    return None


def covers(pattern: str, host: str) -> bool:
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def of_service(mesh: Mesh, service: Resource, gateway: Resource, port: int) -> list[dict]:
    built = []
    for rule in service.spec.get("http", []):
        for match in rule.get("match") or [None]:
            if match and not concerns(match, service, gateway, port):
                continue
            built.append(route(mesh, rule, match, port))
            if is_catch_all(built[-1]):
                return built
    return built


def concerns(match: dict, service: Resource, gateway: Resource, port: int) -> bool:
    if match.get("port", port) != port:
        return False
    names = [qualified(name, service.namespace) for name in match.get("gateways", [])]
    return not names or gateway.full_name in names


def is_catch_all(route: dict) -> bool:
    match = route["match"]
    return match.get("prefix") == "/" and not match.get("headers") and not match.get("query_parameters")


def route(mesh: Mesh, rule: dict, match: dict | None, port: int) -> dict:
    built: dict = {"match": route_match(match)}
    names = [rule.get("name"), (match or {}).get("name")]
    if any(names):
        built["name"] = ".".join(name or "" for name in names) if names[1] else names[0]
    operations, authority = header_operations(rule.get("headers", {}))
    built |= operations
    if "redirect" in rule:
        raise NotImplementedError("redirects are not part of the stand-in")
    if answer := rule.get("directResponse"):
        built["direct_response"] = {"status": answer["status"]}
        if "string" in answer.get("body", {}):
            built["direct_response"]["body"] = {"inline_string": answer["body"]["string"]}
    else:
        built["route"] = action(mesh, rule, port, built, authority)
    filters = {}
    if "fault" in rule:
        filters[FAULT] = fault(rule["fault"])
    if "corsPolicy" in rule:
        raise NotImplementedError("CORS policies are not part of the stand-in")
    if filters:
        built["typed_per_filter_config"] = filters
    return built


def route_match(match: dict | None) -> dict:
    if match is None:
        return {"prefix": "/"}
    built = {"prefix": "/", "case_sensitive": not match.get("ignoreUriCase", False)}
    headers = [header_match(name, value) for name, value in match.get("headers", {}).items()]
    headers += [without(name, value) for name, value in match.get("withoutHeaders", {}).items()]
    headers.sort(key=lambda header: header["name"])
    for field, pseudo in {"method": ":method", "authority": ":authority", "scheme": ":scheme"}.items():
        if field in match:
            headers.append(header_match(pseudo, match[field]))
    if headers:
        built["headers"] = headers
    if queries := match.get("queryParams"):
        built["query_parameters"] = [query_match(name, value) for name, value in queries.items()]
    if uri := match.get("uri"):
        del built["prefix"]
        ((kind, value),) = uri.items()
        built |= {"exact": {"path": value}, "prefix": {"prefix": value}, "regex": {"safe_regex": {"regex": value}}}[
            kind
        ]
    return built


def is_present_match(wanted: dict) -> bool:
    """No condition, or the regular expression `*`, which is none, mean: the header is there."""
    return not wanted or wanted == {"regex": "*"}


def string_match(wanted: dict) -> dict:
    ((kind, value),) = wanted.items()
    return {"safe_regex": {"regex": value}} if kind == "regex" else {kind: value}


def header_match(name: str, wanted: dict) -> dict:
    if name.startswith("@request.auth.claims"):
        raise NotImplementedError("routing by claims is not part of the stand-in")
    if is_present_match(wanted):
        return {"name": name, "present_match": True}
    return {"name": name, "string_match": string_match(wanted)}


def without(name: str, wanted: dict) -> dict:
    built = {**header_match(name, wanted), "invert_match": True}
    return built if is_present_match(wanted) else {**built, "treat_missing_header_as_empty": True}


def query_match(name: str, wanted: dict) -> dict:
    return {
        "name": name,
        **({"present_match": True} if is_present_match(wanted) else {"string_match": string_match(wanted)}),
    }


def header_operations(headers: dict) -> tuple[dict, str]:
    """Envoy's fields, and the authority that was among the headers to set."""
    built, authority = {}, ""
    for side, prefix in (("request", "request_headers"), ("response", "response_headers")):
        wanted = headers.get(side, {})
        added = []
        for field, how in (("set", "OVERWRITE_IF_EXISTS_OR_ADD"), ("add", "APPEND_IF_EXISTS_OR_ADD")):
            values = wanted.get(field, {})
            if side == "request":
                authority = authority or next((value for name, value in values.items() if is_authority(name)), "")
            kept = sorted((name, value) for name, value in values.items() if not is_internal(name))
            added += [{"header": {"key": name, "value": value}, "append_action": how} for name, value in kept]
        if added:
            built[f"{prefix}_to_add"] = added
        if removed := [name for name in wanted.get("remove", []) if not is_internal(name)]:
            built[f"{prefix}_to_remove"] = removed
    return built, authority


def is_authority(name: str) -> bool:
    return name.lower() in (":authority", "host")


def is_internal(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"


def action(mesh: Mesh, rule: dict, port: int, built: dict, authority: str) -> dict:
    act: dict = {"timeout": rule.get("timeout", "0s")}
    if act["timeout"] == "0s":
        act["max_stream_duration"] = {"grpc_timeout_header_max": "0s"}
    rewrite = rule.get("rewrite", {})
    if "uriRegexRewrite" in rewrite:
        wanted = rewrite["uriRegexRewrite"]
        act["regex_rewrite"] = {"pattern": {"regex": wanted["match"]}, "substitution": wanted["rewrite"]}
    elif "uri" in rewrite:
        act["prefix_rewrite"] = rewrite["uri"]
    authority = rewrite.get("authority") or authority
    mirrors = [(one["destination"], one.get("percentage")) for one in rule.get("mirrors", [])]
    if "mirror" in rule:
        mirrors.insert(0, (rule["mirror"], rule.get("mirrorPercentage")))
    if policies := [
        mirror(mesh, to, percent, port) for to, percent in mirrors if (percent or {}).get("value", 100) > 0
    ]:
        act["request_mirror_policies"] = policies
    destinations = rule["route"]
    if len(destinations) == 1:
        (to,) = destinations
        act["cluster"] = cluster_of(mesh, to["destination"], port)
        operations, own = header_operations(to.get("headers", {}))
        for field, values in operations.items():
            built[field] = built.get(field, []) + values
        authority = authority or own
    else:
        weighted = [destination(mesh, to, port) for to in destinations if to.get("weight", 0)]
        act["weighted_clusters"] = {"clusters": weighted}
    if authority:
        act["host_rewrite_literal"] = authority
    if retries := retry_policy(rule.get("retries")):
        act["retry_policy"] = retries
    return act


def destination(mesh: Mesh, to: dict, port: int) -> dict:
    operations, authority = header_operations(to.get("headers", {}))
    built = {"name": cluster_of(mesh, to["destination"], port), "weight": to["weight"], **operations}
    return {**built, "host_rewrite_literal": authority} if authority else built


def cluster_of(mesh: Mesh, to: dict, listener_port: int) -> str:
    """The port that is named, else the host's only one, else the listener's."""
    ports = [
        port for entry in mesh.of("ServiceEntry") if to["host"] in entry.spec["hosts"] for port in entry.spec["ports"]
    ]
    only = ports[0]["number"] if len(ports) == 1 else listener_port
    return clusters.name_of(to["host"], to.get("port", {}).get("number", only), to.get("subset", ""))


def mirror(mesh: Mesh, to: dict, percent: dict | None, port: int) -> dict:
    share = {"numerator": round((percent or {}).get("value", 100) * 10_000), "denominator": "MILLION"}
    return {"cluster": cluster_of(mesh, to, port), "runtime_fraction": {"default_value": share}}


def fault(wanted: dict) -> dict:
    built: dict = {"@type": TYPE + "envoy.extensions.filters.http.fault.v3.HTTPFault"}
    if abort := wanted.get("abort"):
        share = {"numerator": round(abort.get("percentage", {}).get("value", 100) * 10_000), "denominator": "MILLION"}
        built["abort"] = {"http_status": abort["httpStatus"], "percentage": share}
    return built


def retry_policy(wanted: dict | None) -> dict | None:
    """Nothing said means Istio's default, which retries no 5xx and no 429; no attempts mean no retries."""
    if wanted is not None and wanted.get("attempts", 0) <= 0:
        return None
    policy = {
        "num_retries": 2,
        "retry_on": RETRY_ON,
        "host_selection_retry_max_attempts": 5,
        "retry_host_predicate": [
            {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": PREVIOUS_HOSTS}}
        ],
    }
    if wanted is None:
        return policy
    policy["num_retries"] = wanted["attempts"]
    if "retryOn" in wanted:
        parts = wanted["retryOn"].split(",")
        if wrong := [part for part in parts if part not in STATUSES | CONDITIONS]:
            raise Rejected(f"{wrong} is not a valid retryOn policy")
        codes = [int(part) for part in parts if part in STATUSES]
        conditions = [part for part in parts if part not in STATUSES]
        if codes and "retriable-status-codes" not in conditions:
            conditions.append("retriable-status-codes")
        policy |= {"retry_on": ",".join(conditions), **({"retriable_status_codes": codes} if codes else {})}
    if "perTryTimeout" in wanted:
        policy["per_try_timeout"] = wanted["perTryTimeout"]
    if wanted.get("retryIgnorePreviousHosts") is False:
        del policy["retry_host_predicate"]
    if wanted.get("retryRemoteLocalities"):
        priorities = {"@type": PREVIOUS_PRIORITIES, "update_frequency": 2}
        policy["retry_priority"] = {"name": "envoy.retry_priorities.previous_priorities", "typed_config": priorities}
    if "backoff" in wanted:
        policy["retry_back_off"] = {"base_interval": wanted["backoff"]}
    return policy
