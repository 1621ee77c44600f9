//! What a policy can change, as files that Envoy follows: clusters (CDS), routes (RDS) and the module's instances (ECDS).

use super::config::Config;
use super::needs::Needs;
use super::{clusters, filter, route, typed};
use crate::yaml::{List, Map, print, quoted};
use serde::{Deserialize, Serialize};
use std::io::Result;
use std::path::Path;

/// A file of its own for each kind of resource.
pub(super) const CLUSTERS: &str = "clusters.yaml";
pub(super) const ROUTES: &str = "routes.yaml";

/// What the policy written last needed. No file of Envoy's.
const NEEDS: &str = ".needs.json";

/// What was written last, and before that.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    now: Needs,
    before: Needs,
}

fn written(folder: &Path) -> Option<Written> {
    serde_json::from_slice(&std::fs::read(folder.join(NEEDS)).ok()?).ok()
}

/// What the policy before `now` needed. Writing the same once more makes it no earlier.
fn before(folder: &Path, now: &Needs) -> Option<Needs> {
    let written = written(folder)?;
    Some(if written.now == *now { written.before } else { written.now })
}

/// Writes everything, in the order in which nothing refers to what is not there yet.
///
/// What the policy before needed stays until the next time: requests that it has decided are still on their way, and Envoy
/// takes the files one after the other.
pub(crate) fn write(folder: &Path, config: &Config<'_>) -> Result<()> {
    let needs = before(folder, config.needs).map_or_else(|| config.needs.clone(), |earlier| config.needs.and(&earlier));
    let wide = Config { needs: &needs, ..*config };
    write_clusters(folder, &wide)?;
    write_routes(folder, &wide)?;
    write_filters(folder, config)
}

/// Says whether the file is another than before.
pub(crate) fn write_clusters(folder: &Path, config: &Config<'_>) -> Result<bool> {
    let typed = |cluster| typed::message("envoy.config.cluster.v3.Cluster").and(cluster);
    let file = resources(config, clusters::all(config).into_iter().map(typed))
        .below("One endpoint or several for each cluster; what is the same for many is written once.");
    replace(folder, CLUSTERS, &print(&file.into()))
}

/// Says whether the file is another than before.
pub(crate) fn write_routes(folder: &Path, config: &Config<'_>) -> Result<bool> {
    let routes = typed::message("envoy.config.route.v3.RouteConfiguration").and(route::render(config));
    replace(folder, ROUTES, &print(&resources(config, [routes]).into()))
}

/// With these, the policy takes over.
pub(crate) fn write_filters(folder: &Path, config: &Config<'_>) -> Result<()> {
    for role in filter::chain(config.plugin.hold) {
        let file = resources(config, [filter::resource(config.plugin, *role)]);
        replace(folder, &filter::file_name(*role), &print(&file.into()))?;
    }
    let before = before(folder, config.needs).unwrap_or_default();
    let written = Written { now: config.needs.clone(), before };
    replace(folder, NEEDS, &serde_json::to_string(&written).unwrap_or_default()).map(|_| ())
}

fn resources(config: &Config<'_>, resources: impl IntoIterator<Item = Map>) -> Map {
    Map::new().with("version_info", quoted(&config.plugin.version)).with("resources", List::of(resources))
}

/// Replaces a file in one step: Envoy never sees half of it.
fn replace(folder: &Path, file: &str, text: &str) -> Result<bool> {
    let path = folder.join(file);
    if std::fs::read(&path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(false);
    }
    let new = folder.join(format!(".{file}.new"));
    std::fs::write(&new, text)?;
    std::fs::rename(&new, path)?;
    Ok(true)
}
