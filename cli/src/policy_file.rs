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
    /// Whether `identity.jwt.payload` is not the author's.
    pub(crate) payload_was_added: bool,
}

/// Reads and checks a policy; every error comes with its place in the file.
pub(crate) fn load(file: &Path) -> Result<PolicyFile, Vec<Finding>> {
    let source = Source::read(file).map_err(|finding| vec![finding])?;
    match Policy::from_document(&source.document) {
        Ok(policy) => Ok(PolicyFile { source, policy: Arc::new(policy), payload_was_added: false }),
        Err(errors) => Err(source.findings(&errors)),
    }
}

/// Whether a policy has ids signed: then the proxy has to let the module see the keys.
pub(crate) fn signs_ids(policy: &Document) -> bool {
    policy.get("providerState").is_some_and(|state| state.get("signedIds").is_some())
}

impl PolicyFile {
    /// The catalog as it was written.
    pub(crate) fn models(&self) -> &[Document] {
        self.source.document.get("models").map(Document::items).unwrap_or_default()
    }

    /// The same policy with this as `identity.jwt.payload`, if claims are asked for and it does not say itself where they
    /// are.
    pub(crate) fn with_payload(mut self, payload: &str) -> Result<Self, Vec<Finding>> {
        let jwt = self.source.document.get("identity").and_then(|identity| identity.get("jwt"));
        let is_said = jwt.is_some_and(|jwt| jwt.get("payload").is_some() || jwt.get("namespace").is_some());
        if is_said || !self.policy.tells_apart_by().claims {
            return Ok(self);
        }
        let jwt = Document::object([("payload", payload.into())]);
        if let Document::Object(members) = &mut self.source.document {
            members.retain(|(name, _)| name != "identity");
            members.push(("identity".to_owned(), Document::object([("jwt", jwt)])));
        }
        let policy = Policy::from_document(&self.source.document).map_err(|errors| self.source.findings(&errors))?;
        Ok(Self { policy: Arc::new(policy), payload_was_added: true, ..self })
    }

    /// The same policy, with the keys that it signs ids with.
    pub(crate) fn with_id_keys(self, keys: &str) -> Result<Self, String> {
        let policy = Policy::clone(&self.policy).with_id_keys(Some(keys)).map_err(|fault| fault.to_string())?;
        Ok(Self { policy: Arc::new(policy), ..self })
    }

    /// The first digits of the version, enough to tell two policies apart.
    pub(crate) fn short_version(&self) -> &str {
        self.policy.version().get(..12).unwrap_or_default()
    }
}
