//! A policy file: the one place where the command line meets the engine's policy.

use pointsman_document::Document;
use pointsman_engine::Policy;
use pointsman_source::{Finding, Source};
use std::path::Path;
use std::sync::Arc;

/// A valid policy, and the document it was made from.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    pub(crate) source: Source,
    pub(crate) policy: Arc<Policy>,
}

/// Reads and checks a policy; every error comes with its place in the file.
pub(crate) fn load(file: &Path) -> Result<PolicyFile, Vec<Finding>> {
    let source = Source::read(file).map_err(|finding| vec![finding])?;
    match Policy::from_document(&source.document) {
        Ok(policy) => Ok(PolicyFile { source, policy: Arc::new(policy) }),
        Err(errors) => Err(source.findings(&errors)),
    }
}

impl PolicyFile {
    /// The catalog as it was written.
    pub(crate) fn models(&self) -> &[Document] {
        self.source.document.get("models").map(Document::items).unwrap_or_default()
    }

    /// The first digits of the version, enough to tell two policies apart.
    pub(crate) fn short_version(&self) -> &str {
        self.policy.version().get(..12).unwrap_or_default()
    }
}
