//! Where the ids of responses stand in an answer of OpenAI's Responses API: `id` and `previous_response_id` of the response,
//! which is the answer itself, or `response` in some of its events.
//!
//! <https://platform.openai.com/docs/api-reference/responses/object>,
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use super::documents::{Listener, Shape, Stop};
use crate::json::{Container, Literal, Name, Numeral, Sink, Want};

/// The longest id that is looked at. Nothing of a longer one is kept.
pub(super) const LONGEST: usize = 256;

/// How the `type` of events ends that hold a piece of text and nothing of the response. They are nearly all of a stream.
const OF_PIECES: &[u8] = b".delta";

/// An id, and where its value stands in the answer, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// What a key means where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    Id,
    Previous,
    /// The response in an event.
    Response,
    /// The event's type.
    Type,
    #[default]
    Other,
}

/// The ids of an answer as it passes.
#[derive(Debug)]
pub(super) struct Ids {
    /// How deep the response's own members stand.
    level: usize,
    depth: usize,
    /// Whether the object that is open at that level is the response.
    is_response: bool,
    key: Key,
    name: Name,
    text: Vec<u8>,
    shift: u64,
    /// Where the id in progress begins.
    open: Option<u64>,
    has_id: bool,
    has_previous: bool,
    found: Vec<Found>,
}

impl Ids {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            level: if shape == Shape::Whole { 1 } else { 2 },
            depth: 0,
            is_response: false,
            key: Key::Other,
            name: Name::new(),
            text: Vec::new(),
            shift: 0,
            open: None,
            has_id: false,
            has_previous: false,
            found: Vec::new(),
        }
    }

    /// Where the id begins of which more may come: what stands from there on is not decided yet.
    pub(super) fn open(&self) -> Option<u64> {
        self.open
    }

    /// The ids that have passed since the last call.
    pub(super) fn take(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.found)
    }

    fn is_at_response(&self) -> bool {
        self.is_response && self.depth == self.level
    }

    fn is_at_event(&self) -> bool {
        self.level == 2 && self.depth == 1
    }
}

impl Sink for Ids {
    type Refusal = Stop;

    fn begin(&mut self, container: Container, _: u64) -> Result<(), Stop> {
        let is_it = self.level == 1 || self.is_at_event() && self.key == Key::Response;
        self.depth += 1;
        if self.depth == self.level {
            self.is_response = is_it && container == Container::Object;
        }
        self.key = Key::Other;
        Ok(())
    }

    fn end(&mut self, _: u64) -> Result<(), Stop> {
        if self.depth == self.level {
            let is_over = self.is_response;
            self.is_response = false;
            // An event has one response.
            if is_over {
                return Err(Stop::Enough);
            }
        }
        self.depth = self.depth.saturating_sub(1);
        self.key = Key::Other;
        Ok(())
    }

    fn begin_key(&mut self, _: u64) -> Want {
        self.key = Key::Other;
        if !self.is_at_response() && !self.is_at_event() {
            return Want::Nothing;
        }
        self.name.clear();
        Want::Text
    }

    fn end_key(&mut self, _: u64) -> Result<(), Stop> {
        self.key = match self.name.as_bytes() {
            b"id" if self.is_at_response() => Key::Id,
            b"previous_response_id" if self.is_at_response() => Key::Previous,
            b"response" if self.is_at_event() => Key::Response,
            b"type" if self.is_at_event() => Key::Type,
            _ => Key::Other,
        };
        Ok(())
    }

    fn begin_string(&mut self, at: u64) -> Result<Want, Stop> {
        match self.key {
            Key::Id if self.is_at_response() => self.has_id = true,
            Key::Previous if self.is_at_response() => self.has_previous = true,
            Key::Type if self.is_at_event() => {
                self.text.clear();
                return Ok(Want::Text);
            }
            _ => return Ok(Want::Nothing),
        }
        self.text.clear();
        self.open = Some(at.wrapping_add(self.shift));
        Ok(Want::Text)
    }

    fn text(&mut self, text: &[u8]) {
        // Called for keys, too: what is at a key is its name.
        if self.key == Key::Other {
            self.name.push(text);
        } else if self.text.len() + text.len() <= LONGEST {
            self.text.extend_from_slice(text);
        } else {
            self.open = None;
        }
    }

    fn lone_surrogate(&mut self, _: bool) -> Result<(), Stop> {
        self.open = None;
        Ok(())
    }

    fn end_string(&mut self, end: u64) -> Result<(), Stop> {
        let key = std::mem::take(&mut self.key);
        if key == Key::Type && self.text.ends_with(OF_PIECES) {
            return Err(Stop::Enough);
        }
        let (open, end) = (self.open.take(), end.wrapping_add(self.shift));
        if let Some(start) = open
            && let Ok(id) = std::str::from_utf8(&self.text)
        {
            self.found.push(Found { id: id.to_owned(), start, end });
        }
        if self.has_id && self.has_previous { Err(Stop::Enough) } else { Ok(()) }
    }

    fn number(&mut self, _: Numeral, _: u64, _: u64) -> Result<(), Stop> {
        Ok(())
    }

    fn literal(&mut self, literal: Literal, _: u64) -> Result<(), Stop> {
        // A first turn goes on from nothing.
        self.has_previous |= literal == Literal::Null && self.key == Key::Previous && self.is_at_response();
        if self.has_id && self.has_previous { Err(Stop::Enough) } else { Ok(()) }
    }
}

impl Listener for Ids {
    fn begin_document(&mut self) {
        (self.depth, self.is_response, self.key, self.open) = (0, false, Key::Other, None);
        (self.has_id, self.has_previous) = (false, false);
    }

    fn shift(&mut self, by: u64) {
        self.shift = by;
    }

    fn end_document(&mut self) {
        self.open = None;
    }
}
