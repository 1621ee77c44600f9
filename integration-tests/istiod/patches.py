"""EnvoyFilter: patches of what the other resources led to. Only operations that Pointsman's manifests use are known;
any other is an error, so that none is silently left out. Values are written in snake case, as Istio's own examples
are."""

import copy
import re

from istiod.resources import Mesh, Workload

MANAGER = "envoy.filters.network.http_connection_manager"
MAPS = {"typed_extension_protocol_options", "typed_per_filter_config", "filter_metadata", "typed_filter_metadata"}
"""Fields of a message that are maps: a merge replaces their entries as a whole."""
ALTERNATIVES = (
    {"type", "cluster_type"},
    {"route", "redirect", "direct_response"},
    {"cluster", "cluster_header", "weighted_clusters", "inline_cluster_specifier_plugin", "cluster_specifier_plugin"},
    {"host_rewrite_literal", "auto_host_rewrite", "host_rewrite_header", "host_rewrite_path_regex"},
    {"prefix", "path", "safe_regex", "path_separated_prefix"},
)
"""Fields that exclude each other: what a patch says takes the place of what was there."""


class Unknown(AssertionError):
    """A patch that the stand-in does not know."""


class Patches:
    def __init__(self, mesh: Mesh, workload: Workload):
        """The patches of the root namespace come first, then by priority and age."""
        found = mesh.applying_to("EnvoyFilter", workload)
        found.sort(key=lambda resource: resource.spec.get("priority", 0))
        every = [patch for resource in found for patch in resource.spec.get("configPatches", [])]
        self._patches = [patch for patch in every if for_workload(patch.get("match", {}), workload)]
        for patch in self._patches:
            if (patch["applyTo"], patch["patch"]["operation"]) not in KNOWN:
                raise Unknown(f"{patch['applyTo']} {patch['patch']['operation']}")

    def of(self, target: str, *operations: str) -> list[dict]:
        """Each as its match, operation and value."""
        return [
            {
                "match": one.get("match", {}),
                "operation": one["patch"]["operation"],
                "value": copy.deepcopy(one["patch"].get("value")),
            }
            for one in self._patches
            if one["applyTo"] == target and one["patch"]["operation"] in operations
        ]

    def extensions(self) -> list[dict]:
        """Only new ones: a merge into what a WasmPlugin led to does nothing in Istio."""
        return [patch["value"] for patch in self.of("EXTENSION_CONFIG", "ADD")]

    def clusters(self, built: list[dict]) -> list[dict]:
        for patch in self.of("CLUSTER", "MERGE"):
            for cluster in built:
                if cluster_matches(cluster, patch["match"].get("cluster", {})):
                    merge_cluster(cluster, patch["value"])
        return built + [patch["value"] for patch in self.of("CLUSTER", "ADD")]

    def listener(self, listener: dict) -> dict:
        for patch in self.of("LISTENER", "MERGE"):
            if listener_matches(listener, patch["match"].get("listener", {})):
                merge(listener, patch["value"])
        for chain in listener["filter_chains"]:
            for network_filter in chain["filters"]:
                self._network_filter(listener, network_filter)
        return listener

    def _network_filter(self, listener: dict, network_filter: dict) -> None:
        for patch in self.of("NETWORK_FILTER", "MERGE"):
            wanted = patch["match"].get("listener", {})
            named = wanted.get("filterChain", {}).get("filter", {}).get("name", network_filter["name"])
            if listener_matches(listener, wanted) and named == network_filter["name"]:
                merge(network_filter["typed_config"], patch["value"]["typed_config"])
        if network_filter["name"] != MANAGER:
            return
        chain = network_filter["typed_config"]["http_filters"]
        for patch in self.of("HTTP_FILTER", "INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "REMOVE"):
            wanted = patch["match"].get("listener", {})
            if listener_matches(listener, wanted):
                insert(chain, patch, wanted.get("filterChain", {}).get("filter", {}).get("subFilter", {}).get("name"))

    def routes(self, configuration: dict) -> dict:
        for patch in self.of("ROUTE_CONFIGURATION", "MERGE"):
            if configuration_matches(configuration, patch["match"].get("routeConfiguration", {})):
                merge(configuration, patch["value"])
        for virtual_host in configuration["virtual_hosts"]:
            for patch in self.of("VIRTUAL_HOST", "MERGE"):
                if virtual_host_matches(configuration, virtual_host, patch["match"].get("routeConfiguration", {})):
                    merge(virtual_host, patch["value"])
            self._routes_of(configuration, virtual_host)
        return configuration

    def _routes_of(self, configuration: dict, virtual_host: dict) -> None:
        for patch in self.of("HTTP_ROUTE", "MERGE"):
            for route in virtual_host["routes"]:
                wanted = patch["match"].get("routeConfiguration", {})
                if virtual_host_matches(configuration, virtual_host, wanted) and route_matches(route, wanted):
                    merge(route, patch["value"])
        for patch in self.of("HTTP_ROUTE", "ADD", "INSERT_FIRST", "INSERT_BEFORE", "INSERT_AFTER"):
            wanted = patch["match"].get("routeConfiguration", {})
            if virtual_host_matches(configuration, virtual_host, wanted):
                insert(virtual_host["routes"], patch, wanted.get("vhost", {}).get("route", {}).get("name"))


KNOWN = {
    ("EXTENSION_CONFIG", "ADD"),
    *(("CLUSTER", operation) for operation in ("ADD", "MERGE")),
    ("LISTENER", "MERGE"),
    ("NETWORK_FILTER", "MERGE"),
    *(("HTTP_FILTER", operation) for operation in ("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "REMOVE")),
    ("ROUTE_CONFIGURATION", "MERGE"),
    ("VIRTUAL_HOST", "MERGE"),
    *(("HTTP_ROUTE", operation) for operation in ("ADD", "MERGE", "INSERT_FIRST", "INSERT_BEFORE", "INSERT_AFTER")),
}


def for_workload(match: dict, workload: Workload) -> bool:
    if match.get("context", "ANY") not in ("ANY", "GATEWAY"):
        return False
    version = match.get("proxy", {}).get("proxyVersion")
    return not version or re.search(version, workload.version) is not None


def insert(items: list[dict], patch: dict, name: str | None) -> None:
    """In front of or behind the one that is named, and nowhere if it is not there. Without a name: in front of all,
    or last."""
    places = [place for place, item in enumerate(items) if item.get("name") == name]
    if name and not places:
        return
    match patch["operation"]:
        case "REMOVE":
            del items[places[0]]
        case "INSERT_FIRST":
            items.insert(0, patch["value"])
        case "INSERT_BEFORE":
            items.insert(places[0] if name else 0, patch["value"])
        case "INSERT_AFTER" if name:
            items.insert(places[0] + 1, patch["value"])
        case _:
            items.append(patch["value"])


def cluster_matches(cluster: dict, wanted: dict) -> bool:
    if wanted.get("name"):
        return wanted["name"] == cluster["name"]
    _, port, subset, host = (cluster["name"].split("|") + [""] * 3)[:4]
    asked = {"subset": subset, "service": host, "portNumber": port}
    return all(str(wanted[field]) == value for field, value in asked.items() if wanted.get(field))


def listener_matches(listener: dict, wanted: dict) -> bool:
    port = listener["address"]["socket_address"]["port_value"]
    return wanted.get("portNumber", port) == port and wanted.get("name", listener["name"]) == listener["name"]


def configuration_matches(configuration: dict, wanted: dict) -> bool:
    """`http.<port>` belongs to all gateways of the port, `https.<port>.<port name>.<gateway>.<namespace>` to one."""
    _, port, *rest = configuration["name"].split(".")
    gateway = f"{rest[2]}/{rest[1]}" if len(rest) == 3 else ""
    asked = {"portNumber": port, "portName": rest[0] if rest else "", "gateway": gateway, "name": configuration["name"]}
    return all(str(wanted[field]) == value for field, value in asked.items() if wanted.get(field))


def virtual_host_matches(configuration: dict, virtual_host: dict, wanted: dict) -> bool:
    name = wanted.get("vhost", {}).get("name", "")
    return configuration_matches(configuration, wanted) and name in ("", virtual_host["name"])


def route_matches(route: dict, wanted: dict) -> bool:
    asked = wanted.get("vhost", {}).get("route", {})
    kinds = {"ROUTE": "route", "REDIRECT": "redirect", "DIRECT_RESPONSE": "direct_response"}
    action = asked.get("action", "ANY")
    return asked.get("name", "") in ("", route.get("name")) and (action == "ANY" or kinds[action] in route)


def merge_cluster(cluster: dict, value: dict) -> None:
    """A patch with a transport socket changes the transport socket and nothing else."""
    if (patched := value.get("transport_socket")) is None:
        merge(cluster, value)
    elif cluster.get("transport_socket", {}).get("name") == patched["name"]:
        merge(cluster["transport_socket"]["typed_config"], patched["typed_config"])
    else:
        cluster["transport_socket"] = patched


def merge(into: dict, value: dict) -> None:
    """As protobuf merges: lists grow, messages merge, entries of maps and everything else are replaced."""
    for field, new in value.items():
        for group in ALTERNATIVES:
            if field in group:
                for other in group - {field}:
                    into.pop(other, None)
        old = into.get(field)
        if isinstance(new, dict) and isinstance(old, dict):
            old.update(new) if field in MAPS else merge(old, new)
        elif isinstance(new, list) and isinstance(old, list):
            old.extend(new)
        else:
            into[field] = new
