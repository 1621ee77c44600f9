//! What makes two requests turns of one conversation, where the client does not say it: the first thing that its user said.
//!
//! Only text counts, not its JSON spelling: clients move `cache_control` marks, reorder keys and turn a string into a
//! list of parts between turns, and the conversation must stay on its model (and its cache). System prompts and tools do
//! not count: coding agents write nonces and dates into the first and add to the second as they go.

mod line;
mod opening;

use super::{Listener, Role, Speaker};
use opening::Opening;
use xxhash_rust::xxh64::Xxh64;

/// The hashes of what counts, as far as it has passed.
#[derive(Clone)]
pub(super) struct Conversation {
    /// Text that is a user turn by itself.
    prompt: Opening,
    /// The message in progress.
    message: Opening,
    role: Role,
    /// The first user turn that is the user's.
    first_user: Option<u64>,
    /// What stands for it where there is none: the first user turn that holds only what a client puts there by itself,
    /// or the first message.
    stand_in: Option<(Role, u64)>,
    /// The beginning of the files of a form, and how much more of them counts.
    files: Xxh64,
    files_left: usize,
}

/// How much of a form's files counts: a recording is another than the next one long before.
const FILES: usize = 64 << 10;

impl Default for Conversation {
    fn default() -> Self {
        Self {
            prompt: Opening::default(),
            message: Opening::default(),
            role: Role::Other,
            first_user: None,
            stand_in: None,
            files: Xxh64::new(0),
            files_left: FILES,
        }
    }
}

impl Listener for Conversation {
    /// Later turns are not part of the identity.
    fn wants(&self, speaker: Speaker) -> bool {
        match speaker {
            Speaker::Prompt => true,
            Speaker::Message => self.first_user.is_none(),
            Speaker::System | Speaker::Tools | Speaker::Nobody => false,
        }
    }

    fn text(&mut self, speaker: Speaker, text: &[u8]) {
        if let Some(opening) = self.opening(speaker) {
            opening.text(text);
        }
    }

    fn token(&mut self, speaker: Speaker, token: u64) {
        if let Some(opening) = self.opening(speaker) {
            opening.token(token);
        }
    }

    fn end_string(&mut self, speaker: Speaker) {
        if let Some(opening) = self.opening(speaker) {
            opening.end_string();
        }
    }

    fn begin_message(&mut self) {
        if self.first_user.is_none() {
            self.message = Opening::default();
        }
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
        if self.role == Role::User && self.message.is_own() {
            self.first_user = Some(self.message.digest());
        } else if self.stand_in.is_none_or(|(role, _)| role != Role::User && self.role == Role::User) {
            self.stand_in = Some((self.role, self.message.digest()));
        }
    }
}

impl Conversation {
    /// The identity, complete once the whole body has passed.
    pub(super) fn identity(&self) -> u64 {
        let mut whole = Xxh64::new(0);
        whole.update(&self.prompt.digest().to_le_bytes());
        let first = self.first_user.or(self.stand_in.map(|(_, digest)| digest));
        whole.update(&first.unwrap_or_default().to_le_bytes());
        if self.files_left < FILES {
            whole.update(&self.files.digest().to_le_bytes());
        }
        whole.digest()
    }

    /// Bytes of a file. A form may have no text at all, and is a conversation of its own all the same.
    pub(super) fn file(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(..self.files_left).unwrap_or(bytes);
        self.files_left -= bytes.len();
        self.files.update(bytes);
    }

    fn opening(&mut self, speaker: Speaker) -> Option<&mut Opening> {
        match speaker {
            Speaker::Prompt => Some(&mut self.prompt),
            Speaker::Message if self.first_user.is_none() => Some(&mut self.message),
            Speaker::Message | Speaker::System | Speaker::Tools | Speaker::Nobody => None,
        }
    }
}
