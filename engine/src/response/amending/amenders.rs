//! Several who change something in one answer, of whom each hears it as if it were alone.

use super::Change;
use crate::json::{Container, Literal, Numeral, Sink, Want};
use crate::response::documents::{Listener, Stop};
use std::fmt;

/// Who changes something in an answer. Not `Debug`: nobody shows one, and a table of its methods would take what shows a whole policy
/// into the module, a tenth of it.
pub(in crate::response) trait Amender {
    /// What of it hears the answer.
    fn listener(&mut self) -> &mut dyn Listener;

    /// Where that begins of which it is not decided whether it changes.
    fn open(&self) -> Option<u64>;

    /// Adds the changes that have been decided since the last call.
    fn take(&mut self, changes: &mut Vec<Change>);

    /// So much of the answer has passed: nothing waits for ever.
    fn pass(&mut self, _position: u64) {}

    /// The answer has ended.
    fn finish(&mut self, _end: u64) {}
}

#[derive(Debug)]
pub(super) struct Amenders(Vec<Seat>);

struct Seat {
    amender: Box<dyn Amender>,
    /// Whether it wants to know more of the document in progress,
    listens: bool,
    /// and of the string.
    wants: Want,
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("listens", &self.listens).field("wants", &self.wants).finish_non_exhaustive()
    }
}

impl Amenders {
    pub(super) fn new(all: Vec<Box<dyn Amender>>) -> Self {
        Self(all.into_iter().map(|amender| Seat { amender, listens: false, wants: Want::Nothing }).collect())
    }

    /// Where that begins of which somebody has not decided.
    pub(super) fn open(&self) -> Option<u64> {
        self.0.iter().filter_map(|seat| seat.amender.open()).min()
    }

    /// What has been decided since the last call.
    pub(super) fn take(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.0.iter_mut().for_each(|seat| seat.amender.take(&mut changes));
        changes
    }

    pub(super) fn pass(&mut self, position: u64) {
        self.0.iter_mut().for_each(|seat| seat.amender.pass(position));
    }

    pub(super) fn finish(&mut self, end: u64) {
        self.0.iter_mut().for_each(|seat| seat.amender.finish(end));
    }

    /// Tells everybody who listens; enough is known when nobody does any more.
    fn tell(&mut self, tell: impl Fn(&mut dyn Listener) -> Result<(), Stop>) -> Result<(), Stop> {
        self.ask(|listener| tell(listener).map(|()| Want::Nothing)).map(|_| ())
    }

    /// The same, of the beginning of a string.
    fn ask(&mut self, ask: impl Fn(&mut dyn Listener) -> Result<Want, Stop>) -> Result<Want, Stop> {
        let (mut wanted, mut is_heard) = (Want::Nothing, false);
        for seat in self.0.iter_mut().filter(|seat| seat.listens) {
            if let Ok(wants) = ask(seat.amender.listener()) {
                (seat.wants, is_heard) = (wants, true);
                wanted = if wants == Want::Text { wants } else { wanted };
            } else {
                seat.listens = false;
                seat.amender.listener().end_document();
            }
        }
        if is_heard { Ok(wanted) } else { Err(Stop::Enough) }
    }
}

impl Sink for Amenders {
    type Refusal = Stop;

    fn begin(&mut self, container: Container, inside: u64) -> Result<(), Stop> {
        self.tell(|listener| listener.begin(container, inside))
    }

    fn end(&mut self, end: u64) -> Result<(), Stop> {
        self.tell(|listener| listener.end(end))
    }

    fn begin_key(&mut self, at: u64) -> Want {
        self.ask(|listener| Ok(listener.begin_key(at))).unwrap_or(Want::Nothing)
    }

    fn end_key(&mut self, end: u64) -> Result<(), Stop> {
        self.tell(|listener| listener.end_key(end))
    }

    fn begin_string(&mut self, at: u64) -> Result<Want, Stop> {
        self.ask(|listener| listener.begin_string(at))
    }

    fn text(&mut self, text: &[u8]) {
        let listening = self.0.iter_mut().filter(|seat| seat.listens && seat.wants == Want::Text);
        listening.for_each(|seat| seat.amender.listener().text(text));
    }

    fn lone_surrogate(&mut self, is_key: bool) -> Result<(), Stop> {
        let mut is_heard = false;
        for seat in self.0.iter_mut().filter(|seat| seat.listens) {
            // What it does not want to know of stops nobody.
            if seat.wants == Want::Text && seat.amender.listener().lone_surrogate(is_key).is_err() {
                seat.listens = false;
                seat.amender.listener().end_document();
            }
            is_heard |= seat.listens;
        }
        if is_heard { Ok(()) } else { Err(Stop::Enough) }
    }

    fn end_string(&mut self, end: u64) -> Result<(), Stop> {
        self.tell(|listener| listener.end_string(end))
    }

    fn number(&mut self, value: Numeral, start: u64, end: u64) -> Result<(), Stop> {
        self.tell(|listener| listener.number(value, start, end))
    }

    fn literal(&mut self, literal: Literal, end: u64) -> Result<(), Stop> {
        self.tell(|listener| listener.literal(literal, end))
    }
}

impl Listener for Amenders {
    fn begin_document(&mut self) {
        for seat in &mut self.0 {
            seat.listens = true;
            seat.amender.listener().begin_document();
        }
    }

    fn shift(&mut self, by: u64) {
        self.0.iter_mut().for_each(|seat| seat.amender.listener().shift(by));
    }

    fn end_document(&mut self) {
        for seat in self.0.iter_mut().filter(|seat| seat.listens) {
            seat.listens = false;
            seat.amender.listener().end_document();
        }
    }

    fn begin_event(&mut self, at: u64) {
        self.0.iter_mut().for_each(|seat| seat.amender.listener().begin_event(at));
    }

    fn end_event(&mut self, end: u64) {
        self.0.iter_mut().for_each(|seat| seat.amender.listener().end_event(end));
    }
}
