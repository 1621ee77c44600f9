//! Files that Envoy follows.

use crate::yaml::{Map, quoted};
use std::path::Path;

/// A `ConfigSource` that reads `file` in `folder` again when a file is moved there.
pub(super) fn followed(folder: &Path, file: &str) -> Map {
    let path = |path: &Path| quoted(path.display().to_string());
    let source = Map::new()
        .with("path", path(&folder.join(file)))
        .with("watched_directory", Map::line().with("path", path(folder)));
    Map::new().with("resource_api_version", "V3").with("path_config_source", source)
}
