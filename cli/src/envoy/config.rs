//! Everything that Envoy's configuration is made from.

use super::filter::Plugin;
use super::needs::Needs;
use super::yaml::Shared;
use super::{chain, cluster, model, route};
use crate::deployment::{Cluster, Deployment, EnvoyVersion};
use std::collections::HashMap;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Config<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) plugin: &'a Plugin,
    /// The Envoy that will read it.
    pub(crate) version: EnvoyVersion,
    pub(crate) needs: &'a Needs,
    /// Ports of the demo servers, by cluster.
    pub(crate) demo_ports: &'a HashMap<String, u16>,
}

impl Config<'_> {
    /// The items of `clusters`, a cluster in front of those that are made of it.
    pub(super) fn clusters(&self) -> Vec<String> {
        let mut shared = Shared::default();
        let mut items: Vec<String> = Vec::new();
        items.extend(self.deployment.clusters.iter().map(|one| cluster::render(self, one, &mut shared)));
        items.extend(model::render(self, &mut shared));
        items.extend(chain::render(self, &mut shared));
        items
    }

    /// The route configuration, a mapping.
    pub(super) fn routes(&self) -> String {
        route::render(self)
    }

    /// Where a cluster's servers are.
    pub(super) fn places<'c>(&self, cluster: &'c Cluster) -> Vec<(&'c str, u16)> {
        cluster.places(self.demo_ports.get(&cluster.name).copied())
    }
}
