//! One request: what became of it, what would, and what each costs.

use super::outcome::{Outcome, To};
use super::tally::{Cost, Costs, Place, Tally};
use crate::policy_file::PolicyFile;
use pointsman_document::Document;
use pointsman_engine::{Exchange, Policy, Record, Replay, Replayed, explain};
use std::borrow::Cow;
use std::sync::Arc;

/// Whose requests they are that are nobody's.
const NOBODY: &str = "(none)";

/// Holds decisions against each other.
#[derive(Debug)]
pub(crate) struct Judge {
    after: Replay,
    /// The policy to compare with. Without one, what records say is compared.
    before: Option<Replay>,
    /// The policy that decides, writing facts: whole requests are priced by them.
    telling: Arc<Policy>,
}

/// A decision, or what it depends on that is not known; nothing where no rule is asked.
type Decided = Result<Outcome, Option<Cow<'static, str>>>;

impl Judge {
    pub(crate) fn new(after: &PolicyFile, before: Option<&PolicyFile>) -> Self {
        let replay = |file: &PolicyFile| Replay::new(Arc::clone(&file.policy));
        Self { after: replay(after), before: before.map(replay), telling: telling(after) }
    }

    /// Whether there is a policy to compare with.
    pub(crate) fn compares_policies(&self) -> bool {
        self.before.is_some()
    }

    /// Takes in a record.
    pub(crate) fn record(&self, record: &Record, place: Place, tally: &mut Tally) {
        tally.records += 1;
        let after = decided(&self.after, record);
        let before = match &self.before {
            Some(before) => decided(before, record),
            None => Ok(Outcome::of(record)),
        };
        self.compare(record, before, after, place, tally);
    }

    /// Takes in a whole request, of which everything is known. There must be a policy to compare with.
    pub(crate) fn request(&self, exchange: &Exchange, place: Place, tally: &mut Tally) {
        tally.records += 1;
        let Some(before) = &self.before else { return };
        let (Some(was), Some(is)) = (explain(before.policy(), exchange), explain(&self.telling, exchange)) else {
            tally.unasked += 1;
            return;
        };
        self.compare(&is, Ok(Outcome::of(&was)), Ok(Outcome::of(&is)), place, tally);
    }

    fn compare(&self, record: &Record, before: Decided, after: Decided, place: Place, tally: &mut Tally) {
        let tenant = record.tenant.as_deref().unwrap_or(NOBODY);
        match (before, after) {
            (Ok(before), Ok(after)) => {
                let cost = self.cost(record, &before.to, &after.to);
                tally.compare(tenant, &before, &after, cost, place);
            }
            (_, Err(Some(what))) | (Err(Some(what)), _) => tally.unknown(tenant, &what),
            (_, Err(None)) | (Err(None), _) => tally.unasked += 1,
        }
    }

    fn cost(&self, record: &Record, before: &To, after: &To) -> Costs {
        if before.model().is_none() && after.model().is_none() {
            return Costs::default();
        }
        let usage = record.answer.as_ref().and_then(|answer| answer.usage);
        let tokens = usage.map(|usage| (usage.input, usage.cached, usage.cache_write, usage.output));
        let is_counted = tokens.is_some();
        let tokens = tokens.or_else(|| record.estimate().map(|(input, output)| (input, 0, 0, output)));
        let price = |policy: &Policy, to: &To| match to.model() {
            None => Some(0),
            Some(model) => {
                let (input, cached, cache_write, output) = tokens?;
                policy.model_named(model)?.cost_of(input, cached, cache_write, output)
            }
        };
        let said = record.answer.as_ref().and_then(|answer| answer.cost_micros);
        let was = match &self.before {
            Some(policy) => price(policy.policy(), before),
            // What it cost is known better than any price is.
            None => said.filter(|_| is_counted).or_else(|| price(self.after.policy(), before)),
        };
        let (Some(before), Some(after)) = (was, price(self.after.policy(), after)) else {
            return Costs { unpriced: 1, ..Costs::default() };
        };
        let cost = Cost { requests: 1, before, after };
        if is_counted {
            Costs { counted: cost, ..Costs::default() }
        } else {
            Costs { estimated: cost, ..Costs::default() }
        }
    }
}

/// The same policy, with `record: facts`.
fn telling(file: &PolicyFile) -> Arc<Policy> {
    let Document::Object(members) = &file.source.document else { return Arc::clone(&file.policy) };
    let kept = members.iter().filter(|(name, _)| name != "record").cloned();
    let telling = Document::Object(kept.chain([("record".to_owned(), "facts".into())]).collect());
    match Policy::from_document(&telling) {
        // It would not have the keys that ids are signed with.
        Ok(policy) if !policy.signs_ids() => Arc::new(policy),
        _ => Arc::clone(&file.policy),
    }
}

fn decided(replay: &Replay, record: &Record) -> Decided {
    match replay.decide(record) {
        Replayed::Decided(record) => Ok(Outcome::of(&record)),
        Replayed::Unknown(what) => Err(Some(what)),
        Replayed::Unasked => Err(None),
    }
}
