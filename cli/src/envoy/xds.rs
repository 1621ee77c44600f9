//! What a policy can change, as files that Envoy follows: clusters (CDS), routes (RDS) and the module's instances (ECDS).

use super::config::Config;
use super::needs::Needs;
use super::{clusters, filter, route, typed};
use crate::yaml::{List, Map, print, quoted};
use serde::{Deserialize, Serialize};
use std::io::Result;
use std::path::Path;
use std::time::SystemTime;

/// A file of its own for each kind of resource.
pub(super) const CLUSTERS: &str = "clusters.yaml";
pub(super) const ROUTES: &str = "routes.yaml";

/// What the policy written last needed. No file of Envoy's.
const NEEDS: &str = ".needs.json";

/// What was written last, and before that as long as requests can need it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    now: Needs,
    #[serde(default)]
    earlier: Vec<Earlier>,
}

/// What a policy needed that another has followed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Earlier {
    /// In seconds since 1970.
    until: u64,
    needs: Needs,
}

fn written(folder: &Path) -> Option<Written> {
    serde_json::from_slice(&std::fs::read(folder.join(NEEDS)).ok()?).ok()
}

/// What policies before this one needed, and requests that they have decided may still need: as long as each model of a
/// chain may be silent. Writing the same once more makes it no earlier.
fn earlier(folder: &Path, config: &Config<'_>) -> Vec<Earlier> {
    let Some(Written { now, mut earlier }) = written(folder) else { return Vec::new() };
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    if now != *config.needs {
        let patience = route::patience(&Config { needs: &config.needs.and(&now), ..*config });
        earlier.push(Earlier { until: clock.saturating_add(patience.whole_seconds()), needs: now });
    }
    earlier.retain(|earlier| earlier.until > clock && earlier.needs != *config.needs);
    earlier
}

/// What the policy needs, and those before it.
pub(crate) fn all_needs(folder: &Path, config: &Config<'_>) -> Needs {
    earlier(folder, config).iter().fold(config.needs.clone(), |all, earlier| all.and(&earlier.needs))
}

/// Writes everything at once, for an Envoy that is yet to start or cannot be asked. One that follows the folder may take the
/// policy before the clusters: it reads every file when any is replaced. `uptake` keeps the order for it.
///
/// What policies before needed stays for a time: requests that they have decided are still on their way.
pub(crate) fn write(folder: &Path, config: &Config<'_>) -> Result<()> {
    let needs = all_needs(folder, config);
    IN_ORDER.into_iter().try_for_each(|what| write_one(folder, config, &needs, what).map(|_| ()))
}

/// What Envoy follows in files of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discovery {
    Clusters,
    Routes,
    Filters,
}

/// The order in which nothing refers to what is not there yet: the policy takes over with the filters.
pub(crate) const IN_ORDER: [Discovery; 3] = [Discovery::Clusters, Discovery::Routes, Discovery::Filters];

/// Says whether any file is another than before. `needs` are those of all policies that requests may still be tried by.
pub(crate) fn write_one(folder: &Path, config: &Config<'_>, needs: &Needs, what: Discovery) -> Result<bool> {
    let wide = Config { needs, ..*config };
    match what {
        Discovery::Clusters => write_clusters(folder, &wide),
        Discovery::Routes => write_routes(folder, &wide),
        Discovery::Filters => write_filters(folder, config),
    }
}

fn write_clusters(folder: &Path, config: &Config<'_>) -> Result<bool> {
    let typed = |cluster| typed::message("envoy.config.cluster.v3.Cluster").and(cluster);
    let file = resources(config, clusters::all(config).into_iter().map(typed))
        .below("One endpoint or several for each cluster; what is the same for many is written once.");
    replace(folder, CLUSTERS, &print(&file.into()))
}

fn write_routes(folder: &Path, config: &Config<'_>) -> Result<bool> {
    let routes = typed::message("envoy.config.route.v3.RouteConfiguration").and(route::render(config));
    replace(folder, ROUTES, &print(&resources(config, [routes]).into()))
}

fn write_filters(folder: &Path, config: &Config<'_>) -> Result<bool> {
    let mut is_new = false;
    for role in filter::chain(config.plugin.hold) {
        let file = resources(config, [filter::resource(config.plugin, *role)]);
        is_new |= replace(folder, &filter::file_name(*role), &print(&file.into()))?;
    }
    let written = Written { now: config.needs.clone(), earlier: earlier(folder, config) };
    replace(folder, NEEDS, &serde_json::to_string(&written).unwrap_or_default())?;
    Ok(is_new)
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
