//! Envoy's extensions as they are named everywhere: a name, and a configuration that says its type.

use crate::yaml::{Map, Tree};

/// `@type` of a message: its full name in Envoy's API.
pub(crate) fn url(message: &str) -> String {
    format!("type.googleapis.com/{message}")
}

/// A message that says its type.
pub(crate) fn message(name: &str) -> Map {
    Map::new().with("@type", url(name))
}

/// The same on one line.
pub(crate) fn short_message(name: &str) -> Map {
    Map::line().with("@type", url(name))
}

/// An extension under the name by which it is registered or known in its chain.
pub(crate) fn extension(name: impl Into<Tree>, typed_config: Map) -> Map {
    Map::new().with("name", name).with("typed_config", typed_config)
}
