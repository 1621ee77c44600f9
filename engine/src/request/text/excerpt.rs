//! The beginning and the end of what was said: enough to tell what a request is about, and never more.
//!
//! Two texts are kept so: the last user turn, and the whole conversation in the order in which it stands in the body,
//! without the definitions of tools. The strings of a text are put together line by line.

use super::{Listener, Role, Speaker};

/// The most that is kept of each end of a text, in bytes.
pub(crate) const REACH: usize = 512;

/// What is kept of a request's text. Its size does not depend on the body.
#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    conversation: Ends,
    last_user_turn: Ends,
    /// The message in progress.
    message: Ends,
    is_user: bool,
}

#[cfg_attr(not(test), expect(dead_code, reason = "what will classify requests reads it"))]
impl Excerpt {
    /// Both ends of the whole conversation.
    pub(crate) fn conversation(&self) -> &Ends {
        &self.conversation
    }

    /// Both ends of the last message of the user, or of the last prompt. Empty if there is none.
    pub(crate) fn last_user_turn(&self) -> &Ends {
        &self.last_user_turn
    }
}

impl Listener for Excerpt {
    fn wants(&self, speaker: Speaker) -> bool {
        matches!(speaker, Speaker::System | Speaker::Message | Speaker::Prompt)
    }

    fn begin_string(&mut self) {
        self.conversation.begin_line();
        self.message.begin_line();
    }

    fn text(&mut self, speaker: Speaker, text: &[u8]) {
        match speaker {
            Speaker::System => {}
            Speaker::Message | Speaker::Prompt => self.message.push(text),
            Speaker::Tools | Speaker::Nobody => return,
        }
        self.conversation.push(text);
    }

    fn end_string(&mut self, speaker: Speaker) {
        if speaker == Speaker::Prompt {
            self.is_user = true;
            self.end_message();
        }
    }

    fn role(&mut self, role: Role) {
        self.is_user = role == Role::User;
    }

    fn end_message(&mut self) {
        if self.is_user {
            std::mem::swap(&mut self.message, &mut self.last_user_turn);
        }
        self.message.clear();
        self.is_user = false;
    }
}

/// Both ends of a text.
#[derive(Clone, Debug)]
pub(crate) struct Ends {
    head: [u8; REACH],
    head_len: usize,
    /// The last bytes of what did not go into the head, as a ring whose oldest byte is at `tail_start`.
    tail: [u8; REACH],
    tail_start: usize,
    /// Bytes that did not go into the head.
    behind: usize,
    /// Whether the next text begins a line.
    breaks: bool,
}

impl Default for Ends {
    fn default() -> Self {
        Self { head: [0; REACH], head_len: 0, tail: [0; REACH], tail_start: 0, behind: 0, breaks: false }
    }
}

#[cfg_attr(not(test), expect(dead_code, reason = "what will classify requests reads it"))]
impl Ends {
    /// The first characters, as many as fit.
    pub(crate) fn head(&self) -> &str {
        std::str::from_utf8(self.head.get(..self.head_len).unwrap_or_default()).unwrap_or_default()
    }

    /// The last characters behind the head, as many as fit. If nothing [was left out](Self::is_whole), head and tail are
    /// the text.
    pub(crate) fn tail(&self) -> String {
        let (newer, older) = self.tail.split_at_checked(self.tail_start).unwrap_or_default();
        let older = older.get(..self.behind.min(older.len())).unwrap_or_default();
        let newer = if self.behind > REACH - self.tail_start { newer } else { &[] };
        let mut tail = [older, newer].concat();
        // The ring may have eaten the first bytes of a character.
        let whole = tail.iter().position(|byte| byte & 0xC0 != 0x80).unwrap_or(tail.len());
        tail.drain(..whole);
        String::from_utf8(tail).unwrap_or_default()
    }

    /// Whether nothing was left out between the head and the tail.
    pub(crate) fn is_whole(&self) -> bool {
        self.behind <= REACH
    }
}

impl Ends {
    fn clear(&mut self) {
        (self.head_len, self.tail_start, self.behind, self.breaks) = (0, 0, 0, false);
    }

    fn begin_line(&mut self) {
        self.breaks = self.head_len > 0;
    }

    /// Whole characters.
    fn push(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.breaks) {
            self.push_characters(b"\n");
        }
        self.push_characters(text);
    }

    fn push_characters(&mut self, text: &[u8]) {
        let mut rest = text;
        // Once a character was too long for the head, no later one goes into it.
        if self.behind == 0 {
            let room = REACH - self.head_len;
            let fitting = if text.len() <= room { text.len() } else { character_border(text, room) };
            if let Some((fits, more)) = text.split_at_checked(fitting)
                && let Some(slot) = self.head.get_mut(self.head_len..self.head_len + fitting)
            {
                slot.copy_from_slice(fits);
                self.head_len += fitting;
                rest = more;
            }
        }
        self.push_tail(rest);
    }

    fn push_tail(&mut self, text: &[u8]) {
        let kept = text.get(text.len().saturating_sub(REACH)..).unwrap_or_default();
        // Where the next byte goes: behind the newest, which is before the oldest once the ring is full.
        let at = if self.behind < REACH { self.behind } else { self.tail_start };
        let at = (at + text.len() - kept.len()) % REACH;
        let (first, second) = kept.split_at_checked(REACH - at).unwrap_or((kept, &[]));
        for (piece, start) in [(first, at), (second, 0)] {
            if let Some(slot) = self.tail.get_mut(start..start + piece.len()) {
                slot.copy_from_slice(piece);
            }
        }
        self.behind = self.behind.saturating_add(text.len());
        if self.behind > REACH {
            self.tail_start = (at + kept.len()) % REACH;
        }
    }
}

/// The last place at or before `most` where a character ends.
fn character_border(text: &[u8], most: usize) -> usize {
    (0..=most).rev().find(|at| text.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both ends of a text, by their definition.
    fn slowly(text: &str) -> (String, String, bool) {
        let border = |most: usize| (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (head, rest) = text.split_at(border(REACH.min(text.len())));
        let from = (rest.len().saturating_sub(REACH)..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
        (head.to_owned(), rest[from..].to_owned(), rest.len() <= REACH)
    }

    fn ends(ends: &Ends) -> (String, String, bool) {
        (ends.head().to_owned(), ends.tail(), ends.is_whole())
    }

    /// What a body says: whose text, or a whole message with its role.
    #[derive(Clone, Debug)]
    enum Said {
        String(Speaker, String),
        Message(Role, bool, Vec<String>),
    }

    fn said() -> impl Strategy<Value = Vec<Said>> {
        let text = prop_oneof![
            3 => "[a-z \u{e9}\u{6587}\u{1f600}]{0,40}",
            1 => "[a-z\u{e9}\u{6587}\u{1f600}]{400,700}",
            1 => Just("a".repeat(511) + "\u{1f600}b"),
        ];
        let speaker = prop::sample::select(vec![Speaker::System, Speaker::Tools, Speaker::Prompt, Speaker::Nobody]);
        let role = prop::sample::select(vec![Role::System, Role::User, Role::Other]);
        let one = prop_oneof![
            (speaker, text.clone()).prop_map(|(speaker, text)| Said::String(speaker, text)),
            (role, any::<bool>(), prop::collection::vec(text, 0..4))
                .prop_map(|(role, first, strings)| Said::Message(role, first, strings)),
        ];
        prop::collection::vec(one, 0..6)
    }

    fn tell(excerpt: &mut Excerpt, speaker: Speaker, text: &str, pieces: usize) {
        excerpt.begin_string();
        let characters: Vec<String> = text.chars().map(String::from).collect();
        for piece in characters.chunks(pieces) {
            excerpt.text(speaker, piece.concat().as_bytes());
        }
        excerpt.end_string(speaker);
    }

    fn hear(said: &[Said], pieces: usize) -> Excerpt {
        let mut excerpt = Excerpt::default();
        for said in said {
            match said {
                Said::String(speaker, text) => tell(&mut excerpt, *speaker, text, pieces),
                Said::Message(role, role_first, strings) => {
                    excerpt.begin_message();
                    if *role_first {
                        excerpt.role(*role);
                    }
                    strings.iter().for_each(|text| tell(&mut excerpt, Speaker::Message, text, pieces));
                    if !role_first {
                        excerpt.role(*role);
                    }
                    excerpt.end_message();
                }
            }
        }
        excerpt
    }

    #[test]
    fn short_texts_are_whole_and_long_ones_lose_their_middle() {
        let excerpt = hear(&[Said::Message(Role::User, true, vec!["one".into(), String::new(), "two".into()])], 1);
        assert_eq!(ends(excerpt.last_user_turn()), ("one\ntwo".to_owned(), String::new(), true));
        let long = format!("{}{}{}", "a".repeat(REACH), "b".repeat(3), "c".repeat(REACH));
        let excerpt = hear(&[Said::String(Speaker::Prompt, long)], 7);
        assert_eq!(ends(excerpt.conversation()), ("a".repeat(REACH), "c".repeat(REACH), false));
    }

    #[test]
    fn what_is_kept_does_not_grow() {
        // Three texts of two ends each, and nothing on the heap.
        assert!(size_of::<Excerpt>() <= 3 * (2 * REACH + 64));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn any_split_keeps_both_ends(said in said(), pieces in 1..9_usize) {
            let join = |strings: Vec<&String>| {
                strings.into_iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join("\n")
            };
            let (mut conversation, mut last) = (Vec::new(), Vec::new());
            for said in &said {
                match said {
                    Said::String(Speaker::Tools | Speaker::Nobody, _) => {}
                    Said::String(speaker, text) => {
                        conversation.push(text);
                        if *speaker == Speaker::Prompt {
                            last = vec![text];
                        }
                    }
                    Said::Message(role, _, strings) => {
                        conversation.extend(strings);
                        if *role == Role::User {
                            last = strings.iter().collect();
                        }
                    }
                }
            }
            let excerpt = hear(&said, pieces);
            prop_assert_eq!(ends(excerpt.conversation()), slowly(&join(conversation)));
            prop_assert_eq!(ends(excerpt.last_user_turn()), slowly(&join(last)));
        }
    }
}
