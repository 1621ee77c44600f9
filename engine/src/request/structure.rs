//! What stands where: follows the structure of a body and notes the facts that it gives.
//!
//! One [`Place`] per open container says what values mean in it. What no rule can need is entered as
//! [`Place::Opaque`] and passes at the lexer's full speed.

use super::field::{Field, Fields};
use super::flag::{Flag, FlagSet, Says};
use super::member::Member;
use super::model::AskedModel;
use super::place::{Place, Places};
use super::text::Speaker;
use super::top_level::TopLevel;
use super::value::Value;
use super::violation::Violation;
use crate::json::Name;

/// The facts that are not text, as far as they have been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) model: Option<AskedModel>,
    pub(super) max_output_tokens: Option<u64>,
    /// Messages, input items or prompts.
    pub(super) turns: u64,
    /// What is so.
    pub(super) flags: FlagSet,
    /// What cannot be so any more.
    pub(super) never: FlagSet,
    /// The offset behind the opening brace, where a missing model is inserted.
    pub(super) inside: u64,
    /// Whether the top-level object has a member.
    pub(super) has_members: bool,
}

/// What a value is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Nothing,
    /// A container that is looked into.
    Inside(Place),
    Model,
    /// Input text.
    Text,
    /// What may be base64.
    Data,
    /// A token that is given as a number.
    Token,
    Role,
    /// The `type` of a message, a part or a tool.
    Kind,
    /// A word that tells whether a flag is set.
    Word(Flag),
    MaxOutputTokens,
    /// Ollama's spelling of it.
    NumPredict,
}

pub(super) struct Structure {
    pub(super) read: Read,
    pub(super) top: TopLevel,
    places: Places,
    /// The meaning of the nested member in progress.
    member: Member,
    wanted: FlagSet,
    /// Whether the marks of a wanted flag stand inside of messages, parts and tools.
    wants_marks: bool,
    /// Whether messages, parts and tools are looked into at all.
    enters: bool,
    /// Once the decision is made, only what could overturn it is looked at.
    settled: bool,
    /// Whether something in the value in progress has said no to its flag.
    refused: bool,
    /// Whether the list of token numbers in progress has been counted as a turn.
    tokens_counted: bool,
}

impl Structure {
    /// `enters`: whether somebody listens to the text inside.
    pub(super) fn new(fields: Fields, wanted: FlagSet, enters: bool) -> Self {
        let wants_marks = wanted.iter().any(Flag::is_nested);
        Self {
            read: Read::default(),
            top: TopLevel::new(fields),
            places: Places::new(),
            member: Member::Other,
            wanted,
            wants_marks,
            enters: enters || wants_marks,
            settled: false,
            refused: false,
            tokens_counted: false,
        }
    }

    /// From here on only the top-level keys and the models of tools matter.
    pub(super) fn settle(&mut self) {
        self.settled = true;
        self.wanted = FlagSet::default();
        (self.wants_marks, self.enters) = (false, false);
    }

    /// The whole body is open.
    pub(super) fn is_begun(&self) -> bool {
        self.places.depth() > 0
    }

    pub(super) fn enter(&mut self, place: Place) {
        self.places.enter(place);
        self.member = Member::Other;
    }

    /// The place that was left.
    pub(super) fn leave(&mut self) -> Place {
        let left = self.places.leave();
        self.member = Member::Other;
        if let Place::Object(flag) = left {
            self.hear(flag, flag.end(self.refused), Value::Null);
        }
        left
    }

    pub(super) fn wants_key(&self) -> bool {
        match self.places.innermost() {
            Place::Root | Place::Tool => true,
            Place::Opaque => false,
            _ => !self.settled,
        }
    }

    pub(super) fn end_key(&mut self, name: &Name) -> Result<(), Violation> {
        match self.places.innermost() {
            Place::Root => {
                self.read.has_members = true;
                self.top.end_key(name)
            }
            Place::Opaque | Place::Object(_) => Ok(()),
            place => {
                let key = name.folded();
                // A tool can name a model of its own, whatever the policy looks at.
                if place == Place::Tool && key.as_bytes() == b"model" {
                    return Err(Violation::ModelList("tools.model"));
                }
                self.member = if self.settled { Member::Other } else { Member::of(place, key.as_bytes()) };
                Ok(())
            }
        }
    }

    /// A value begins. What it says by itself is noted; what else it is read for is the answer. `key` is its key, where
    /// it has one.
    #[inline]
    pub(super) fn value(&mut self, value: Value, key: &Name) -> Result<Use, Violation> {
        match self.places.innermost() {
            Place::Opaque => Ok(Use::Nothing),
            Place::Root => self.top_level(value),
            Place::Turns => self.turn(value),
            Place::Object(flag) => Ok(self.hear(flag, flag.inside(key.folded().as_bytes(), value), value)),
            Place::List(flag) => Ok(self.hear(flag, flag.inside(b"", value), value)),
            Place::Options if value == Value::Number && self.member == Member::NumPredict => Ok(Use::NumPredict),
            Place::Options => Ok(Use::Nothing),
            list @ (Place::Tools | Place::Images) => {
                self.set(Flag::of_element(list));
                Ok(match (list, value) {
                    (Place::Tools, Value::Object | Value::Array) => {
                        Use::Inside(list.child(Member::Other, value == Value::Array))
                    }
                    _ => Use::Nothing,
                })
            }
            place => Ok(self.nested(place, value)),
        }
    }

    /// The value of a top-level member.
    fn top_level(&mut self, value: Value) -> Result<Use, Violation> {
        let Some((key, field)) = self.top.current() else { return Ok(Use::Nothing) };
        // Clients write `null` for what they leave out.
        if value == Value::Null && field != Field::Model {
            return Ok(Use::Nothing);
        }
        (self.refused, self.tokens_counted) = (false, false);
        Ok(match (field, value) {
            (Field::Flag(flag), _) => {
                let says = flag.value(key, value).ok_or(Violation::WrongType(key))?;
                self.hear(flag, says, value)
            }
            (Field::Model, Value::Text) => Use::Model,
            (Field::MaxOutputTokens, Value::Number) => Use::MaxOutputTokens,
            (Field::Messages | Field::Input, Value::Array) => Use::Inside(Place::Turns),
            (Field::Tools, Value::Array) => Use::Inside(Place::Tools),
            (Field::Images, Value::Array) => Use::Inside(Place::Images),
            (Field::Options, Value::Object) => Use::Inside(Place::Options),
            (Field::System | Field::Documents, Value::Array) => Use::Inside(Place::Parts),
            (Field::System | Field::Documents, Value::Object) => Use::Inside(Place::Part),
            (Field::Prompt | Field::Text, Value::Array) => Use::Inside(Place::TextArray),
            (Field::Prompt | Field::Text, Value::Object) => Use::Inside(Place::TextObject),
            (Field::Input | Field::Prompt, Value::Text) => {
                self.read.turns += 1;
                Use::Text
            }
            (Field::System | Field::Text | Field::Documents, Value::Text) => Use::Text,
            _ => return Err(Violation::WrongType(key)),
        })
    }

    /// An element of a conversation. Messages must be objects; an input may hold texts, lists and tokens, too.
    fn turn(&mut self, value: Value) -> Result<Use, Violation> {
        let is_turn = match self.top.field() {
            Some(Field::Messages) => value == Value::Object,
            _ => !matches!(value, Value::True | Value::False | Value::Null),
        };
        if !is_turn {
            return Err(self.top.wrong_type());
        }
        if value == Value::Number {
            return Ok(self.token());
        }
        self.read.turns += 1;
        Ok(match value {
            Value::Text => Use::Text,
            _ => self.inside(Place::Turns, value),
        })
    }

    /// A value inside of messages, parts, tools and their like.
    fn nested(&mut self, place: Place, value: Value) -> Use {
        if matches!(value, Value::True | Value::False | Value::Null) {
            return Use::Nothing;
        }
        let is_list = place == Place::TextArray;
        if value == Value::Number {
            return if is_list && matches!(self.top.field(), Some(Field::Input | Field::Prompt)) {
                self.token()
            } else {
                Use::Nothing
            };
        }
        // Several prompts at once are several turns; one prompt is one.
        if is_list && self.places.depth() == 2 && self.speaker() == Speaker::Prompt {
            self.read.turns += 1;
        }
        if let Member::Mark(flag) = self.member {
            self.set(Some(flag));
            return Use::Nothing;
        }
        if value == Value::Text { self.string(place) } else { self.inside(place, value) }
    }

    fn string(&self, place: Place) -> Use {
        // In other objects, tool arguments above all, every string is text.
        let is_known = matches!(place, Place::Turn | Place::Part | Place::Tool);
        match self.member {
            Member::Role if place == Place::Turn => Use::Role,
            // A string that has become a list of parts says the same: the type that it then has is no text.
            Member::Type if is_known => {
                if self.wants_marks {
                    Use::Kind
                } else {
                    Use::Nothing
                }
            }
            Member::Silent if is_known => Use::Nothing,
            Member::Aside => Use::Nothing,
            Member::Data => Use::Data,
            _ => Use::Text,
        }
    }

    fn inside(&self, place: Place, value: Value) -> Use {
        if self.enters { Use::Inside(place.child(self.member, value == Value::Array)) } else { Use::Nothing }
    }

    fn token(&mut self) -> Use {
        if self.places.depth() == 2 && !self.tokens_counted {
            self.tokens_counted = true;
            self.read.turns += 1;
        }
        Use::Token
    }

    /// The `type` of a message, a part or a tool.
    pub(super) fn kind(&mut self, kind: &Name) {
        self.set(Flag::of_kind(self.places.innermost(), kind.as_bytes()));
    }

    /// A word that a flag wanted to look at.
    pub(super) fn word(&mut self, flag: Flag, word: &Name) {
        self.hear(flag, flag.word(word.as_bytes()), Value::Null);
    }

    /// Notes what a value says of a flag, and looks into it where that depends.
    fn hear(&mut self, flag: Flag, says: Says, value: Value) -> Use {
        match says {
            Says::Nothing => {}
            Says::Yes => self.read.flags.insert(flag),
            Says::No => self.refused = true,
            Says::Never => self.read.never.insert(flag),
            Says::Look if !self.wanted.contains(flag) => {}
            Says::Look => match value {
                Value::Text => return Use::Word(flag),
                Value::Object | Value::Array => return Use::Inside(Place::of_flag(flag, value)),
                _ => {}
            },
        }
        Use::Nothing
    }

    fn set(&mut self, flag: Option<Flag>) {
        if let Some(flag) = flag {
            self.read.flags.insert(flag);
        }
    }

    pub(super) fn most_output_tokens(&mut self, tokens: u64) {
        self.read.max_output_tokens = self.read.max_output_tokens.max(Some(tokens));
    }

    /// Whose text stands here.
    pub(super) fn speaker(&self) -> Speaker {
        match self.top.field() {
            Some(Field::System) => Speaker::System,
            Some(Field::Tools) => Speaker::Tools,
            Some(Field::Messages) => Speaker::Message,
            Some(Field::Input) if self.places.in_turn() => Speaker::Message,
            Some(Field::Input | Field::Prompt) => Speaker::Prompt,
            _ => Speaker::Nobody,
        }
    }
}
