//! All clusters of a configuration.

use super::config::Config;
use super::{chain, cluster, model, rate_limit, turn};
use crate::deployment::Mechanism;
use crate::yaml::Map;

/// A cluster in front of those that are made of it.
pub(super) fn all(config: &Config<'_>) -> Vec<Map> {
    let mut clusters: Vec<_> = config.deployment.clusters.iter().map(|one| cluster::render(config, one)).collect();
    clusters.extend(of_policy(config));
    clusters.extend(config.deployment.rate_limit_service.as_ref().map(rate_limit::cluster));
    clusters
}

/// Those that the policy needs besides the deployment's: of models and of chains.
pub(super) fn of_policy(config: &Config<'_>) -> Vec<Map> {
    let mut clusters = model::render(config);
    clusters.extend(match config.mechanism() {
        Mechanism::Matcher => turn::clusters(config),
        Mechanism::Aggregate | Mechanism::Composite | Mechanism::PriorityGroup => chain::render(config),
    });
    clusters
}
