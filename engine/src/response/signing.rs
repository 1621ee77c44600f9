//! An answer in which the ids of responses are signed as it passes.
//!
//! Everything else stays byte for byte, and nothing waits but an id whose end has not come: a few bytes, which are taken out and
//! put in front of what comes next.

use super::documents::{Documents, Shape};
use super::ids::{Found, Ids};
use crate::policy::Policy;
use crate::signed_id;
use crate::splice::{Replaced, Splice};
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

/// An answer as it passes.
#[derive(Debug)]
pub struct Signing {
    signature: Signature,
    documents: Documents,
    ids: Ids,
    /// Where the chunk in progress begins in the answer.
    begin: u64,
    /// What has been taken out of earlier chunks, and waits: it stood right in front of this one.
    held: Vec<u8>,
    /// What of this chunk is not decided.
    undecided: Vec<u8>,
    /// The changes in this chunk.
    changes: Vec<Splice>,
}

impl Signing {
    /// An answer of this type; `None` where nothing in it can be read.
    #[must_use]
    pub fn of(signature: Signature, content_type: &[u8]) -> Option<Self> {
        Shape::of(content_type).map(|shape| Self::new(signature, shape))
    }

    fn new(signature: Signature, shape: Shape) -> Self {
        Self {
            signature,
            documents: Documents::new(shape),
            ids: Ids::new(shape),
            begin: 0,
            held: Vec::new(),
            undecided: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Whether nothing of what is still to come can change.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.documents.is_over() && self.held.is_empty()
    }

    /// The next bytes of a chunk.
    pub fn push(&mut self, piece: &[u8]) {
        let at = self.documents.position();
        self.documents.feed(piece, &mut self.ids);
        for found in self.ids.take() {
            if let Some((place, signature)) = self.signature.of(&found) {
                self.insert(place, signature);
            }
        }
        match self.ids.open() {
            Some(open) => {
                if open >= at {
                    self.undecided.clear();
                }
                let from = usize::try_from(open.saturating_sub(at)).unwrap_or(usize::MAX);
                self.undecided.extend_from_slice(piece.get(from..).unwrap_or_default());
            }
            None => self.undecided.clear(),
        }
    }

    fn insert(&mut self, place: u64, signature: String) {
        match place.checked_sub(self.begin) {
            Some(keep) => {
                let keep = usize::try_from(keep).unwrap_or(usize::MAX);
                self.changes.push(Splice { keep, until: keep, with: signature.into_bytes(), what: Replaced::Part });
            }
            // It began in an earlier chunk.
            None => {
                let from_end = usize::try_from(self.begin - place).unwrap_or(usize::MAX);
                let at = self.held.len().saturating_sub(from_end);
                self.held.splice(at..at, signature.into_bytes());
            }
        }
    }

    /// All of a chunk has been pushed: what changes in it. `is_last`: nothing comes behind it.
    pub fn finish(&mut self, is_last: bool) -> Vec<Splice> {
        let (begin, end) = (self.begin, self.documents.position());
        let offset = |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX);
        self.begin = end;
        let open = self.ids.open().filter(|_| !is_last);
        let mut changes = std::mem::take(&mut self.changes);
        let undecided = std::mem::take(&mut self.undecided);
        let goes_on = open.is_some_and(|open| open < begin);
        if !self.held.is_empty() && !goes_on {
            let with = std::mem::take(&mut self.held);
            changes.insert(0, Splice { keep: 0, until: 0, with, what: Replaced::Part });
        }
        if let Some(open) = open.filter(|open| *open < end || goes_on) {
            changes.push(Splice { keep: offset(open), until: offset(end), with: Vec::new(), what: Replaced::Part });
            self.held.extend(undecided);
        }
        changes
    }
}

#[cfg(test)]
mod tests;
