//! The requests whose end matters, and what is said of each when it comes.
//!
//! They have a place of their own beside the streams: also what was answered at its headers, or passes unread, ends once.

use crate::host::{self, Buffer};
use crate::meter;
use crate::spread::Spread;
use crate::view::Answered;
use pointsman_engine::budget::Tokens;
use pointsman_engine::names::RECORD_PROPERTY;
use pointsman_engine::stream::tally::Tally;
use pointsman_engine::{Policy, Record};
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

/// Whether this module is called for the bodies and the ends of answers.
pub(crate) const ARE_KEPT: bool = cfg!(feature = "answers");

type Tallies = HashMap<u32, Box<Tally>, BuildHasherDefault<Spread>>;

thread_local! {
    /// By the id of their stream's context.
    static TALLIES: Cell<Tallies> = const { Cell::new(HashMap::with_hasher(BuildHasherDefault::new())) };
}

fn with<R>(act: impl FnOnce(&mut Tallies) -> R) -> R {
    let mut tallies = TALLIES.take();
    let result = act(&mut tallies);
    TALLIES.set(tallies);
    result
}

/// A request has come.
pub(crate) fn open(context: u32, policy: &Arc<Policy>) {
    if ARE_KEPT && let Some(tally) = Tally::open(policy, host::now) {
        with(|tallies| tallies.insert(context, Box::new(tally)));
    }
}

/// This is known of it now. Whether it is kept: then the record is written when there is nothing more to be known.
pub(crate) fn note(context: u32, record: &Record) -> bool {
    ARE_KEPT
        && with(|tallies| {
            let tally = tallies.get_mut(&context);
            tally.is_some_and(|tally| {
                tally.note(record);
                true
            })
        })
}

/// The headers of its answer have come.
pub(crate) fn answered(answer: &Answered<'_>) {
    if ARE_KEPT {
        with(|tallies| {
            if let Some(tally) = tallies.get_mut(&answer.envoy.context) {
                tally.answered(answer);
            }
        });
    }
}

/// More of its answer has come.
pub(crate) fn read(context: u32, size: usize) {
    with(|tallies| {
        if let Some(tally) = tallies.get_mut(&context).filter(|tally| tally.reads()) {
            pieces(size, |piece| tally.read(piece, host::now));
        }
    });
}

/// What a host does not show is not read: the answer goes on all the same.
fn pieces(size: usize, mut read: impl FnMut(&[u8])) {
    let mut at = 0;
    while at < size {
        match host::body(Buffer::ResponseBody, at, size) {
            Ok(piece) if !piece.is_empty() => {
                read(&piece);
                at += piece.len();
            }
            _ => return,
        }
    }
}

/// It has ended: the record is completed for the access log, and what is counted is counted. Gives the tokens, where they are
/// known; `None` where it had ended before, or nobody wants to know.
pub(crate) fn end(context: u32, is_complete: bool) -> Option<Option<Tokens>> {
    if !ARE_KEPT {
        return None;
    }
    let tally = with(|tallies| tallies.remove(&context))?;
    let ended = tally.end(is_complete, host::now())?;
    let _ = host::set_property(RECORD_PROPERTY, ended.record.to_json().as_bytes());
    if let Some(counts) = ended.counts() {
        meter::count_request(&counts);
    }
    Some(ended.tokens())
}
