//! One reader for all APIs: hands what the lexer reports to those who make facts of it.
//!
//! [`Structure`] says what a value is for, [`Listeners`] hear the text.

use super::field::Fields;
use super::flag::FlagSet;
use super::limit::Limit;
use super::members::{Members, Says};
use super::model::AskedModel;
use super::place::Place;
use super::reference::{self, References};
use super::session::{FieldPath, SessionFields};
use super::structure::{ATTACHED, Structure};
use super::text::keywords::KeywordSearch;
use super::text::{Listeners, Role, WantedText};
use super::value::{Use, Value};
use super::violation::Violation;
use crate::json::{Container, Literal, Name, Numeral, Sink, Want};
use crate::naming::Allowed;
use std::sync::Arc;

/// Which facts are worth their cost under the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) flags: FlagSet,
    pub(crate) text: WantedText,
    /// Whether half a character may stand in texts.
    pub(crate) lone_surrogates: bool,
    /// The keys that would name a model besides `model`, and may.
    pub(crate) allowed: Allowed,
    /// Whether these can hold names of models.
    pub(crate) names_besides: bool,
    /// The response that a request goes on from.
    pub(crate) references: bool,
}

/// What a policy looks for in bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sought {
    pub(crate) keywords: Option<Arc<KeywordSearch>>,
    /// The fields that say which conversation a request belongs to.
    pub(crate) session: Option<Arc<[FieldPath]>>,
}

pub(super) struct Reader {
    pub(super) structure: Structure,
    pub(super) listeners: Listeners,
    /// `None` where nobody asks, or no longer.
    pub(super) session: Option<Box<SessionFields>>,
    /// `None` where nobody asks, or no longer.
    pub(super) references: Option<Box<References>>,
    /// `None` where nothing is to be changed, or no longer.
    pub(super) members: Option<Box<Members>>,
    /// The model that the path names: no other may stand in the body.
    pub(super) named: Option<String>,
    /// What the string in progress is read for.
    pub(super) capture: Use,
    /// Whether the content of a form's part in progress is wanted.
    pub(super) is_wanted: bool,
    /// The key in progress, or a short string.
    pub(super) name: Name,
    /// The model's name in progress.
    model: AskedModel,
    /// Whether half a character may stand in texts.
    lone_surrogates: bool,
}

impl Reader {
    pub(super) fn new(fields: Fields, wanted: Wanted, sought: Sought) -> Self {
        let listeners = Listeners::new(wanted.text, sought.keywords);
        Self {
            structure: Structure::new(fields, wanted.flags, wanted.allowed, listeners.are_listening()),
            listeners,
            members: None,
            references: wanted.references.then(Box::default),
            session: sought.session.map(|paths| Box::new(SessionFields::new(paths))),
            named: None,
            capture: Use::Nothing,
            is_wanted: false,
            name: Name::new(),
            model: AskedModel::default(),
            lone_surrogates: wanted.lone_surrogates,
        }
    }

    /// The decision is made: what cannot overturn it does not matter any more.
    pub(super) fn settle(&mut self) {
        self.structure.settle();
        self.listeners.dismiss();
        self.session = None;
        self.references = None;
        self.members = None;
    }

    /// The text of what says which conversation it is, or what it goes on from.
    #[inline(never)]
    fn remember(&mut self, text: &[u8]) {
        if let Some(session) = &mut self.session {
            session.text(text);
        }
        if let (Some(references), Use::Reference) = (&mut self.references, self.capture) {
            references.text(text);
        }
    }

    /// What it goes on from is complete. A policy may take it for the name of a conversation as well.
    #[inline(never)]
    fn refer(&mut self, end: u64) {
        if let Some(session) = &mut self.session {
            session.end_string();
        }
        if let Some(references) = &mut self.references {
            references.end_string(end);
        }
    }

    fn want(&mut self, at: u64) -> Want {
        match self.capture {
            Use::Text | Use::Data => self.listeners.begin_string(self.structure.speaker(), self.capture == Use::Data),
            Use::Attached => {
                self.name.clear();
                self.listeners.begin_string(self.structure.speaker(), true);
                Want::Text
            }
            Use::Model | Use::Name => {
                self.model = AskedModel::begin(at);
                Want::Text
            }
            Use::Session => Want::Text,
            Use::Reference => {
                if let Some(references) = &mut self.references {
                    references.begin_string(at);
                }
                Want::Text
            }
            Use::Role | Use::Kind | Use::Word(_) | Use::MaxOutputTokens | Use::Bounded => {
                self.name.clear();
                Want::Text
            }
            _ => Want::Nothing,
        }
    }
}

// What forms hear, too, is inlined by order: JSON's keys and texts pass here, and its lexer shall pay for no call.
impl Sink for Reader {
    type Refusal = Violation;

    fn begin(&mut self, container: Container, inside: u64) -> Result<(), Violation> {
        if let Some(members) = &mut self.members {
            members.begin(container, inside);
        }
        let place = if !self.structure.is_begun() {
            self.structure.read.inside = inside;
            Place::Root
        } else if let Use::Inside(place) = self.structure.value(container.into(), &self.name)? {
            place
        } else if container == Container::Object
            && self.session.as_ref().is_some_and(|session| session.are_inside())
            && self.structure.innermost() == Place::Root
        {
            Place::Session
        } else {
            Place::Opaque
        };
        if place == Place::Turn {
            self.listeners.begin_message();
        }
        self.structure.enter(place);
        Ok(())
    }

    fn end(&mut self, end: u64) -> Result<(), Violation> {
        if let Some(members) = &mut self.members {
            members.end(end);
        }
        if self.structure.leave() == Place::Turn {
            self.listeners.end_message();
        }
        Ok(())
    }

    #[inline(always)]
    fn begin_key(&mut self, at: u64) -> Want {
        self.capture = Use::Nothing;
        let looks = self.members.as_mut().is_some_and(|members| {
            members.begin_key(at);
            members.looks_at_keys()
        });
        if !looks && !self.structure.wants_key() {
            return Want::Nothing;
        }
        self.name.clear();
        Want::Text
    }

    #[inline(always)]
    fn end_key(&mut self, end: u64) -> Result<(), Violation> {
        if let Some(session) = &mut self.session {
            match self.structure.innermost() {
                Place::Root => session.top_key(&self.name),
                Place::Session => session.inner_key(&self.name),
                _ => {}
            }
        }
        self.structure.end_key(&self.name)?;
        if let Some(members) = &mut self.members {
            members.end_key(&self.name, end, self.structure.meaning());
        }
        Ok(())
    }

    #[inline(always)]
    fn begin_string(&mut self, at: u64) -> Result<Want, Violation> {
        self.capture = self.structure.value(Value::Text, &self.name)?;
        if self.capture == Use::Nothing
            && let Some(session) = &mut self.session
            && matches!(self.structure.innermost(), Place::Root | Place::Session)
            && session.begin_string()
        {
            self.capture = Use::Session;
        }
        if self.references.is_some() && self.structure.is_at_top(reference::KEY) {
            self.capture = Use::Reference;
        }
        if let Some(members) = &mut self.members {
            members.begin_value(at);
            if self.capture == Use::Nothing && members.looks_at_value() {
                self.capture = Use::Bounded;
            }
        }
        Ok(self.want(at))
    }

    #[inline(always)]
    fn text(&mut self, text: &[u8]) {
        match self.capture {
            Use::Text | Use::Data => self.listeners.text(text),
            Use::Attached => {
                let begun = self.name.as_bytes().len();
                self.name.push(text.get(..ATTACHED.saturating_sub(begun)).unwrap_or(text));
                if self.listeners.are_listening() {
                    self.listeners.text(text);
                }
            }
            Use::Model | Use::Name => self.model.push(text),
            Use::Session | Use::Reference => self.remember(text),
            _ => self.name.push(text),
        }
    }

    /// Never in a key or in a model's name: each server makes something else of it there.
    fn lone_surrogate(&mut self, is_key: bool) -> Result<(), Violation> {
        let is_name = matches!(self.capture, Use::Model | Use::Name);
        if self.lone_surrogates && !is_key && !is_name { Ok(()) } else { Err(Violation::Encoding) }
    }

    #[inline(always)]
    fn end_string(&mut self, end: u64) -> Result<(), Violation> {
        if let Some(members) = &mut self.members {
            let is_name = matches!(self.capture, Use::Bounded | Use::Word(_) | Use::MaxOutputTokens);
            let number = Some(&self.name).filter(|_| is_name).and_then(|name| Numeral::of_text(name.as_bytes()));
            members.end_value(end, number.map_or(Says::Other, Says::Number));
        }
        match std::mem::replace(&mut self.capture, Use::Nothing) {
            Use::Text | Use::Data => self.listeners.end_string(),
            Use::Attached => {
                self.structure.attached(&self.name);
                self.listeners.end_string();
            }
            Use::Model => {
                let model = std::mem::take(&mut self.model).finish(end)?;
                if self.named.as_ref().is_some_and(|named| *named != model.name && !model.is_blank()) {
                    return Err(Violation::TwoModels);
                }
                self.structure.read.model = Some(model);
            }
            Use::Name => {
                let model = std::mem::take(&mut self.model).finish(end)?;
                self.structure.name(model)?;
            }
            Use::Session => {
                if let Some(session) = &mut self.session {
                    session.end_string();
                }
            }
            Use::Reference => self.refer(end),
            Use::Role => self.listeners.role(Role::of(self.name.as_bytes())),
            Use::Kind => self.structure.kind(&self.name),
            Use::Word(flag) => self.structure.word(flag, &self.name),
            Use::MaxOutputTokens => self.structure.limit(Limit::of(Numeral::of_text(self.name.as_bytes()))),
            _ => {}
        }
        Ok(())
    }

    fn number(&mut self, value: Numeral, start: u64, end: u64) -> Result<(), Violation> {
        if let Some(members) = &mut self.members {
            members.begin_value(start);
            members.end_value(end, Says::Number(value));
        }
        match self.structure.value(Value::Number, &self.name)? {
            Use::MaxOutputTokens => self.structure.limit(Limit::of(Some(value))),
            Use::Number(flag) => self.structure.number(flag, value),
            Use::Token => {
                let token = if let Numeral::Whole(token) = value { token } else { 0 };
                self.listeners.token(self.structure.speaker(), token);
            }
            _ => {}
        }
        Ok(())
    }

    fn literal(&mut self, literal: Literal, end: u64) -> Result<(), Violation> {
        if let Some(members) = &mut self.members {
            let length: u64 = if literal == Literal::False { 5 } else { 4 };
            members.begin_value(end.saturating_sub(length));
            members.end_value(
                end,
                match literal {
                    Literal::Null => Says::Null,
                    Literal::True => Says::Bool(true),
                    Literal::False => Says::Bool(false),
                },
            );
        }
        if self.structure.value(literal.into(), &self.name)? == Use::Model {
            self.structure.read.model = Some(AskedModel::null(end));
        }
        Ok(())
    }
}
