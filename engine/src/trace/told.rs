//! The same of a request of which only a record tells.

use super::{Seen, Trace};
use crate::decide::witness::Witness;
use crate::explain::Exchange;
use crate::record::Record;
use crate::replay::{Replay, Replayed};

impl Replay {
    /// Takes the decision of a record again, with what it goes by: no tenants, for the record names them, and nothing of what is
    /// sent, for it does not hold the request. A decision that is not known has the record of before, and says of the rules how
    /// far they could be asked.
    #[must_use]
    pub fn trace(&self, record: &Record) -> (Replayed, Trace) {
        let mut looked = None;
        let watch = |attributes: &mut crate::decide::attributes::Attributes| attributes.witness = Witness::watching();
        let outcome = self.outcome(record, watch, |attributes, facts| looked = Some((attributes, facts)));
        let (replayed, decided) = match outcome {
            Ok(decided) => (Replayed::Decided(Box::new(decided.clone())), decided),
            Err(replayed) => (replayed, record.clone()),
        };
        let Some((attributes, facts)) = looked else { return (replayed, Trace::of(decided)) };
        let seen = Seen {
            policy: self.policy(),
            record: &decided,
            attributes: &attributes,
            facts: Some(&facts),
            bytes: record.facts.as_ref().map_or(0, |facts| facts.bytes),
            caller: &Exchange::default(),
            notes: attributes.witness.take(),
        };
        (replayed, seen.trace())
    }
}
