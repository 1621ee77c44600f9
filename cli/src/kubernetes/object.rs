//! One object of a manifest, with the comment that stands above it.

use crate::yaml::{self, Map};

/// An object as it is applied.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    /// Sentences for the reader, one a line.
    pub(crate) comment: String,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) namespace: &'a str,
    pub(crate) labels: Vec<(&'static str, &'a str)>,
    pub(crate) spec: Map,
}

impl Object<'_> {
    fn tree(&self) -> Map {
        let labels = self.labels.iter().fold(Map::line(), |map, (key, value)| map.with(*key, *value));
        let metadata = Map::new()
            .with("name", &self.name)
            .with("namespace", self.namespace)
            .with_some("labels", (!self.labels.is_empty()).then_some(labels));
        Map::new()
            .noted(&self.comment, "apiVersion", self.api_version)
            .with("kind", self.kind)
            .with("metadata", metadata)
            .with("spec", self.spec.clone())
    }
}

/// All objects as one file, in the order in which they should come to be.
pub(crate) fn manifest(head: &str, objects: &[Object<'_>]) -> String {
    let object = |object: &Object<'_>| format!("---\n{}", yaml::print(&object.tree().into()));
    let objects: String = objects.iter().map(object).collect();
    format!("{}{objects}", yaml::comment(head))
}
