//! The facts of one request, and how sure they are while the body is still arriving.
//!
//! Every fact only becomes surer as bytes pass: what is known stays known. That is why a decision taken
//! early is the decision that the whole body would have given.

#[cfg(any(test, feature = "replay"))]
pub(crate) mod told;

use super::field;
use super::flag::{Flag, Says};
use super::limit::Limit;
use super::members::{Members, Watch};
use super::model::AskedModel;
use super::named::Named;
use super::reader::{Reader, Sought, Wanted};
use super::reference::{self, Reference};
use super::session::FieldSlot;
use super::text::excerpt::Excerpt;
use super::violation::Violation;
use crate::api::{Api, Naming};
use crate::form::{Boundary, Form};
use crate::json::Lexer;
use crate::policy::{Range, Window};

/// A body being read.
pub(crate) struct Facts {
    api: Api,
    source: Source,
    reader: Reader,
    complete: bool,
    /// The most bytes that the body can have.
    limit: u64,
    /// What a record tells, in place of a body.
    #[cfg(any(test, feature = "replay"))]
    told: Option<Box<told::Told>>,
}

/// What takes the body apart.
enum Source {
    Json(Lexer),
    Form(Box<Form>, Boundary),
}

/// A number of which a lower and an upper bound are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Bounds {
    /// Whether the number is in the range, once the bounds tell.
    pub(crate) fn within(self, range: Range) -> Option<bool> {
        if range.contains(self.low) && range.contains(self.high) {
            Some(true)
        } else if self.high < range.min || self.low > range.max {
            Some(false)
        } else {
            None
        }
    }
}

/// Has a record answer, if there is one in place of a body.
macro_rules! told {
    ($facts:ident, $told:ident => $answer:expr) => {
        #[cfg(any(test, feature = "replay"))]
        if let Some($told) = &$facts.told {
            return $answer;
        }
    };
}

impl Facts {
    /// `limit` is the content-length, or the largest body that is accepted.
    pub(crate) fn new(api: Api, wanted: Wanted, sought: Sought, max_depth: usize, limit: u64) -> Self {
        let mut reader = Reader::new(field::fields(api), wanted, sought);
        reader.structure.flags.set_all(Flag::of_api(api));
        Self {
            api,
            source: Source::Json(Lexer::new(max_depth)),
            reader,
            complete: false,
            limit,
            #[cfg(any(test, feature = "replay"))]
            told: None,
        }
    }

    /// The same, of a body that is a form if it has a boundary.
    pub(crate) fn parted_by(self, boundary: Option<Boundary>) -> Self {
        match boundary {
            Some(boundary) => {
                let mut reader = self.reader;
                reader.begin_form();
                Self { source: Source::Form(Box::new(Form::new(&boundary)), boundary), reader, ..self }
            }
            None => self,
        }
    }

    /// The same, of a request of which a record tells.
    #[cfg(any(test, feature = "replay"))]
    pub(crate) fn told(self, told: told::Told) -> Self {
        Self { told: Some(Box::new(told)), ..self }
    }

    /// The same, of a request whose path says something, too.
    pub(crate) fn named(mut self, named: Option<&Named>) -> Self {
        if let Some(named) = named {
            if let Some(stream) = named.stream {
                self.reader.structure.flags.hear(Flag::Stream, if stream { Says::Yes } else { Says::Never });
            }
            self.reader.named = Some(named.model.clone());
        }
        self
    }

    /// The same, of a request whose members may be changed.
    pub(crate) fn watching(mut self, watch: Option<Watch>) -> Self {
        self.reader.members = watch.map(|watch| Box::new(Members::new(watch)));
        self
    }

    /// The members that may be changed, once all are known; `None` where nobody looked for any.
    pub(crate) fn members(&self) -> Option<&Members> {
        self.reader.members.as_deref().filter(|_| self.complete)
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Violation> {
        // What fits is read first, so that the outcome does not depend on the split.
        let room = usize::try_from(self.limit.saturating_sub(self.position())).unwrap_or(usize::MAX);
        match chunk.split_at_checked(room) {
            Some((fits, beyond)) if !beyond.is_empty() => {
                self.feed(fits)?;
                Err(Violation::Oversize)
            }
            _ => self.feed(chunk),
        }
    }

    fn feed(&mut self, chunk: &[u8]) -> Result<(), Violation> {
        match &mut self.source {
            Source::Json(lexer) => lexer.feed(chunk, &mut self.reader),
            Source::Form(form, _) => form.feed(chunk, &mut self.reader),
        }
    }

    /// How many bytes have been read.
    pub(crate) fn position(&self) -> u64 {
        match &self.source {
            Source::Json(lexer) => lexer.position(),
            Source::Form(form, _) => form.position(),
        }
    }

    pub(crate) fn finish(&mut self) -> Result<(), Violation> {
        if self.position() == 0 {
            return Err(Violation::NoBody);
        }
        match &self.source {
            Source::Json(lexer) => lexer.finish()?,
            Source::Form(form, _) => form.finish()?,
        }
        self.complete = true;
        Ok(())
    }

    /// The decision is made: from here on only what could overturn it is looked at.
    pub(crate) fn settle(&mut self) {
        self.reader.settle();
    }

    /// Whether all facts are final.
    pub(crate) fn is_complete(&self) -> bool {
        told!(self, told => told.is_complete());
        self.complete
    }

    /// The model asked for: `None` while it may still come, `Some(None)` when there is none.
    ///
    /// Where the path and the body both can name it, the body has to be read until it has or has not: what it says is what
    /// will be written over.
    pub(crate) fn asked(&self) -> Option<Option<&str>> {
        told!(self, told => told.asked());
        let named = self.reader.named.as_deref();
        match &self.reader.structure.read.model {
            Some(model) if model.is_blank() => Some(named),
            Some(model) => Some(Some(&model.name)),
            None => (self.complete || !self.takes_model()).then_some(named),
        }
    }

    /// Whether the model has a place in the body.
    pub(crate) fn takes_model(&self) -> bool {
        self.api.naming() != Naming::Path
    }

    /// The models that the body names besides the one asked for: `None` while more may come.
    pub(crate) fn named_besides(&self) -> Option<&[AskedModel]> {
        told!(self, told => told.besides());
        self.complete.then_some(&self.reader.structure.read.named)
    }

    /// The response that the request goes on from: `None` while one may come. None where nobody asks.
    pub(crate) fn reference(&self) -> Option<Option<&Reference>> {
        // Who keeps nothing refers to nothing; of anything else no record tells.
        told!(self, told => told.flag(Flag::Held).filter(|held| !held).map(|_| None));
        let references = self.reader.references.as_deref().filter(|_| reference::has(self.api));
        let Some(references) = references else { return Some(None) };
        references.found().map(Some).or_else(|| self.complete.then_some(None))
    }

    /// Where the model's value stands.
    pub(crate) fn model_value(&self) -> Option<&AskedModel> {
        self.reader.structure.read.model.as_ref()
    }

    /// The offset behind the opening brace, and whether a member follows it.
    pub(crate) fn inside(&self) -> (u64, bool) {
        (self.reader.structure.read.inside, self.reader.structure.read.has_members)
    }

    /// How many bytes are kept besides what every request keeps.
    pub(crate) fn kept(&self) -> usize {
        match &self.source {
            Source::Json(_) => 0,
            Source::Form(..) => Form::KEPT,
        }
    }

    /// What stands between the parts, if the body is a form.
    pub(crate) fn boundary(&self) -> Option<Boundary> {
        match &self.source {
            Source::Json(_) => None,
            Source::Form(_, boundary) => Some(*boundary),
        }
    }

    /// Whether a flag is set.
    pub(crate) fn flag(&self, flag: Flag) -> Option<bool> {
        told!(self, told => told.flag(flag));
        self.reader.structure.flags.get(flag).or_else(|| self.complete.then(|| flag.by_default(self.api)))
    }

    /// Whether a keyword occurs.
    pub(crate) fn keyword(&self, keyword: usize) -> Option<bool> {
        told!(self, told => told.keyword(keyword));
        // What has been seen stays; what has not may still come.
        let seen = self.reader.listeners.has_keyword(keyword);
        (seen || self.complete).then_some(seen)
    }

    /// Whether the body says something of a flag that is neither yes nor no.
    pub(crate) fn is_unreadable(&self, flag: Flag) -> bool {
        told!(self, told => told.is_unreadable(flag.condition()));
        self.reader.structure.flags.is_unreadable(flag)
    }

    /// The most output tokens that the client wants.
    pub(crate) fn max_output_tokens(&self) -> Option<Limit> {
        told!(self, told => told.max_output_tokens());
        self.complete.then_some(self.reader.structure.read.max_output_tokens)
    }

    pub(crate) fn messages(&self) -> Bounds {
        told!(self, told => told.messages());
        let low = self.reader.structure.read.turns;
        Bounds { low, high: if self.complete { low } else { low + self.left() } }
    }

    /// The estimate. The rest of the body bounds it while it is arriving.
    pub(crate) fn input_tokens(&self) -> Bounds {
        told!(self, told => told.input_tokens());
        let (low, high) = self.reader.listeners.tokens(self.left());
        Bounds { low, high: if self.complete { low } else { high } }
    }

    /// What a field says of the conversation: `None` while that may still come.
    pub(crate) fn session(&self, field: FieldSlot) -> Option<Option<u64>> {
        told!(self, told => told.session(field));
        let found = self.reader.session.as_ref().and_then(|session| session.found(field));
        (found.is_some() || self.complete).then_some(found)
    }

    /// Whether input and output fit into a model's window. What the client wants of output can still come, grow, or turn out
    /// to be nothing that can be read.
    pub(crate) fn fit(&self, window: Window) -> Option<bool> {
        let input = self.input_tokens().low;
        let Some(limit) = self.max_output_tokens() else {
            return (input > window.tokens).then_some(false);
        };
        let output = limit.tokens().unwrap_or(window.reserved);
        Some(input.saturating_add(output) <= window.tokens)
    }

    /// The conversation's identity.
    pub(crate) fn identity(&self) -> Option<u64> {
        told!(self, told => told.identity());
        self.complete.then(|| self.reader.listeners.identity()).flatten()
    }

    /// The beginning and the end of the text.
    #[cfg_attr(not(test), expect(dead_code, reason = "what will classify requests reads it"))]
    pub(crate) fn excerpt(&self) -> Option<&Excerpt> {
        self.reader.listeners.excerpt().filter(|_| self.complete)
    }

    fn left(&self) -> u64 {
        let offset = match &self.source {
            Source::Json(lexer) => lexer.offset(),
            Source::Form(form, _) => form.offset(),
        };
        self.limit.saturating_sub(offset)
    }
}
