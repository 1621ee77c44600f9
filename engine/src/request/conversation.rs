//! What makes two requests turns of one conversation: the system prompt, the tools and the first user turn.
//!
//! Only text counts, not its JSON spelling: clients move `cache_control` marks, reorder keys and turn a
//! string into a list of parts between turns, and the conversation must stay on its model (and its cache).

use xxhash_rust::xxh64::Xxh64;

/// Where the text in progress belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    System,
    Tools,
    /// A message whose role may not have been seen yet.
    Message,
    /// Text that is a first user turn by itself: a prompt, the input of an embedding.
    Prompt,
    Nobody,
}

/// The role of a message, as far as identity goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Other,
}

#[derive(Clone)]
pub(super) struct Conversation {
    system: Xxh64,
    tools: Xxh64,
    message: Xxh64,
    prompt: Xxh64,
    role: Role,
    first_user: Option<u64>,
}

impl Conversation {
    pub(super) fn new() -> Self {
        let empty = Xxh64::new(0);
        Self {
            system: empty.clone(),
            tools: empty.clone(),
            message: empty.clone(),
            prompt: empty,
            role: Role::Other,
            first_user: None,
        }
    }

    /// Whether text of this speaker can still matter. Later turns are not part of the identity.
    pub(super) fn listens_to(&self, speaker: Speaker) -> bool {
        match speaker {
            Speaker::System | Speaker::Tools | Speaker::Prompt => true,
            Speaker::Message => self.first_user.is_none(),
            Speaker::Nobody => false,
        }
    }

    pub(super) fn text(&mut self, speaker: Speaker, text: &[u8]) {
        if let Some(hash) = self.hash(speaker) {
            hash.update(text);
        }
    }

    /// Strings are kept apart by a byte that no UTF-8 text holds.
    pub(super) fn end_of_string(&mut self, speaker: Speaker) {
        self.text(speaker, &[0xFF]);
    }

    pub(super) fn begin_message(&mut self) {
        self.message.reset(0);
        self.role = Role::Other;
    }

    pub(super) fn role(&mut self, role: Role) {
        self.role = role;
    }

    /// The role may stand behind the text, so a message is filed when it is complete.
    pub(super) fn end_message(&mut self) {
        if self.first_user.is_some() {
            return;
        }
        match self.role {
            Role::System => self.system.update(&self.message.digest().to_le_bytes()),
            Role::User => self.first_user = Some(self.message.digest()),
            Role::Other => {}
        }
    }

    /// The identity, complete once the whole body has passed.
    pub(super) fn identity(&self) -> u64 {
        let mut whole = Xxh64::new(0);
        whole.update(&self.system.digest().to_le_bytes());
        whole.update(&self.tools.digest().to_le_bytes());
        whole.update(&self.prompt.digest().to_le_bytes());
        whole.update(&self.first_user.unwrap_or_default().to_le_bytes());
        whole.digest()
    }

    fn hash(&mut self, speaker: Speaker) -> Option<&mut Xxh64> {
        match speaker {
            Speaker::System => Some(&mut self.system),
            Speaker::Tools => Some(&mut self.tools),
            Speaker::Prompt => Some(&mut self.prompt),
            // Later turns are not part of the identity.
            Speaker::Message if self.first_user.is_none() => Some(&mut self.message),
            Speaker::Message | Speaker::Nobody => None,
        }
    }
}
