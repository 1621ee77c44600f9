//! A policy file: the one place where the command line meets the engine's policy.

use crate::source::{Finding, Node, Part, Source, Value};
use pointsman_engine::policy::{Document, Policy, PolicyError, PolicyErrorKind};
use std::path::Path;
use std::rc::Rc;

/// A valid policy, and the document it was made from.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    pub(crate) source: Source,
    pub(crate) policy: Rc<Policy>,
}

/// Reads and checks a policy; every error comes with its place in the file.
pub(crate) fn load(file: &Path) -> Result<PolicyFile, Vec<Finding>> {
    let source = Source::read(file).map_err(|finding| vec![finding])?;
    match Policy::from_document(&document(&source.root)) {
        Ok(policy) => Ok(PolicyFile { source, policy: Rc::new(policy) }),
        Err(errors) => {
            let mut findings: Vec<_> = errors.iter().map(|error| finding(&source, error)).collect();
            findings.sort_by_key(|finding| finding.at);
            Err(findings)
        }
    }
}

fn finding(source: &Source, error: &PolicyError) -> Finding {
    let part = match error.kind() {
        PolicyErrorKind::UnknownField { .. } | PolicyErrorKind::DuplicateField | PolicyErrorKind::NotHere { .. } => {
            Part::Key
        }
        _ => Part::Value,
    };
    source.finding(error.path(), part, &error.message())
}

impl PolicyFile {
    /// The catalog as it was written.
    pub(crate) fn models(&self) -> &[Node] {
        self.source.root.get("models").map(Node::items).unwrap_or_default()
    }

    /// The first digits of the version, enough to tell two policies apart.
    pub(crate) fn short_version(&self) -> &str {
        self.policy.version().get(..12).unwrap_or_default()
    }
}

fn document(node: &Node) -> Document {
    match &node.value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::Number(value) => Document::Number(value.clone()),
        Value::String(value) => Document::String(value.clone()),
        Value::Array(items) => Document::Array(items.iter().map(document).collect()),
        Value::Object(members) => {
            Document::Object(members.iter().map(|member| (member.key.clone(), document(&member.node))).collect())
        }
    }
}
