//! The text of a request, and who listens to it: one file each.
//!
//! The reader tells whose text passes and knows nobody here. A listener says for each string what it wants of it; the
//! lexer decodes a string only if somebody wants its text.

pub(crate) mod conversation;
pub(crate) mod excerpt;
pub(crate) mod keywords;
mod length;
mod opaque;
mod spelling;

use crate::json::Want;
use conversation::Conversation;
use excerpt::Excerpt;
use keywords::{KeywordSearch, Keywords};
use length::Length;
use opaque::{Audience, Sieve};
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
    /// Whether the text of a string that begins is wanted.
    fn wants(&self, speaker: Speaker) -> bool;
    fn begin_string(&mut self) {}
    /// Text. It may come unasked, because another listener wants it.
    fn text(&mut self, speaker: Speaker, text: &[u8]);
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
    everybody: Everybody,
    /// Whether there is still somebody.
    listening: bool,
    /// What keeps back what is no text.
    sieve: Sieve,
}

struct Everybody {
    length: Option<Length>,
    keywords: Option<Keywords>,
    conversation: Option<Box<Conversation>>,
    excerpt: Option<Box<Excerpt>>,
    /// Whose text the string in progress is.
    speaker: Speaker,
}

/// Tells every listener.
macro_rules! tell {
    ($everybody:expr, $($event:tt)+) => {
        if let Some(listener) = &mut $everybody.length { listener.$($event)+; }
        if let Some(listener) = &mut $everybody.keywords { listener.$($event)+; }
        if let Some(listener) = &mut $everybody.conversation { listener.$($event)+; }
        if let Some(listener) = &mut $everybody.excerpt { listener.$($event)+; }
    };
}

impl Listeners {
    pub(super) fn new(wanted: WantedText, keywords: Option<Arc<KeywordSearch>>) -> Self {
        Self {
            listening: wanted != WantedText::default() || keywords.is_some(),
            everybody: Everybody {
                length: wanted.length.then(Length::default),
                keywords: keywords.map(Keywords::new),
                conversation: wanted.identity.then(Box::default),
                excerpt: wanted.excerpt.then(Box::default),
                speaker: Speaker::Nobody,
            },
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

    /// A string begins; what is wanted of it. `is_data`: its key says that it holds data.
    #[inline(always)]
    pub(super) fn begin_string(&mut self, speaker: Speaker, is_data: bool) -> Want {
        if !self.listening {
            return Want::Nothing;
        }
        self.everybody.speaker = speaker;
        self.sieve.begin(is_data);
        tell!(self.everybody, begin_string());
        self.everybody.want()
    }

    #[inline(always)]
    pub(super) fn text(&mut self, text: &[u8]) {
        self.sieve.text(text, &mut self.everybody);
    }

    pub(super) fn token(&mut self, speaker: Speaker, token: u64) {
        if self.listening {
            tell!(self.everybody, token(speaker, token));
        }
    }

    #[inline(always)]
    pub(super) fn end_string(&mut self) {
        if self.listening {
            self.sieve.end(&mut self.everybody);
            tell!(self.everybody, end_string(self.everybody.speaker));
        }
    }

    /// Whether somebody wants the content of files, for want of text.
    pub(super) fn tell_files_apart(&self) -> bool {
        self.listening && self.everybody.conversation.is_some()
    }

    /// Bytes of a file.
    pub(super) fn file(&mut self, bytes: &[u8]) {
        if let Some(conversation) = &mut self.everybody.conversation {
            conversation.file(bytes);
        }
    }

    pub(super) fn begin_message(&mut self) {
        if self.listening {
            tell!(self.everybody, begin_message());
        }
    }

    pub(super) fn role(&mut self, role: Role) {
        tell!(self.everybody, role(role));
    }

    pub(super) fn end_message(&mut self) {
        if self.listening {
            tell!(self.everybody, end_message());
        }
    }

    /// The estimate of tokens so far, and the most that it can become with so many bytes of text more.
    pub(super) fn tokens(&self, more: u64) -> (u64, u64) {
        let more = more.saturating_add(self.sieve.held() as u64);
        self.everybody.length.as_ref().map_or((0, 0), |length| length.tokens(more))
    }

    pub(super) fn has_keyword(&self, keyword: usize) -> bool {
        self.everybody.keywords.as_ref().is_some_and(|keywords| keywords.has(keyword))
    }

    /// The conversation's identity, if it was wanted.
    pub(super) fn identity(&self) -> Option<u64> {
        self.everybody.conversation.as_ref().map(|conversation| conversation.identity())
    }

    /// The beginning and the end of the text, if they were wanted.
    pub(super) fn excerpt(&self) -> Option<&Excerpt> {
        self.everybody.excerpt.as_deref()
    }
}

impl Everybody {
    /// Whether anybody wants a string of this speaker. What it holds must be looked at to tell whether it is text.
    fn want(&self) -> Want {
        let wants = self.length.as_ref().is_some_and(|listener| listener.wants(self.speaker))
            || self.keywords.as_ref().is_some_and(|listener| listener.wants(self.speaker))
            || self.conversation.as_ref().is_some_and(|listener| listener.wants(self.speaker))
            || self.excerpt.as_ref().is_some_and(|listener| listener.wants(self.speaker));
        if wants { Want::Text } else { Want::Nothing }
    }
}

impl Audience for Everybody {
    fn text(&mut self, text: &[u8]) {
        tell!(self, text(self.speaker, text));
    }

    fn looks_for_words(&self) -> bool {
        self.keywords.is_some()
    }

    fn words(&mut self, words: &[u8]) {
        if let Some(keywords) = &mut self.keywords {
            keywords.text(self.speaker, words);
        }
    }

    fn gap(&mut self) {
        if let Some(keywords) = &mut self.keywords {
            keywords.begin_string();
        }
    }
}
