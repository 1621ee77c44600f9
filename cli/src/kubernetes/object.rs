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
    /// `instance` is what all objects of one rendering have in common, so that those that are rendered no longer can be
    /// found and pruned.
    fn tree(&self, instance: &str) -> Map {
        let own = Map::line()
            .with("app.kubernetes.io/name", "pointsman")
            .with("app.kubernetes.io/instance", instance)
            .with("app.kubernetes.io/managed-by", MANAGER);
        let labels = self.labels.iter().fold(own, |map, (key, value)| map.with(*key, *value));
        let metadata = Map::new().with("name", &self.name).with("namespace", self.namespace).with("labels", labels);
        Map::new()
            .noted(&self.comment, "apiVersion", self.api_version)
            .with("kind", self.kind)
            .with("metadata", metadata)
            .with("spec", self.spec.clone())
    }
}

/// Who the labels say wrote an object.
const MANAGER: &str = "pointsman-render";

/// All objects as one file, in the order in which they should come to be.
pub(crate) fn manifest(head: &str, instance: &str, objects: &[Object<'_>]) -> String {
    let objects: Vec<_> = objects.iter().map(|object| yaml::print(&object.tree(instance).into())).collect();
    // The head is part of the first document: Envoy Gateway's file provider takes none that has only comments.
    format!("{}\n{}", yaml::comment(head), objects.join("---\n"))
}
