//! What rules asked for and could not be read.

use crate::request::flag::Flag;

/// Conditions that could not be judged, one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unread(u32);

/// `when`.
const WHEN: u32 = 29;

/// `maxOutputTokens`; the bits below all of these are flags.
const MAX_OUTPUT_TOKENS: u32 = 31;

/// `schedule`: nobody could say what time it is.
const SCHEDULE: u32 = 30;

impl Unread {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn flag(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u32;
    }

    pub(super) fn max_output_tokens(&mut self) {
        self.0 |= 1 << MAX_OUTPUT_TOKENS;
    }

    pub(super) fn schedule(&mut self) {
        self.0 |= 1 << SCHEDULE;
    }

    pub(super) fn when(&mut self) {
        self.0 |= 1 << WHEN;
    }

    /// Their names in policies.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let flags = Flag::ALL.iter().filter(|flag| self.0 >> **flag as u32 & 1 == 1).map(|flag| flag.condition());
        let others = [(MAX_OUTPUT_TOKENS, "maxOutputTokens"), (SCHEDULE, "schedule"), (WHEN, "when")];
        let others = others.into_iter().filter(|(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name);
        flags.chain(others).collect()
    }
}
