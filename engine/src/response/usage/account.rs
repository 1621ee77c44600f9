//! What an answer has said: kept from what stands at its places.

mod hearing;

use super::super::documents::Shape;
use super::failure::Failure;
use super::figures::Figures;
use super::finish::Finish;
use super::path::{Frame, Path};
use super::place::{Dialect, Place};
use super::word::Word;
use super::{Reading, Unread};
use crate::json::{Container, Numeral};

/// What the text in progress is.
#[derive(Clone, Copy, Debug)]
enum Hearing {
    Nothing,
    Key,
    Model,
    Word(&'static Place),
}

/// Something generated whose end has not come.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Where it begins in its document, and in the answer.
    start: u64,
    at: u64,
    is_text: bool,
}

/// A count of one modality.
#[derive(Clone, Copy, Debug, Default)]
struct Modal {
    is_audio: bool,
    count: Option<Numeral>,
}

/// What a document says that holds only if it is one to its end.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    figures: Figures,
    /// Whether they are those with which an answer begins.
    is_first: bool,
    /// Whether the event is an error, and the code that stands in it.
    is_error: bool,
    code: Option<Failure>,
}

/// What an answer has said.
#[derive(Debug)]
pub(super) struct Account {
    dialect: &'static Dialect,
    is_whole: bool,
    path: Path,
    /// What stands at the key that has just passed.
    place: Option<&'static Place>,
    hearing: Hearing,
    word: Word,
    text: Vec<u8>,
    shift: u64,
    open: Option<Open>,
    modal: Modal,
    pending: Pending,
    /// Documents that have begun, and those that were complete.
    begun: u64,
    complete: u64,
    told: Figures,
    /// Whether later figures are laid over these.
    is_overlaid: bool,
    /// The document in which they were told last, and whether only the first of them were.
    told_in: u64,
    is_first: bool,
    finish: Option<Finish>,
    finished_in: u64,
    model: Option<String>,
    failure: Option<Failure>,
    has_call: bool,
    has_content: bool,
    text_bytes: u64,
}

impl Account {
    pub(super) fn new(dialect: &'static Dialect, shape: Shape) -> Self {
        Self {
            dialect,
            is_whole: shape == Shape::Whole,
            path: Path::default(),
            place: None,
            hearing: Hearing::Nothing,
            word: Word::new(),
            text: Vec::new(),
            shift: 0,
            open: None,
            modal: Modal::default(),
            pending: Pending::default(),
            begun: 0,
            complete: 0,
            told: Figures::default(),
            is_overlaid: false,
            told_in: 0,
            is_first: false,
            finish: None,
            finished_in: 0,
            model: None,
            failure: None,
            has_call: false,
            has_content: false,
            text_bytes: 0,
        }
    }

    /// Whether something generated has passed before this place of the answer.
    pub(super) fn has_content(&self, position: u64) -> bool {
        self.has_content || self.open.is_some_and(|open| position > open.at.saturating_add(1))
    }

    /// Whether a document was complete.
    pub(super) fn has_document(&self) -> bool {
        self.complete > 0
    }

    /// What the answer has said when so many bytes of it have passed.
    pub(super) fn reading(mut self, is_complete: bool, position: u64) -> Reading {
        if let Some(open) = self.open.filter(|open| open.is_text) {
            self.text_bytes += position.saturating_sub(open.at.saturating_add(1));
        }
        let usage = self.told.usage(self.dialect.rule);
        let (usage, so_far) = match self.doubt(is_complete) {
            Some(Unread::Cut) => (Err(Unread::Cut), usage.ok()),
            Some(doubt) => (Err(doubt), None),
            None => (usage, None),
        };
        let finish = match self.finish {
            _ if self.failure.is_some() => Some(Finish::Error),
            Some(Finish::Stop) if self.has_call => Some(Finish::ToolCall),
            finish => finish,
        };
        Reading { usage, so_far, finish, model: self.model, error: self.failure, text_bytes: self.text_bytes }
    }

    /// Why what was told need not be all.
    fn doubt(&self, is_complete: bool) -> Option<Unread> {
        let is_final = self.finish.is_some() && self.told_in >= self.finished_in;
        match () {
            () if self.told.is_empty() && !is_complete => Some(Unread::Cut),
            () if self.begun > 0 && self.complete == 0 => Some(Unread::Unreadable),
            () if self.told.is_empty() => None,
            () if self.is_first || !is_complete && !is_final => Some(Unread::Cut),
            () => None,
        }
    }

    /// The place of the value that begins.
    fn here(&mut self) -> Option<&'static Place> {
        let place = self.place.take();
        match self.path.innermost() {
            Some(Frame { container: Container::Array, place }) => Some(place),
            _ => place,
        }
    }

    fn generate(&mut self, start: u64, is_text: bool) {
        self.open = Some(Open { start, at: start.wrapping_add(self.shift), is_text });
    }

    fn end_generated(&mut self, end: u64) {
        if let Some(open) = self.open.take() {
            // Without its quotes or brackets.
            let len = end.saturating_sub(open.start).saturating_sub(2);
            self.has_content |= len > 0;
            self.text_bytes += if open.is_text { len } else { 0 };
        }
    }

    fn end_as(&mut self, finish: Finish) {
        (self.finish, self.finished_in) = (self.finish.max(Some(finish)), self.begun);
    }

    fn fail(&mut self, failure: Failure) {
        self.failure = self.failure.max(Some(failure));
    }

    /// What is none of the values that stand at this place.
    fn odd(&mut self, place: &Place) {
        match place {
            Place::Count(figure) => self.pending.figures.odd(*figure),
            Place::Usage(_) | Place::FirstUsage(_) => self.pending.figures.all_odd(),
            Place::Error(_) => self.fail(Failure::Other),
            _ => {}
        }
    }

    fn word(&mut self, place: &Place) {
        match place {
            Place::Finish => {
                if let Some(finish) = Finish::of(&self.word) {
                    self.end_as(finish);
                }
            }
            Place::Block if !self.word.is_empty() => self.end_as(Finish::ContentFilter),
            Place::Code => self.fail(Failure::of(&self.word)),
            Place::EventCode => self.pending.code = Some(Failure::of(&self.word)),
            Place::Event => self.pending.is_error = self.word.is("error") || self.word.is("response.failed"),
            Place::Item => self.has_call |= self.word.is("function_call") || self.word.is("custom_tool_call"),
            Place::Modality => self.modal.is_audio = self.word.is("audio"),
            _ => {}
        }
    }

    fn end_object(&mut self, place: &Place) {
        if let (Place::Modalities(figure), Modal { is_audio: true, count: Some(count) }) = (place, self.modal) {
            self.pending.figures.add(*figure, count);
        }
    }

    /// The document is complete, and what it says holds.
    fn settle(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.complete += 1;
        if pending.is_error {
            self.fail(pending.code.unwrap_or(Failure::Other));
        }
        if pending.figures.is_empty() {
            return;
        }
        self.told = if self.is_overlaid { self.told.overlaid(&pending.figures) } else { pending.figures };
        self.is_overlaid |= pending.is_first;
        (self.is_first, self.told_in) = (pending.is_first, self.begun);
    }

    /// Looks into a container, if that leads anywhere.
    fn enter(&mut self, container: Container, place: &'static Place, at: u64) -> bool {
        match place {
            Place::Arguments => {
                self.has_call = true;
                self.generate(at, true);
            }
            Place::Usage(_) | Place::FirstUsage(_) if container == Container::Object => {
                self.pending.figures = Figures::default();
                self.pending.is_first = matches!(place, Place::FirstUsage(_));
            }
            Place::Modalities(figure) => match container {
                Container::Array => self.pending.figures.none(*figure),
                Container::Object => self.modal = Modal::default(),
            },
            Place::Error(_) => self.fail(Failure::Other),
            Place::Count(_) => self.odd(place),
            _ => {}
        }
        place.members().is_some() && self.path.push(container, place)
    }
}
