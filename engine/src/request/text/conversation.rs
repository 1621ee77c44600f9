//! What makes two requests turns of one conversation: the system prompt, the tools and the first user turn.
//!
//! Only text counts, not its JSON spelling: clients move `cache_control` marks, reorder keys and turn a
//! string into a list of parts between turns, and the conversation must stay on its model (and its cache).

use super::{Listener, Role, Speaker};
use xxhash_rust::xxh64::Xxh64;

/// The hashes of what counts, as far as it has passed.
#[derive(Clone)]
pub(super) struct Conversation {
    system: Xxh64,
    tools: Xxh64,
    message: Xxh64,
    prompt: Xxh64,
    role: Role,
    first_user: Option<u64>,
}

impl Default for Conversation {
    fn default() -> Self {
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
}

impl Listener for Conversation {
    /// Later turns are not part of the identity.
    fn wants(&self, speaker: Speaker) -> bool {
        match speaker {
            Speaker::System | Speaker::Tools | Speaker::Prompt => true,
            Speaker::Message => self.first_user.is_none(),
            Speaker::Nobody => false,
        }
    }

    fn text(&mut self, speaker: Speaker, text: &[u8]) {
        if let Some(hash) = self.hash(speaker) {
            hash.update(text);
        }
    }

    fn token(&mut self, speaker: Speaker, token: u64) {
        self.text(speaker, &token.to_le_bytes());
    }

    /// Strings are kept apart by a byte that no UTF-8 text holds.
    fn end_string(&mut self, speaker: Speaker) {
        self.text(speaker, &[0xFF]);
    }

    fn begin_message(&mut self) {
        self.message.reset(0);
        self.role = Role::Other;
    }

    fn role(&mut self, role: Role) {
        self.role = role;
    }

    /// The role may stand behind the text, so a message is filed when it is complete.
    fn end_message(&mut self) {
        if self.first_user.is_some() {
            return;
        }
        match self.role {
            Role::System => self.system.update(&self.message.digest().to_le_bytes()),
            Role::User => self.first_user = Some(self.message.digest()),
            Role::Other => {}
        }
    }
}

impl Conversation {
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
