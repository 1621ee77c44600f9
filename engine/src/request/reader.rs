//! One reader for all APIs: follows the structure that the lexer reports and notes the facts.
//!
//! It knows where it is by one [`Place`] per open container. What no rule can need is entered as
//! [`Place::Opaque`] and passes at the lexer's full speed.

use super::conversation::{Conversation, Role, Speaker};
use super::field::{Field, Fields, OVERRIDES};
use super::keywords::{KeywordSearch, Search};
use super::member::{Medium, Member, medium};
use super::place::Place;
use super::violation::Violation;
use crate::json::{Container, Literal, MAX_DEPTH, Name, Sink, Want};
use std::sync::Arc;

/// The longest model name that is read, in bytes.
const MAX_MODEL_NAME: usize = 256;

/// Where the string in progress goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Capture {
    Nothing,
    Model,
    Role,
    PartType,
    StructuredType,
    Effort,
    Modality,
    Text,
    /// What may be base64: its first bytes are in `name` until one of them says that it is text.
    Data,
    /// What has turned out to be base64 so far.
    Base64,
}

/// Which facts below the top level are worth their cost under the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Turns, images, audio, output format, reasoning.
    pub(crate) structure: bool,
    /// The number of text bytes.
    pub(crate) text: bool,
    /// The conversation's identity.
    pub(crate) identity: bool,
}

/// The model asked for, and where its value stands in the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedModel {
    pub(crate) name: String,
    /// The offset of the opening quote.
    pub(crate) start: u64,
    /// The offset behind the closing quote.
    pub(crate) end: u64,
}

/// The facts as far as they have been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) model: Option<AskedModel>,
    pub(crate) stream: Option<bool>,
    pub(crate) max_output_tokens: Option<u64>,
    /// Messages, input items or prompts.
    pub(crate) turns: u64,
    pub(crate) tools: bool,
    pub(crate) images: bool,
    pub(crate) audio: bool,
    pub(crate) structured: bool,
    pub(crate) reasoning: bool,
    /// Decoded bytes of input text; a token given as a number counts as four.
    pub(crate) text: u64,
    /// The offset behind the opening brace, where a missing model is inserted.
    pub(crate) inside: u64,
    /// Whether the top-level object has a member.
    pub(crate) has_members: bool,
}

pub(super) struct Reader {
    pub(super) read: Read,
    fields: Fields,
    wanted: Wanted,
    keywords: Option<(Arc<KeywordSearch>, Search)>,
    conversation: Conversation,
    /// Once the decision is made, only what could overturn it is looked at.
    settled: bool,
    /// One bit per entry of `fields`.
    seen: u32,
    /// The meaning of the top-level member in progress.
    field: Option<(&'static str, Field)>,
    member: Member,
    capture: Capture,
    name: Name,
    model: AskedModel,
    /// An effort or a switch in a reasoning object that asks for it, and one that does not.
    reasoning_on: bool,
    reasoning_off: bool,
    /// Whether the list of token numbers in progress has been counted as a turn.
    tokens_counted: bool,
    places: [Place; MAX_DEPTH],
    depth: usize,
}

impl Reader {
    pub(super) fn new(fields: Fields, wanted: Wanted, keywords: Option<Arc<KeywordSearch>>) -> Self {
        Self {
            read: Read::default(),
            fields,
            wanted,
            keywords: keywords.map(|search| {
                let run = Search::new(&search);
                (search, run)
            }),
            conversation: Conversation::new(),
            settled: false,
            seen: 0,
            field: None,
            member: Member::Other,
            capture: Capture::Nothing,
            name: Name::new(),
            model: AskedModel::default(),
            reasoning_on: false,
            reasoning_off: false,
            tokens_counted: false,
            places: [Place::Opaque; MAX_DEPTH],
            depth: 0,
        }
    }

    /// From here on only the top-level keys matter.
    pub(super) fn settle(&mut self) {
        self.settled = true;
    }

    pub(super) fn has_keyword(&self, keyword: usize) -> bool {
        self.keywords.as_ref().is_some_and(|(_, run)| run.has(keyword))
    }

    pub(super) fn identity(&self) -> u64 {
        self.conversation.identity()
    }

    fn is_messages(&self) -> bool {
        matches!(self.field, Some((_, Field::Messages)))
    }

    fn place(&self) -> Place {
        self.depth.checked_sub(1).and_then(|top| self.places.get(top)).copied().unwrap_or(Place::Opaque)
    }

    fn wants_text(&self) -> bool {
        !self.settled && (self.wanted.text || self.wanted.identity || self.keywords.is_some())
    }

    fn wants_nested(&self) -> bool {
        !self.settled && (self.wanted.structure || self.wants_text())
    }

    /// Whose text stands in the top-level member in progress.
    fn speaker(&self) -> Speaker {
        match self.field {
            Some((_, Field::System)) => Speaker::System,
            Some((_, Field::Tools)) => Speaker::Tools,
            Some((_, Field::Messages)) => Speaker::Message,
            Some((_, Field::Prompt)) => Speaker::Prompt,
            Some((_, Field::Input)) => {
                let in_turn = self.places.get(2) == Some(&Place::Turn) && self.depth > 2;
                if in_turn { Speaker::Message } else { Speaker::Prompt }
            }
            _ => Speaker::Nobody,
        }
    }

    fn capture(&mut self, capture: Capture) -> Want {
        self.capture = capture;
        match capture {
            Capture::Nothing => Want::Nothing,
            Capture::Text => self.want_of_text(),
            Capture::Data => {
                self.name.clear();
                // Its text must be looked at to tell what it is, even where only its length is wanted.
                match self.want_of_text() {
                    Want::Nothing => Want::Nothing,
                    _ => Want::Text,
                }
            }
            _ => {
                self.name.clear();
                Want::Text
            }
        }
    }

    /// The text itself is only handed on to those who look into it.
    fn want_of_text(&mut self) -> Want {
        if self.settled {
            return Want::Nothing;
        }
        if let Some((search, run)) = &mut self.keywords {
            run.begin_string(search);
            return Want::Text;
        }
        if self.wanted.identity && self.conversation.listens_to(self.speaker()) {
            Want::Text
        } else if self.wanted.text {
            Want::Length
        } else {
            Want::Nothing
        }
    }

    /// Enters the value of a top-level member.
    fn top_level(&mut self, container: Container) -> Result<Place, Violation> {
        let Some((key, field)) = self.field else { return Ok(Place::Opaque) };
        let place = Place::of(field, container).ok_or(Violation::WrongType(key))?;
        self.tokens_counted = false;
        match field {
            Field::Reasoning => (self.reasoning_on, self.reasoning_off) = (false, false),
            Field::Format => self.read.structured = true,
            Field::Audio => self.read.audio = true,
            _ => {}
        }
        Ok(place)
    }

    /// An element of an array that is counted, or a medium that is given by its key.
    fn note_value(&mut self) {
        match (self.place(), self.member) {
            (Place::Tools, _) => self.read.tools = true,
            (Place::Images, _) => self.read.images = true,
            (Place::Turns, _) => self.read.turns += 1,
            (Place::Turn | Place::Part, Member::Image) => self.read.images = true,
            (Place::Turn | Place::Part, Member::Audio) => self.read.audio = true,
            // Several prompts at once are several turns; one prompt is one.
            (Place::TextArray, _) if self.depth == 2 && self.speaker() == Speaker::Prompt => self.read.turns += 1,
            _ => {}
        }
    }

    fn end_top_level_key(&mut self) -> Result<(), Violation> {
        self.read.has_members = true;
        if self.name.has_nul() {
            return Err(Violation::Nul);
        }
        self.field = None;
        let folded = self.name.folded();
        let (exact, folded) = (self.name.as_bytes(), folded.as_bytes());
        for (bit, &(key, field)) in self.fields.iter().enumerate() {
            if folded != key.as_bytes() {
                continue;
            }
            if exact != folded {
                return Err(Violation::KeyCase(key));
            }
            if self.seen >> bit & 1 == 1 {
                return Err(Violation::DuplicateKey(key));
            }
            self.seen |= 1 << bit;
            self.field = Some((key, field));
            return Ok(());
        }
        match OVERRIDES.iter().find(|key| key.as_bytes() == folded) {
            Some(key) if exact != folded => Err(Violation::KeyCase(key)),
            Some(key) => Err(Violation::ModelList(key)),
            None => Ok(()),
        }
    }

    /// What a string is that is the value of a top-level member.
    fn top_level_string(&mut self, at: u64) -> Result<Capture, Violation> {
        let Some((key, field)) = self.field else { return Ok(Capture::Nothing) };
        Ok(match field {
            Field::Model => {
                self.model = AskedModel { name: String::new(), start: at, end: 0 };
                Capture::Model
            }
            Field::Input | Field::Prompt => {
                self.read.turns += 1;
                Capture::Text
            }
            Field::System | Field::Text | Field::Documents => Capture::Text,
            Field::Format => {
                self.read.structured = true;
                Capture::Nothing
            }
            Field::Reasoning => {
                (self.reasoning_on, self.reasoning_off) = (false, false);
                Capture::Effort
            }
            Field::Structured | Field::Audio => Capture::Nothing,
            _ => return Err(Violation::WrongType(key)),
        })
    }

    fn end_model(&mut self, end: u64) -> Result<(), Violation> {
        let mut model = std::mem::take(&mut self.model);
        if model.name.contains('\0') {
            return Err(Violation::Nul);
        }
        if model.name.is_empty() || model.name.len() > MAX_MODEL_NAME || model.name.chars().any(is_unseen) {
            return Err(Violation::ModelName);
        }
        model.end = end;
        self.read.model = Some(model);
        Ok(())
    }

    fn end_captured(&mut self, capture: Capture) {
        let word = self.name.as_bytes();
        match capture {
            Capture::Role => {
                let role = match word {
                    b"system" | b"developer" => Role::System,
                    b"user" => Role::User,
                    _ => Role::Other,
                };
                self.conversation.role(role);
            }
            Capture::PartType => match medium(word) {
                Some(Medium::Image) => self.read.images = true,
                Some(Medium::Audio) => self.read.audio = true,
                None => {}
            },
            Capture::StructuredType => self.read.structured |= matches!(word, b"json_schema" | b"json_object"),
            Capture::Modality => self.read.audio |= word == b"audio",
            Capture::Effort => {
                let off = matches!(word, b"none" | b"disabled");
                self.reasoning_off |= off;
                self.reasoning_on |= !off;
                if self.place() == Place::Root {
                    self.end_reasoning();
                }
            }
            Capture::Nothing | Capture::Model | Capture::Text | Capture::Data | Capture::Base64 => {}
        }
    }

    /// Of two switches that contradict each other, the one that asks for it counts.
    fn end_reasoning(&mut self) {
        self.read.reasoning |= self.reasoning_on || !self.reasoning_off;
    }

    fn input_text(&mut self, text: &[u8]) {
        self.read.text += text.len() as u64;
        if self.wanted.identity {
            let speaker = self.speaker();
            self.conversation.text(speaker, text);
        }
        if let Some((search, run)) = &mut self.keywords {
            run.text(search, text);
        }
    }

    /// Base64 is not text, but only its bytes tell: the first that cannot be base64 begins text, and what little
    /// stood before it was text as well.
    fn data(&mut self, text: &[u8]) {
        let other = text.iter().position(|byte| !is_base64(*byte)).unwrap_or(text.len());
        let (head, rest) = text.split_at_checked(other).unwrap_or((text, &[]));
        if self.capture == Capture::Data {
            self.name.push(head);
            if self.name.as_bytes().is_empty() && !head.is_empty() {
                self.capture = Capture::Base64;
            }
        }
        if !rest.is_empty() {
            self.flush_data();
            self.input_text(rest);
        }
    }

    fn flush_data(&mut self) {
        if self.capture == Capture::Data {
            let name = self.name;
            self.input_text(name.as_bytes());
        }
        self.capture = Capture::Text;
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'\r' | b'\n')
}

/// What log readers take for a line's end, or for another direction of writing.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Sink for Reader {
    type Refusal = Violation;

    fn begin(&mut self, container: Container, inside: u64) -> Result<(), Violation> {
        let place = match self.place() {
            _ if self.depth == 0 => {
                self.read.inside = inside;
                Place::Root
            }
            Place::Root => self.top_level(container)?,
            Place::Turns if container == Container::Array && self.is_messages() => {
                return Err(Violation::WrongType("messages"));
            }
            // A tool can name a model of its own, whatever the policy looks at.
            Place::Tools => {
                self.note_value();
                Place::Tools.child(Member::Other, container)
            }
            parent => {
                self.note_value();
                if self.wants_nested() { parent.child(self.member, container) } else { Place::Opaque }
            }
        };
        if place == Place::Turn {
            self.conversation.begin_message();
        }
        if let Some(slot) = self.places.get_mut(self.depth) {
            *slot = place;
        }
        self.depth += 1;
        self.member = Member::Other;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Violation> {
        match self.place() {
            Place::Turn => self.conversation.end_message(),
            Place::Reasoning => self.end_reasoning(),
            _ => {}
        }
        self.depth = self.depth.saturating_sub(1);
        self.member = Member::Other;
        Ok(())
    }

    fn begin_key(&mut self) -> Want {
        self.capture = Capture::Nothing;
        let wanted = match self.place() {
            Place::Root | Place::Tool => true,
            Place::Opaque => false,
            _ => !self.settled,
        };
        if !wanted {
            return Want::Nothing;
        }
        self.name.clear();
        Want::Text
    }

    fn end_key(&mut self) -> Result<(), Violation> {
        match self.place() {
            Place::Root => return self.end_top_level_key(),
            Place::Tool if self.name.folded().as_bytes() == b"model" => {
                return Err(Violation::ModelList("tools.model"));
            }
            Place::Opaque => {}
            _ => self.member = if self.settled { Member::Other } else { Member::of(&self.name) },
        }
        Ok(())
    }

    fn begin_string(&mut self, at: u64) -> Result<Want, Violation> {
        let capture = match (self.place(), self.member) {
            (Place::Root, _) => self.top_level_string(at)?,
            (Place::Opaque, _) => Capture::Nothing,
            (Place::Turns, _) => {
                self.note_value();
                match self.field {
                    Some((key, Field::Messages)) => return Err(Violation::WrongType(key)),
                    _ => Capture::Text,
                }
            }
            (Place::Tools | Place::Images, _) => {
                self.note_value();
                Capture::Nothing
            }
            (Place::Turn, Member::Role) => Capture::Role,
            (Place::Turn | Place::Part, Member::Type) => Capture::PartType,
            (Place::Turn | Place::Part, Member::Image | Member::Audio) => {
                self.note_value();
                Capture::Nothing
            }
            (Place::Structured, Member::Type) => Capture::StructuredType,
            (Place::Reasoning, Member::Type | Member::Effort) => Capture::Effort,
            (Place::Modalities, _) => Capture::Modality,
            (Place::Structured | Place::Reasoning | Place::Options, _) => Capture::Nothing,
            (_, Member::CacheControl) => Capture::Nothing,
            (_, Member::Data) => Capture::Data,
            // Identifiers, links, and the `type` that names a part's shape: a string that has become a list of
            // parts says the same. In other objects, tool arguments above all, every string is text.
            (Place::Turn | Place::Part | Place::Tool, Member::Silent | Member::Type) => Capture::Nothing,
            (Place::TextArray, _) => {
                self.note_value();
                Capture::Text
            }
            (Place::TextObject | Place::Tool | Place::Turn | Place::Part | Place::Parts, _) => Capture::Text,
        };
        Ok(self.capture(capture))
    }

    fn text(&mut self, text: &[u8]) {
        match self.capture {
            Capture::Text => self.input_text(text),
            Capture::Data | Capture::Base64 => self.data(text),
            Capture::Model => {
                // One byte more than allowed is kept, so that the end sees that it was too long.
                let room = (MAX_MODEL_NAME + 1).saturating_sub(self.model.name.len());
                let text = std::str::from_utf8(text).unwrap_or("\u{1}");
                self.model.name.extend(text.chars().take(room));
            }
            _ => self.name.push(text),
        }
    }

    fn length(&mut self, bytes: usize) {
        if self.capture == Capture::Text {
            self.read.text += bytes as u64;
        }
    }

    fn end_string(&mut self, end: u64) -> Result<(), Violation> {
        if self.capture == Capture::Data {
            self.flush_data();
        }
        let capture = std::mem::replace(&mut self.capture, Capture::Nothing);
        match capture {
            Capture::Nothing => {}
            Capture::Model => self.end_model(end)?,
            Capture::Text | Capture::Base64 => {
                if self.wanted.identity {
                    let speaker = self.speaker();
                    self.conversation.end_of_string(speaker);
                }
                if let Some((search, run)) = &mut self.keywords {
                    run.end_string(search);
                }
            }
            _ => self.end_captured(capture),
        }
        Ok(())
    }

    fn number(&mut self, value: Option<u64>) -> Result<(), Violation> {
        match (self.place(), self.field) {
            (Place::Root, Some((key, Field::MaxOutputTokens))) => {
                let value = value.ok_or(Violation::WrongType(key))?;
                self.read.max_output_tokens = self.read.max_output_tokens.max(Some(value));
            }
            (Place::Root, None | Some((_, Field::Structured | Field::Format | Field::Audio | Field::Reasoning))) => {}
            (Place::Root, Some((key, _))) => return Err(Violation::WrongType(key)),
            (Place::Options, _) if self.member == Member::NumPredict => {
                // -1 and -2 stand for no limit, and nobody agrees on what 5e3 is.
                self.read.max_output_tokens = self.read.max_output_tokens.max(Some(value.unwrap_or(u64::MAX)));
            }
            // Embedding and completion inputs may be token numbers.
            (Place::TextArray | Place::Turns, Some((_, Field::Input | Field::Prompt))) => {
                if self.depth == 2 && !self.tokens_counted {
                    self.tokens_counted = true;
                    self.read.turns += 1;
                }
                self.read.text += 4;
                if self.wanted.identity && !self.settled {
                    let speaker = self.speaker();
                    self.conversation.text(speaker, &value.unwrap_or_default().to_le_bytes());
                }
            }
            (Place::Turns, Some((key, _))) => return Err(Violation::WrongType(key)),
            (Place::Tools | Place::Images, _) => self.note_value(),
            _ => {}
        }
        Ok(())
    }

    fn literal(&mut self, literal: Literal) -> Result<(), Violation> {
        match (self.place(), self.field, literal) {
            (Place::Root, Some((key, Field::Model)), _) => Err(Violation::WrongType(key)),
            // Clients write `null` for what they leave out.
            (Place::Root, _, Literal::Null) | (Place::Root, None, _) => Ok(()),
            (Place::Root, Some((key, field)), _) => {
                let on = literal == Literal::True;
                match field {
                    Field::Stream => self.read.stream = Some(on),
                    Field::Reasoning => self.read.reasoning |= on,
                    Field::Structured | Field::Format | Field::Audio => {}
                    _ => return Err(Violation::WrongType(key)),
                }
                Ok(())
            }
            (Place::Turns, Some((key, _)), _) => Err(Violation::WrongType(key)),
            (Place::Reasoning, _, Literal::True | Literal::False) if self.member == Member::Enabled => {
                self.reasoning_on |= literal == Literal::True;
                self.reasoning_off |= literal == Literal::False;
                Ok(())
            }
            (Place::Tools | Place::Images, _, _) => {
                self.note_value();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
