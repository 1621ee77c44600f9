//! Where in a body the reader stands, as far as facts go: one [`Place`] per open container.

use super::field::Field;
use super::member::Member;
use crate::json::Container;

/// What a container is, as far as facts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    /// Nothing in it matters.
    Opaque,
    /// Strings in it are input text.
    TextObject,
    TextArray,
    Tools,
    /// One tool definition.
    Tool,
    /// `messages`, or an `input` that is an array.
    Turns,
    Turn,
    Parts,
    Part,
    Structured,
    Reasoning,
    Images,
    Modalities,
    Options,
}

impl Place {
    /// The container that is the value of a top-level member; `None` where it has the wrong type.
    pub(super) fn of(field: Field, container: Container) -> Option<Self> {
        Some(match (field, container) {
            (Field::Messages | Field::Input, Container::Array) => Place::Turns,
            (Field::Tools, Container::Array) => Place::Tools,
            (Field::Images, Container::Array) => Place::Images,
            (Field::Modalities, Container::Array) => Place::Modalities,
            (Field::System | Field::Documents, Container::Array) => Place::Parts,
            (Field::System | Field::Documents, Container::Object) => Place::Part,
            (Field::Prompt | Field::Text, Container::Array) => Place::TextArray,
            (Field::Prompt | Field::Text, Container::Object) => Place::TextObject,
            (Field::Structured, Container::Object) => Place::Structured,
            (Field::Reasoning, Container::Object) => Place::Reasoning,
            (Field::Options, Container::Object) => Place::Options,
            (Field::Format | Field::Audio, Container::Object) => Place::Opaque,
            _ => return None,
        })
    }

    /// The container that is the value of `member`, or an element, of this one.
    pub(super) fn child(self, member: Member, container: Container) -> Self {
        let is_array = container == Container::Array;
        let text = if is_array { Place::TextArray } else { Place::TextObject };
        match (self, member) {
            (Place::Turns, _) if is_array => Place::TextArray,
            (Place::Turns, _) => Place::Turn,
            (Place::Turn, Member::Images) if is_array => Place::Images,
            (Place::Turn | Place::Part, Member::Content) if is_array => Place::Parts,
            (Place::Turn | Place::Part, Member::Content) => Place::Part,
            (Place::Turn | Place::Part | Place::Tool | Place::TextObject, Member::CacheControl) => Place::Opaque,
            (Place::Parts, _) if !is_array => Place::Part,
            (Place::Turn | Place::Part, Member::Image | Member::Audio) => Place::Opaque,
            (Place::Tools, _) if !is_array => Place::Tool,
            (Place::Turn | Place::Parts | Place::Part | Place::Tools | Place::Tool, _) => text,
            (Place::TextObject | Place::TextArray, _) => text,
            (Place::Structured, Member::Format) if !is_array => Place::Structured,
            _ => Place::Opaque,
        }
    }
}
