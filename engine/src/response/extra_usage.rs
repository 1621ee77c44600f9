//! What a stream of completions tells of its usage only because it was asked to: an event without choices, which goes as a
//! whole, and `"usage":null` in all others.
//!
//! An event waits until it has a choice, or is over. One that is longer than the longest that waits goes on as it is.

use super::amending::{Amender, Change};
use super::documents::{Listener, Stop};
use crate::json::{Container, Literal, Name, Numeral, Sink, Want};

/// The longest event, and the longest way around a member, that is taken out.
pub(super) const LONGEST: u64 = 16 << 10;

/// What a key means at the top level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    Choices,
    Usage,
    #[default]
    Other,
}

/// What is known of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// It has an empty list of choices.
    has_no_choices: bool,
    /// It has a usage, and not `null`.
    has_usage: bool,
    /// Its document is complete.
    is_complete: bool,
    /// It goes on, whatever else it holds.
    goes_on: bool,
}

impl Seen {
    /// Whether it is there for the usage alone.
    fn is_extra(self) -> bool {
        self.has_no_choices && self.has_usage && self.is_complete && !self.goes_on
    }
}

/// A member that says nothing.
#[derive(Clone, Copy, Debug)]
struct Empty {
    /// Where the member in front of it ends.
    before: Option<u64>,
    key: u64,
    end: u64,
}

/// The events of an answer as they pass.
#[derive(Debug, Default)]
pub(super) struct ExtraUsage {
    shift: u64,
    depth: usize,
    key: Key,
    name: Name,
    /// Where the event in progress begins, or the rest of the one behind which nothing has come yet.
    begin: u64,
    is_in_event: bool,
    was_extra: bool,
    seen: Seen,
    /// Whether the list of choices is open.
    is_in_choices: bool,
    /// The end of the last member, and the key of the one in progress.
    last: Option<u64>,
    key_at: u64,
    /// Where that begins which may go with a member that says nothing.
    open: Option<u64>,
    empty: Option<Empty>,
    /// Whether the usage of this document has been seen.
    is_settled: bool,
    changes: Vec<Change>,
}

impl ExtraUsage {
    fn at(&self, offset: u64) -> u64 {
        offset.wrapping_add(self.shift)
    }

    /// A part of an object, and what belongs to it from `begin` on, goes if that is not too long.
    fn take_out(&mut self, begin: u64, start: u64, end: u64) {
        if end.saturating_sub(begin) <= LONGEST {
            self.changes.push(Change { start, end, with: Vec::new() });
        }
    }

    /// A value begins.
    fn value(&mut self, is_null: bool) {
        // Anything in the list is a choice.
        self.seen.goes_on |= self.depth == 2 && self.is_in_choices;
        if self.depth == 1 && self.key == Key::Usage && !is_null {
            (self.open, self.is_settled) = (None, true);
        }
    }

    /// A value of the top level's is complete, unless it is a usage of `null`.
    fn value_end(&mut self, end: u64) -> Result<(), Stop> {
        if self.depth == 1 {
            self.last = Some(end);
            self.open = self.last.filter(|_| !self.is_settled);
            self.key = Key::Other;
        }
        self.enough()
    }

    /// A usage of `null` is over: what follows begins at `next`, unless it is the last member.
    fn take_empty(&mut self, next: Option<u64>) {
        let Some(Empty { before, key, end }) = self.empty.take() else { return };
        let begin = before.unwrap_or(key);
        match next {
            Some(next) => self.take_out(begin, key, next),
            None => self.take_out(begin, begin, end),
        }
        (self.open, self.is_settled) = (None, true);
    }

    fn enough(&self) -> Result<(), Stop> {
        if self.seen.goes_on && self.is_settled { Err(Stop::Enough) } else { Ok(()) }
    }
}

impl Sink for ExtraUsage {
    type Refusal = Stop;

    fn begin(&mut self, container: Container, _: u64) -> Result<(), Stop> {
        self.value(false);
        if self.depth == 1 {
            self.is_in_choices = self.key == Key::Choices && container == Container::Array;
            self.seen.has_usage |= self.key == Key::Usage && container == Container::Object;
        }
        self.depth += 1;
        self.enough()
    }

    fn end(&mut self, end: u64) -> Result<(), Stop> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 1 {
            self.seen.has_no_choices |= std::mem::take(&mut self.is_in_choices);
            return self.value_end(self.at(end));
        }
        if self.depth == 0 {
            self.take_empty(None);
            (self.open, self.seen.is_complete, self.is_settled) = (None, true, true);
            self.seen.goes_on |= !self.seen.is_extra();
        }
        self.enough()
    }

    fn begin_key(&mut self, at: u64) -> Want {
        self.key = Key::Other;
        if self.depth != 1 {
            return Want::Nothing;
        }
        let at = self.at(at);
        self.take_empty(Some(at));
        self.key_at = at;
        if self.last.is_none() && !self.is_settled {
            self.open = Some(at);
        }
        self.name.clear();
        Want::Text
    }

    fn end_key(&mut self, _: u64) -> Result<(), Stop> {
        if self.depth == 1 {
            self.key = match self.name.as_bytes() {
                b"choices" => Key::Choices,
                b"usage" => Key::Usage,
                _ => Key::Other,
            };
            self.open = self.open.filter(|_| self.key == Key::Usage);
        }
        Ok(())
    }

    fn begin_string(&mut self, _: u64) -> Result<Want, Stop> {
        self.value(false);
        self.enough().map(|()| Want::Nothing)
    }

    fn text(&mut self, text: &[u8]) {
        self.name.push(text);
    }

    fn lone_surrogate(&mut self, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn end_string(&mut self, end: u64) -> Result<(), Stop> {
        self.value_end(self.at(end))
    }

    fn number(&mut self, _: Numeral, _: u64, end: u64) -> Result<(), Stop> {
        self.value(false);
        self.value_end(self.at(end))
    }

    fn literal(&mut self, literal: Literal, end: u64) -> Result<(), Stop> {
        let is_null = literal == Literal::Null;
        self.value(is_null);
        if !is_null || self.depth != 1 || self.key != Key::Usage || self.is_settled {
            return self.value_end(self.at(end));
        }
        self.empty = Some(Empty { before: self.last, key: self.key_at, end: self.at(end) });
        Ok(())
    }
}

impl Listener for ExtraUsage {
    fn begin_document(&mut self) {
        (self.depth, self.key, self.last, self.open, self.empty) = (0, Key::Other, None, None, None);
        (self.is_in_choices, self.is_settled) = (false, false);
    }

    fn shift(&mut self, by: u64) {
        self.shift = by;
    }

    fn end_document(&mut self) {
        (self.open, self.empty) = (None, None);
        self.seen.goes_on |= !self.seen.is_complete;
    }

    fn begin_event(&mut self, at: u64) {
        (self.begin, self.is_in_event, self.was_extra, self.seen) = (at, true, false, Seen::default());
    }

    fn end_event(&mut self, end: u64) {
        if std::mem::take(&mut self.is_in_event) {
            self.was_extra = self.seen.is_extra() && end.saturating_sub(self.begin) <= LONGEST;
        }
        if self.was_extra {
            self.changes.push(Change { start: self.begin, end, with: Vec::new() });
        }
        self.begin = end;
    }
}

impl Amender for ExtraUsage {
    fn listener(&mut self) -> &mut dyn Listener {
        self
    }

    fn open(&self) -> Option<u64> {
        let event = (self.is_in_event && !self.seen.goes_on).then_some(self.begin);
        event.into_iter().chain(self.open).min()
    }

    fn take(&mut self, changes: &mut Vec<Change>) {
        changes.append(&mut self.changes);
    }

    fn pass(&mut self, position: u64) {
        let is_long = |begin: u64| position.saturating_sub(begin) > LONGEST;
        self.seen.goes_on |= self.is_in_event && is_long(self.begin);
        self.open = self.open.filter(|begin| !is_long(*begin));
    }

    /// A stream may end without an empty line.
    fn finish(&mut self, end: u64) {
        if self.is_in_event {
            self.end_event(end);
        }
    }
}
