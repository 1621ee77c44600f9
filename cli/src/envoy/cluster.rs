//! A cluster of the deployment, and what it has in common with the clusters of its models.

use super::config::Config;
use super::stat_name::stat_name;
use super::typed;
use super::upstream::{self, Protocol};
use super::{limited, limits};
use crate::deployment::{Cluster, Tls};
use crate::yaml::{List, Map, Tree, quoted, shared};
use std::net::IpAddr;

/// Where Debian, Ubuntu, Alpine and Envoy's own images keep the certificates to trust.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";

/// One item of `clusters`: where requests with one model to go to are sent.
pub(super) fn render(config: &Config<'_>, cluster: &Cluster) -> Map {
    let filters = upstream::direct(config, cluster);
    let protocol = Protocol::of(cluster);
    // Plain HTTP/1.1 is Envoy's default.
    let options = (protocol != Protocol::Http1 || !filters.is_empty()).then(|| upstream::options(protocol, filters));
    with_endpoints(config, cluster, &cluster.name, None, options.map(Tree::from))
}

/// An item of `clusters` with the endpoints of `cluster`. `mark` is what their metadata says to the module, and
/// `options` the value of `typed_extension_protocol_options`.
pub(super) fn with_endpoints(
    config: &Config<'_>,
    cluster: &Cluster,
    name: &str,
    mark: Option<&Map>,
    options: Option<Tree>,
) -> Map {
    let places = config.places(cluster);
    let is_dns = places.iter().any(|(address, _)| address.parse::<IpAddr>().is_err());
    let host = cluster.host().unwrap_or(&cluster.name);
    let check = cluster.health_check.as_ref().map(|check| List::of([limits::health_check(check, host)]));
    let tls = cluster.tls.as_ref().map(|tls| secure(tls, cluster.address.as_deref().unwrap_or_default()));
    // Behind a listener of ours, nothing else keeps Envoy from trying endpoints that it has ejected all the same.
    let patient = (mark.is_some() && limited::is_limited(config, cluster)).then(|| Map::line().with("value", 0u32));
    Map::new()
        .with("name", quoted(name))
        .with("alt_stat_name", quoted(stat_name(name)))
        .with("type", if is_dns { "STRICT_DNS" } else { "STATIC" })
        // Many networks have IPv6 addresses in their DNS and no way there.
        .with_some("dns_lookup_family", is_dns.then_some("V4_PREFERRED"))
        .with("connect_timeout", cluster.connect_timeout.to_string())
        // Calls differ in length by orders of magnitude: taking turns would pile them up.
        .with_some("lb_policy", (places.len() > 1).then_some("LEAST_REQUEST"))
        .with("circuit_breakers", limits::circuit_breakers(&cluster.circuit_breakers))
        .with("outlier_detection", limits::outlier_detection(&cluster.outlier_detection))
        // By default, who is ejected twice within a second is still tried until that second is over, and the second
        // ejection is always soon: right after the endpoint was let back in and failed again.
        .with(
            "common_lb_config",
            Map::line().with("update_merge_window", "0s").with_some("healthy_panic_threshold", patient),
        )
        .with_some("health_checks", check)
        .with("load_assignment", load_assignment(cluster, name, &places, is_dns, mark))
        .with_some("transport_socket", tls)
        .with_some("typed_extension_protocol_options", options)
}

fn load_assignment(cluster: &Cluster, name: &str, places: &[(&str, u16)], is_dns: bool, mark: Option<&Map>) -> Map {
    let endpoint = |(address, port): &(&str, u16)| {
        let hostname = cluster.host().filter(|host| host != address).map(quoted);
        let endpoint = Map::line().with("address", socket_address(address, *port)).with_some("hostname", hostname);
        let metadata =
            mark.map(|mark| Map::line().with("filter_metadata", Map::line().with("pointsman", mark.clone())));
        Map::new().with("endpoint", endpoint).with_some("metadata", metadata)
    };
    let endpoints = Map::new().with("lb_endpoints", List::of(places.iter().map(endpoint)));
    let assignment = Map::new().with("cluster_name", quoted(name));
    // A name can stand for several addresses.
    let assignment = if places.len() > 1 || is_dns {
        assignment.noted(
            "One healthy endpoint of up to a hundred is enough: conversations do not move for less.",
            "policy",
            Map::line().with("overprovisioning_factor", 10000u32),
        )
    } else {
        assignment
    };
    assignment.with("endpoints", List::of([endpoints]))
}

/// An address and a port, on one line.
pub(super) fn socket_address(address: &str, port: u16) -> Map {
    Map::line().with("socket_address", Map::line().with("address", quoted(address)).with("port_value", port))
}

/// TLS whose certificate must be valid for the name asked for.
pub(super) fn secure(tls: &Tls, address: &str) -> Tree {
    let server = tls.sni.as_deref().unwrap_or(address);
    let ca_file = tls.ca_file.as_ref().map_or_else(|| SYSTEM_CA.into(), |file| file.display().to_string());
    let name = Map::line()
        .with("san_type", if server.parse::<IpAddr>().is_ok() { "IP_ADDRESS" } else { "DNS" })
        .with("matcher", Map::line().with("exact", quoted(server)));
    let validation = Map::new()
        .with("trusted_ca", Map::line().with("filename", quoted(ca_file)))
        .with("match_typed_subject_alt_names", List::of([name]));
    let config = typed::message("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext")
        .with("sni", quoted(server))
        .with("common_tls_context", Map::new().with("validation_context", validation));
    shared("tls", typed::extension("envoy.transport_sockets.tls", config))
}
