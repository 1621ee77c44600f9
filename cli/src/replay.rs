//! Yesterday's traffic, decided by another policy: what would move, from where to where, and what it would cost.
//!
//! Traffic streams through: a line is a record, blocks of lines go to as many threads as there are cores, and what they find
//! is added up. Nothing is kept of a line but counts, and a few places as examples.

mod bounded;
mod gate;
mod judge;
mod outcome;
mod progress;
pub(crate) mod report;
mod run;
mod tally;
mod traffic;

pub(crate) use gate::Gate;
pub(crate) use judge::Judge;
pub(crate) use run::run;
pub(crate) use traffic::{Traffic, is_log, record as recorded};
