//! The text of a request, and who listens to it: one file each.
//!
//! The reader tells whose text passes and knows nobody here. A listener says for each string what it wants of it; the
//! lexer decodes a string only if somebody wants its text.

mod base64;
pub(crate) mod conversation;
pub(crate) mod excerpt;
pub(crate) mod keywords;
mod length;
mod spelling;

use crate::json::Want;
use base64::Sieve;
use conversation::Conversation;
use excerpt::Excerpt;
use keywords::{KeywordSearch, Keywords};
pub(super) use length::Length;
use std::sync::Arc;

/// Where the text in progress belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    System,
    Tools,
    /// A message whose role may not have been seen yet.
    Message,
    /// Text that is a user turn by itself: a prompt, the input of an embedding.
    Prompt,
    Nobody,
}

/// The role of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Other,
}

impl Role {
    pub(super) fn of(word: &[u8]) -> Self {
        match word {
            b"system" | b"developer" => Role::System,
            b"user" => Role::User,
            _ => Role::Other,
        }
    }
}

/// Somebody who listens to text. Strings come whole: a beginning, text in any split between characters, an end.
trait Listener {
    /// What is wanted of a string that begins.
    fn want(&self, speaker: Speaker) -> Want;
    fn begin_string(&mut self) {}
    /// Text. It may come unasked, because another listener wants it.
    fn text(&mut self, speaker: Speaker, text: &[u8]);
    /// So many bytes of text, of a string that nobody wants the text of.
    fn length(&mut self, _bytes: usize) {}
    /// A token that is given as a number.
    fn token(&mut self, _speaker: Speaker, _token: u64) {}
    fn end_string(&mut self, _speaker: Speaker) {}
    fn begin_message(&mut self) {}
    /// The role may stand behind the text of its message.
    fn role(&mut self, _role: Role) {}
    fn end_message(&mut self) {}
}

/// What is wanted of the text, by the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WantedText {
    /// How much of it there is.
    pub(crate) length: bool,
    /// The conversation's identity.
    pub(crate) identity: bool,
    /// Its beginning and its end.
    pub(crate) excerpt: bool,
}

/// Everybody who listens to this request.
pub(super) struct Listeners {
    length: Option<Length>,
    keywords: Option<Keywords>,
    conversation: Option<Box<Conversation>>,
    excerpt: Option<Box<Excerpt>>,
    /// Whether there is still somebody.
    listening: bool,
    /// Whose text the string in progress is.
    speaker: Speaker,
    /// What holds back strings that may be no text.
    sieve: Sieve,
}

/// Tells every listener.
macro_rules! tell {
    ($listeners:expr, $($event:tt)+) => {
        if let Some(listener) = &mut $listeners.length { listener.$($event)+; }
        if let Some(listener) = &mut $listeners.keywords { listener.$($event)+; }
        if let Some(listener) = &mut $listeners.conversation { listener.$($event)+; }
        if let Some(listener) = &mut $listeners.excerpt { listener.$($event)+; }
    };
}

impl Listeners {
    pub(super) fn new(wanted: WantedText, keywords: Option<Arc<KeywordSearch>>) -> Self {
        Self {
            listening: wanted != WantedText::default() || keywords.is_some(),
            length: wanted.length.then(Length::default),
            keywords: keywords.map(Keywords::new),
            conversation: wanted.identity.then(Box::default),
            excerpt: wanted.excerpt.then(Box::default),
            speaker: Speaker::Nobody,
            sieve: Sieve::default(),
        }
    }

    /// Whether anybody wants anything.
    pub(super) fn are_listening(&self) -> bool {
        self.listening
    }

    /// From here on nobody does.
    pub(super) fn dismiss(&mut self) {
        self.listening = false;
    }

    /// A string begins; what is wanted of it. `is_data`: it may be base64.
    pub(super) fn begin_string(&mut self, speaker: Speaker, is_data: bool) -> Want {
        if !self.listening {
            return Want::Nothing;
        }
        self.speaker = speaker;
        self.sieve.begin(is_data);
        tell!(self, begin_string());
        // Data must be looked at to tell what it is, even where only its length is wanted.
        match self.most_wanted(speaker) {
            Want::Length if is_data => Want::Text,
            want => want,
        }
    }

    fn most_wanted(&self, speaker: Speaker) -> Want {
        let mut most = Want::Nothing;
        if let Some(listener) = &self.length {
            most = most.max(listener.want(speaker));
        }
        if let Some(listener) = &self.keywords {
            most = most.max(listener.want(speaker));
        }
        if let Some(listener) = &self.conversation {
            most = most.max(listener.want(speaker));
        }
        if let Some(listener) = &self.excerpt {
            most = most.max(listener.want(speaker));
        }
        most
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        if self.sieve.is_open() {
            return self.hear(text);
        }
        let (held, text) = self.sieve.sift(text);
        if let Some(held) = held {
            self.hear(held.as_bytes());
        }
        if !text.is_empty() {
            self.hear(text);
        }
    }

    fn hear(&mut self, text: &[u8]) {
        tell!(self, text(self.speaker, text));
    }

    pub(super) fn length(&mut self, bytes: usize) {
        tell!(self, length(bytes));
    }

    pub(super) fn token(&mut self, speaker: Speaker, token: u64) {
        if self.listening {
            tell!(self, token(speaker, token));
        }
    }

    pub(super) fn end_string(&mut self) {
        if !self.listening {
            return;
        }
        if let Some(held) = self.sieve.end() {
            self.hear(held.as_bytes());
        }
        tell!(self, end_string(self.speaker));
    }

    pub(super) fn begin_message(&mut self) {
        tell!(self, begin_message());
    }

    pub(super) fn role(&mut self, role: Role) {
        tell!(self, role(role));
    }

    pub(super) fn end_message(&mut self) {
        tell!(self, end_message());
    }

    /// Decoded bytes of text so far.
    pub(super) fn bytes(&self) -> u64 {
        self.length.as_ref().map_or(0, Length::bytes)
    }

    pub(super) fn has_keyword(&self, keyword: usize) -> bool {
        self.keywords.as_ref().is_some_and(|keywords| keywords.has(keyword))
    }

    /// The conversation's identity, if it was wanted.
    pub(super) fn identity(&self) -> Option<u64> {
        self.conversation.as_ref().map(|conversation| conversation.identity())
    }

    /// The beginning and the end of the text, if they were wanted.
    pub(super) fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_deref()
    }
}
