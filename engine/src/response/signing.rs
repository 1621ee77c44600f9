//! The ids of responses in an answer, signed as it passes.

use super::amending::{Amender, Change};
use super::documents::{Listener, Shape};
use super::ids::{Found, Ids};
use crate::policy::Policy;
use crate::signed_id;
use std::sync::Arc;

/// Whose answer it is.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The policy that has it signed, and has the key.
    pub policy: Arc<Policy>,
    /// The cluster that has made it.
    pub cluster: Arc<str>,
    /// The tenant that gets it.
    pub tenant: Option<Arc<str>>,
}

impl Signature {
    /// What goes into an id, and where; `None` for what is no id that comes back as it is.
    fn of(&self, found: &Found) -> Option<(u64, String)> {
        let Found { id, start, end } = found;
        let is_plain = *end == start + 2 + id.len() as u64 && id.bytes().all(|byte| byte.is_ascii_graphic());
        let signature = self.policy.signer().sign(&self.cluster, self.tenant.as_deref(), id);
        signature.filter(|_| is_plain && !id.is_empty()).map(|sign| (start + 1 + signed_id::prefix(id) as u64, sign))
    }
}

/// Signs an answer's ids.
#[derive(Debug)]
pub(super) struct Signing {
    signature: Signature,
    ids: Ids,
}

impl Signing {
    pub(super) fn new(signature: Signature, shape: Shape) -> Self {
        Self { signature, ids: Ids::new(shape) }
    }
}

impl Amender for Signing {
    fn listener(&mut self) -> &mut dyn Listener {
        &mut self.ids
    }

    fn open(&self) -> Option<u64> {
        self.ids.open()
    }

    fn take(&mut self, changes: &mut Vec<Change>) {
        let signed = self.ids.take().into_iter().filter_map(|found| self.signature.of(&found));
        changes.extend(signed.map(|(place, sign)| Change { start: place, end: place, with: sign.into_bytes() }));
    }
}

#[cfg(test)]
mod tests;
