//! Envoy's config dump as chains of filters, clusters and what was refused. Nothing is judged here.

use super::discovered::Discovered;
use super::filter::Filter;
use super::tree::Tree;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const CONNECTION_MANAGER: &str = "HttpConnectionManager";
const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// What Envoy runs with.
#[derive(Debug)]
pub(in crate::doctor) struct Dump<'a> {
    /// The HTTP filter chains of all listeners.
    pub(in crate::doctor) chains: Vec<Chain<'a>>,
    pub(in crate::doctor) clusters: BTreeMap<&'a str, Cluster<'a>>,
    /// Configurations that came by extension config discovery, by the filter's name.
    pub(in crate::doctor) discovered: BTreeMap<&'a str, Discovered<'a>>,
    pub(in crate::doctor) refused: Vec<Refused<'a>>,
    /// The names of the secrets that have come; `None` when Envoy shows none of them.
    pub(in crate::doctor) secrets: Option<BTreeSet<&'a str>>,
    /// The version of Istio that the proxy says it belongs to.
    pub(in crate::doctor) istio: Option<&'a str>,
}

/// A resource whose last update Envoy did not take.
#[derive(Debug)]
pub(in crate::doctor) struct Refused<'a> {
    pub(in crate::doctor) name: &'a str,
    pub(in crate::doctor) why: &'a str,
}

/// The HTTP filters that requests of some connections pass.
#[derive(Debug)]
pub(in crate::doctor) struct Chain<'a> {
    pub(in crate::doctor) place: String,
    /// The listener's name.
    pub(in crate::doctor) listener: &'a str,
    /// Whether its connections come from another listener of this Envoy.
    pub(in crate::doctor) is_internal: bool,
    /// TLS, or what else connections are wrapped in.
    pub(in crate::doctor) transport: Option<&'a Value>,
    /// Bytes that a filter may hold of an HTTP/1 body; 0 is no limit.
    pub(in crate::doctor) buffer_limit: u64,
    pub(in crate::doctor) manager: &'a Value,
    pub(in crate::doctor) filters: Vec<Filter<'a>>,
    pub(in crate::doctor) routes: Routes<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::doctor) enum Routes<'a> {
    Table(&'a Value),
    /// A table of that name is not there yet.
    Missing(&'a str),
    /// Chosen for each request by scope.
    Scoped,
}

#[derive(Debug)]
pub(in crate::doctor) struct Cluster<'a> {
    pub(in crate::doctor) config: &'a Value,
    pub(in crate::doctor) warming: bool,
    /// Hosts, and how many of them may be used; `None` when they are not in the dump.
    pub(in crate::doctor) hosts: Option<(usize, usize)>,
    /// The filters that each attempt passes.
    pub(in crate::doctor) filters: Vec<Filter<'a>>,
}

/// Envoy's default for `per_connection_buffer_limit_bytes`.
const BUFFER_LIMIT: u64 = 1 << 20;

impl<'a> Dump<'a> {
    /// Reads an answer to `/config_dump?include_eds`; `listeners` is the one to `/listeners?format=json`.
    pub(in crate::doctor) fn read(dump: &'a Value, listeners: &Value) -> Self {
        let sections = Sections(dump.items("/configs"));
        let discovered = sections.discovered();
        let tables = sections.route_tables();
        let mut chains = Vec::new();
        for listener in sections.listeners() {
            chains.extend(chains_of(listener, &address(listener, listeners), &discovered, &tables));
        }
        Self {
            chains,
            clusters: sections.clusters(&discovered),
            refused: sections.refused(),
            secrets: sections.secrets(),
            istio: sections.istio(),
            discovered,
        }
    }
}

/// The parts of a dump, each a message of its own type.
struct Sections<'a>(&'a [Value]);

impl<'a> Sections<'a> {
    fn all(&self, message: &str, list: &str) -> impl Iterator<Item = &'a Value> {
        let suffix = format!(".{message}");
        let list = format!("/{list}");
        self.0.iter().filter(move |part| part.message().ends_with(&suffix)).flat_map(move |part| part.items(&list))
    }

    fn listeners(&self) -> Vec<&'a Value> {
        let fixed = self.all("ListenersConfigDump", "static_listeners").filter_map(|item| item.get("listener"));
        let state = |item: &'a Value| {
            item.pointer("/active_state/listener").or_else(|| item.pointer("/warming_state/listener"))
        };
        fixed.chain(self.all("ListenersConfigDump", "dynamic_listeners").filter_map(state)).collect()
    }

    fn discovered(&self) -> BTreeMap<&'a str, Discovered<'a>> {
        let read = |item: &'a Value| {
            let config = item.pointer("/ecds_filter/typed_config")?;
            Some((item.text("/ecds_filter/name"), Discovered { version: item.text("/version_info"), config }))
        };
        self.all("EcdsConfigDump", "ecds_filters").filter_map(read).collect()
    }

    fn route_tables(&self) -> BTreeMap<&'a str, &'a Value> {
        let tables = self.all("RoutesConfigDump", "dynamic_route_configs").filter_map(|item| item.get("route_config"));
        tables.map(|table| (table.text("/name"), table)).collect()
    }

    fn clusters(&self, discovered: &BTreeMap<&'a str, Discovered<'a>>) -> BTreeMap<&'a str, Cluster<'a>> {
        let hosts = self.hosts();
        let mut clusters = BTreeMap::new();
        for (list, warming) in
            [("dynamic_warming_clusters", true), ("dynamic_active_clusters", false), ("static_clusters", false)]
        {
            for config in self.all("ClustersConfigDump", list).filter_map(|item| item.get("cluster")) {
                let name = config.text("/name");
                let service = config.text("/eds_cluster_config/service_name");
                let options = format!("/typed_extension_protocol_options/{PROTOCOL_OPTIONS}/http_filters");
                let filters = config.items(&options).iter().map(|filter| Filter::of(filter, discovered)).collect();
                let hosts = hosts.get(if service.is_empty() { name } else { service }).copied();
                clusters.insert(name, Cluster { config, warming, hosts, filters });
            }
        }
        clusters
    }

    fn hosts(&self) -> BTreeMap<&'a str, (usize, usize)> {
        let lists = ["static_endpoint_configs", "dynamic_endpoint_configs"];
        let configs = lists.into_iter().flat_map(|list| self.all("EndpointsConfigDump", list));
        let mut hosts = BTreeMap::new();
        for config in configs.filter_map(|item| item.get("endpoint_config")) {
            let localities = config.items("/endpoints").iter();
            let all: Vec<_> = localities.flat_map(|locality| locality.items("/lb_endpoints")).collect();
            let bad = |host: &&&Value| ["UNHEALTHY", "TIMEOUT", "DRAINING"].contains(&host.text("/health_status"));
            hosts.insert(config.text("/cluster_name"), (all.len(), all.len() - all.iter().filter(bad).count()));
        }
        hosts
    }

    fn refused(&self) -> Vec<Refused<'a>> {
        let lists = self.0.iter().filter_map(Value::as_object).flat_map(|part| part.values());
        let items = lists.filter_map(Value::as_array).flatten();
        let read = |item: &'a Value| {
            let names = ["/name", "/cluster/name", "/listener/name", "/route_config/name", "/ecds_filter/name"];
            let name = names.into_iter().map(|at| item.text(at)).find(|name| !name.is_empty()).unwrap_or("?");
            let why = item.get("error_state")?.text("/details");
            (!why.is_empty()).then_some(Refused { name, why })
        };
        items.filter_map(read).collect()
    }

    /// One that is still waited for is listed, too, but elsewhere.
    fn secrets(&self) -> Option<BTreeSet<&'a str>> {
        self.0.iter().find(|part| part.message().ends_with(".SecretsConfigDump"))?;
        let lists = ["static_secrets", "dynamic_active_secrets"].into_iter();
        Some(lists.flat_map(|list| self.all("SecretsConfigDump", list)).map(|secret| secret.text("/name")).collect())
    }

    fn istio(&self) -> Option<&'a str> {
        let bootstrap = self.0.iter().find(|part| part.message().ends_with(".BootstrapConfigDump"))?;
        Some(bootstrap.text("/bootstrap/node/metadata/ISTIO_VERSION")).filter(|version| !version.is_empty())
    }
}

/// Where a listener really listens, if Envoy says.
fn address(listener: &Value, listeners: &Value) -> String {
    let status = listeners.items("/listener_statuses").iter();
    let mut status = status.filter(|status| status.text("/name") == listener.text("/name"));
    let socket = |value: &Value, at: &str| {
        let socket = value.pointer(at)?.get("socket_address")?;
        Some(format!(" ({}:{})", socket.text("/address"), socket.number("/port_value")?))
    };
    let real = status.next().and_then(|status| socket(status, "/local_address"));
    real.or_else(|| socket(listener, "/address")).unwrap_or_default()
}

fn chains_of<'a>(
    listener: &'a Value,
    address: &str,
    discovered: &BTreeMap<&'a str, Discovered<'a>>,
    tables: &BTreeMap<&'a str, &'a Value>,
) -> Vec<Chain<'a>> {
    let chains = listener.items("/filter_chains").iter().chain(listener.get("default_filter_chain"));
    let is_manager = |filter: &&Value| filter.message().ends_with(CONNECTION_MANAGER);
    let managers: Vec<_> = chains
        .flat_map(|chain| {
            let filters = chain.items("/filters").iter().filter_map(|filter| filter.get("typed_config"));
            filters.filter(is_manager).map(|manager| (chain.text("/name"), chain.get("transport_socket"), manager))
        })
        .chain(listener.pointer("/api_listener/api_listener").filter(is_manager).map(|manager| ("", None, manager)))
        .collect();
    let several = managers.len() > 1;
    let read = |(name, transport, manager): (&str, Option<&'a Value>, &'a Value)| {
        let name = if several && !name.is_empty() { format!(", filter chain `{name}`") } else { String::new() };
        Chain {
            place: format!("listener `{}`{address}{name}", listener.text("/name")),
            listener: listener.text("/name"),
            is_internal: listener.get("internal_listener").is_some(),
            transport,
            buffer_limit: listener.number("/per_connection_buffer_limit_bytes").unwrap_or(BUFFER_LIMIT),
            manager,
            filters: manager.items("/http_filters").iter().map(|filter| Filter::of(filter, discovered)).collect(),
            routes: routes(manager, tables),
        }
    };
    managers.into_iter().map(read).collect()
}

fn routes<'a>(manager: &'a Value, tables: &BTreeMap<&'a str, &'a Value>) -> Routes<'a> {
    if let Some(table) = manager.get("route_config") {
        return Routes::Table(table);
    }
    if manager.get("scoped_routes").is_some() {
        return Routes::Scoped;
    }
    let name = manager.text("/rds/route_config_name");
    tables.get(name).map_or(Routes::Missing(name), |table| Routes::Table(table))
}
