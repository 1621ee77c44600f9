//! A policy file: the one place where the command line meets the engine's policy.
//!
//! A policy may be made of several files and have variables. The engine and the proxy know of neither: here it becomes the one
//! document that they get.

mod assembly;
mod folder;
mod include;
mod looked_at;
mod ownership;
mod reading;
mod schema;
mod substitute;
mod values;
mod variables;

pub use assembly::{Assembly, assemble, assemble_text};
pub use looked_at::LookedAt;
pub use schema::schema;
pub use values::Values;

use pointsman_document::Document;
use pointsman_engine::Policy;
use pointsman_source::{Finding, Place, Source};
use std::path::Path;
use std::sync::Arc;

/// A valid policy, and the document it was made from.
#[derive(Debug)]
pub struct PolicyFile {
    pub source: Source,
    pub policy: Arc<Policy>,
    /// What it was made from, as it was then.
    pub looked_at: LookedAt,
    /// Whether `identity.jwt.payload` is not the author's.
    pub payload_was_added: bool,
}

/// Why there is no policy, and what to look at for a better one.
#[derive(Debug)]
pub struct Invalid {
    pub findings: Vec<Finding>,
    pub looked_at: LookedAt,
}

/// Reads and checks a policy; every error comes with its place in its file.
pub fn load(file: &Path, values: &Values) -> Result<PolicyFile, Vec<Finding>> {
    follow(file, values).map_err(|invalid| invalid.findings)
}

/// The same for who wants to know when something changes.
pub fn follow(file: &Path, values: &Values) -> Result<PolicyFile, Invalid> {
    assemble(file, values).judge()
}

/// The same of a policy that is this text, where there are no files.
pub fn parse(name: &str, text: &str) -> Result<PolicyFile, Invalid> {
    assemble_text(name, text).judge()
}

/// Whether a policy has ids signed: then the proxy has to let the module see the keys.
pub fn signs_ids(policy: &Document) -> bool {
    policy.get("providerState").is_some_and(|state| state.get("signedIds").is_some())
}

impl PolicyFile {
    /// The catalog as it was written.
    pub fn models(&self) -> &[Document] {
        self.source.document.get("models").map(Document::items).unwrap_or_default()
    }

    /// The same policy with this as `identity.jwt.payload`, if claims are asked for and it does not say itself where they
    /// are.
    pub fn with_payload(mut self, payload: &str) -> Result<Self, Vec<Finding>> {
        let jwt = self.source.document.get("identity").and_then(|identity| identity.get("jwt"));
        let is_said = jwt.is_some_and(|jwt| jwt.get("payload").is_some() || jwt.get("namespace").is_some());
        if is_said || !self.policy.tells_apart_by().claims {
            return Ok(self);
        }
        let jwt = Document::object([("payload", payload.into())]);
        let written = self.source.take("identity").pop();
        let place = written.map_or_else(|| self.source.place.clone(), |(_, place)| place);
        let place = Place { inside: Vec::new(), ..place };
        self.source.push("identity".to_owned(), Document::object([("jwt", jwt)]), place);
        let policy = Policy::from_document(&self.source.document).map_err(|errors| self.source.findings(&errors))?;
        Ok(Self { policy: Arc::new(policy), payload_was_added: true, ..self })
    }

    /// The same policy, with the keys that it signs ids with.
    pub fn with_id_keys(self, keys: &str) -> Result<Self, String> {
        let policy = Policy::clone(&self.policy).with_id_keys(Some(keys)).map_err(|fault| fault.to_string())?;
        Ok(Self { policy: Arc::new(policy), ..self })
    }

    /// The first digits of the version, enough to tell two policies apart.
    pub fn short_version(&self) -> &str {
        self.policy.version().get(..12).unwrap_or_default()
    }
}
