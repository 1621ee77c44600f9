//! A complete Envoy bootstrap for a deployment.

use super::config::Config;
use super::listener;
use super::xds;
use super::yaml::{indent, quote};
use std::path::Path;

pub(crate) use super::listener::windows;

/// The bootstrap. With `folder`, what a policy can change is not in it but read from there.
pub(crate) fn render(config: &Config<'_>, folder: Option<&Path>) -> String {
    let resources = match folder {
        Some(folder) => format!(
            "dynamic_resources:
  cds_config:
    {clusters}
static_resources:
  listeners:
  {listener}
",
            clusters = indent(&xds::source(folder, xds::CLUSTERS), 4),
            listener = indent(&listener::render(config, Some(folder)), 2),
        ),
        None => format!(
            "static_resources:
  listeners:
  {listener}
  clusters:
  {clusters}
",
            listener = indent(&listener::render(config, None), 2),
            clusters = indent(&config.clusters().concat(), 2),
        ),
    };
    format!(
        "# Written by `pointsman render envoy`, for Envoy {envoy} or newer. Policy version: {version}
node: {{ id: pointsman, cluster: pointsman }}
admin:
  address: {{ socket_address: {{ address: {admin_address}, port_value: {admin_port} }} }}
{resources}",
        envoy = config.version,
        version = config.plugin.version,
        admin_address = quote(&config.deployment.admin.address),
        admin_port = config.deployment.admin.port,
    )
}
