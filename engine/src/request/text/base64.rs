//! Strings that may be base64, which is no text.

use crate::json::Name;

/// Holds a string back until its bytes tell what it is: the first that cannot be base64 begins text, and what little
/// stood before it was text as well.
#[derive(Debug)]
pub(super) struct Sieve {
    state: State,
    /// The first bytes of what is not known yet.
    held: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is text.
    Open,
    /// It may be either.
    Holding,
    /// It is base64 so far, and too long to be held.
    Closed,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { state: State::Open, held: Name::new() }
    }
}

impl Sieve {
    pub(super) fn begin(&mut self, is_data: bool) {
        self.state = State::Open;
        if is_data {
            self.state = State::Holding;
            self.held.clear();
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// What turns out to be text: what was held, and what is left of this.
    pub(super) fn sift<'t>(&mut self, text: &'t [u8]) -> (Option<Name>, &'t [u8]) {
        let other = text.iter().position(|byte| !is_base64(*byte)).unwrap_or(text.len());
        let (head, rest) = text.split_at_checked(other).unwrap_or((text, &[]));
        if self.state == State::Holding {
            self.held.push(head);
            if self.held.as_bytes().is_empty() && !head.is_empty() {
                self.state = State::Closed;
            }
        }
        let held = if rest.is_empty() { None } else { self.end() };
        (held, rest)
    }

    /// What was held to the end, and what comes behind it, is text.
    pub(super) fn end(&mut self) -> Option<Name> {
        let was = std::mem::replace(&mut self.state, State::Open);
        (was == State::Holding).then_some(self.held)
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'\r' | b'\n')
}
