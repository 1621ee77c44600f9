//! What a replay has found, added up.

use super::bounded::ByName;
use super::outcome::Outcome;
use std::collections::BTreeMap;

/// Places shown of each change.
const EXAMPLES: usize = 3;

/// More changes than any report is read for: those that come late are counted, and not told apart.
const MOST_MOVES: usize = 2_000;

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The number of the file, in the order in which they were given.
    pub(crate) file: usize,
    pub(crate) line: u64,
    /// The request's id, where the log has one.
    pub(crate) id: Option<String>,
}

/// Counts of one kind of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// Decided before and after.
    pub(crate) compared: u64,
    pub(crate) moved: u64,
    /// Refused now, and not before.
    pub(crate) denied: u64,
    /// Refused before, and not now.
    pub(crate) allowed: u64,
    pub(crate) unknown: u64,
    pub(crate) cost: Costs,
}

/// What requests cost, in millionths of the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Costs {
    /// By what providers have counted.
    pub(crate) counted: Cost,
    /// By estimates.
    pub(crate) estimated: Cost,
    /// Those of which neither is known, or a price is missing.
    pub(crate) unpriced: u64,
}

/// What so many requests cost before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) requests: u64,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// How often a rule decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    pub(crate) before: u64,
    pub(crate) after: u64,
    /// Of those that it decides now: how many go elsewhere than before.
    pub(crate) moved: u64,
}

/// A change, how often, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) count: u64,
    pub(crate) examples: Vec<Place>,
}

/// What a replay has found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Requests, whatever became of them.
    pub(crate) records: u64,
    /// Lines that are none.
    pub(crate) unreadable: u64,
    pub(crate) first_unreadable: Option<Place>,
    /// Requests for which no rule was asked.
    pub(crate) unasked: u64,
    pub(crate) all: Counts,
    /// Same first model, other models behind it.
    pub(crate) rechained: u64,
    /// Same outcome, by another rule.
    pub(crate) reruled: u64,
    /// Same outcome, another copy.
    pub(crate) remirrored: u64,
    /// What was not told of requests whose decision is not known.
    pub(crate) untold: ByName<u64>,
    pub(crate) tenants: ByName<Counts>,
    pub(crate) rules: ByName<Hits>,
    /// By where requests went and where they go, those that stay included.
    pub(crate) moves: BTreeMap<(String, String), Move>,
    /// Moves that are not in that table.
    pub(crate) more_moves: u64,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.before = self.before.saturating_add(other.before);
        self.after = self.after.saturating_add(other.after);
    }
}

impl Costs {
    pub(crate) fn add(&mut self, other: Self) {
        self.counted.add(other.counted);
        self.estimated.add(other.estimated);
        self.unpriced += other.unpriced;
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.moved += other.moved;
        self.denied += other.denied;
        self.allowed += other.allowed;
        self.unknown += other.unknown;
        self.cost.add(other.cost);
    }
}

impl Move {
    /// The first places are the ones shown, whichever thread saw them first.
    fn add(&mut self, count: u64, places: Vec<Place>) {
        self.count += count;
        self.examples.extend(places);
        self.examples.sort();
        self.examples.truncate(EXAMPLES);
    }
}

impl Tally {
    /// A request whose decisions are known.
    pub(crate) fn compare(&mut self, tenant: &str, before: &Outcome, after: &Outcome, cost: Costs, place: Place) {
        let moved = before.to != after.to;
        let counts = Counts {
            compared: 1,
            moved: u64::from(moved),
            denied: u64::from(after.to.is_refused() && !before.to.is_refused()),
            allowed: u64::from(before.to.is_refused() && !after.to.is_refused()),
            unknown: 0,
            cost,
        };
        self.all.add(counts);
        self.tenants.of(tenant).add(counts);
        self.rechained += u64::from(!moved && before.chain != after.chain);
        self.reruled += u64::from(!moved && before.rule != after.rule);
        self.remirrored += u64::from(!moved && before.mirror != after.mirror);
        if let Some(rule) = &before.rule {
            self.rules.of(rule).before += 1;
        }
        if let Some(rule) = &after.rule {
            let hits = self.rules.of(rule);
            hits.after += 1;
            hits.moved += u64::from(moved);
        }
        let examples = if moved { vec![place] } else { Vec::new() };
        self.note((before.to.name(), after.to.name()), 1, examples);
    }

    fn note(&mut self, key: (String, String), count: u64, examples: Vec<Place>) {
        if self.moves.len() < MOST_MOVES || self.moves.contains_key(&key) {
            self.moves.entry(key).or_default().add(count, examples);
        } else {
            self.more_moves += count;
        }
    }

    /// A request whose decision depends on something that nobody has told.
    pub(crate) fn unknown(&mut self, tenant: &str, what: &str) {
        self.all.unknown += 1;
        self.tenants.of(tenant).unknown += 1;
        *self.untold.of(what) += 1;
    }

    /// A line that is no record.
    pub(crate) fn unreadable(&mut self, place: Place) {
        self.unreadable += 1;
        let earlier = self.first_unreadable.take().filter(|first| *first < place);
        self.first_unreadable = Some(earlier.unwrap_or(place));
    }

    /// Adds what another thread has found.
    pub(crate) fn add(&mut self, other: Self) {
        self.records += other.records;
        self.unreadable += other.unreadable;
        let first = self.first_unreadable.take().into_iter().chain(other.first_unreadable).min();
        self.first_unreadable = first;
        self.unasked += other.unasked;
        self.all.add(other.all);
        self.rechained += other.rechained;
        self.reruled += other.reruled;
        self.remirrored += other.remirrored;
        self.more_moves += other.more_moves;
        self.untold.add(other.untold, |all, more| *all += more);
        self.tenants.add(other.tenants, Counts::add);
        self.rules.add(other.rules, |all, more| {
            all.before += more.before;
            all.after += more.after;
            all.moved += more.moved;
        });
        for (key, found) in other.moves {
            self.note(key, found.count, found.examples);
        }
    }
}
