//! The top-level keys: which of them matters to this API, and that no two servers could read them differently.

use super::field::{Field, Fields};
use super::place::Place;
use super::value::{Use, Value};
use super::violation::Violation;
use crate::json::Name;
use crate::naming::{Allowed, Holds, Steers};

/// The keys of the top-level object as they pass.
#[derive(Debug)]
pub(super) struct TopLevel {
    fields: Fields,
    allowed: Allowed,
    /// One bit per entry of `fields`.
    seen: u128,
    /// The meaning of the member in progress.
    current: Option<(&'static str, Field)>,
}

impl TopLevel {
    pub(super) fn new(fields: Fields, allowed: Allowed) -> Self {
        Self { fields, allowed, seen: 0, current: None }
    }

    /// The member in progress, if it matters.
    pub(super) fn current(&self) -> Option<(&'static str, Field)> {
        self.current
    }

    pub(super) fn field(&self) -> Option<Field> {
        self.current.map(|(_, field)| field)
    }

    #[inline(always)]
    pub(super) fn end_key(&mut self, name: &Name) -> Result<(), Violation> {
        if name.has_nul() {
            return Err(Violation::Nul);
        }
        self.current = None;
        let Some((bit, key, field)) = self.known(name)? else {
            self.current = self.steering(name)?.map(|(key, holds)| (key, Field::Steers(holds)));
            return Ok(());
        };
        match field {
            Field::NamedInPath => return Err(Violation::TwoModels),
            Field::Requests => return Err(Violation::ModelList(key)),
            _ => {}
        }
        if self.seen >> bit & 1 == 1 {
            return Err(Violation::DuplicateKey(key));
        }
        self.seen |= 1 << bit;
        self.current = Some((key, field));
        Ok(())
    }

    /// The key's place among those of the API.
    #[inline(always)]
    fn known(&self, name: &Name) -> Result<Option<(usize, &'static str, Field)>, Violation> {
        let folded = name.folded();
        for (bit, &(key, field)) in self.fields.iter().enumerate() {
            if !folded.eq_ignore_ascii_case(key.as_bytes()) {
                continue;
            }
            let is_exact = name.as_bytes() == key.as_bytes();
            return if is_exact { Ok(Some((bit, key, field))) } else { Err(Violation::KeyCase(key)) };
        }
        Ok(None)
    }

    /// What it names besides `model`, where the policy lets it.
    fn steering(&self, name: &Name) -> Result<Option<(&'static str, Holds)>, Violation> {
        match self.allowed.key(name) {
            Steers::Nothing => Ok(None),
            Steers::Allowed(key, holds) => Ok(Some((key, holds))),
            Steers::Model(key) => Err(Violation::ModelList(key)),
            Steers::AsIf(key) => Err(Violation::KeyCase(key)),
        }
    }

    /// The key that matters, if this is one in some spelling.
    pub(super) fn like(&self, name: &Name) -> Option<&'static str> {
        let is_it = |key: &str| name.folded().eq_ignore_ascii_case(key.as_bytes());
        let own = self.fields.iter().find(|(key, field)| *field != Field::Images && is_it(key)).map(|(key, _)| *key);
        own.or_else(|| match self.allowed.key(name) {
            Steers::Nothing | Steers::Allowed(_, Holds::Other) => None,
            Steers::Model(key) | Steers::AsIf(key) | Steers::Allowed(key, _) => Some(key),
        })
    }

    /// What a key says that servers read as one of the top level, though it stands elsewhere: what would be a fact there is
    /// read once, at the top level.
    pub(super) fn merged(&self, name: &Name) -> Result<Option<Holds>, Violation> {
        if name.has_nul() {
            return Err(Violation::Nul);
        }
        match self.known(name)? {
            Some((_, _, Field::Model)) => Ok(Some(Holds::Name)),
            Some((_, _, Field::NamedInPath)) => Err(Violation::TwoModels),
            Some((_, key, _)) => Err(Violation::DuplicateKey(key)),
            None => self.steering(name).map(|found| found.map(|(_, holds)| holds)),
        }
    }

    /// Whether a tool may name a model for itself.
    pub(super) fn takes_models_of_tools(&self) -> bool {
        self.allowed.models_of_tools()
    }
}

impl Holds {
    /// What a value of such a key is read for; `None` where it has a type that is refused.
    pub(super) fn reads(self, value: Value) -> Option<Use> {
        Some(match (self, value) {
            (Holds::Other, _) | (_, Value::Null) => Use::Nothing,
            (Holds::Name | Holds::Names, Value::Text) => Use::Name,
            (Holds::Names, Value::Array) => Use::Inside(Place::Names),
            (Holds::Names, Value::Object) => Use::Inside(Place::Entry),
            (Holds::Body, Value::Object) => Use::Inside(Place::Body),
            (Holds::Bodies, Value::Object) => Use::Inside(Place::Bodies),
            _ => return None,
        })
    }
}

impl Field {
    /// What the value of such a key is read for; `None` where it has a type that is refused. Of other types than the API
    /// has, what could hold text, tools or images is looked into all the same, and the rest says nothing.
    pub(super) fn reads(self, value: Value) -> Option<Use> {
        Some(match (self, value) {
            (Field::Model, Value::Text | Value::Null) => Use::Model,
            (Field::Model, _) => return None,
            (Field::Steers(holds), value) => return holds.reads(value),
            (_, Value::Number | Value::True | Value::False | Value::Null) => Use::Nothing,
            (Field::Messages | Field::Input, Value::Array) => Use::Inside(Place::Turns),
            (Field::Messages | Field::Input, Value::Object) => Use::Inside(Place::Turn),
            (Field::Tools, Value::Array | Value::Object) => Use::Inside(Place::Tools),
            (Field::ToolConfig, Value::Object) => Use::Inside(Place::ToolConfig),
            (Field::Images, Value::Array | Value::Object) => Use::Inside(Place::Images),
            (Field::Options, Value::Object) => Use::Inside(Place::Options),
            (Field::System | Field::Documents, Value::Array) => Use::Inside(Place::Parts),
            (Field::System | Field::Documents, Value::Object) => Use::Inside(Place::Part),
            (Field::Prompt | Field::Text, Value::Array) => Use::Inside(Place::TextArray),
            (Field::Template, Value::Object) => Use::Inside(Place::Template),
            (Field::Template, Value::Array) => Use::Inside(Place::TextArray),
            (Field::Prompt, Value::Object) => Use::Inside(Place::Prompt),
            (Field::Text, Value::Object) => Use::Inside(Place::TextObject),
            (
                Field::Images
                | Field::Options
                | Field::ToolConfig
                | Field::NamedInPath
                | Field::Requests
                | Field::MaxOutputTokens
                | Field::Flag(_),
                _,
            ) => Use::Nothing,
            (_, Value::Text) => Use::Text,
        })
    }
}
