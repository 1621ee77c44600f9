//! A complete Envoy bootstrap for a deployment.

use super::cluster::socket_address;
use super::config::Config;
use super::{clusters, config_source, limited, listener, overload, statistics, xds};
use crate::yaml::{List, Map, print};
use std::path::Path;

pub(crate) use super::listener::windows;

/// The bootstrap. With `folder`, what a policy can change is not in it but read from there.
pub(crate) fn render(config: &Config<'_>, folder: Option<&Path>) -> String {
    let admin = &config.deployment.admin;
    let file = Map::new()
        .with("node", Map::line().with("id", "pointsman").with("cluster", "pointsman"))
        .with(
            "admin",
            Map::new()
                .with("address", socket_address(&admin.address, admin.port))
                .with("ignore_global_conn_limit", true),
        )
        .with_some("stats_config", statistics::config(config, folder.is_some()))
        .with("overload_manager", overload::manager(&config.deployment.overload))
        .with_some("bootstrap_extensions", limited::bootstrap_extension(config))
        .and(resources(config, folder))
        .below(format!(
            "Written by `pointsman render envoy`, for Envoy {} or newer. Policy version: {}",
            config.version, config.plugin.version
        ));
    print(&file.into())
}

fn resources(config: &Config<'_>, folder: Option<&Path>) -> Map {
    let fixed = Map::new()
        .with("listeners", List::of([listener::render(config, folder)].into_iter().chain(limited::listener(config))));
    match folder {
        Some(folder) => Map::new()
            .with("dynamic_resources", Map::new().with("cds_config", config_source::followed(folder, xds::CLUSTERS)))
            .with("static_resources", fixed),
        None => Map::new().with("static_resources", fixed.with("clusters", List::of(clusters::all(config)))),
    }
}
