//! Listens to the documents of an answer.

use super::super::failure::Failure;
use super::super::finish::Finish;
use super::super::path::Frame;
use super::super::place::Place;
use super::{Account, Hearing, Pending, Reading};
use crate::json::{Container, Literal, Numeral, Sink, Want};
use crate::response::documents::{Listener, Stop};

impl Sink for Account {
    type Refusal = Stop;

    fn begin(&mut self, container: Container, inside: u64) -> Result<(), Stop> {
        if self.path.skipped > 0 {
            self.path.skipped += 1;
            return Ok(());
        }
        let place = if self.path.is_empty() { Some(&self.dialect.root) } else { self.here() };
        if !place.is_some_and(|place| self.enter(container, place, inside.saturating_sub(1))) {
            self.path.skipped = 1;
        }
        Ok(())
    }

    fn end(&mut self, end: u64) -> Result<(), Stop> {
        if self.path.skipped > 0 {
            self.path.skipped -= 1;
            if self.path.skipped == 0 {
                self.end_generated(end);
            }
            return Ok(());
        }
        if let Some(Frame { container: Container::Object, place }) = self.path.pop() {
            self.end_object(place);
        }
        if !self.path.is_empty() {
            return Ok(());
        }
        self.settle();
        // What stands behind it is nothing to anybody.
        if self.is_whole { Err(Stop::Enough) } else { Ok(()) }
    }

    fn begin_key(&mut self, _: u64) -> Want {
        self.hearing = Hearing::Nothing;
        if self.path.skipped > 0 {
            return Want::Nothing;
        }
        self.word.clear();
        self.hearing = Hearing::Key;
        Want::Text
    }

    fn end_key(&mut self, _: u64) -> Result<(), Stop> {
        if self.path.skipped == 0 {
            let members = self.path.innermost().and_then(|frame| frame.place.members()).unwrap_or_default();
            let key = self.word.as_bytes();
            self.place = members.iter().find(|(name, _)| name.as_bytes() == key).map(|(_, place)| place);
        }
        self.hearing = Hearing::Nothing;
        Ok(())
    }

    fn begin_string(&mut self, at: u64) -> Result<Want, Stop> {
        self.hearing = Hearing::Nothing;
        if self.path.skipped > 0 {
            return Ok(Want::Nothing);
        }
        let Some(place) = self.here() else { return Ok(Want::Nothing) };
        self.hearing = match place {
            Place::Text(_) | Place::Arguments | Place::Data => {
                self.generate(at, *place != Place::Data);
                Hearing::Nothing
            }
            Place::Model if self.model.is_none() => Hearing::Model,
            Place::Finish
            | Place::Block
            | Place::Code
            | Place::EventCode
            | Place::Event
            | Place::Item
            | Place::Modality => Hearing::Word(place),
            _ => {
                self.odd(place);
                Hearing::Nothing
            }
        };
        self.word.clear();
        self.text.clear();
        Ok(if matches!(self.hearing, Hearing::Nothing) { Want::Nothing } else { Want::Text })
    }

    fn text(&mut self, text: &[u8]) {
        match self.hearing {
            Hearing::Model if self.text.len() + text.len() <= Reading::LONGEST_MODEL => {
                self.text.extend_from_slice(text)
            }
            Hearing::Model => {
                self.text.clear();
                self.hearing = Hearing::Nothing;
            }
            Hearing::Key | Hearing::Word(_) => self.word.push(text),
            Hearing::Nothing => {}
        }
    }

    fn lone_surrogate(&mut self, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn end_string(&mut self, end: u64) -> Result<(), Stop> {
        if self.path.skipped > 0 {
            return Ok(());
        }
        self.end_generated(end);
        match std::mem::replace(&mut self.hearing, Hearing::Nothing) {
            Hearing::Model if !self.text.is_empty() => {
                self.model = String::from_utf8(std::mem::take(&mut self.text)).ok();
            }
            Hearing::Word(place) => self.word(place),
            _ => {}
        }
        Ok(())
    }

    fn number(&mut self, value: Numeral, _: u64, _: u64) -> Result<(), Stop> {
        if self.path.skipped > 0 {
            return Ok(());
        }
        match (self.here(), value) {
            (Some(Place::Count(figure)), value) => self.pending.figures.count(*figure, value),
            (Some(Place::OfModality), value) => self.modal.count = Some(value),
            (Some(Place::Code), Numeral::Whole(status)) => self.fail(Failure::of_status(status)),
            (Some(Place::EventCode), Numeral::Whole(status)) => self.pending.code = Some(Failure::of_status(status)),
            (Some(place), _) => self.odd(place),
            (None, _) => {}
        }
        Ok(())
    }

    fn literal(&mut self, literal: Literal, _: u64) -> Result<(), Stop> {
        if self.path.skipped > 0 {
            return Ok(());
        }
        match (self.here(), literal) {
            (Some(Place::Count(figure)), Literal::Null) => self.pending.figures.none(*figure),
            (Some(Place::Done), Literal::True) => self.end_as(Finish::Stop),
            (Some(Place::Error(_)), Literal::False) | (_, Literal::Null) => {}
            (Some(place), _) => self.odd(place),
            (None, _) => {}
        }
        Ok(())
    }
}

impl Listener for Account {
    fn begin_document(&mut self) {
        self.path.clear();
        (self.place, self.open, self.hearing) = (None, None, Hearing::Nothing);
        self.pending = Pending::default();
        self.begun += 1;
    }

    fn shift(&mut self, by: u64) {
        self.shift = by;
    }

    fn end_document(&mut self) {
        self.open = None;
    }
}
