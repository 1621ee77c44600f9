"""All of it: what istiod would send to one gateway."""

import dataclasses
from collections.abc import Sequence

from istiod import clusters, listeners, routes
from istiod.extensions import PHASES, Plugin, plugins
from istiod.patches import Patches
from istiod.resources import Mesh, Workload


@dataclasses.dataclass(frozen=True)
class Snapshot:
    listeners: list[dict]
    routes: dict[str, dict]
    clusters: list[dict]
    extensions: dict[str, dict]


def translate(mesh: Mesh, workload: Workload, access_log: Sequence[dict] = ()) -> Snapshot:
    """The access log is the one that the mesh's own configuration names."""
    patches = Patches(mesh, workload)
    served = {
        listeners.route_name(gateway, server): (gateway, server)
        for gateway, server in listeners.servers(mesh, workload)
    }
    added = {extension["name"]: extension for extension in patches.extensions()}
    return Snapshot(
        listeners=[patches.listener(listener) for listener in listeners.listeners(mesh, workload, list(access_log))],
        routes={name: patches.routes(routes.configuration(mesh, name, *server)) for name, server in served.items()},
        clusters=patches.clusters(clusters.clusters(mesh, workload)),
        extensions={**{plugin.filter_name: plugin.extension() for plugin in in_use(mesh, workload)}, **added},
    )


def in_use(mesh: Mesh, workload: Workload) -> list[Plugin]:
    ports = {server["port"]["number"] for _, server in listeners.servers(mesh, workload)}
    chains = [plugins(mesh, workload, workload.kind, port) for port in ports]
    return [plugin for chain in chains for phase in PHASES for plugin in chain[phase]]
