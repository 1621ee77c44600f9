//! Where in a body the reader stands, as far as facts go: one [`Place`] per open container.

use super::flag::Flag;
use super::member::Member;
use crate::json::MAX_DEPTH;

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
    /// What holds a list of tools, in Bedrock's shape.
    ToolConfig,
    /// One tool definition.
    Tool,
    /// What a tool of the provider runs in, works on or looks into, and everything inside of it.
    Container,
    /// A prompt with what belongs to it, in llama.cpp's shape.
    Prompt,
    /// A prompt that the provider keeps, and what is filled in.
    Template,
    /// The definition inside of OpenAI's tools.
    Function,
    /// `messages`, or an `input` that is an array.
    Turns,
    Turn,
    Parts,
    Part,
    Images,
    Options,
    /// What belongs to a flag.
    Own(Flag),
    /// Names of models besides the one asked for.
    Names,
    /// One of them, as an object.
    Entry,
    /// What servers merge into the body.
    Body,
    /// Several of these.
    Bodies,
    /// An object that holds a field which says which conversation the request belongs to.
    Session,
}

impl Place {
    /// Whether a list of tools can stand in it: Bedrock's settings of tools, an item of a conversation (OpenAI's
    /// `additional_tools` and `tool_search_output`), and a tool that holds others (its `namespace`).
    pub(super) fn holds_tools(self) -> bool {
        matches!(self, Place::ToolConfig | Place::Turn | Place::Tool)
    }

    /// The container that is the value of `member`, or an element, of this one.
    pub(super) fn child(self, member: Member, is_array: bool) -> Self {
        let text = if is_array { Place::TextArray } else { Place::TextObject };
        match (self, member) {
            (Place::Turns, _) if !is_array => Place::Turn,
            (Place::Turn | Place::Prompt, Member::Images) if is_array => Place::Images,
            // Each variable is a text or a part.
            (Place::Template, Member::Variables) if !is_array => Place::Parts,
            (Place::Turn | Place::Part, Member::Content) => {
                if is_array {
                    Place::Parts
                } else {
                    Place::Part
                }
            }
            (Place::Part, Member::Attached) if !is_array => Place::Part,
            (_, Member::Mark(_)) => Place::Opaque,
            (Place::Parts, _) if !is_array => Place::Part,
            (Place::Tools, _) if !is_array => Place::Tool,
            (Place::Tool, Member::Container | Member::Surroundings) | (Place::Container, _) => Place::Container,
            (Place::Tool, Member::Function) if !is_array => Place::Function,
            (
                Place::Root
                | Place::Opaque
                | Place::Images
                | Place::Options
                | Place::ToolConfig
                | Place::Own(_)
                | Place::Names
                | Place::Entry
                | Place::Body
                | Place::Bodies
                | Place::Session,
                _,
            ) => Place::Opaque,
            _ => text,
        }
    }
}

/// The open containers.
#[derive(Debug)]
pub(super) struct Places {
    open: [Place; MAX_DEPTH],
    depth: usize,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { open: [Place::Opaque; MAX_DEPTH], depth: 0 }
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn innermost(&self) -> Place {
        self.depth.checked_sub(1).and_then(|top| self.open.get(top)).copied().unwrap_or(Place::Opaque)
    }

    /// Whether what stands here is inside of a message.
    pub(super) fn in_turn(&self) -> bool {
        self.depth > 2 && self.open.get(2) == Some(&Place::Turn)
    }

    pub(super) fn enter(&mut self, place: Place) {
        if let Some(slot) = self.open.get_mut(self.depth) {
            *slot = place;
        }
        self.depth += 1;
    }

    pub(super) fn leave(&mut self) -> Place {
        let left = self.innermost();
        self.depth = self.depth.saturating_sub(1);
        left
    }
}
