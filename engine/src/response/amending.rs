//! An answer in which something changes as it passes.
//!
//! Everything else stays byte for byte. Nothing waits but what is not decided yet: a name or an id whose end has not come, or an
//! event that may have to go. It is taken out and put in front of what comes next.

mod amenders;

pub(super) use amenders::Amender;

use super::documents::{Documents, Shape};
use super::extra_usage::ExtraUsage;
use super::model_names::ModelNames;
use super::signing::{Signature, Signing};
use crate::api::Api;
use crate::splice::{Replaced, Splice};
use amenders::Amenders;

/// What is to change in an answer.
#[derive(Clone, Debug, Default)]
pub struct Amendments {
    /// Whose ids are signed.
    pub signature: Option<Signature>,
    /// What the model is called, and the API that says where.
    pub model: Option<(Api, Box<str>)>,
    /// Whether what a stream tells of its usage goes: the client has not asked for it.
    pub without_usage: bool,
}

impl Amendments {
    /// Those who make the changes in an answer of that shape.
    fn amenders(self, shape: Shape) -> Vec<Box<dyn Amender>> {
        let mut all: Vec<Box<dyn Amender>> = Vec::new();
        if let Some(signature) = self.signature {
            all.push(Box::new(Signing::new(signature, shape)));
        }
        if let Some(names) = self.model.and_then(|(api, model)| ModelNames::new(api, shape, &model)) {
            all.push(Box::new(names));
        }
        if self.without_usage && shape == Shape::Events {
            all.push(Box::new(ExtraUsage::default()));
        }
        all
    }
}

/// A part of an answer that something else takes the place of. Offsets count bytes from its beginning, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) with: Vec<u8>,
}

/// An answer as it passes.
#[derive(Debug)]
pub struct Amending {
    documents: Documents,
    amenders: Amenders,
    /// Where the chunk in progress begins in the answer.
    begin: u64,
    /// What has been taken out of earlier chunks, and waits: it stood right in front of this one.
    held: Vec<u8>,
    /// From here on nothing is decided.
    open: u64,
    /// What of this chunk stands there.
    undecided: Vec<u8>,
    /// The changes that have not been made, in the order of the answer.
    changes: Vec<Change>,
}

impl Amending {
    /// An answer of this type; `None` where nothing in it can be read, or nothing has to change.
    #[must_use]
    pub fn of(amendments: Amendments, content_type: &[u8]) -> Option<Self> {
        let shape = Shape::of(content_type)?;
        let amenders = amendments.amenders(shape);
        (!amenders.is_empty()).then(|| Self {
            documents: Documents::new(shape),
            amenders: Amenders::new(amenders),
            begin: 0,
            held: Vec::new(),
            open: 0,
            undecided: Vec::new(),
            changes: Vec::new(),
        })
    }

    /// Whether nothing of what is still to come can change.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.documents.is_over() && self.held.is_empty()
    }

    /// The next bytes of a chunk.
    pub fn push(&mut self, piece: &[u8]) {
        let at = self.documents.position();
        self.documents.feed(piece, &mut self.amenders);
        let position = self.documents.position();
        self.amenders.pass(position);
        self.collect();
        let open = self.amenders.open().map_or(position, |open| open.min(position)).max(self.open);
        let in_chunk = open.max(self.begin);
        if in_chunk >= at {
            self.undecided.clear();
        } else {
            let decided = in_chunk.saturating_sub(self.open.max(self.begin));
            self.undecided.drain(..offset(decided).min(self.undecided.len()));
        }
        self.undecided.extend_from_slice(piece.get(offset(in_chunk.saturating_sub(at))..).unwrap_or_default());
        self.open = open;
    }

    /// Takes in what has been found, in the order of the answer. What goes takes all changes inside of it along.
    fn collect(&mut self) {
        for change in self.amenders.take() {
            self.changes.retain(|other| other.start < change.start || change.end < other.end);
            let at = self.changes.iter().take_while(|other| other.start < change.start).count();
            self.changes.insert(at, change);
        }
    }

    /// All of a chunk has been pushed: what changes in it. `is_last`: nothing comes behind it.
    pub fn finish(&mut self, is_last: bool) -> Vec<Splice> {
        let (begin, end) = (self.begin, self.documents.position());
        if is_last {
            self.amenders.finish(end);
            self.collect();
            self.open = end;
            self.undecided.clear();
        }
        let open = self.open;
        let mut splices = Vec::new();
        let decided = self.changes.iter().take_while(|change| change.end <= open).count();
        let mut changes = self.changes.drain(..decided).peekable();
        // What waited leaves with its changes, in front of what stands behind the last of them in this chunk.
        let (mut front, mut at) = (Vec::new(), begin.saturating_sub(self.held.len() as u64));
        let held = |from: u64, until: u64| {
            let before = |place: u64| self.held.len().saturating_sub(offset(begin.saturating_sub(place)));
            self.held.get(before(from)..before(until)).unwrap_or_default()
        };
        while let Some(change) = changes.next_if(|change| change.start < begin) {
            front.extend_from_slice(held(at, change.start));
            front.extend_from_slice(&change.with);
            at = change.end;
        }
        front.extend_from_slice(held(at, open.min(begin).max(at)));
        let until = offset(at.saturating_sub(begin));
        if !front.is_empty() || until > 0 {
            splices.push(Splice { keep: 0, until, with: front, what: Replaced::Part });
        }
        let relative = |place: u64| offset(place.saturating_sub(begin));
        for Change { start, end, with } in changes {
            splices.push(Splice { keep: relative(start), until: relative(end), with, what: Replaced::Part });
        }
        if open < end {
            splices.push(Splice { keep: relative(open), until: relative(end), with: Vec::new(), what: Replaced::Part });
        }
        let gone = self.held.len().saturating_sub(offset(begin.saturating_sub(open)));
        self.held.drain(..gone);
        self.held.append(&mut self.undecided);
        self.begin = end;
        splices
    }

    /// How much waits.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }
}

/// An offset that memory cannot have fails at the host.
fn offset(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
