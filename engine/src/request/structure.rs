//! What stands where: follows the structure of a body and notes the facts that it gives.
//!
//! One [`Place`] per open container says what values mean in it. What no rule can need is entered as
//! [`Place::Opaque`] and passes at the lexer's full speed.

use super::field::{Field, Fields};
use super::flag::{Flag, FlagSet, Found, Says};
use super::limit::Limit;
use super::member::Member;
use super::members::Meaning;
use super::model::AskedModel;
use super::place::{Place, Places};
use super::text::Speaker;
use super::top_level::TopLevel;
use super::value::{Use, Value};
use super::violation::Violation;
use crate::json::{Name, Numeral};
use crate::naming::{self, Allowed, Holds};

/// The most models that a body can name besides the one asked for.
const MOST_NAMED: usize = 64;

/// How much of an attached file's beginning tells what it is, as in `data:image/png`.
pub(super) const ATTACHED: usize = 16;

/// The settings of Gemini at OpenAI's API, at the top level or in `extra_body`.
const GOOGLE: &[u8] = b"google";

/// The facts that are not text, as far as they have been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) model: Option<AskedModel>,
    /// Other models that the body names, where the policy lets it.
    pub(super) named: Vec<AskedModel>,
    pub(super) max_output_tokens: Limit,
    /// Messages, input items or prompts.
    pub(super) turns: u64,
    /// The offset behind the opening brace, where a missing model is inserted.
    pub(super) inside: u64,
    /// Whether the top-level object has a member.
    pub(super) has_members: bool,
}

pub(super) struct Structure {
    pub(super) read: Read,
    pub(super) flags: Found,
    pub(super) top: TopLevel,
    places: Places,
    /// The meaning of the nested member in progress.
    member: Member,
    /// Whether the marks of a wanted flag stand inside of messages, parts and tools.
    wants_marks: bool,
    /// Whether messages, parts and tools are looked into at all.
    enters: bool,
    /// Once the decision is made, only what could overturn it is looked at.
    settled: bool,
    /// Whether the list of token numbers in progress has been counted as a turn.
    tokens_counted: bool,
    item: Item,
}

/// The item in progress.
#[derive(Debug, Default)]
struct Item {
    has_id: bool,
    /// A type or content.
    has_more: bool,
}

impl Structure {
    /// `enters`: whether somebody listens to the text inside.
    pub(super) fn new(fields: Fields, wanted: FlagSet, allowed: Allowed, enters: bool) -> Self {
        let wants_marks = wanted.iter().any(Flag::is_nested);
        Self {
            read: Read::default(),
            flags: Found::new(wanted),
            top: TopLevel::new(fields, allowed),
            places: Places::new(),
            member: Member::Other,
            wants_marks,
            enters: enters || wants_marks,
            settled: false,
            tokens_counted: false,
            item: Item::default(),
        }
    }

    /// From here on only the top-level keys and the models of tools matter.
    pub(super) fn settle(&mut self) {
        self.settled = true;
        self.flags.dismiss();
        (self.wants_marks, self.enters) = (false, false);
    }

    /// The whole body is open.
    pub(super) fn is_begun(&self) -> bool {
        self.places.depth() > 0
    }

    /// Whether the value that begins is that of this key of the top level.
    pub(super) fn is_at_top(&self, key: &str) -> bool {
        self.innermost() == Place::Root && self.top.current().is_some_and(|(current, _)| current == key)
    }

    pub(super) fn innermost(&self) -> Place {
        self.places.innermost()
    }

    pub(super) fn enter(&mut self, place: Place) {
        self.places.enter(place);
        self.member = Member::Other;
    }

    /// The place that was left.
    pub(super) fn leave(&mut self) -> Place {
        let left = self.places.leave();
        self.member = Member::Other;
        match left {
            Place::Own(flag) => self.flags.end(flag),
            // OpenAI takes an id alone for a reference to an item that it keeps.
            Place::Turn => {
                let item = std::mem::take(&mut self.item);
                if item.has_id && !item.has_more && !self.settled && self.top.field() == Some(Field::Input) {
                    self.flags.set(Flag::Held);
                }
            }
            _ => {}
        }
        left
    }

    pub(super) fn wants_key(&self) -> bool {
        match self.places.innermost() {
            // A turn can bring tools, and these name models.
            Place::Root | Place::Turn | Place::Tool | Place::Tools => true,
            Place::Opaque => false,
            _ => !self.settled,
        }
    }

    #[inline(always)]
    pub(super) fn end_key(&mut self, name: &Name) -> Result<(), Violation> {
        match self.places.innermost() {
            Place::Root => {
                self.read.has_members = true;
                self.top.end_key(name)
            }
            Place::Opaque | Place::Session => Ok(()),
            Place::Names | Place::Bodies => {
                self.member = Member::Other;
                Ok(())
            }
            // Google's extra body holds its settings.
            Place::Body if name.as_bytes() == GOOGLE => {
                self.member = Member::Settings;
                Ok(())
            }
            Place::Entry | Place::Body => {
                self.member = self.top.merged(name)?.map_or(Member::Other, Member::Steers);
                Ok(())
            }
            Place::Own(_) => {
                self.member = Member::Own;
                Ok(())
            }
            place => {
                let key = name.folded();
                // A tool can name a model of its own, whatever the policy looks at.
                if matches!(place, Place::Tool | Place::Tools) && key == b"model" {
                    self.member = Member::Steers(Holds::Name);
                    let is_exact = name.as_bytes() == key;
                    return match self.top.takes_models_of_tools() {
                        true if is_exact => Ok(()),
                        true => Err(Violation::KeyCase(naming::MODEL_OF_A_TOOL)),
                        false => Err(Violation::ModelList(naming::MODEL_OF_A_TOOL)),
                    };
                }
                self.member = match place {
                    Place::Turn | Place::Tool if !self.enters => {
                        if key == b"tools" {
                            Member::Tools
                        } else {
                            Member::Other
                        }
                    }
                    _ if self.settled => Member::Other,
                    _ => Member::of(place, key),
                };
                Ok(())
            }
        }
    }

    /// What the key in progress is to those who change members.
    pub(super) fn meaning(&self) -> Meaning {
        let (place, field) = (self.places.innermost(), self.top.field());
        let is_top = place == Place::Root;
        Meaning {
            is_limit: is_top && field == Some(Field::MaxOutputTokens)
                || place == Place::Options && self.member == Member::NumPredict,
            holds_limits: is_top && field == Some(Field::Options),
        }
    }

    /// A value begins. What it says by itself is noted; what else it is read for is the answer. `key` is its key, where
    /// it has one.
    // Inlined, so that each kind of value has a short way of its own: nearly all of a body's strings pass here.
    #[inline(always)]
    pub(super) fn value(&mut self, value: Value, key: &Name) -> Result<Use, Violation> {
        match self.places.innermost() {
            Place::Opaque | Place::Session => Ok(Use::Nothing),
            Place::Root => self.top_level(value),
            Place::Turns => Ok(self.turn(value)),
            Place::Own(flag) => Ok(self.own(flag, value, key)),
            Place::Options if self.member == Member::NumPredict => Ok(self.most_output_tokens(value)),
            Place::Options => {
                if let Member::Setting(flag) = self.member {
                    self.flags.begin_value();
                    return Ok(self.hear(flag, flag.value("", value), value));
                }
                if let (Member::Mark(flags), Value::Text | Value::Object) = (self.member, value) {
                    self.flags.set_all(flags);
                }
                Ok(Use::Nothing)
            }
            Place::ToolConfig if value == Value::Array && self.member == Member::Tools => Ok(Use::Inside(Place::Tools)),
            Place::ToolConfig => Ok(Use::Nothing),
            Place::Body if self.member == Member::Settings => {
                Ok(if value == Value::Object { Use::Inside(Place::Options) } else { Use::Nothing })
            }
            place @ (Place::Names | Place::Entry | Place::Body | Place::Bodies) => self.besides(place, value),
            Place::Tool | Place::Tools if self.member == Member::Steers(Holds::Name) => {
                self.besides(Place::Entry, value)
            }
            list @ (Place::Tools | Place::Images) => {
                if let Some(flag) = Flag::of_element(list) {
                    self.flags.set(flag);
                }
                if let (Place::Images, Member::Mark(flags), Value::Text) = (list, self.member, value) {
                    self.flags.set_all(flags);
                }
                Ok(match (list, value) {
                    (Place::Images, Value::Object) if self.enters => Use::Inside(Place::Images),
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
    #[inline(never)]
    fn top_level(&mut self, value: Value) -> Result<Use, Violation> {
        self.flags.begin_value();
        self.tokens_counted = false;
        match self.top.current() {
            None => Ok(Use::Nothing),
            // Clients write `null` for what they leave out.
            Some((_, field)) if value == Value::Null && field != Field::Model => Ok(Use::Nothing),
            Some((key, Field::Flag(flag))) => Ok(self.hear(flag, flag.value(key, value), value)),
            Some((_, Field::MaxOutputTokens)) => Ok(self.most_output_tokens(value)),
            Some((key, field)) => {
                let read = field.reads(value).ok_or(Violation::WrongType(key))?;
                match (field, read) {
                    (Field::Messages | Field::Input | Field::Prompt, Use::Text) => self.read.turns += 1,
                    (_, Use::Inside(Place::Turn)) => self.read.turns += 1,
                    // Somebody may take even this for tools, or for images.
                    (Field::Tools, Use::Text) => self.flags.set(Flag::Tools),
                    (Field::Images, Use::Nothing) if value == Value::Text => self.flags.set(Flag::Images),
                    _ => {}
                }
                Ok(read)
            }
        }
    }

    /// An element of a conversation. Messages are objects; an input may hold texts, lists and tokens, too. What is none of
    /// these says nothing, and no server takes it.
    #[inline(never)]
    fn turn(&mut self, value: Value) -> Use {
        let are_messages = self.top.field() == Some(Field::Messages);
        match value {
            Value::True | Value::False | Value::Null => return Use::Nothing,
            Value::Number if are_messages => return Use::Nothing,
            Value::Number => return self.token(),
            // Not hidden by a list around them.
            Value::Array if are_messages => return Use::Inside(Place::Turns),
            _ => self.read.turns += 1,
        }
        match value {
            Value::Text => Use::Text,
            // Whoever looks at nothing else looks for the tools in it.
            Value::Object => Use::Inside(Place::Turn),
            _ => self.inside(Place::Turns, value),
        }
    }

    /// A value inside of one that belongs to a flag.
    fn own(&mut self, flag: Flag, value: Value, key: &Name) -> Use {
        if value != Value::Null {
            self.flags.fill();
        }
        let key = if self.member == Member::Own { key.folded() } else { &[] };
        self.hear(flag, flag.inside(key, value), value)
    }

    /// A value that names models besides the one asked for. What could be such a name and cannot be told is refused.
    #[inline(never)]
    fn besides(&self, place: Place, value: Value) -> Result<Use, Violation> {
        let is_container = matches!(value, Value::Object | Value::Array);
        let read = match (place, self.member) {
            (_, Member::Steers(holds)) => holds.reads(value),
            (Place::Names, _) => Holds::Names.reads(value),
            (Place::Bodies, _) => Holds::Body.reads(value).or((!is_container).then_some(Use::Nothing)),
            // LiteLLM writes `{"gpt-4": ["claude"]}`: there the keys are names.
            (Place::Entry, _) if is_container => None,
            _ => Some(Use::Nothing),
        };
        read.ok_or(Violation::WrongType(self.top.current().map_or("model", |(key, _)| key)))
    }

    /// Another model that the body names.
    pub(super) fn name(&mut self, model: AskedModel) -> Result<(), Violation> {
        if model.is_blank() {
            return Err(Violation::ModelName);
        }
        if self.read.named.len() >= MOST_NAMED {
            return Err(Violation::ModelList(self.top.current().map_or("model", |(key, _)| key)));
        }
        self.read.named.push(model);
        Ok(())
    }

    /// A value inside of messages, parts, tools and their like.
    #[inline(always)]
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
        if let Member::Mark(flags) = self.member {
            self.flags.set_all(flags);
            return Use::Nothing;
        }
        if place == Place::Turn {
            match self.member {
                Member::Id => self.item.has_id |= value == Value::Text,
                Member::Type | Member::Content => self.item.has_more = true,
                _ => {}
            }
        }
        if self.member == Member::Tools && value != Value::Text {
            return Use::Inside(Place::Tools);
        }
        if self.member == Member::Container && value == Value::Text {
            self.flags.set(Flag::Held);
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
            Member::Container => Use::Nothing,
            Member::Id if place == Place::Turn => Use::Nothing,
            Member::Attached if self.wants_marks => Use::Attached,
            Member::Data | Member::Attached => Use::Data,
            _ => Use::Text,
        }
    }

    fn inside(&self, place: Place, value: Value) -> Use {
        // Of several prompts, each can be an object.
        if place == Place::TextArray && self.top.field() == Some(Field::Prompt) && value == Value::Object && self.enters
        {
            return Use::Inside(Place::Prompt);
        }
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
        if let Some(flag) = Flag::of_kind(self.places.innermost(), kind.folded()) {
            self.flags.set(flag);
        }
    }

    /// The beginning of what is attached to a part: a data URL says what it is, as a `type` would.
    pub(super) fn attached(&mut self, beginning: &Name) {
        let mut lower = [0; ATTACHED];
        let Some(lower) = lower.get_mut(..beginning.as_bytes().len()) else { return };
        lower.copy_from_slice(beginning.as_bytes());
        lower.make_ascii_lowercase();
        if let Some(kind) = lower.strip_prefix(b"data:").filter(|kind| kind.contains(&b'/'))
            && let Some(flag) = Flag::of_kind(Place::Part, kind)
        {
            self.flags.set(flag);
        }
    }

    /// A word that a flag wanted to look at.
    pub(super) fn word(&mut self, flag: Flag, word: &Name) {
        // A word that is too long to be known is none of the known ones, and not nothing either.
        let word = if word.is_long() { b"\xff" } else { word.as_bytes() };
        self.flags.hear(flag, flag.word(word));
    }

    /// Notes what a value says of a flag, and looks into it where that depends.
    fn hear(&mut self, flag: Flag, says: Says, value: Value) -> Use {
        match value {
            _ if !self.flags.hear(flag, says) => Use::Nothing,
            Value::Text => Use::Word(flag),
            Value::Number => Use::Number(flag),
            Value::Object | Value::Array => Use::Inside(Place::Own(flag)),
            _ => Use::Nothing,
        }
    }

    /// A number that a flag wanted to look at.
    pub(super) fn number(&mut self, flag: Flag, number: Numeral) {
        self.flags.hear(flag, flag.number(number));
    }

    fn most_output_tokens(&mut self, value: Value) -> Use {
        match value {
            Value::Number | Value::Text => return Use::MaxOutputTokens,
            Value::Null => {}
            _ => self.limit(Limit::Unreadable),
        }
        Use::Nothing
    }

    pub(super) fn limit(&mut self, limit: Limit) {
        self.read.max_output_tokens = self.read.max_output_tokens.or(limit);
    }

    /// Whose text stands here.
    pub(super) fn speaker(&self) -> Speaker {
        match self.top.field() {
            Some(Field::System) => Speaker::System,
            Some(Field::Tools | Field::ToolConfig) => Speaker::Tools,
            Some(Field::Messages) => Speaker::Message,
            Some(Field::Input) if self.places.in_turn() => Speaker::Message,
            Some(Field::Input | Field::Prompt) => Speaker::Prompt,
            _ => Speaker::Nobody,
        }
    }
}
