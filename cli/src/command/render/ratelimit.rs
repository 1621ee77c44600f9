//! `pointsman render ratelimit`.

use crate::command::{Failure, print, warn_of};
use crate::envoy::rate_limit::{ACCOUNT, BUDGET};
use crate::policy_file::Values;
use crate::project;
use crate::yaml::{self, List, Map, quoted};
use pointsman_engine::budget::{Counter, Period};
use std::path::PathBuf;

/// Prints the configuration of the rate limit service (envoyproxy/ratelimit) that counts budgets for all proxies
///
/// The policy's budgets with `scope: global`, in the domain that the deployment's `rateLimitService` names.
#[derive(Debug, clap::Args)]
pub(super) struct RatelimitArguments {
    /// A deployment file with a section `rateLimitService`, or a folder with such a deployment.yaml
    deployment: PathBuf,
    #[command(flatten)]
    values: Values,
}

pub(super) fn run(arguments: &RatelimitArguments) -> Result<(), Failure> {
    let project = project::load(&arguments.deployment, &arguments.values)?;
    let Some(service) = &project.deployment.rate_limit_service else {
        let missing = (String::new(), "has no section `rateLimitService`, which says where it is".into());
        return Err(super::istio::placed(&arguments.deployment, &[missing]));
    };
    warn_of(&project);
    let budgets = project.policy.policy.counters().map(|(_, counter)| budget(counter));
    let file = Map::new()
        .with("domain", quoted(&service.domain))
        .with("descriptors", List::of(budgets))
        .below(format!("Written by `pointsman render ratelimit`. Policy version: {}", project.policy.policy.version()));
    print(&yaml::print(&file.into()));
    Ok(())
}

/// Every account has the whole limit.
fn budget(counter: &Counter) -> Map {
    let unit = match counter.period {
        Period::Minute => "minute",
        Period::Hour => "hour",
        Period::Day => "day",
        // Its own months are 30 days long: each month is an account for itself.
        Period::Month => "year",
    };
    let limit = Map::line().with("unit", unit).with("requests_per_unit", counter.limit);
    let account = Map::new().with("key", ACCOUNT).with("rate_limit", limit);
    Map::new().with("key", BUDGET).with("value", quoted(&counter.budget)).with("descriptors", List::of([account]))
}
