//! Everything that Envoy's configuration is made from. A value: what is made of it is in the files beside this one.

use super::filter::Plugin;
use super::needs::Needs;
use crate::deployment::{Cluster, Deployment, EnvoyVersion, Mechanism};
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
    /// Whether Envoy's listeners are ours to write. A mesh has its own.
    pub(crate) owns_listeners: bool,
}

impl Config<'_> {
    /// What makes the next attempt go to the next model.
    pub(super) fn mechanism(&self) -> Mechanism {
        self.deployment.failover.mechanism_in(self.version)
    }

    /// Where a cluster's servers are.
    pub(super) fn places<'c>(&self, cluster: &'c Cluster) -> Vec<(&'c str, u16)> {
        cluster.places(self.demo_ports.get(&cluster.name).copied())
    }
}
