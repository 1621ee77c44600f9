//! A header of which a record tells.

use super::{HeaderText, ValueTest};
use crate::policy::recording::hash_of;
use crate::record::HeaderFact;
use std::cell::Cell;

/// What a record tells of a header's value.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToldHeader {
    fact: HeaderFact,
    /// Something was asked that it does not tell. The answer given is none, and the decision not worth anything.
    failed: Cell<bool>,
}

impl HeaderText {
    /// A header as a record tells of it: `None` if it was not there.
    pub(crate) fn told(longest_searched: usize, fact: Option<&HeaderFact>) -> Option<Self> {
        let fact = match fact {
            Some(HeaderFact { value: Some(value), .. }) => {
                return Self::of(longest_searched, std::iter::once(value.as_bytes()));
            }
            Some(HeaderFact { hash: None, .. }) => return None,
            Some(fact) => fact.clone(),
            None => HeaderFact::default(),
        };
        let told = Some(Box::new(ToldHeader { fact, failed: Cell::new(false) }));
        Some(Self { told, ..Self::default() })
    }

    /// Whether something was asked of it that the record does not tell.
    pub(crate) fn has_failed(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.failed.get())
    }
}

impl ToldHeader {
    /// Notes a question that has no answer.
    pub(super) fn fail(&self) {
        self.failed.set(true);
    }

    pub(super) fn judge(&self, test: &ValueTest) -> Option<bool> {
        let judged = match (test, self.fact.hash) {
            (_, None) => None,
            (ValueTest::Exact(value), Some(hash)) => Some(hash_of(value.as_bytes()) == hash.0),
            (pattern, Some(_)) => {
                let label = pattern.label()?;
                let is_in = |list: &[Box<str>]| list.contains(&label);
                if is_in(&self.fact.holds) { Some(true) } else { is_in(&self.fact.fails).then_some(false) }
            }
        };
        if judged.is_none() {
            self.fail();
        }
        judged
    }

    pub(super) fn hash(&self) -> u64 {
        self.fact.hash.map_or_else(
            || {
                self.fail();
                0
            },
            |hash| hash.0,
        )
    }
}
