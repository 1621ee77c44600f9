//! What a policy can change, as files that Envoy follows: clusters (CDS), routes (RDS) and the module's instances (ECDS).

use super::config::Config;
use super::filter::{self, Role};
use super::needs::Needs;
use super::yaml::{indent, quote};
use serde::{Deserialize, Serialize};
use std::io::Result;
use std::path::Path;

/// A file of its own for each kind of resource.
pub(super) const CLUSTERS: &str = "clusters.yaml";
pub(super) const ROUTES: &str = "routes.yaml";

/// What the policy written last needed. No file of Envoy's.
const NEEDS: &str = ".needs.json";

/// A `ConfigSource` that reads `file` in `folder` again when a file is moved there.
pub(super) fn source(folder: &Path, file: &str) -> String {
    format!(
        "resource_api_version: V3
path_config_source:
  path: {path}
  watched_directory: {{ path: {folder} }}
",
        path = quote(&folder.join(file).display().to_string()),
        folder = quote(&folder.display().to_string()),
    )
}

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
    const TYPE: &str = "\"@type\": type.googleapis.com/envoy.config.cluster.v3.Cluster";
    let mut text = format!(
        "# One endpoint or several for each cluster; what is the same for many is written once.\n{}",
        head(config)
    );
    for cluster in config.clusters() {
        let cluster = cluster.strip_prefix("- ").unwrap_or(&cluster);
        text.push_str(&format!("- {TYPE}\n  {}\n", cluster.trim_end()));
    }
    replace(folder, CLUSTERS, &text)
}

/// Says whether the file is another than before.
pub(crate) fn write_routes(folder: &Path, config: &Config<'_>) -> Result<bool> {
    const TYPE: &str = "\"@type\": type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
    replace(folder, ROUTES, &format!("{}- {TYPE}\n  {}\n", head(config), indent(&config.routes(), 2)))
}

/// With these, the policy takes over.
pub(crate) fn write_filters(folder: &Path, config: &Config<'_>) -> Result<()> {
    for role in Role::chain(config.plugin.hold) {
        replace(folder, &role.file_name(), &filter::resource(config.plugin, *role))?;
    }
    let before = before(folder, config.needs).unwrap_or_default();
    let written = Written { now: config.needs.clone(), before };
    replace(folder, NEEDS, &serde_json::to_string(&written).unwrap_or_default()).map(|_| ())
}

fn head(config: &Config<'_>) -> String {
    format!("version_info: {}\nresources:\n", quote(&config.plugin.version))
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
