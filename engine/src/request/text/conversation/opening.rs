//! The stable part of a user turn: without what clients put in front of it by themselves and change from turn to turn.
//!
//! In front, these do not count: blocks in the tags of coding agents ([`BLOCKS`]), which hold dates, open files and
//! reminders; lines like headers (`x-some-name: ...`); lines with a date, a time, a day's or a month's name, a number of four
//! digits, or a word that mixes letters and digits, as nonces do. The first other line ends the front, and so does a long one, or a long front.
//! From there on everything counts. Where nothing follows the front, the words of its lines that are none of that do, and
//! if there are none, all of the text.

use super::line::Line;
use xxhash_rust::xxh64::Xxh64;

/// Tags in which coding agents put context of their own: Claude Code; Codex; Cline and Roo Code; Codex again; Cursor, twice;
/// Gemini CLI; Goose.
pub(super) const BLOCKS: [&[u8]; 8] = [
    b"<system-reminder>",
    b"<environment_context>",
    b"<environment_details>",
    b"<user_instructions>",
    b"<user_info>",
    b"<additional_data>",
    b"<session_context>",
    b"<info-msg>",
];

/// What is looked at line by line, at most: text beyond it passes at the hash's full speed.
const LONGEST_FRONT: usize = 4096;

/// A turn as it passes.
#[derive(Clone)]
pub(super) struct Opening {
    /// From the first line on that ends the front.
    stable: Xxh64,
    /// Of the front, the words that may stay.
    words: Xxh64,
    /// All of the front.
    whole: Xxh64,
    state: State,
    line: Line,
    /// Bytes of the front outside of blocks.
    length: usize,
    has_words: bool,
    /// Something stands outside of blocks.
    is_own: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Front,
    /// Inside of a block, and how much of its end tag has been seen.
    Block(usize, usize),
    Behind,
}

impl Default for Opening {
    fn default() -> Self {
        let empty = Xxh64::new(0);
        Self {
            stable: empty.clone(),
            words: empty.clone(),
            whole: empty,
            state: State::Front,
            line: Line::default(),
            length: 0,
            has_words: false,
            is_own: false,
        }
    }
}

impl Opening {
    pub(super) fn text(&mut self, text: &[u8]) {
        for (nth, byte) in text.iter().enumerate() {
            if self.state == State::Behind {
                self.stable.update(text.get(nth..).unwrap_or_default());
                return;
            }
            self.push(*byte);
        }
        self.whole.update(text);
    }

    pub(super) fn token(&mut self, token: u64) {
        self.end_front();
        self.stable.update(&token.to_le_bytes());
    }

    /// Strings are kept apart by a byte that no UTF-8 text holds. A block ends with its string.
    pub(super) fn end_string(&mut self) {
        match self.state {
            State::Front => self.end_line(),
            State::Block(..) => self.state = State::Front,
            State::Behind => {}
        }
        let hash = if self.state == State::Behind { &mut self.stable } else { &mut self.whole };
        hash.update(&[0xFF]);
    }

    /// Whether something of it is the user's, and not only a client's context.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    pub(super) fn digest(&self) -> u64 {
        match self.state {
            State::Behind => self.stable.digest(),
            _ if self.has_words => self.words.digest(),
            _ => self.whole.digest(),
        }
    }

    fn push(&mut self, byte: u8) {
        match self.state {
            State::Front if byte == b'\n' => self.end_line(),
            State::Front => {
                self.length += 1;
                self.line.push(byte);
                if let Some(block) = self.line.block() {
                    self.line = Line::default();
                    self.state = State::Block(block, 0);
                } else if self.line.is_long() || self.length > LONGEST_FRONT {
                    self.end_front();
                }
            }
            State::Block(block, seen) => self.state = inside(block, seen, byte),
            State::Behind => {}
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.is_blank() {
            return;
        }
        self.is_own = true;
        match line.words() {
            Some(words) if line.is_stable() => {
                self.state = State::Behind;
                self.stable.update(&words.to_le_bytes());
            }
            Some(words) => {
                self.has_words = true;
                self.words.update(&words.to_le_bytes());
            }
            None => {}
        }
    }

    /// What comes counts, whatever it is.
    fn end_front(&mut self) {
        if self.state == State::Behind {
            return;
        }
        let line = std::mem::take(&mut self.line);
        self.state = State::Behind;
        self.is_own = true;
        self.stable.update(&line.words().unwrap_or_default().to_le_bytes());
    }
}

/// Where another byte leads inside of a block. Its end tag is its tag with a slash, and has its `<` only in front.
fn inside(block: usize, seen: usize, byte: u8) -> State {
    let tag = BLOCKS.get(block).copied().unwrap_or_default();
    let expected = match seen {
        0 => Some(b'<'),
        1 => Some(b'/'),
        _ => tag.get(seen - 1).copied(),
    };
    match expected {
        Some(expected) if expected == byte && seen == tag.len() => State::Front,
        Some(expected) if expected == byte => State::Block(block, seen + 1),
        _ => State::Block(block, usize::from(byte == b'<')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Strings are told apart by `|`.
    fn digest(text: &str) -> u64 {
        let mut opening = Opening::default();
        for string in text.split('|') {
            opening.text(string.as_bytes());
            opening.end_string();
        }
        opening.digest()
    }

    fn same(one: &str, other: &str) {
        assert_eq!(digest(one), digest(other), "{one:?} and {other:?}");
    }

    fn differ(one: &str, other: &str) {
        assert_ne!(digest(one), digest(other), "{one:?} and {other:?}");
    }

    #[test]
    fn dates_nonces_and_headers_in_front_do_not_count() {
        same("Today is 2026-03-01.\nfix it", "Today is 2026-03-02.\nfix it");
        same("\n  It is 10:59 pm\n\nfix it", "\n  It is 11:02 pm\n\nfix it");
        same("x-agent-header: v=2.1.100.abc; cch=a9387;|fix it", "x-agent-header: v=2.1.101.d; cch=b;|fix it");
        same("request 8f14e45f\nfix it", "request c9f0f895\nfix it");
        same("Today is 2026-03-01. Fix it.", "Today is 2026-03-02. Fix it.");
        same("It is 9:05 am.\nfix it", "It is 9:12 am.\nfix it");
        same("It is 9:05pm\nfix it", "It is 11:12pm\nfix it");
        same("Today is Monday, March 2.\nfix it", "Today is Tuesday, March 3.\nfix it");
    }

    #[test]
    fn what_the_user_says_counts() {
        differ("fix it", "break it");
        differ("Task 0: fix it", "Task 1: fix it");
        differ("fix it\nToday is 2026-03-01", "fix it\nToday is 2026-03-02");
        differ("Today is 2026-03-01.\nfix it", "Today is 2026-03-01.\nbreak it");
        differ("2026-03-01", "2026-03-02");
        differ("note: one", "note: two");
        differ("Use a ratio of 4:3.\nfix it", "Use a ratio of 1:1.\nfix it");
        differ("You may march on.", "You may go on.");
        let long = "word ".repeat(100);
        differ(&format!("{long} 2026"), &format!("{long} 2027"));
    }

    #[test]
    fn blocks_of_agents_do_not_count() {
        same("<system-reminder>\nnow: a < b\n</system-reminder>\nfix it", "fix it");
        same("<environment_context><cwd>/a</cwd></environment_context>|fix it", "fix it");
        same("<system-reminder>one|fix it", "<system-reminder>two|fix it");
        same("<user_info>\nOS: a\n</user_info>\n<info-msg>b</info-msg>\nfix it", "fix it");
        differ("<system-reminders>one</system-reminders>|fix it", "<system-reminders>two</system-reminders>|fix it");
        differ("<system-reminder>one</system-reminder>", "<system-reminder>two</system-reminder>");
    }

    #[test]
    fn only_a_clients_context_is_not_the_users() {
        let is_own = |text: &str| {
            let mut opening = Opening::default();
            opening.text(text.as_bytes());
            opening.end_string();
            opening.is_own()
        };
        assert!(!is_own("<system-reminder>one</system-reminder>\n \n") && !is_own(""));
        assert!(is_own("<system-reminder>one</system-reminder>\nfix it") && is_own("2026-03-01"));
    }

    proptest! {
        #[test]
        fn the_split_changes_nothing(
            text in "(<system-reminder>|</system-reminder>|[a-z]{0,9}|[0-9-]{0,6}|x-a: | |\n|[é<:]){0,40}",
            cut in any::<prop::sample::Index>(),
        ) {
            let (mut whole, mut parts) = (Opening::default(), Opening::default());
            whole.text(text.as_bytes());
            let (head, tail) = text.as_bytes().split_at(cut.index(text.len() + 1));
            parts.text(head);
            parts.text(tail);
            prop_assert_eq!(whole.digest(), parts.digest());
            whole.end_string();
            parts.end_string();
            prop_assert_eq!(whole.digest(), parts.digest());
        }
    }
}
